"""PDF files that show images and hold their text under them, to be searched, selected and copied.

A file is written page by page, so that memory does not grow with their number. The text is set in fonts of Type 3
(ISO 32000-1, 9.6.5) whose letters are empty, each font with a table of the characters that it stands for (9.10.3): any
character of Unicode can be found, and no font file is needed.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.utils import files

_INCH = 72  # points
_LETTERS = 255  # of a font
_WIDTH = 500  # of each letter, thousandths of the font size
_QUALITY = 85  # of the JPEG
_LARGEST_SIDE = 1 << 16  # pixels, of a JPEG
_CATALOG, _PAGES, _LETTER = 1, 2, 3  # numbers of objects


class PlacedText(NamedTuple):
    """A text and where it is.

    Attributes:
        text: its characters.
        corners: (4, 2) pixels of the image: top left, top right, bottom right and bottom left as one reads it.
    """

    text: str
    corners: np.ndarray


class SearchablePdf:
    """Writes a PDF; the file appears under its name when it is closed.

    Args:
        path: an existing file is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._replacing = files.replacing(path)
        self._partial = self._replacing.__enter__()
        self._file = self._partial.open("wb")
        self._positions: dict[int, int] = {}
        self._numbers = itertools.count(_LETTER + 1)
        self._pages: list[int] = []
        self._codes: dict[str, int] = {}  # character -> its number over all fonts
        self._fonts: list[int] = []  # object numbers
        self._file.write(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")

    def add_page(self, image: np.ndarray, texts: Sequence[PlacedText], dpi: float) -> None:
        """Add a page.

        Args:
            image: (H, W, 3) uint8 RGB.
            texts: in reading order.
            dpi: pixels of the image per inch of the page.

        Raises:
            DataError: the image is too large for JPEG.
        """
        h, w = image.shape[:2]
        done, jpeg = False, np.zeros(0, np.uint8)
        if max(h, w) < _LARGEST_SIDE:
            quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
            done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
        if not done:
            raise DataError(f"an image of {w} x {h} pixels (w x h) cannot be stored in a PDF; sides are below 65536")
        picture = self._add(jpeg.tobytes(), f"/Type /XObject /Subtype /Image /Width {w} /Height {h} "
                            "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode")  # fmt: skip
        scale = _INCH / dpi
        size = f"{w * scale:.4f} 0 0 {h * scale:.4f} 0 0 cm"
        drawn = [self._text(each, h, scale) for each in texts if each.text]
        used = sorted({code // _LETTERS for each in texts for code in map(self._code, each.text)})
        content = "\n".join([*drawn, f"q {size} /Image Do Q"]).encode("ascii")
        body = self._add(zlib.compress(content), "/Filter /FlateDecode")
        fonts = " ".join(f"/F{number} {self._fonts[number]} 0 R" for number in used)
        self._pages.append(self._add(None, (
            f"/Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {w * scale:.4f} {h * scale:.4f}] /Contents {body} 0 R "
            f"/Resources << /XObject << /Image {picture} 0 R >> /Font << {fonts} >> >>"
        )))  # fmt: skip

    def close(self) -> None:
        """Write the fonts and the tables, and give the file its name."""
        try:
            self._add(f"{_WIDTH} 0 0 -200 {_WIDTH} 800 d1".encode("ascii"), "", _LETTER)
            characters = list(self._codes)
            for number, font in enumerate(self._fonts):
                self._add_font(font, characters[number * _LETTERS : (number + 1) * _LETTERS])
            kids = " ".join(f"{page} 0 R" for page in self._pages)
            self._add(None, f"/Type /Pages /Kids [{kids}] /Count {len(self._pages)}", _PAGES)
            self._add(None, f"/Type /Catalog /Pages {_PAGES} 0 R", _CATALOG)
            start, count = self._file.tell(), len(self._positions) + 1
            rows = "".join(f"{self._positions[number]:010d} 00000 n \n" for number in range(1, count))
            self._file.write(
                f"xref\n0 {count}\n0000000000 65535 f \n{rows}trailer\n<< /Size {count} /Root {_CATALOG} 0 R >>\n"
                f"startxref\n{start}\n%%EOF\n".encode("ascii")
            )
        finally:
            self._file.close()
        self._replacing.__exit__(None, None, None)

    def _add(self, stream: bytes | None, entries: str, number: int | None = None) -> int:
        """Write an object, a dictionary with or without a stream; returns its number."""
        number = next(self._numbers) if number is None else number
        self._positions[number] = self._file.tell()
        length = "" if stream is None else f" /Length {len(stream)}"
        self._file.write(f"{number} 0 obj\n<< {entries}{length} >>\n".encode("ascii"))
        if stream is not None:
            self._file.write(b"stream\n" + stream + b"\nendstream\n")
        self._file.write(b"endobj\n")
        return number

    def _code(self, character: str) -> int:
        """Number of a character; a new font begins where the last one is full."""
        code = self._codes.setdefault(character, len(self._codes))
        if code // _LETTERS == len(self._fonts):
            self._fonts.append(next(self._numbers))
        return code

    def _text(self, placed: PlacedText, height: int, scale: float) -> str:
        """Operators that place a text: it runs along the lower edge of its corners and is as high and as wide."""
        _, _, right, left = np.asarray(placed.corners, dtype=np.float64) * (scale, -scale) + (0, height * scale)
        top = np.asarray(placed.corners[0], dtype=np.float64) * (scale, -scale) + (0, height * scale)
        width, size = float(np.hypot(*(right - left))), max(float(np.hypot(*(top - left))), 0.1)
        x, y = (right - left) / width if width else (1.0, 0.0)
        stretch = 100 * max(width, 0.1) / (len(placed.text) * size * _WIDTH / 1000)
        runs = [f"/F{font} {size:.4f} Tf <{codes}> Tj" for font, codes in self._runs(placed.text)]
        return (
            f"BT 3 Tr {stretch:.4f} Tz {x:.6f} {y:.6f} {-y:.6f} {x:.6f} {left[0]:.4f} {left[1]:.4f} Tm "
            f"{' '.join(runs)} ET"
        )

    def _runs(self, text: str) -> Iterator[tuple[int, str]]:
        """(number of the font, codes in hexadecimal digits) of neighbouring characters of one font."""
        for font, codes in itertools.groupby(map(self._code, text), key=lambda code: code // _LETTERS):
            yield font, "".join(f"{code % _LETTERS + 1:02X}" for code in codes)

    def _add_font(self, number: int, characters: Sequence[str]) -> None:
        last = len(characters)
        rows = [f"<{i:02X}> <{_utf16(character)}>" for i, character in enumerate(characters, 1)]
        blocks = [rows[i : i + 100] for i in range(0, last, 100)]  # as many as a block may have
        table = "\n".join(
            ["/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
             "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
             "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
             "1 begincodespacerange <00> <FF> endcodespacerange",
             *(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks),
             "endcmap CMapName currentdict /CMap defineresource pop end end"]
        )  # fmt: skip
        unicode = self._add(zlib.compress(table.encode("ascii")), "/Filter /FlateDecode")
        names = " ".join(["/a"] * last)
        self._add(None, (
            f"/Type /Font /Subtype /Type3 /FontBBox [0 -200 {_WIDTH} 800] /FontMatrix [0.001 0 0 0.001 0 0] "
            f"/CharProcs << /a {_LETTER} 0 R >> /Encoding << /Type /Encoding /Differences [1 {names}] >> "
            f"/FirstChar 1 /LastChar {last} /Widths [{' '.join([str(_WIDTH)] * last)}] /ToUnicode {unicode} 0 R "
            "/Resources << >>"
        ), number)  # fmt: skip


def _utf16(character: str) -> str:
    """A character in UTF-16, big end first, as hexadecimal digits; half of a surrogate pair becomes a question mark."""
    return character.encode("utf-16-be", errors="replace").hex().upper()
