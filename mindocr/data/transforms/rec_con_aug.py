"""Joining of text lines, so that a recogniser learns from more and longer texts (PP-OCRv3, "TextConAug")."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.geometric import check_probability
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class RecConAug:
    """Append further lines of the data set on the right, their texts included, with probability ``prob``.

    Lines are scaled to the same height and appended one after the other, until one would make the text or the image too
    long, or ``ext_data_num`` are appended. Put it behind ``CropTextLine``, so that whole lines are joined, and before
    ``RecAug``. It may stand behind ``RecLabelEncode``: then the encoded texts are joined too, and lines that cannot be
    encoded are not appended. The keys are those of MindOCR.

    Args:
        prob: probability, in [0, 1].
        image_shape: [height of joined lines, largest width at this height], pixels; MindOCR's third number, of the
            channels, may follow. A size that a sampler chose for the batch replaces the largest aspect ratio.
        max_text_length: longest joined text, in characters.
        ext_data_num: largest number of lines that are appended.
    """

    reads = ("image", "text")
    writes = ("image", "text")

    def __init__(
        self,
        prob: float = 0.5,
        image_shape: Sequence[int] = (48, 320),
        max_text_length: int = 25,
        ext_data_num: int = 2,
    ) -> None:
        self.prob = check_probability("RecConAug", prob)
        if len(image_shape) not in (2, 3) or min(image_shape) < 1:
            raise ConfigError(f"RecConAug: image_shape must be [height, width] in pixels, got {list(image_shape)}")
        if max_text_length < 1 or ext_data_num < 1:
            given = f"{max_text_length} and {ext_data_num}"
            raise ConfigError(f"RecConAug: max_text_length and ext_data_num must be 1 or more, got {given}")
        self.height, self.width = image_shape[:2]
        self.max_text_length = max_text_length
        self.further_samples = ext_data_num

    def draw(self, rng: np.random.Generator, sample: DetSample) -> bool:
        """Whether to append lines."""
        return bool(rng.random() < self.prob)

    def apply(self, sample: DetSample, params: bool) -> DetSample:
        """Append lines of ``sample["further"]`` if ``params`` is true and they fit."""
        lines = [sample, *self._fitting(sample)] if params else [sample]
        if len(lines) == 1:
            return sample
        image = np.concatenate([self._scaled(line["image"]) for line in lines], axis=1)
        joined: DetSample = {**sample, "image": image, "text": "".join(line["text"] for line in lines)}
        if "text_seq" in sample:
            sequence = np.concatenate([line["text_seq"][: line["text_length"]] for line in lines])
            padded = np.zeros_like(sample["text_seq"])
            padded[: len(sequence)] = sequence
            joined["text_seq"], joined["text_length"] = padded, np.array(len(sequence), np.int32)
        return joined

    def _fitting(self, sample: DetSample) -> list[DetSample]:
        """The further lines that are appended."""
        chosen: list[DetSample] = []
        longest = min(self.max_text_length, len(sample["text_seq"])) if "text_seq" in sample else self.max_text_length
        h, w = sample.get("batch_image_size", (self.height, self.width))
        length, ratio = _length(sample), _ratio(sample)
        for line in sample["further"]:
            length, ratio = length + _length(line), ratio + _ratio(line)
            if length > longest or ratio > w / h:
                break
            chosen.append(line)
        return chosen

    def _scaled(self, image: np.ndarray) -> np.ndarray:
        h, w = image.shape[:2]
        return cv2.resize(image, (max(round(w * self.height / h), 1), self.height), interpolation=cv2.INTER_LINEAR)


def _length(sample: DetSample) -> int:
    """Characters of the text; those that are encoded, if it is encoded."""
    return int(sample["text_length"]) if "text_length" in sample else len(sample["text"])


def _ratio(sample: DetSample) -> float:
    h, w = image_size(sample)
    return w / h
