"""A data set of generated scenes on disk: images, label files, a preview and its settings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.formats.label_file import format_label_line
from mindocr.synthetic.background import find_photos
from mindocr.synthetic.fonts import FontFace, find_fonts
from mindocr.synthetic.options import SceneOptions
from mindocr.synthetic.preview import contact_sheet
from mindocr.synthetic.scene import IGNORED, Scene, make_scene
from mindocr.utils import files
from mindocr.utils.parallel import run_over

SPLITS = ("train", "test")
NOTE = "meta.json"
CHUNK = 8  # images sent to a worker at a time


@dataclass(frozen=True)
class SetPlan:
    """What to write and where.

    Args:
        output_dir: folder to write to; created if it does not exist.
        train: number of training images, at least 1.
        test: number of test images; 0 = none.
        options: appearance of the images.
        seed: whole number not below 0; equal seeds give equal sets.
        workers: processes; 1 = work in the calling process. The result does not depend on it.
        font_dir: fonts of the user, used in addition to those of matplotlib.
        background_dir: photographs without text, for three of four backgrounds.
        overwrite: replace a set of an earlier call in ``output_dir``.
        progress: show a progress bar.
    """

    output_dir: Path
    train: int = 1500
    test: int = 200
    options: SceneOptions = field(default_factory=SceneOptions)
    seed: int = 0
    workers: int = 1
    font_dir: Path | None = None
    background_dir: Path | None = None
    overwrite: bool = False
    progress: bool = True

    def check(self) -> None:
        """Raise DataError when a number is out of its range."""
        for name, least in (("train", 1), ("test", 0), ("seed", 0), ("workers", 1)):
            value = getattr(self, name)
            if value < least:
                raise DataError(f"--{name}: expected a whole number of at least {least}, got {value}")


def write_set(plan: SetPlan, command: str = "") -> dict[str, Any]:
    """Write ``train/``, ``train_gt.txt``, ``test/``, ``test_gt.txt``, ``preview.jpg``, ``README.txt``, ``meta.json``.

    Args:
        plan: what to write.
        command: stored in ``README.txt`` and ``meta.json``, so that the set can be generated again.

    Returns:
        The contents of ``meta.json``: version, seed, options, fonts and counts.

    Raises:
        DataError: a number is out of range, there is no usable font or photograph, or the folder is in use or not
            writable.
    """
    import mindocr

    plan.check()
    faces, photos = find_fonts(plan.font_dir), find_photos(plan.background_dir)
    counts = {name: count for name, count in zip(SPLITS, (plan.train, plan.test)) if count}
    note = {
        "made_by": "mindocr make_synthetic",
        "version": getattr(mindocr, "__version__", "unknown"),
        "command": command,
        "seed": plan.seed,
        "options": asdict(plan.options),
        "fonts": [face.name for face in faces],
        "photographs": len(photos),
        "complete": False,
    }
    try:
        prepare(plan.output_dir, plan.overwrite)
        write_note(plan.output_dir, note)
        content = {}
        for number, (split, count) in enumerate(counts.items()):
            (plan.output_dir / split).mkdir()
            jobs = [_Job(plan.output_dir / split, number, index) for index in range(count)]
            maker = _Maker(plan.options, faces, photos, plan.seed)
            tally = Tally()
            title = split if plan.progress else None
            with (plan.output_dir / f"{split}_gt.txt").open("w", encoding="utf-8", newline="\n") as labels:
                for line, scene_tally in run_over(maker, jobs, plan.workers, CHUNK, title):
                    labels.write(line)
                    tally.add(scene_tally)
            content[split] = tally.summary()
        _write_preview(plan, next(iter(counts)))
        note = {**note, "content": content, "complete": True}
        write_note(plan.output_dir, note)
        (plan.output_dir / "README.txt").write_text(_readme(note), encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"--output_dir: {error.filename or plan.output_dir} cannot be written ({error.strerror}); "
            "choose another folder, or free some space"
        ) from error
    return note


@dataclass
class Tally:
    """Counts over images: labels, ignored, curved, and the heights of readable letters in pixels."""

    images: int = 0
    words: int = 0
    ignored: int = 0
    curved: int = 0
    heights: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the counts of ``other``."""
        self.images += other.images
        self.words += other.words
        self.ignored += other.ignored
        self.curved += other.curved
        self.heights += other.heights

    def summary(self) -> dict[str, Any]:
        """The counts, and the 5th, 50th and 95th percentile of the heights."""
        percentiles = np.percentile(self.heights, (5, 50, 95)).round(1).tolist() if self.heights else []
        return {
            "images": self.images,
            "words": self.words,
            "ignored": self.ignored,
            "curved": self.curved,
            "height_percentiles_5_50_95": percentiles,
        }


