"""Pages of PDF files, rendered by pypdfium2, which is installed with ``mindocr[pdf]``."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from mindocr.errors import DataError

_INCH = 72  # points
_LOCK = threading.Lock()  # PDFium must not be called by two threads at once


def is_installed() -> bool:
    """Whether PDF files can be read here."""
    return importlib.util.find_spec("pypdfium2") is not None


def count_pages(file: Path) -> int:
    """Number of pages.

    Raises:
        DataError: pypdfium2 is not installed, or the file is damaged or protected by a password.
    """
    with _opened(file) as document:
        return len(document)


def render_page(file: Path, number: int, dpi: float, max_pixels: int | None = None) -> bytes:
    """A page as the bytes of a BMP file, which costs little time to write and to read.

    Args:
        number: from 1.
        dpi: pixels per inch.
        max_pixels: largest number of pixels; None = any.

    Raises:
        DataError: as for :func:`count_pages`, there is no such page, or it would have more pixels.
    """
    with _opened(file) as document:
        if not 1 <= number <= len(document):
            raise DataError(f"{file}#{number}: there is no such page; the file has {len(document)}")
        try:
            page = document[number - 1]
            w, h = (round(length * dpi / _INCH) for length in page.get_size())
            if max_pixels is not None and w * h > max_pixels:
                raise DataError(
                    f"{file}#{number}: {w} x {h} pixels (w x h) at {dpi:g} dpi, {w * h} in all, above the limit of "
                    f"{max_pixels}; choose a lower --dpi"
                )
            pixels = page.render(scale=dpi / _INCH, prefer_bgrx=False).to_numpy()
        except DataError:
            raise
        except _errors() as error:
            raise DataError(f"{file}#{number}: this page cannot be rendered ({error}); the PDF is damaged") from None
        if pixels.shape[2] == 4:
            pixels = pixels[..., :3]
        done, encoded = cv2.imencode(".bmp", pixels)
        if not done:
            raise DataError(f"{file}#{number}: an empty page of {w} x {h} pixels (w x h) at {dpi:g} dpi")
        content: bytes = encoded.tobytes()
        return content


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    try:
        import pypdfium2
    except ImportError:
        raise DataError(f"{file}: PDF files need pypdfium2; install it with: pip install pypdfium2") from None
    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(file)
            document.init_forms()
        except (pypdfium2.PdfiumError, OSError) as error:
            raise DataError(f"{file}: {_reason(str(error))}") from None
        try:
            yield document
        finally:
            document.close()


def _errors() -> tuple[type[Exception], ...]:
    import pypdfium2

    return (pypdfium2.PdfiumError, OSError, ValueError, IndexError)


def _reason(message: str) -> str:
    lowered = message.lower()
    if "password" in lowered:
        return "this PDF is protected by a password; save a copy without one"
    if "security" in lowered:
        return "this PDF is encrypted in a way that PDFium cannot read; save a copy without encryption"
    return f"not a PDF that PDFium can open ({message}); it is damaged, or no PDF at all"
