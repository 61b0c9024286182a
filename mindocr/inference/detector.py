"""Text detection in three lines of code: load a model, call it, read the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mindocr.errors import ConfigError
from mindocr.inference.configured import configured
from mindocr.inference.predictor import Predictor
from mindocr.inference.results import DetectionResult
from mindocr.inference.runner import given, open_runner
from mindocr.inference.tiling import Choice
from mindocr.inference.view_options import Merge, ViewOptions
from mindocr.predictions.detection import Detection


class TextDetector(Predictor):
    """Finds text in images.

    ::

        detector = TextDetector("best.ckpt")
        result = detector("photo.jpg")
        print(result.polygons, result.scores)

    It is called like a :class:`~mindocr.inference.predictor.Predictor`; results are of the type
    :class:`~mindocr.inference.results.DetectionResult`.

    Args:
        model: a checkpoint, MindIR or ONNX file; a folder with a checkpoint; the YAML file of a configuration; or the
            name of a model or an algorithm, such as ``dbnet_resnet50`` or ``DB``, whose released weights are downloaded
            once.
        config: YAML file whose model, pipelines and post-processing replace those stored in the model file. A
            checkpoint written by training with mindocr needs none.
        ckpt: checkpoint for a name or a YAML file; by default the released weights, or the checkpoint that the YAML
            file names.
        limit_side_len: limit of the image's side length in pixels; it replaces the resizing of the model.
        limit_type: which side is limited. ``max``: the longer side is reduced to the limit; ``min``: the shorter side
            is enlarged to it.
        box_thresh: lowest score of a text, in [0, 1]; by default the value of the model.
        postprocess: further arguments of the post-processing, such as ``{"box_type": "poly"}``.
        tile: ``auto`` cuts large images into overlapping tiles, so that small texts keep their size; a number is the
            side of a tile in pixels; ``off`` resizes the whole image.
        scales: the image is also resized by these factors, and the probability maps are merged.
        flip: each view is also run mirrored.
        merge: how these maps are merged, ``mean`` or ``max``.
        runtime: ``auto``, or what must run the model: ``mindspore``, ``onnxruntime`` or ``mindspore_lite``.
        threads: CPU threads of onnxruntime and MindSpore Lite; by default all usable CPUs.

    Raises:
        CheckpointError: the file is missing or damaged, or does not state how to use it.
        ConfigError: a setting cannot be used, or the model does not detect text.
        UserError: the kind of model is unknown.
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
        tile: Choice = "off",
        scales: Sequence[float] = (1.0,),
        flip: bool = False,
        merge: Merge = "mean",
        runtime: str = "auto",
        threads: int | None = None,
    ) -> None:
        views = ViewOptions(tile, scales, flip, merge)
        runner = open_runner(model, config=config, ckpt=ckpt, **given(runtime, threads))
        changes = {**(postprocess or {}), **({} if box_thresh is None else {"box_thresh": box_thresh})}
        limit = None if limit_side_len is None else (limit_side_len, limit_type)
        formed, pipeline = configured(runner, limit, changes)
        if not issubclass(formed.gives, Detection):
            raise ConfigError(
                f"'{model}' returns {formed.gives.kind}, not text polygons; TextDetector needs a model for detection"
            )
        super().__init__(runner, formed, pipeline)
        self.use_views(views)