def label_line(name: str, scene: Scene) -> str:
    """The label line of an image: its name, a tab, the JSON list of its words, a line feed."""
    texts = [{"transcription": word.text, "points": word.points.tolist()} for word in scene.words]
    return format_label_line(name, texts) + "\n"


@dataclass(frozen=True)
class _Job:
    folder: Path
    split: int
    index: int


@dataclass(frozen=True)
class _Maker:
    """Generates and stores the image of a job; sent to each worker once."""

    options: SceneOptions
    faces: tuple[FontFace, ...]
    photos: tuple[str, ...]
    seed: int

    def __call__(self, job: _Job) -> tuple[str, Tally]:
        scene = make_scene(self.options, self.faces, self.photos, (self.seed, job.split, job.index))
        name = f"{job.index:05d}.jpg"
        quality = [cv2.IMWRITE_JPEG_QUALITY, scene.quality]
        _, data = cv2.imencode(".jpg", cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR), quality)
        (job.folder / name).write_bytes(data.tobytes())
        readable = [word.height for word in scene.words if word.text != IGNORED]
        curved = sum(word.curved for word in scene.words)
        return label_line(name, scene), Tally(1, len(scene.words), len(scene.words) - len(readable), curved, readable)


def prepare(folder: Path, overwrite: bool) -> None:
    """Create an empty folder; an earlier generated set is removed only with ``overwrite``, other files never."""
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        return
    if not (folder / NOTE).is_file():
        raise DataError(f"--output_dir: {folder} contains other files; choose an empty or a new folder")
    if not overwrite:
        raise DataError(f"--output_dir: {folder} already contains a set; add --overwrite to replace it")
    for split in SPLITS:
        for picture in sorted((folder / split).glob("*.jpg")):
            picture.unlink()
        if (folder / split).is_dir():
            (folder / split).rmdir()
        (folder / f"{split}_gt.txt").unlink(missing_ok=True)
    for name in ("preview.jpg", "README.txt"):
        (folder / name).unlink(missing_ok=True)


def write_note(folder: Path, note: dict[str, Any]) -> None:
    """Write ``meta.json``."""
    files.write_text(folder / NOTE, json.dumps(note, indent=2, ensure_ascii=False) + "\n")


def _write_preview(plan: SetPlan, split: str) -> None:
    sheet = contact_sheet(plan.output_dir / split, plan.output_dir / f"{split}_gt.txt")
    _, data = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    (plan.output_dir / "preview.jpg").write_bytes(data.tobytes())


def _readme(note: dict[str, Any]) -> str:
    counts = "\n".join(
        f"{split}: {c['images']} images, {c['words']} words ({c['ignored']} ignored, {c['curved']} curved)"
        for split, c in note["content"].items()
    )
    return (
        f"Generated scene-text images: {note['made_by']} {note['version']}, seed {note['seed']}.\n\n{counts}\n\n"
        "<split>_gt.txt has one line per image: file name below <split>/, a tab, a JSON list of words, each with\n"
        '"transcription" ("###" = unreadable, ignored) and "points" ([x, y] pixels, clockwise from the top left).\n'
        "preview.jpg shows the first images, readable words green and ignored ones red; meta.json has every setting.\n"
        + (f"Made by: {note['command']}\n" if note["command"] else "")
    )
