"""Text lines that are generated while a recogniser or a direction classifier is trained."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np

from mindocr.data.datasets.base import ImageDataset
from mindocr.data.datasets.recognition import WHOLE
from mindocr.data.sample import DetSample
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError, DataError
from mindocr.formats.dictionary import read_dictionary
from mindocr.formats.record import Record
from mindocr.registry import DATASETS
from mindocr.synthetic.line import LineOptions
from mindocr.synthetic.line_source import LineSource
from mindocr.synthetic.options import DifficultyName
from mindocr.synthetic.texts import SourceKind, TextOptions

logger = logging.getLogger(__name__)

_SPLITS = {True: 0, False: 1}  # by is_train


@DATASETS.register
class GeneratedLines(ImageDataset):
    """Lines that ``mindocr make-lines`` would write, without files: every epoch has new ones.

    Sample ``index`` of epoch ``e`` is line ``index + e * number`` of that command, of its training or its test images.
    So lines depend only on the seed and this number, and training and evaluation never share a line. A pipeline needs
    no ``DecodeImage``.

    Args:
        number: lines of an epoch.
        source: ``words``: everyday English words, numbers and random letters; ``random``: random strings of the
            dictionary; ``list``: entries of ``text_file``, one a line; ``corpus``: pieces of the running text in
            ``text_file``.
        text_file: UTF-8 file of ``list`` and ``corpus``.
        characters: the only characters that may be drawn, as a text or a list; with neither this nor
            ``character_dict_path`` all, for ``random`` letters and digits.
        character_dict_path: dictionary file, one character a line, UTF-8.
        length: smallest and largest number of characters of a line, spaces included.
        words: smallest and largest number of words of a line; not for ``corpus``.
        height: of the images, pixels.
        difficulty: tilt, perspective, contrast, texture, blur, noise and compression.
        vertical: share of lines that are written from top to bottom, 0-1.
        font_dir: your fonts; half of the lines that they can write use them.
        built_in_fonts: use the fonts of matplotlib too.
        background_dir: your photographs without text, for half of the backgrounds.
        img_mode: order of the colours of ``image``.
        transform_pipeline: ops, see ``transforms/pipeline.py``.
        output_columns: keys of a finished sample, in this order; None = all keys.
        on_error: ``raise`` stops at a text that an op refuses, ``skip`` leaves it out and lists it at the end.
        seed: seed of all random numbers; provided by the builder.
        is_train: whether the data are for training; provided by the builder.

    Raises:
        ConfigError: a value is out of its range, or the pipeline is inconsistent.
        DataError: a folder or file is missing or has nothing usable, or no font can draw the texts.
    """

    provided_keys = ("img_path", "image", "text", "polygon")

    def __init__(
        self,
        number: int,
        source: SourceKind = "words",
        text_file: str | None = None,
        characters: str | Sequence[str] | None = None,
        character_dict_path: str | None = None,
        length: Sequence[int] = (1, 25),
        words: Sequence[int] = (1, 1),
        height: int = 48,
        difficulty: DifficultyName = "normal",
        vertical: float = 0.0,
        font_dir: str | None = None,
        built_in_fonts: bool = True,
        background_dir: str | None = None,
        img_mode: Literal["RGB", "BGR"] = "RGB",
        transform_pipeline: Sequence[Mapping[str, Any] | str] = (),
        output_columns: Sequence[str] | None = None,
        on_error: Literal["raise", "skip"] = "raise",
        seed: int = 0,
        is_train: bool = True,
    ) -> None:
        if number < 1:
            raise ConfigError(f"GeneratedLines: number must be 1 or more, got {number}")
        if characters is not None and character_dict_path is not None:
            raise ConfigError("GeneratedLines: give either characters or character_dict_path, not both")
        try:
            known = read_dictionary(character_dict_path) if character_dict_path else characters
            texts = TextOptions(source, text_file, known, _pair(length), _pair(words))
            options = LineOptions(height, difficulty, vertical)
        except DataError as error:
            raise ConfigError(f"GeneratedLines: {error}") from None
        pipeline = Pipeline(transform_pipeline, output_columns, self.provided_keys, is_train)
        self._lines = LineSource(options, texts, font_dir, built_in_fonts, background_dir, seed)
        for note in self._lines.notes():
            logger.warning("GeneratedLines: %s", note)
        self._split, self._img_mode, self._number = _SPLITS[is_train], img_mode, number
        super().__init__(Lines(number), pipeline, output_columns, on_error, seed)

    def _begin(self, index: int, epoch: int) -> DetSample:
        line = self._lines.line(self._split, index + epoch * self._number)
        image = line.image()
        return {
            **super()._begin(index, epoch),
            "image": image if self._img_mode == "RGB" else np.ascontiguousarray(image[..., ::-1]),
            "text": line.text,
            "polygon": WHOLE,
        }


def _pair(numbers: Sequence[int]) -> tuple[int, int]:
    return cast(tuple[int, int], tuple(numbers))  # TextOptions checks that there are two


class Lines(Sequence[Record]):
    """Records of generated lines, which have no files.

    Args:
        number: how many.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._number))]
        if not -self._number <= index < self._number:
            raise IndexError(index)
        return Record(f"generated line {index % self._number}", "", None)
