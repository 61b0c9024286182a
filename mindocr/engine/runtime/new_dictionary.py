"""Pretrained weights of a recogniser for another dictionary: shared characters keep their rows of the final layer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mindspore as ms

from mindocr.config import Config
from mindocr.formats.dictionary import TextClasses
from mindocr.inference.dictionary import FILE, SPACE, TEXT, dictionary_of
from mindocr.models.builder import Adapt
from mindocr.models.dictionary_transfer import match_classes
from mindocr.models.network import Network

logger = logging.getLogger(__name__)


def adapter(config: Config) -> Adapt | None:
    """What adapts pretrained weights to the dictionary of ``config``; None where it has none.

    Weights whose own dictionary is the same, or that hold none, stay as they are.

    Args:
        config: completed by :func:`mindocr.inference.dictionary.complete`, so it holds the characters themselves.
    """
    section = config.postprocess or {}
    if section.get(TEXT) is None:
        return None
    new = TextClasses(section[TEXT], None, bool(section.get(SPACE, True))).classes

    def adapt(path: Path, entries: Mapping[str, Any], network: Network) -> Mapping[str, Any]:
        stored = dictionary_of(entries)
        if not {TEXT, FILE} & set(stored):
            return entries
        old = TextClasses(stored.get(TEXT), stored.get(FILE), bool(stored.get(SPACE, True))).classes
        transfer = match_classes(old, new)
        if transfer.is_identity:
            return entries
        shapes = {name: tuple(value.shape) for name, value in network.parameters_and_names()}
        changed = {
            name: ms.Parameter(ms.Tensor(transfer.apply(value.asnumpy())), name=name)
            for name, value in entries.items()
            if name.startswith("head.") and len(value.shape) in (1, 2) and value.shape[0] == len(old)
            and shapes.get(name, (0,))[0] == len(new)
        }  # fmt: skip
        logger.info("%s has another dictionary: %s (%s)", path, transfer.summary(), ", ".join(changed) or "no layer")
        return {**entries, **changed}

    return adapt
