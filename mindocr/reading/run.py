"""Reads the images of a command: text to the screen, results to files, as they come."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from mindocr.data.datasets.sources import find_images
from mindocr.errors import DataError, UserError
from mindocr.images.headers import Size
from mindocr.images.pages import DPI, DPI_RANGE
from mindocr.inference.source_folders import refuse_sources
from mindocr.reading.page_writer import PICTURE, Format, PageWriter
from mindocr.reading.reader import TextReader
from mindocr.utils.paths import expand_home
from mindocr.utils.printable import listed, printable
from mindocr.utils.progress import progress
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)


def images_of(sources: Sequence[str], recursive: bool = False) -> list[Path]:
    """The images of files, folders and globs; pictures that an earlier run has drawn are left out.

    Args:
        recursive: of a folder, also the images in its subfolders.

    Raises:
        DataError: a source has no image.
    """
    return [file for source in sources for file in find_images(Path(source), recursive, _is_result)]


def read_images(
    reader: TextReader,
    sources: Sequence[str],
    screen: TextIO,
    folder: Path | None = None,
    *,
    form: Format = "jsonl",
    draw: bool = True,
    recursive: bool = False,
    resume: bool = False,
    crops: Path | None = None,
    dpi: float = DPI,
    buckets: Sequence[Size] | str | None = None,
    warmup: bool = False,
) -> int:
    """Read every image and print its text; a file that cannot be read is named at the end.

    Memory does not grow with the number of images.

    Args:
        reader: reads the images.
        sources: files, folders or globs.
        screen: where the text goes, under the name of its image if there are several.
        folder: for the results, see :class:`~mindocr.reading.page_writer.PageWriter`; None = no files.
        form, draw: format of the results, and whether a picture of each image is written.
        recursive: of a folder, also the images in its subfolders.
        resume: leave out the images that an earlier run with the same settings has finished, and append to its results.
            A file that could not be read is tried again.
        crops: folder for a crop of each text; None = no crops.
        dpi: pixels per inch at which pages of PDF files are rendered.
        buckets: sizes of the networks' images, see :meth:`TextReader.use_buckets`; None = every image keeps its own.
        warmup: read the first image once before, so that the times of the log exclude what happens only once.

    Returns:
        The exit code: 0, or 1 if some files could not be read.

    Raises:
        DataError: no image was found, or none could be read.
        UserError: ``folder`` cannot be written, holds the images, or has a run that cannot be resumed; or ``resume``
            is set without a folder.
    """
    if not DPI_RANGE[0] <= dpi <= DPI_RANGE[1]:
        raise UserError(f"--dpi: expected {DPI_RANGE[0]} to {DPI_RANGE[1]}, got {dpi:g}")
    if folder is None and (resume or crops is not None):
        option = "--resume" if resume else "--save_crop_res"
        raise UserError(f"{option}: it needs --output, the folder of the results")
    images = images_of(sources, recursive)
    several = len(images) > 1
    writer = None
    if folder is not None:
        folders = {"--output": folder, **({"--crop_res_save_dir": crops} if crops is not None else {})}
        refuse_sources(map(str, images), folders)
        roots = [root for root in map(Path, map(expand_home, sources)) if root.is_dir()]
        writer = PageWriter(
            folder, form, draw, resume=resume, settings=_settings(reader, dpi), crops=crops, roots=roots, dpi=dpi
        )  # fmt: skip
        images = _unfinished(images, writer)
    if buckets is not None and images:
        reader.use_buckets(buckets, images)
    if warmup and images:
        start = time.monotonic()
        reader.warm_up(images[0])
        logger.info("warm-up: %.1f s", time.monotonic() - start)
    broken: list[str] = []
    lines = 0
    start = time.monotonic()
    try:
        # A large image must not be kept while the next is decoded.
        results = (
            progress(reader.read_all(images, dpi), "read", "image", len(images)) if reader.overlap
            else reader.read_all(progress(images, "read", "image"), dpi)
        )  # fmt: skip
        for path, pixels, page, error in results:
            if page is None or pixels is None:
                broken.append(str(error))
                continue
            lines += len(page)
            title = [f"# {printable(path)}"] if several else []
            print(*title, page.text, sep="\n", file=screen, flush=True)
            if writer is not None:
                writer.add(page, path, pixels)
            del pixels
    finally:
        if writer is not None:
            writer.close()
    if broken and len(broken) == len(images):
        raise DataError(f"none of the {len(images)} images can be read:{listed(broken)}")
    read = len(images) - len(broken)
    speed = f", {(time.monotonic() - start) / read:.2f} s per image" if read else ""
    logger.info("%s in %s%s%s", count(lines, "line"), count(read, "image"), speed, _where(writer, draw))
    reader.log_cost()
    if broken:
        logger.warning("%d of %d images could not be read and were left out:%s", len(broken), len(images),
                       listed(broken))  # fmt: skip
    return int(bool(broken))


def _settings(reader: TextReader, dpi: float) -> dict[str, Any]:
    """What the results depend on; the usual resolution is left out, so that earlier runs can be resumed."""
    return {**reader.settings, **({} if dpi == DPI else {"dpi": dpi})}


def _unfinished(images: Sequence[Path], writer: PageWriter) -> list[Path]:
    """The images that the run to be resumed has not finished."""
    left = [file for file in images if str(file) not in writer.done]
    if writer.done:
        logger.info("resume: %d of %s are read already", len(images) - len(left), count(len(images), "image"))
    return left


def _where(writer: PageWriter | None, draw: bool) -> str:
    if writer is None:
        return ""
    texts = writer.file.name if writer.file is not None else f"a {writer.kind} file of each image"
    return f"; {texts}{' and pictures' if draw else ''} are in {writer.folder}"


def _is_result(file: Path) -> bool:
    return file.name.endswith(PICTURE)
