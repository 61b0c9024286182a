"""Prediction on image files and arrays, with results in pixels of the source image."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from mindocr.data.datasets.base import ImageDataset
from mindocr.data.loading.loader import Loader
from mindocr.data.loading.worker import keep_freed_memory
from mindocr.data.transforms.checks import Spec
from mindocr.errors import ConfigError, DataError, UserError
from mindocr.images.headers import Size
from mindocr.images.pages import is_pdf, page_of
from mindocr.inference.bucketed import Bucketed, black
from mindocr.inference.buckets import refuse_sizes
from mindocr.inference.network_sizes import buckets_for
from mindocr.inference.one_by_one import one_by_one
from mindocr.inference.preparation import Image, Preparation
from mindocr.inference.results import Result
from mindocr.inference.runner import Runner
from mindocr.inference.side_by_side import Runs, in_batches, side_by_side
from mindocr.inference.small_texts import SmallTexts
from mindocr.inference.view_options import ViewOptions
from mindocr.inference.views import Views
from mindocr.predictions.base import Prediction, decode
from mindocr.registry import DATASETS
from mindocr.utils.paths import expand_home
from mindocr.utils.printable import listed
from mindocr.utils.progress import progress
from mindocr.utils.threads import map_ahead

logger = logging.getLogger(__name__)

_MOST_TRIED = 100  # images that are tried for a warm-up


class Crops(Protocol):
    """Crops by their number, such as a list, or cut out when they are asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> np.ndarray: ...


