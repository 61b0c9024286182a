"""The sizes at which a network would take images, from the headers of their files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.resize import DetResize
from mindocr.images.headers import Size
from mindocr.images.sizes import upright_size
from mindocr.inference.bucketed import tell_choice
from mindocr.inference.buckets import choose_buckets
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)

_MOST_FILES = 5000  # of more, evenly distributed ones are looked at
_SAME_SIZE = frozenset({"DecodeImage", "NormalizeImage", "ToCHWImage"})


def buckets_for(pipeline: Pipeline, paths: Sequence[str]) -> list[Size]:
    """Buckets for the images of a run; :func:`~mindocr.inference.buckets.choose_buckets` says how they are chosen.

    Args:
        pipeline: prepares the images.
        paths: their files. Of more than 5000, evenly distributed ones decide.

    Returns:
        (h, w) each, in pixels; empty, with a warning, where the sizes cannot be known, so that every image keeps its
        own.
    """
    others = [type(op).__name__ for op in pipeline.ops if not _is_known(op)]
    sizes = [] if others else network_sizes(pipeline, paths)
    if not sizes:
        reason = f"the size after the op {others[0]} is not known before" if others else "no header states a size"
        logger.warning("buckets: none are chosen, because %s", reason)
        return []
    buckets = choose_buckets(sizes)
    tell_choice(sizes, buckets)
    return buckets


def network_sizes(pipeline: Pipeline, paths: Sequence[str]) -> list[Size]:
    """(h, w) of each image as a pipeline prepares it; images whose header does not state a size are left out."""
    upright = not any(getattr(op, "ignore_orientation", False) for op in pipeline.ops)
    resizing: list[Any] = [op for op in pipeline.ops if isinstance(op, DetResize)]
    step = -(-len(paths) // _MOST_FILES) or 1
    sizes = []
    for path in progress(paths[::step], "look at sizes", "image"):
        size = upright_size(path, not upright)
        if size is None:
            continue
        for op in resizing:
            size = op.target_size if op.pad and op.target_size is not None else op.new_size(*size)
        sizes.append(size)
    return sizes


def _is_known(op: object) -> bool:
    """Whether an op keeps the size, or changes it as this module knows."""
    writes = getattr(op, "writes", ())
    return isinstance(op, DetResize) or "image" not in writes or type(op).__name__ in _SAME_SIZE
