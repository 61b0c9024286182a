"""Whether the dictionary of a recogniser has the characters of the labels, and a dictionary that has."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

from mindocr.engine.finetune.split import Labelled
from mindocr.engine.finetune.start import Start
from mindocr.errors import UserError
from mindocr.formats.dictionary import SPACE, read_dictionary
from mindocr.utils.files import write_text

EXTEND = "extend"
FILE = "dictionary.txt"
_LISTED = 20

logger = logging.getLogger(__name__)


def check_characters(
    start: Start, training: Labelled, validation: Labelled, dictionary: str | None, unknown: str, folder: Path
) -> str | None:
    """Compare the characters of the labels with the dictionary.

    Args:
        start: its weights have the dictionary that is used unless another one is given.
        dictionary: file; ``extend`` = that of the weights with the characters that it lacks, written into ``folder``;
            None = that of the weights.
        unknown: ``error``, or ``skip``: texts with characters outside the dictionary are left out of the training.

    Returns:
        The file of the dictionary; None = that of the weights.

    Raises:
        UserError: characters are not in the dictionary, and ``unknown`` is ``error``; the message counts them.
        DataError: the file cannot be read.
    """
    counted = training.characters() + validation.characters()
    if dictionary == EXTEND:
        lacking = _lacking(counted, start.characters)
        if not lacking:
            logger.info("--dictionary extend: the dictionary of the weights has all characters of the labels")
            return None
        file = folder / FILE
        characters = [*start.characters, *sorted(lacking)]
        write_text(file, "".join(f"{character}\n" for character in characters))
        logger.info("--dictionary extend: %d characters are added, see %s: %s", len(lacking), file, _few(lacking))
        return str(file)
    known = start.characters if dictionary is None else read_dictionary(dictionary)
    lacking = _lacking(counted, known)
    if lacking:
        texts = sum(bool(set(text) & set(lacking)) for each in (*training.texts, *validation.texts) for text in each)
        has = f"{len(lacking)} characters of the labels, in {texts} texts, are not in the dictionary: {_few(lacking)}"
        if unknown == "error":
            raise UserError(
                f"{has}; add them with --dictionary extend, name a dictionary that has them with --dictionary, or "
                "leave these texts out of the training with --unknown skip"
            )
        logger.warning("%s; these texts are left out of the training", has)
    return dictionary


def _lacking(counted: Counter[str], known: list[str]) -> Counter[str]:
    """Characters that no class stands for; the space always has one."""
    classes = {*known, SPACE}
    return Counter({character: number for character, number in counted.items() if character not in classes})


def _few(counted: Counter[str]) -> str:
    shown = ", ".join(f"{character!r} {number}" for character, number in counted.most_common(_LISTED))
    return f"{shown}, ..." if len(counted) > _LISTED else shown
