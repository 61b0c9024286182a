"""Searchable PDF files of what was read: one for each image, or for each document with all of its pages."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mindocr.formats.searchable_pdf import PlacedText, SearchablePdf
from mindocr.images.crops import line_view
from mindocr.images.pages import document_of
from mindocr.inference.output_names import OutputNames
from mindocr.reading.page import Page

ENDING = "_read.pdf"


class DocumentWriter:
    """Writes ``<image>_read.pdf`` for each image; the pages of a document, which come in a row, share a file.

    Args:
        folder: an existing folder.
        dpi: pixels per inch, from which the size of the pages follows.
    """

    def __init__(self, folder: Path, dpi: float) -> None:
        self._folder, self._dpi = folder, dpi
        self._names = OutputNames()
        self._open: SearchablePdf | None = None
        self._document = ""

    def add(self, page: Page, path: str, image: np.ndarray) -> None:
        """Add an image (H, W, 3) uint8 RGB with its text."""
        document = document_of(path)
        if self._open is None or document != self._document:
            self.close()
            self._document = document
            self._open = SearchablePdf(self._folder / f"{self._names.name_of(document)}{ENDING}")
        self._open.add_page(
            image, [_placed(part.polygon, part.text, page.image_size) for part in page.parts], self._dpi
        )

    def close(self) -> None:
        """Complete the file of the last document."""
        if self._open is not None:
            self._open.close()
            self._open = None


def _placed(polygon: np.ndarray, text: str, size: tuple[int, int]) -> PlacedText:
    """The text with the corners of its line, from the top left of the first letter on."""
    if len(polygon) == 4:  # begins there
        return PlacedText(text, polygon)
    view = line_view(polygon, size)
    return PlacedText(text, np.roll(view.corners, -view.turns, axis=0))
