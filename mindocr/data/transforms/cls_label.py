"""Labels of classification: their numbers, and text lines that are turned upside down on purpose."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.geometric import check_probability
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import DataError
from mindocr.formats.class_names import class_names
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class ClsLabelEncode:
    """Encode ``class_name`` as the number of the class.

    Args:
        label_list: names of the classes, or their number, as in the post-processing.
    """

    reads = ("class_name",)
    writes = ("class_number",)

    def __init__(self, label_list: Sequence[str | int] | int = ("0", "180")) -> None:
        self.labels = class_names(label_list)

    def __call__(self, sample: DetSample) -> DetSample:
        """Encode.

        Raises:
            DataError: the name is not in the list.
        """
        name = sample["class_name"]
        if name not in self.labels:
            raise DataError(
                f"the label is {name!r}; expected {_listed(self.labels)}; correct it, or add it to label_list"
            )
        return {**sample, "class_number": np.array(self.labels.index(name), np.int32)}


def _listed(labels: Sequence[str]) -> str:
    return " or ".join(labels) if len(labels) <= 10 else f"one of {len(labels)} names, {labels[0]} to {labels[-1]}"


@TRANSFORMS.register
class RandomTurnTextLine:
    """Turn an upright text line upside down at random, and write the class ``0`` or ``180``.

    With it the data sets of recognition train and evaluate a direction classifier.

    Args:
        p: probability of turning, in [0, 1].
    """

    reads = ("image",)
    writes = ("image", "class_name")

    def __init__(self, p: float = 0.5) -> None:
        self.p = check_probability("RandomTurnTextLine", p)

    def draw(self, rng: np.random.Generator, sample: DetSample) -> bool:
        """Whether to turn the line."""
        return bool(rng.random() < self.p)

    def apply(self, sample: DetSample, params: bool) -> DetSample:
        """Turn the line if ``params`` is true; (H, W, 3), before ``ToCHWImage``."""
        image_size(sample)
        image = cv2.rotate(sample["image"], cv2.ROTATE_180) if params else sample["image"]
        return {**sample, "image": image, "class_name": "180" if params else "0"}
