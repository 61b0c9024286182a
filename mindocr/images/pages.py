"""Pages of documents as images: ``file.pdf#2`` is the second page of a PDF, ``scan.tif#2`` the second one of a TIFF.

A page is read when it is needed, so memory does not grow with the number of pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mindocr.errors import DataError
from mindocr.images import pdf, tiff_pages

DPI = 200  # pixels per inch at which pages of a PDF are rendered
DPI_RANGE = (18, 2400)
_PAGE = re.compile(r"(?P<file>.+\.(?:pdf|tiff?))#(?P<number>[1-9]\d{0,8})", re.I | re.S)


class Page(NamedTuple):
    """A page of a document: its file, and its number from 1."""

    file: str
    number: int


def page_of(path: str | Path) -> Page | None:
    """The page that a path means; None if it is no page of an existing PDF or TIFF, or a file of that very name."""
    text = str(path)
    match = _PAGE.fullmatch(text) if "#" in text else None
    if match is None or Path(text).is_file() or not Path(match["file"]).is_file():
        return None
    return Page(match["file"], int(match["number"]))


def document_of(path: str | Path) -> str:
    """The file that a page belongs to; the path itself if it is no page."""
    page = page_of(path)
    return str(path) if page is None else page.file


def is_pdf(path: str | Path) -> bool:
    """Whether a path has the ending of a PDF."""
    return str(path).lower().endswith(".pdf")


def expand(files: Iterable[Path]) -> list[Path]:
    """The files with the pages of each PDF, and of each TIFF of several pages, in place of it.

    A document that cannot be opened stays in the list: reading it then says why, as for any broken image.
    """
    expanded: list[Path] = []
    for file in files:
        count = _count(file)
        if count == 0:
            expanded.append(file)
        else:
            expanded += [Path(f"{file}#{number}") for number in range(1, count + 1)]
    return expanded


def _count(file: Path) -> int:
    """Number of pages that are listed; 0 = the file is listed itself."""
    suffix = file.suffix.lower()
    try:
        if suffix == ".pdf":
            return pdf.count_pages(file)
        if suffix in (".tif", ".tiff"):
            count = tiff_pages.count_pages(file)
            return count if count > 1 else 0
    except (DataError, OSError):
        pass
    return 0


def read_page(page: Page, dpi: float = DPI, max_pixels: int | None = None) -> bytes:
    """A page as the bytes of an image file.

    Args:
        dpi: of a PDF, pixels per inch.
        max_pixels: a page with more pixels at that resolution is refused before it is rendered; None = no limit.

    Raises:
        DataError: there is no such page, or the document cannot be read.
    """
    if is_pdf(page.file):
        return pdf.render_page(Path(page.file), page.number, dpi, max_pixels)
    return tiff_pages.read_page(Path(page.file), page.number)
