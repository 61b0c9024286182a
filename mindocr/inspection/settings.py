"""Settings of an inspection: filters and image sizes of a recipe, and the data sets that it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.data.datasets.sources import pair_up
from mindocr.data.transforms.resize import DetResize
from mindocr.errors import ConfigError

DATASET_TYPES = ("DetDataset", "SynthTextDataset")


@dataclass(frozen=True)
class Settings:
    """Filters and sizes.

    Attributes:
        shrink_ratio: r of DBNet's text map, in (0, 1].
        min_text_size: side of the axis-aligned box below which training ignores a text, pixels.
        train_resize: DetResize of the training pipeline; None = images keep their size (apart from random scales).
        test_resize: DetResize of the evaluation pipeline; None = images keep their size.
        ignore_orientation: images are not rotated by their EXIF data.
    """

    shrink_ratio: float = 0.4
    min_text_size: float = 8
    train_resize: DetResize | None = None
    test_resize: DetResize | None = None
    ignore_orientation: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.shrink_ratio <= 1:
            raise ConfigError(f"shrink_ratio must be in (0, 1], got {self.shrink_ratio}")
        if self.min_text_size < 0:
            raise ConfigError(f"min_text_size must not be negative, got {self.min_text_size}")

    def resize_of(self, part: str) -> DetResize | None:
        """The resize of ``train`` or ``test``."""
        return self.train_resize if part == "train" else self.test_resize

    def scales(self, part: str, h: int, w: int) -> tuple[float, float]:
        """(x, y) scale factors of the resize of ``part`` for an image of h x w pixels."""
        resize = self.resize_of(part)
        if resize is None:
            return 1.0, 1.0
        new_h, new_w = resize.new_size(h, w)
        return new_w / w, new_h / h


def settings_of(train: Mapping[str, Any], test: Mapping[str, Any] | None) -> Settings:
    """The settings of a recipe.

    Args:
        train: ``train.dataset`` of the recipe, already checked.
        test: ``eval.dataset``, already checked; None = there is none.
    """
    ops, test_ops = dict(ops_of(train)), dict(ops_of(test or {}))
    shrink, resize, test_resize = ops.get("ShrinkBinaryMap", {}), ops.get("DetResize"), test_ops.get("DetResize")
    return Settings(
        shrink_ratio=shrink.get("shrink_ratio", 0.4),
        min_text_size=shrink.get("min_text_size", 8),
        train_resize=None if resize is None else DetResize(**resize),
        test_resize=None if test_resize is None else DetResize(**test_resize),
        ignore_orientation=ops.get("DecodeImage", {}).get("ignore_orientation", False),
    )


def places_of(dataset: Mapping[str, Any], section: str) -> list[tuple[Path, Path]]:
    """(image folder, label file) of each data set in a section of a recipe.

    Raises:
        ConfigError: the data set has no label files.
        DataError: a folder or a label file is missing.
    """
    if dataset.get("type") not in DATASET_TYPES:
        known = " or ".join(DATASET_TYPES)
        raise ConfigError(f"{section}.dataset.type: {dataset.get('type')} has no label file to check; expected {known}")
    pairs = pair_up(dataset.get("dataset_root", ""), dataset["data_dir"], dataset["label_file"], 1.0)
    return [(folder, file) for folder, file, _ in pairs]


def ops_of(dataset: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and arguments of each op of a ``dataset`` section."""
    for op in dataset.get("transform_pipeline", ()):
        if isinstance(op, str):
            yield op, {}
        else:
            yield from ((name, args or {}) for name, args in op.items())
