"""Prediction on image files and arrays, with results in pixels of the source image."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mindocr.data.loading.loader import Loader
from mindocr.data.transforms.checks import Spec
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError, DataError, UserError
from mindocr.inference import metadata
from mindocr.inference.pipeline import decoding, with_limit, with_original, with_size
from mindocr.inference.results import Result
from mindocr.inference.runner import Runner
from mindocr.predictions.base import Prediction, decode
from mindocr.registry import DATASETS, POSTPROCESSES
from mindocr.utils.paths import expand_home
from mindocr.utils.progress import progress
from mindocr.utils.visualize import as_rgb

Image = str | Path | np.ndarray


class Predictor:
    """Runs a network on images and computes results from its outputs.

    Args:
        runner: runs the network.
        postprocess: computes predictions in pixels of the source image, see :mod:`mindocr.postprocess`.
        pipeline: ops from an image file to the network's input.

    Raises:
        ConfigError: the pipeline does not write the columns that are needed, or the post-processing reads an output
            that the network does not have.
    """

    result_type: ClassVar[type[Result]] = Result

    def __init__(self, runner: Runner, postprocess: Any, pipeline: Sequence[Spec]) -> None:
        missing = [name for name in postprocess.reads if name not in runner.output_names]
        if missing:
            raise ConfigError(
                f"postprocess: {type(postprocess).__name__} reads the output '{missing[0]}', but the network outputs "
                f"{', '.join(runner.output_names)}; choose a post-processing that fits the network"
            )
        self.runner = runner
        self.postprocess = postprocess
        self._specs = with_original(pipeline)
        self._columns = list(dict.fromkeys(("image", *postprocess.columns, "image_ori", "img_path")))
        self._ops = Pipeline(self._specs, self._columns, ("img_path",), is_train=False)
        self._given = _GivenImage()
        self._ops.use_cache(self._given)
        reading = decoding(self._specs)
        self._rgb = reading.get("img_mode", "BGR") == "RGB"
        self._upright = not reading.get("ignore_orientation", False)

    def __call__(self, source: Image | Iterable[Image], batch_size: int = 1) -> Any:
        """Predict.

        Args:
            source: an image, a folder of images or a glob, or a list of images. An image is a path, or an array
                (H, W, 3) uint8 in the order red, green, blue, or (H, W) uint8 grey. OpenCV reads images in the order
                blue, green, red: pass ``image[..., ::-1]``.
            batch_size: images that the network processes at once if their sizes agree. Results do not depend on it.

        Returns:
            A :class:`~mindocr.inference.results.Result` for an image; a list of them for a folder, a glob or a list.

        Raises:
            DataError: there is no image, an image cannot be decoded, or an array has another form.
            UserError: ``batch_size`` is below 1.
        """
        if batch_size < 1:
            raise UserError(f"batch_size: expected a whole number from 1, got {batch_size}")
        if isinstance(source, np.ndarray):
            return self._predict([source], batch_size)[0]
        if isinstance(source, str | Path):
            source = expand_home(str(source))
            if Path(source).is_file():
                return self._predict([source], batch_size)[0]
            batches = self._batches(source, show_progress=False, batch_size=batch_size)
            return [self._result(*each) for batch in batches for each in batch]
        if not isinstance(source, Iterable):
            raise DataError(f"expected a path, an array or a list of them, got {type(source).__name__}")
        images = list(source)
        if not images:
            raise DataError("no image to predict: the list is empty")
        return self._predict(images, batch_size)

    def images(
        self, source: str | Path | Mapping[str, Any], batch_size: int = 1, **loader: Any
    ) -> Iterator[tuple[str, np.ndarray, Prediction]]:
        """Yield (path, image (H, W, 3) uint8 RGB, prediction) for a file, a folder or a glob, with a progress bar.

        Args:
            source: a file, a folder, a glob, or arguments of ``PredictDataset``.
            batch_size: images that the network takes at once where their sizes agree.
            loader: further arguments of the loader, such as ``num_workers``.

        Raises:
            DataError: there is no image, or an image cannot be decoded.
        """
        for batch in self._batches(source, show_progress=True, batch_size=batch_size, **loader):
            for path, image, found in batch:
                yield path, image if self._rgb else np.ascontiguousarray(image[..., ::-1]), found

    def _batches(
        self, source: str | Path | Mapping[str, Any], show_progress: bool, **loader: Any
    ) -> Iterator[list[tuple[str, np.ndarray, Prediction]]]:
        """Yield batches of (path, decoded image, prediction)."""
        chosen: dict[str, Any] = dict(source) if isinstance(source, Mapping) else {"data_dir": str(source)}
        chosen.update(type="PredictDataset", transform_pipeline=self._specs, output_columns=self._columns)
        dataset = DATASETS.build(chosen, key="type", is_train=False, seed=0)
        with Loader(dataset, **loader) as batches:
            epoch = batches.epoch()
            for batch in progress(epoch, "predict", "batch", len(batches)) if show_progress else epoch:
                yield list(zip(batch["img_path"], batch["image_ori"], self._decode(batch)))

    def _predict(self, images: Sequence[Image], batch_size: int) -> list[Result]:
        results = []
        for start in range(0, len(images), batch_size):
            chunk = images[start : start + batch_size]
            samples = [self._sample(image, start + i) for i, image in enumerate(chunk)]
            batch = {name: [sample[name] for sample in samples] for name in self._columns}
            for image, original, found in zip(chunk, batch["image_ori"], self._decode(batch)):
                results.append(self._result(image, original, found))
        return results

    def _sample(self, image: Image, number: int) -> Mapping[str, Any]:
        rng = np.random.default_rng(0)  # pipelines of prediction have no random op
        if not isinstance(image, np.ndarray):
            if not isinstance(image, str | Path):
                raise DataError(f"image {number}: expected a path or an array, got {type(image).__name__}")
            return self._ops({"img_path": expand_home(str(image))}, rng)
        checked = _checked(image, f"image {number}")
        self._given.image = np.ascontiguousarray(checked if self._rgb else checked[..., ::-1])
        try:
            return self._ops({"img_path": f"image {number}"}, rng)
        finally:
            self._given.image = None

    def _decode(self, batch: Mapping[str, Any]) -> list[Prediction]:
        return decode(self.postprocess, self.runner(batch["image"]), batch)

    def _result(self, image: Image, original: np.ndarray, found: Prediction) -> Result:
        size = (original.shape[0], original.shape[1])
        if isinstance(image, np.ndarray):
            return self.result_type(found, size, pixels=image)
        return self.result_type(found, size, path=str(image), upright=self._upright)


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


def _checked(image: np.ndarray, name: str) -> np.ndarray:
    """Check an array and return it as an image (H, W, 3) uint8.

    Raises:
        DataError: the array is not an image; the message states what to do.
    """
    shape = image.shape
    if image.dtype != np.uint8:
        raise DataError(
            f"{name}: expected uint8 values from 0 to 255, got {image.dtype}; convert it; for values from 0 to 1 use "
            "(image * 255).astype(numpy.uint8)"
        )
    if 0 in shape:
        raise DataError(f"{name}: the array is empty, its shape is {shape}")
    if image.ndim == 2:
        return as_rgb(image)
    if image.ndim == 3 and shape[2] == 3:
        return image
    advice = "expected (H, W, 3) RGB or (H, W) grey"
    if image.ndim == 3 and shape[2] == 4:
        advice += "; remove the fourth channel with image[..., :3]"
    elif image.ndim == 3 and shape[0] == 3:
        advice += "; move the channels to the end with image.transpose(1, 2, 0)"
    elif image.ndim == 4:
        advice += "; pass several images as a list"
    raise DataError(f"{name}: an array of shape {shape}; {advice}")


class _GivenImage(threading.local):
    """Stands in for the cache of DecodeImage, to pass an array instead of a file.

    Attributes:
        image: (H, W, 3) uint8 in the channel order that the pipeline decodes to; None = read the file.
    """

    holds_pixels = True
    image: np.ndarray | None = None

    def get(self, path: str, form: str) -> np.ndarray | None:
        """Return the image, for any path."""
        return self.image

    def put(self, path: str, form: str, content: np.ndarray) -> None:
        """Do nothing: images from files are not stored."""
