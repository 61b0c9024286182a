"""A data set of generated text lines on disk: images, label files, a preview and its settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.synthetic.fonts import load_font
from mindocr.synthetic.glyphs import Fonts
from mindocr.synthetic.line import LineOptions
from mindocr.synthetic.line_source import LineSource, shorten
from mindocr.synthetic.texts import TextOptions
from mindocr.synthetic.writer import SPLITS, prepare, write_note
from mindocr.utils.parallel import run_over

CHUNK = 64  # lines sent to a worker at a time
SHOWN = 100  # lines in the preview
COLUMNS = 5


@dataclass(frozen=True)
class LineSetPlan:
    """What to write and where.

    Args:
        output_dir: folder to write to; created if it does not exist.
        train, test: numbers of training and of test images; 0 = none, but not both.
        options: look of the images.
        texts: what they say.
        seed: whole number not below 0; equal seeds give equal sets.
        workers: processes; 1 = work in the calling process. The result does not depend on it.
        font_dir: fonts of the user.
        built_in_fonts: use the fonts of matplotlib too.
        background_dir: photographs without text, for half of the backgrounds.
        overwrite: replace a set of an earlier call in ``output_dir``.
        progress: show a progress bar.
    """

    output_dir: Path
    train: int = 10000
    test: int = 1000
    options: LineOptions = LineOptions()
    texts: TextOptions = TextOptions()
    seed: int = 0
    workers: int = 1
    font_dir: Path | None = None
    built_in_fonts: bool = True
    background_dir: Path | None = None
    overwrite: bool = False
    progress: bool = True

    def check(self) -> None:
        """Raise DataError when a number is out of its range."""
        for name, least in (("train", 0), ("test", 0), ("seed", 0), ("workers", 1)):
            value = getattr(self, name)
            if value < least:
                raise DataError(f"--{name}: expected a whole number of at least {least}, got {value}")
        if not self.train + self.test:
            raise DataError("--train and --test are both 0; expected at least one image")


def write_lines(plan: LineSetPlan, command: str = "") -> dict[str, Any]:
    """Write ``train/``, ``train_gt.txt``, ``test/``, ``test_gt.txt``, ``preview.jpg``, ``meta.json``.

    A label line is ``image<TAB>text``, as ``RecDataset`` reads it.

    Args:
        plan: what to write.
        command: stored in ``meta.json``, so that the set can be generated again.

    Returns:
        The contents of ``meta.json``: version, seed, options, fonts, counts, and under ``notes`` a sentence on each
        kind of character that was not drawn.

    Raises:
        DataError: a number is out of range, there is no usable text, font or photograph, or the folder is in use or not
            writable.
    """
    import mindocr

    plan.check()
    source = LineSource(plan.options, plan.texts, plan.font_dir, plan.built_in_fonts, plan.background_dir, plan.seed)
    counts = {name: count for name, count in zip(SPLITS, (plan.train, plan.test)) if count}
    note = {
        "made_by": "mindocr make-lines",
        "version": getattr(mindocr, "__version__", "unknown"),
        "command": command,
        "seed": plan.seed,
        "options": asdict(plan.options),
        "texts": {**asdict(plan.texts), "characters": "".join(plan.texts.characters or ()) or None},
        "fonts": source.fonts.names,
        "photographs": len(source.photos),
        "complete": False,
    }
    left_out: Counter[str] = Counter()
    try:
        prepare(plan.output_dir, plan.overwrite)
        write_note(plan.output_dir, note)
        content = {split: _write_split(plan, source, split, count, left_out) for split, count in counts.items()}
        _write_image(plan.output_dir / "preview.jpg", preview(plan.output_dir, next(iter(counts)), source.fonts))
        notes = source.notes()
        if left_out:
            most = [f"{c} ({count})" for c, count in left_out.most_common()]
            notes.append(
                f"{sum(left_out.values())} characters were left out of single lines, because no font has all of the "
                f"line: {shorten(most)}"
            )
        note = {**note, "content": content, "notes": notes, "complete": True}
        write_note(plan.output_dir, note)
    except OSError as error:
        raise DataError(
            f"--output_dir: {error.filename or plan.output_dir} cannot be written ({error.strerror}); "
            "choose another folder, or free some space"
        ) from error
    return note


@dataclass(frozen=True)
class _Maker:
    """Generates and stores line ``number`` of a split; sent to each worker once."""

    source: LineSource
    folder: Path
    split: int

    def __call__(self, number: int) -> tuple[str, str, str]:
        line = self.source.line(self.split, number)
        name = f"{number:06d}.jpg"
        (self.folder / name).write_bytes(line.jpeg)
        return name, line.text, line.left_out


def _write_split(
    plan: LineSetPlan, source: LineSource, split: str, count: int, left_out: Counter[str]
) -> dict[str, Any]:
    """Write one part of the set; adds to ``left_out`` what single lines had to leave out."""
    folder = plan.output_dir / split
    folder.mkdir()
    maker = _Maker(source, folder, SPLITS.index(split))
    used: Counter[str] = Counter()
    with (plan.output_dir / f"{split}_gt.txt").open("w", encoding="utf-8", newline="\n") as labels:
        for name, text, lacking in run_over(maker, range(count), plan.workers, CHUNK, split if plan.progress else None):
            labels.write(f"{name}\t{text}\n")
            used.update(text)
            left_out.update(lacking)
    return {"images": count, "characters": used.total(), "different_characters": len(used)}


def _write_image(path: Path, image: np.ndarray) -> None:
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]))
    path.write_bytes(data.tobytes())


def preview(folder: Path, split: str, fonts: Fonts) -> np.ndarray:
    """(H, W, 3) uint8 RGB: the first lines of a written set with their labels below them, drawn with ``fonts``."""
    rows = (folder / f"{split}_gt.txt").read_text(encoding="utf-8").split("\n")[:SHOWN]
    tiles = []
    for name, _, text in (row.partition("\t") for row in rows if row):
        image = cv2.imread(str(folder / split / name), cv2.IMREAD_COLOR_RGB)
        tiles.append((image, text))
    height = tiles[0][0].shape[0]
    width = min(max(image.shape[1] for image, _ in tiles), 12 * height)
    return draw_tiles(tiles, (height, width), fonts)


def draw_tiles(tiles: Sequence[tuple[np.ndarray, str]], size: tuple[int, int], fonts: Fonts) -> np.ndarray:
    """Lines in columns, each with a text below.

    Args:
        tiles: images (H, W, 3) uint8 RGB, each with its text.
        size: (height, width) to which wider images are reduced, pixels.
        fonts: for the texts.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    from PIL import Image, ImageDraw

    height, width = size
    caption = 18
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (width + 8), rows * (height + caption + 6)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (image, text) in enumerate(tiles):
        x, y = number % COLUMNS * (width + 8), number // COLUMNS * (height + caption + 6)
        scale = min(1.0, height / image.shape[0], width / image.shape[1])
        reduced = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
        sheet.paste(Image.fromarray(cv2.resize(image, reduced, interpolation=cv2.INTER_AREA)), (x, y))
        pen.text((x + 2, y + height), text, fill="black", font=load_font(fonts.path_for(text), 13))
    return np.asarray(sheet)
