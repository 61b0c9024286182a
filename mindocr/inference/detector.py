"""Text detection in three lines: load, call, read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.errors import ConfigError
from mindocr.inference.predictor import Predictor, configured
from mindocr.inference.results import DetectionResult
from mindocr.inference.runner import open_runner
from mindocr.predictions.detection import Detection


class TextDetector(Predictor):
    """Finds text in images.

    ::

        detector = TextDetector("best.ckpt")
        result = detector("photo.jpg")
        print(result.polygons, result.scores)

    A call is that of :class:`~mindocr.inference.predictor.Predictor`; results are of the type
    :class:`~mindocr.inference.results.DetectionResult`.

    Args:
        model: a checkpoint, MindIR or ONNX file; a folder with a checkpoint; the YAML file of a configuration; or the
            name of a model or an algorithm, such as ``dbnet_resnet50`` or ``DB``, whose released weights are downloaded
            once.
        config: YAML file whose model, pipelines and post-processing count in place of what a file brings. A checkpoint
            that training here has written needs none.
        ckpt: weights for a name or a YAML file; by default the released ones, or those that the YAML file names.
        limit_side_len: in pixels, in place of the model's own resizing.
        limit_type: which side is limited: ``max``: the longer one is reduced to the limit; ``min``: the shorter one is
            enlarged to it.
        box_thresh: least score of a text, in [0, 1]; by default the model's own.
        postprocess: further arguments of the post-processing, such as ``{"box_type": "poly"}``.

    Raises:
        CheckpointError: the file is missing, damaged, or does not say how to use it.
        ConfigError: a setting cannot be used, or the model does not detect text.
        UserError: the model is of no known kind.
    """

    result_type = DetectionResult

    def __init__(
        self,
        model: str | Path,
        *,
        config: str | Path | None = None,
        ckpt: str | Path | None = None,
        limit_side_len: int | None = None,
        limit_type: str = "max",
        box_thresh: float | None = None,
        postprocess: Mapping[str, Any] | None = None,
    ) -> None:
        runner = open_runner(model, config=config, ckpt=ckpt)
        changes = {**(postprocess or {}), **({} if box_thresh is None else {"box_thresh": box_thresh})}
        limit = None if limit_side_len is None else (limit_side_len, limit_type)
        formed, pipeline = configured(runner, limit, changes)
        if not issubclass(formed.gives, Detection):
            raise ConfigError(
                f"'{model}' gives {formed.gives.kind}, not outlines of text; TextDetector needs a model that detects"
            )
        super().__init__(runner, formed, pipeline)
