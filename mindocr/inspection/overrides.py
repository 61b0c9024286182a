"""The recommended sizes of a data set as overrides of a recipe, to paste behind ``-o``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mindocr.inspection.settings import ops_of
from mindocr.inspection.statistics import Statistics


def size_overrides(datasets: Mapping[str, Mapping[str, Any]], statistics: Mapping[str, Statistics]) -> list[str]:
    """Overrides that set the recommended sizes, only for ops that the recipe has.

    Args:
        datasets: ``dataset`` of the sections ``train`` and ``eval`` of the recipe, as far as it has them.
        statistics: statistics by part, ``train`` and ``test``.

    Returns:
        Words such as ``eval.dataset.transform_pipeline.DetResize.target_size=[736,1280]``.
    """
    words = []
    train = statistics.get("train")
    if train is not None and train.input_size is not None and train.input_size.crop is not None:
        for key, _ in _keys_of("train", datasets, "RandomCropWithBBox"):
            words.append(f"{key}.crop_size={_pair(train.input_size.crop)}")
    chosen = statistics.get("test") or train
    if chosen is not None and chosen.input_size is not None:
        for key, resize in _keys_of("eval", datasets, "DetResize"):
            words += [f"{key}.{setting}" for setting in _resize_settings(resize, chosen.input_size.size)]
    return words


def as_shell_words(overrides: Sequence[str]) -> str:
    """The overrides as one text for a command line, quoted where the shell needs it."""
    return shlex.join(overrides)


def _keys_of(
    section: str, datasets: Mapping[str, Mapping[str, Any]], wanted: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Key and arguments of an op of a pipeline; by its position if the op occurs several times."""
    ops = list(ops_of(datasets.get(section) or {}))
    positions = [i for i, (name, _) in enumerate(ops) if name == wanted]
    for i in positions:
        place = f"[{i}]" if len(positions) > 1 else ""
        yield f"{section}.dataset.transform_pipeline{place}.{wanted}", ops[i][1]


def _resize_settings(resize: Mapping[str, Any], size: tuple[int, int]) -> list[str]:
    """The argument that sets the size of a DetResize in the way in which the recipe sets it."""
    divisor = resize.get("divisor", 32)
    size = (-(-size[0] // divisor) * divisor, -(-size[1] // divisor) * divisor)
    if resize.get("target_size") is not None:
        return [f"target_size={_pair(size)}"]
    side = {"min": min(size), "max": max(size)}.get(resize.get("limit_type", "min") or "none")
    return [] if side is None else [f"limit_side_len={side}"]


def _pair(size: tuple[int, int]) -> str:
    return f"[{size[0]},{size[1]}]"
