"""A run of prediction: images in; pictures, crops and results files out, written image by image."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.errors import DataError, StorageError
from mindocr.images.headers import Size
from mindocr.inference.bucketed import Bucketed, compile_graphs
from mindocr.inference.output_names import OutputNames
from mindocr.inference.picture_writer import CropWriter, PictureWriter, picture_ending
from mindocr.inference.predictor import Predictor
from mindocr.inference.result_writer import Format, ResultWriter
from mindocr.inference.source_folders import refuse_sources, results_in
from mindocr.predictions.base import Prediction
from mindocr.utils.folders import prepare_output
from mindocr.utils.paths import expand_home
from mindocr.utils.printable import listed, printable

logger = logging.getLogger(__name__)

NO_SOURCE = "expected an image, a folder or a pattern, got ''; a variable of the shell may be empty"


@dataclass(frozen=True)
class Outcome:
    """Result of a run.

    Attributes:
        images: number of images with a result.
        results: number of results in them.
        skipped: path and reason for each image that was left out.
    """

    images: int
    results: int
    skipped: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """Exit code of a command: 1 if images were left out, else 0."""
        return 1 if self.skipped else 0


def run(
    predictor: Predictor,
    source: str | Path | Mapping[str, Any],
    folder: str | Path,
    *,
    batch_size: int = 1,
    draw: bool = True,
    result_format: Format = "labels",
    pictures: str | Path | None = None,
    crops: str | Path | None = None,
    warmup: bool = False,
    buckets: Sequence[Size] | str | None = None,
    **loader: Any,
) -> Outcome:
    """Predict ``source`` and write to ``folder``: a picture for each image, and the results as text and as JSON.

    The prediction type names the files: ``det_results.txt``, ``det_results.json`` and ``<image>_det_res.png``. Results
    are written image by image. Images that cannot be read are left out and listed at the end, unless the arguments in
    ``source`` say ``on_error: stop``.

    Args:
        source, batch_size, warmup, loader: see :meth:`mindocr.inference.predictor.Predictor.images`.
        folder: created if it does not exist.
        draw: write the pictures.
        result_format: see :class:`mindocr.inference.result_writer.ResultWriter`.
        pictures: folder for the pictures; None = ``folder``.
        crops: folder for a crop of each text; None = no crops.
        buckets: sizes of the network's images, see :meth:`mindocr.inference.predictor.Predictor.use_buckets`; None =
            every image keeps its own.

    Raises:
        DataError: there is no image, none can be read, or with ``on_error: stop`` one cannot be read.
        UserError: a folder cannot be written, or holds the source images.
        StorageError: a result could not be written.
    """
    gives: type[Prediction] = predictor.postprocess.gives
    folders = {"the results folder": Path(folder)}
    if draw and pictures is not None:
        folders["the folder for pictures"] = Path(pictures)
    if crops is not None:
        folders["the folder for crops"] = Path(crops)
    arguments = dict(source) if isinstance(source, Mapping) else {"data_dir": str(source)}
    if not (arguments.get("data_dir") or arguments.get("dataset_root")):
        raise DataError(f"the images: {NO_SOURCE}")
    recursive = bool(arguments.get("recursive"))
    # A folder whose subfolders are not searched has no results at its top, unless the user has put them there.
    searches = recursive or not all(place.is_dir() for place in _places(arguments))
    is_result = results_in(list(folders.values()), picture_ending(gives)) if searches else None
    dataset = predictor.dataset(arguments, is_result)
    refuse_sources((record.img_path for record in dataset.records), folders)
    for key, place in folders.items():
        prepare_output(place, key=key)
    names = OutputNames(_roots(arguments) if recursive else ())
    writer = ResultWriter(Path(folder), gives, result_format)
    images: list[PictureWriter | CropWriter] = (
        [PictureWriter(Path(pictures or folder), gives, recursive)] if draw else []
    )
    images += [] if crops is None else [CropWriter(Path(crops), gives, recursive)]
    skipped: list[str] = []

    def skip(reason: str) -> None:
        skipped.append(reason)
        with _storing():
            writer.skip(reason)

    if buckets is not None:
        predictor.use_buckets(buckets, [record.img_path for record in dataset.records], batch_size)
        compile_graphs(predictor.plan())
    if warmup:
        start = time.monotonic()
        predictor.warm_up(dataset, batch_size)
        logger.info("warm-up: %.1f s", time.monotonic() - start)
    count = results = 0
    start = time.monotonic()
    try:
        for path, image, found in predictor.images(dataset, batch_size, on_skip=skip, **loader):
            name = names.name_of(path)
            with _storing():
                for each in images:
                    each.add(path, image, found, name)
                writer.add(path, found, (image.shape[0], image.shape[1]))
            count += 1
            results += len(found)
            del image  # a large one must not be kept while the next is decoded
    finally:
        writer.close()
    seconds = time.monotonic() - start
    if not count:
        raise DataError(_none_readable(skipped))
    if isinstance(predictor.runner, Bucketed):
        predictor.runner.tell()
    for each in images:
        each.close()
    written = ["pictures"] * draw + ["crops"] * (crops is not None) + list(writer.names)
    logger.info("%d %s in %d images, %.2f s per image; %s are in %s", results, gives.kind, count, seconds / count,
                _joined(written), _joined([str(place) for place in folders.values()]))  # fmt: skip
    predictor.log_cost()
    if skipped:
        logger.warning("%d of %d files could not be read and were left out:%s", len(skipped), count + len(skipped),
                       listed(skipped, f"; {writer.skipped_file} lists all"))  # fmt: skip
    return Outcome(count, results, tuple(skipped))


def _roots(arguments: Mapping[str, Any]) -> list[Path]:
    """The folders that a search with subfolders begins in."""
    return [path for path in _places(arguments) if path.is_dir()]


def _places(arguments: Mapping[str, Any]) -> list[Path]:
    """The folders, files and patterns in the arguments of a data set."""
    places, root = arguments.get("data_dir", ""), Path(arguments.get("dataset_root", ""))
    return [root / expand_home(place) for place in (places if isinstance(places, list) else [places])]


def _none_readable(skipped: Sequence[str]) -> str:
    if len(skipped) == 1:
        return printable(skipped[0])
    return f"none of the {len(skipped)} images can be read:{listed(skipped)}"


def _joined(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


@contextmanager
def _storing() -> Iterator[None]:
    """Turn an error in writing a result into a StorageError."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{error.filename or 'the results'}: cannot be written ({error.strerror or error}); the results files hold "
            "the images before; free some space or choose another folder"
        ) from None
