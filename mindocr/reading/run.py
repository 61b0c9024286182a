"""Reads the images of a command: text to the screen, results to files, as they come."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np

from mindocr.data.datasets.sources import find_images
from mindocr.errors import DataError
from mindocr.images.read import read_image
from mindocr.reading.page import Page
from mindocr.reading.reader import TextReader
from mindocr.utils.folders import prepare_output
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)

RESULTS = "read_results.jsonl"


def read_images(reader: TextReader, sources: Sequence[str], screen: TextIO, folder: Path | None = None) -> int:
    """Read every image and print its text; a file that cannot be read is named at the end.

    Args:
        reader: reads the images.
        sources: files, folders or globs.
        screen: where the text goes, under the name of its image if there are several.
        folder: for ``read_results.jsonl``, one line of JSON for each image, and a picture of each; None = neither.

    Returns:
        The exit code: 0, or 1 if some files could not be read.

    Raises:
        DataError: no image was found, or none could be read.
    """
    files = [file for source in sources for file in find_images(Path(source).expanduser())]
    if folder is not None:
        folder = prepare_output(folder, key="--output")
        (folder / RESULTS).write_text("", encoding="utf-8")
    broken: list[str] = []
    lines = 0
    for file in progress(files, "read", "image"):
        try:
            page = reader(file)
        except DataError as error:
            broken.append(str(error))
            continue
        lines += len(page)
        print(*([f"# {file}"] if len(files) > 1 else []), page.text, sep="\n", file=screen, flush=True)
        if folder is not None:
            _write(page, file, folder)
    if len(broken) == len(files):
        raise DataError("\n  ".join([f"none of the {len(files)} images can be read:", *broken]))
    logger.info("%d lines in %d images%s", lines, len(files) - len(broken),
                f"; {RESULTS} and pictures are in {folder}" if folder is not None else "")  # fmt: skip
    if broken:
        logger.warning("%d of %d images were left out:\n  %s", len(broken), len(files), "\n  ".join(broken))
    return int(bool(broken))


def _write(page: Page, file: Path, folder: Path) -> None:
    with (folder / RESULTS).open("a", encoding="utf-8") as results:
        results.write(json.dumps(page.to_json(), ensure_ascii=False) + "\n")
    picture = cv2.cvtColor(page.draw(read_image(file)), cv2.COLOR_RGB2BGR)
    (folder / f"{file.name}_read.png").write_bytes(np.asarray(cv2.imencode(".png", picture)[1]).tobytes())
