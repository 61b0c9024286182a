"""What the metadata of a runner describe, as objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindocr.errors import ConfigError
from mindocr.inference import metadata
from mindocr.inference.pipeline import with_limit, with_size
from mindocr.inference.runner import Runner
from mindocr.registry import POSTPROCESSES


def configured(
    runner: Runner, limit: tuple[int, str] | None = None, postprocess: Mapping[str, Any] | None = None
) -> tuple[Any, list[Any]]:
    """Build the post-processing and the pipeline that the metadata of a runner describe.

    Args:
        limit: (side length in pixels, ``max`` or ``min``) that replaces the resizing.
        postprocess: arguments that override those of the ``postprocess`` section; with a ``name``, they replace all.

    Raises:
        ConfigError: the metadata lack one of the two, or an argument does not fit.
    """
    given = dict(postprocess or {})
    section = given if "name" in given else {**runner.metadata.get(metadata.POSTPROCESS, {}), **given}
    pipeline = runner.metadata.get(metadata.PIPELINE)
    if "name" not in section or pipeline is None:
        lacking = "preprocessing" if pipeline is None else "post-processing"
        raise ConfigError(f"this model file does not hold its {lacking}; pass a YAML file that has it as config")
    h, w = runner.input_size
    if limit is not None and -1 not in (h, w):
        raise ConfigError(f"limit_side_len: this model takes only images of {h} x {w} pixels (h x w); remove it")
    if limit is not None:
        pipeline = with_limit(pipeline, *limit)
    if -1 not in (h, w):
        pipeline = with_size(pipeline, (h, w))
    return POSTPROCESSES.build(section), list(pipeline)