class Predictor:
    """Runs a network on images and computes results from its outputs.

    Args:
        runner: runs the network.
        postprocess: computes predictions in pixels of the source image, see :mod:`mindocr.postprocess`.
        pipeline: ops from an image file to the network's input.
        more_columns: further keys of samples that a subclass needs.

    Attributes:
        preparation: makes samples of images.

    Raises:
        ConfigError: the pipeline does not write the columns that are needed, or the post-processing reads an output
            that the network does not have.
    """

    result_type: ClassVar[type[Result]] = Result

    def __init__(
        self, runner: Runner, postprocess: Any, pipeline: Sequence[Spec], more_columns: Sequence[str] = ()
    ) -> None:
        missing = [name for name in postprocess.reads if name not in runner.output_names]
        if missing:
            raise ConfigError(
                f"postprocess: {type(postprocess).__name__} reads the output '{missing[0]}', but the network outputs "
                f"{', '.join(runner.output_names)}; choose a post-processing that fits the network"
            )
        self.runner = runner
        self.postprocess = postprocess
        columns = dict.fromkeys(("image", *postprocess.columns, *more_columns, "image_ori", "img_path"))
        self.preparation = Preparation(pipeline, list(columns))
        self._views: Views | None = None
        self._small_texts = SmallTexts()

    def use_views(self, options: ViewOptions, batch_size: int = 1) -> None:
        """Look at images in tiles, at several scales or mirrored, see :class:`~mindocr.inference.views.Views`.

        Args:
            options: one view without tiles changes nothing.
            batch_size: tiles that the network takes at once.

        Raises:
            ConfigError: the model does not allow it.
        """
        if options.is_plain:
            return
        self._views = Views(self.runner, self.postprocess, self.preparation.specs, options, batch_size)
        self.preparation = Preparation(self._views.specs, ["image", "image_ori", "img_path"])

    def use_dpi(self, dpi: float) -> None:
        """Render pages of PDF files at ``dpi`` pixels per inch.

        Raises:
            ConfigError: it is out of range.
        """
        self.preparation = self.preparation.at_dpi(dpi)

    def log_cost(self) -> None:
        """Log what the views cost, and how many images were reduced so far that small texts are lost."""
        if self._views is not None and self._views.images:
            logger.info("%s", self._views.summary())
        self._small_texts.log_rest()

    def __call__(
        self, source: Image | Iterable[Image], batch_size: int = 1, on_error: Literal["raise", "skip"] = "raise"
    ) -> Any:
        """Predict.

        Args:
            source: an image, a folder of images or a glob, or a list of images. An image is a path, or an array
                (H, W, 3) uint8 in the order red, green, blue, or (H, W) uint8 grey. OpenCV reads images in the order
                blue, green, red: pass ``image[..., ::-1]``. An opacity in a fourth channel, as of a PNG, is applied as
                ``DecodeImage.alpha`` of the pipeline says; by default transparent parts become white.
            batch_size: images that the network processes at once if their sizes agree. Results do not depend on it.
            on_error: of a folder, a glob or a list: ``raise`` stops at an image that cannot be used, ``skip`` leaves it
                out with a warning; the results name their images.

        Returns:
            A :class:`~mindocr.inference.results.Result` for an image or a page; a list of them for a folder, a glob, a
            list or a PDF.

        Raises:
            DataError: there is no image, an image cannot be decoded, or an array has another form.
            UserError: ``batch_size`` is below 1, or ``on_error`` is another word.
        """
        if batch_size < 1:
            raise UserError(f"batch_size: expected a whole number from 1, got {batch_size}")
        if on_error not in ("raise", "skip"):
            raise UserError(f"on_error: expected 'raise' or 'skip', got {on_error!r}")
        if isinstance(source, np.ndarray):
            return self._predict([source], batch_size)[0]
        if isinstance(source, str | Path):
            source = expand_home(str(source))
            if page_of(source) is not None or (Path(source).is_file() and not is_pdf(source)):
                return self._predict([source], batch_size)[0]
            chosen = {"data_dir": str(source), "on_error": on_error}
            batches = self._batches(chosen, show_progress=False, batch_size=batch_size)
            return [self._result(*each) for batch in batches for each in batch]
        if not isinstance(source, Iterable):
            raise DataError(f"expected a path, an array or a list of them, got {type(source).__name__}")
        images = list(source)
        if not images:
            raise DataError("no image to predict: the list is empty")
        return self._predict(images, batch_size, on_error)

    def dataset(
        self, source: str | Path | Mapping[str, Any], exclude: Callable[[Path], bool] | None = None
    ) -> ImageDataset:
        """The images of a file, a folder or a glob, with the pipeline of this predictor.

        Args:
            source: a file, a folder, a glob, or arguments of ``PredictDataset``.
            exclude: see ``PredictDataset``.

        Raises:
            DataError: there is no image.
            ConfigError: ``PredictDataset`` has no such argument.
        """
        chosen: dict[str, Any] = dict(source) if isinstance(source, Mapping) else {"data_dir": str(source)}
        chosen.update(
            type="PredictDataset", transform_pipeline=self.preparation.specs, output_columns=self.preparation.columns
        )
        built: ImageDataset = DATASETS.build(chosen, key="type", is_train=False, seed=0, exclude=exclude)
        return built

    def use_buckets(self, buckets: Sequence[Size] | str, paths: Sequence[str], batch_size: int = 1) -> None:
        """Give the network images of a few sizes only, for which graphs may then be compiled, see :meth:`plan`.

        Args:
            buckets: (h, w) each, in pixels; or ``auto``: chosen by the headers of the images. With ``auto`` a network
                of one size stays as it is, and so does one whose sizes cannot be known, with a warning.
            paths: files of the images.
            batch_size: images that the network takes at once; smaller batches are filled up.

        Raises:
            ConfigError: sizes are given, and the network takes images of one size only, or looks at them in tiles or
                several views.
        """
        if self._views is not None:
            refuse_sizes(buckets)
            return
        if buckets == "auto" and self.runner.input_size != (-1, -1):
            return
        chosen = buckets_for(self.preparation.ops, paths) if isinstance(buckets, str) else list(buckets)
        if isinstance(self.runner, Bucketed):
            self.runner = self.runner.runner
        if chosen:
            self.runner = Bucketed(self.runner, chosen, batch_size, black(self.preparation.ops))

    def plan(self) -> list[tuple[Any, list[tuple[int, ...]]]]:
        """What :func:`~mindocr.inference.bucketed.compile_graphs` has to compile, after :meth:`use_buckets`."""
        return [self.runner.plan()] if isinstance(self.runner, Bucketed) else []

    def warm_up(self, dataset: ImageDataset, batch_size: int = 1) -> None:
        """Run the network once on the first image that can be read, so that it is compiled for this size.

        Args:
            dataset: result of :meth:`dataset`.
            batch_size: the image is repeated so many times, as graphs are compiled for a batch.
        """
        for index in range(min(len(dataset), _MOST_TRIED)):
            try:
                image = dataset[index]["image"]
            except DataError:
                continue
            if self._views is not None:
                self._views(image)
                self._views.begin_counts()
            else:
                self.runner(np.stack([image] * batch_size))
            return

    def images(
        self,
        source: str | Path | Mapping[str, Any] | ImageDataset,
        batch_size: int = 1,
        **loader: Any,
    ) -> Iterator[tuple[str, np.ndarray, Prediction]]:
        """Yield (path, image (H, W, 3) uint8 RGB, prediction) for a file, a folder or a glob, with a progress bar.

        An image that cannot be read is left out, unless the arguments of ``PredictDataset`` say otherwise.

        Args:
            source: a file, a folder, a glob, arguments of ``PredictDataset``, or the result of :meth:`dataset`.
            batch_size: images that the network takes at once where their sizes agree.
            loader: further arguments of the loader, such as ``num_workers`` or ``on_skip``.

        Raises:
            DataError: there is no image, or with ``on_error: stop`` an image that cannot be decoded.
        """
        batches = self._batches(source, show_progress=True, batch_size=batch_size, **loader)
        for batch in batches:
            while batch:
                path, image, found = batch.pop(0)
                yield path, image if self.preparation.rgb else np.ascontiguousarray(image[..., ::-1]), found
                del image  # a large one must not be kept while the next is decoded

    def _batches(
        self,
        source: str | Path | Mapping[str, Any] | ImageDataset,
        show_progress: bool,
        **loader: Any,
    ) -> Iterator[list[tuple[str, np.ndarray, Prediction]]]:
        """Yield batches of (path, decoded image, prediction)."""
        dataset = source if isinstance(source, ImageDataset) else self.dataset(source)
        if self._views is not None:  # no image is decoded in advance, as a large one takes a gigabyte
            yield from one_by_one(dataset, self._look, loader.get("on_skip"), show_progress)
            return
        with Loader(dataset, **loader) as batches:
            epoch = batches.epoch()
            shown = progress(epoch, "predict", "batch", len(batches)) if show_progress else epoch
            # The loader reads ahead in a thread or in processes.
            outputs = side_by_side(
                self.runner, lambda network, batch: (batch, network(batch["image"])), shown, early=True
            )
            yield from map_ahead(self._finish, outputs, ahead=1, name="postprocess")

    def _finish(
        self, computed: tuple[Mapping[str, Any], Mapping[str, list[np.ndarray]]]
    ) -> list[tuple[str, np.ndarray, Prediction]]:
        """(path, decoded image, prediction) of each image of a batch, from the outputs of the network."""
        batch, outputs = computed
        return list(zip(batch["img_path"], batch["image_ori"], self._compute(outputs, batch)))

    def _predict(self, images: Sequence[Image], batch_size: int, on_error: str = "raise") -> list[Result]:
        results: list[Result] = []
        left_out: list[str] = []
        # One image gains nothing from other threads.
        alone = len(images) == 1 and self._views is None
        found_for = (
            self._complete(self._run(self.runner, [self._prepare((0, images[0]))]))
            if alone
            else self.stream(images, batch_size)
        )
        for found in found_for:
            if isinstance(found, Result):
                results.append(found)
            elif on_error == "skip":
                left_out.append(str(found))
            else:
                raise found
        self._warn_left_out(left_out, len(images))
        return results

    def stream(self, images: Iterable[Image], batch_size: int = 1) -> Iterator[Result | DataError]:
        """Predict images as they come: while the network runs, other threads prepare the next images and finish others.

        Args:
            images: paths or arrays, see :meth:`__call__`; at most a few batches are taken ahead.
            batch_size: images that the network takes at once if their sizes agree. Results do not depend on it.

        Yields:
            For each image in turn its result, or why it cannot be used.
        """
        if self._views is not None:
            yield from self._one_after_the_other(images)
            return
        keep_freed_memory()
        prepared = map_ahead(self._prepare, enumerate(images), ahead=max(2, batch_size), name="prepare")
        outputs = side_by_side(self.runner, self._run, in_batches(prepared, batch_size), early=True)
        for batch in map_ahead(self._complete, outputs, ahead=1, name="postprocess"):
            yield from batch

    def _one_after_the_other(self, images: Iterable[Image]) -> Iterator[Result | DataError]:
        """Look at each image after the one before it is finished, as a large one takes a gigabyte."""
        for image, sample in map(self._prepare, enumerate(images)):
            if isinstance(sample, DataError):
                yield sample
                continue
            try:
                (found,) = self._look({name: [sample[name]] for name in self.preparation.columns})
            except DataError as error:
                yield error
            else:
                yield self._result(image, sample["image_ori"], found)

    def _prepare(self, numbered: tuple[int, Image]) -> tuple[Image, Mapping[str, Any] | DataError]:
        """An image and its sample, or why it has none."""
        number, image = numbered
        try:
            return image, self.preparation.sample(image, number)
        except DataError as error:
            return image, error

    def _run(self, network: Runs, batch: list[tuple[Image, Mapping[str, Any] | DataError]]) -> tuple[Any, Any]:
        """A batch and the network's outputs for its samples."""
        samples = [sample["image"] for _, sample in batch if not isinstance(sample, DataError)]
        return batch, network(samples) if samples else None

    def _complete(self, computed: tuple[Any, Any]) -> list[Result | DataError]:
        """Results of a batch, from the outputs of the network."""
        batch, outputs = computed
        samples = [sample for _, sample in batch if not isinstance(sample, DataError)]
        columns = {name: [sample[name] for sample in samples] for name in self.preparation.columns}
        found = iter(self._compute(outputs, columns) if samples else ())
        return [
            sample if isinstance(sample, DataError) else self._result(image, sample["image_ori"], next(found))
            for image, sample in batch
        ]

    def _warn_left_out(self, reasons: Sequence[str], count: int) -> None:
        if reasons:
            logger.warning("%d of %d images left out:%s", len(reasons), count, listed(reasons))

    def _look(self, batch: Mapping[str, Any]) -> list[Prediction]:
        """Predictions of a batch of decoded images, by the views."""
        assert self._views is not None
        return [self._views(image, path).found for image, path in zip(batch["image"], batch["img_path"])]

    def _compute(self, outputs: Mapping[str, list[np.ndarray]], columns: Mapping[str, list[Any]]) -> list[Prediction]:
        """Predictions from the outputs of the network; tells of images that were reduced too far."""
        if "shape_list" in columns:
            self._small_texts.look(columns["img_path"], columns["shape_list"])
        return decode(self.postprocess, outputs, columns)

    def _result(self, image: Image, original: np.ndarray, found: Prediction) -> Result:
        size = (original.shape[0], original.shape[1])
        if isinstance(image, np.ndarray):
            # An array with opacity is kept as the network has seen it, which is also what is drawn.
            pixels = image if image.shape[2:] in ((), (3,)) else self.preparation.as_seen(image)
            return self.result_type(found, size, pixels=pixels)
        reading = self.preparation
        return self.result_type(found, size, path=str(image), upright=reading.upright, alpha=reading.alpha)
