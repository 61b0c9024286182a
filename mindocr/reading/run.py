"""Reads the images of a command: text to the screen, results to files, as they come."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from mindocr.data.datasets.sources import find_images
from mindocr.errors import DataError
from mindocr.images.read import read_image
from mindocr.inference.source_folders import refuse_sources
from mindocr.reading.page_writer import PICTURE, Format, PageWriter
from mindocr.reading.reader import TextReader
from mindocr.utils.printable import listed, printable
from mindocr.utils.progress import progress
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)


def read_images(
    reader: TextReader,
    sources: Sequence[str],
    screen: TextIO,
    folder: Path | None = None,
    *,
    form: Format = "jsonl",
    draw: bool = True,
    recursive: bool = False,
) -> int:
    """Read every image and print its text; a file that cannot be read is named at the end.

    Args:
        reader: reads the images.
        sources: files, folders or globs.
        screen: where the text goes, under the name of its image if there are several.
        folder: for the results, see :class:`~mindocr.reading.page_writer.PageWriter`; None = no files.
        form, draw: format of the results, and whether a picture of each image is written.
        recursive: of a folder, also the images in its subfolders.

    Returns:
        The exit code: 0, or 1 if some files could not be read.

    Raises:
        DataError: no image was found, or none could be read.
        UserError: ``folder`` cannot be written, or holds the images.
    """
    images = [file for source in sources for file in find_images(Path(source), recursive, _is_result)]
    if folder is not None:
        refuse_sources(map(str, images), {"--output": folder})
    writer = PageWriter(folder, form, draw) if folder is not None else None
    broken: list[str] = []
    lines = 0
    try:
        for file in progress(images, "read", "image"):
            try:
                pixels = read_image(file)
            except DataError as error:
                broken.append(str(error))
                continue
            page = reader(pixels, path=str(file))
            lines += len(page)
            title = [f"# {printable(str(file))}"] if len(images) > 1 else []
            print(*title, page.text, sep="\n", file=screen, flush=True)
            if writer is not None:
                writer.add(page, str(file), pixels)
    finally:
        if writer is not None:
            writer.close()
    if len(broken) == len(images):
        raise DataError(f"none of the {len(images)} images can be read:{listed(broken)}")
    where = f"; {writer.file.name}{' and pictures' if draw else ''} are in {folder}" if writer is not None else ""
    logger.info("%s in %s%s", count(lines, "line"), count(len(images) - len(broken), "image"), where)
    if broken:
        logger.warning("%d of %d images could not be read and were left out:%s", len(broken), len(images),
                       listed(broken))  # fmt: skip
    return int(bool(broken))


def _is_result(file: Path) -> bool:
    return file.name.endswith(PICTURE)
