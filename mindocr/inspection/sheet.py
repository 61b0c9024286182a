"""A sheet of drawn samples: one picture (PNG or JPEG), or one HTML page without other files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mindocr.errors import ConfigError
from mindocr.inspection.files import write_whole
from mindocr.inspection.look import View
from mindocr.utils.html import picture_uri, render
from mindocr.utils.visualize import GAP, LIGHT, grid, side_by_side, write_label

PICTURES, PAGES = (".png", ".jpg", ".jpeg"), (".html", ".htm")
LEGEND = (
    "green: texts that count; yellow: ignored texts; cyan: map = 1; blue to red: map from low to high; dark: mask = 0"
)

_TEMPLATE = Path(__file__).with_name("templates") / "look.html.j2"
_HEIGHT = 400  # pixels of a picture on a sheet
_WIDTH = 2500  # pixels of a sheet, which holds as many samples in a row as fit
_QUALITY = 90


def check_output(path: Path) -> None:
    """Check the kind of the file.

    Raises:
        ConfigError: its name does not end in one of PICTURES or PAGES.
    """
    if path.suffix.lower() not in PICTURES + PAGES:
        raise ConfigError(f"--output {path}: expected a file ending in {', '.join(PICTURES + PAGES)}")


def write_sheet(path: Path, views: Sequence[View], title: str) -> None:
    """Write the samples, each with its pictures and a caption.

    Args:
        path: file to write; its ending selects a picture or a page.
        views: at least one.
        title: a line on what is shown.

    Raises:
        DataError: it cannot be written.
    """
    if path.suffix.lower() in PAGES:
        samples = [(view, [(name, picture_uri(shown)) for name, shown in view.pictures]) for view in views]
        page = render(_TEMPLATE, title=title, legend=LEGEND, samples=samples)
        write_whole(path, page.encode("utf-8", errors="backslashreplace"))
        return
    pixels = cv2.cvtColor(draw_sheet(views, title), cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(path.suffix.lower(), pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    write_whole(path, content.tobytes())


def draw_sheet(views: Sequence[View], title: str) -> np.ndarray:
    """The sheet as (H, W, 3) uint8 RGB."""
    cells = [side_by_side([p for _, p in v.pictures], [name for name, _ in v.pictures], _HEIGHT) for v in views]
    height, width = cells[0].shape[0], max(cell.shape[1] for cell in cells)
    columns = min(max(1, _WIDTH // (width + GAP)), len(cells))
    captions = [_ascii(f"{view.name}  {view.where.rpartition('/')[2]}  {view.facts()}") for view in views]
    sheet = grid(cells, captions, columns, (height, width))
    head = np.full((64, sheet.shape[1], 3), LIGHT, dtype=np.uint8)
    write_label(head, _ascii(title), (GAP, 26), LIGHT)
    write_label(head, LEGEND, (GAP, 54), LIGHT)
    return np.concatenate([head, sheet])


def _ascii(text: str) -> str:
    """The text with a question mark for each letter that OpenCV cannot write."""
    return text.encode("ascii", errors="replace").decode("ascii")
