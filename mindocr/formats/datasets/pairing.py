"""Data sets with one annotation file per image: pairing by name, and the line format that many of them use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Text
from mindocr.formats.datasets.images import index_images, note_hidden
from mindocr.formats.datasets.reading import UTF8, read_text_lines, split_quad
from mindocr.utils.search import find_files

Names = Callable[[str], list[str]]
ReadTexts = Callable[[Path], list[Text]]


def by_name(name: str) -> tuple[int, str]:
    """Sort key: as text: img_1, img_10, img_100, img_2."""
    return 0, name


def by_number(name: str) -> tuple[int, str]:
    """Sort key: the number at the end of the name, after its last underscore; names without one come last."""
    found = re.fullmatch(r"(?:.*_)?(\d{1,18})", name, re.DOTALL)
    return (int(found[1]) if found else 10**18), name


def with_prefix(prefix: str) -> Names:
    """``gt_img_1.txt`` belongs to ``img_1``."""
    return lambda stem: [stem.removeprefix(prefix)] if stem.startswith(prefix) else []


def same_name(stem: str) -> list[str]:
    """``img_1.txt`` belongs to ``img_1``."""
    return [stem]


def paired(
    job: Job,
    read: ReadTexts,
    names: Names = same_name,
    suffixes: tuple[str, ...] = (".txt",),
    order: Callable[[str], tuple[int, str]] = by_name,
    layout: str = "{}.txt",
    is_copy: Callable[[str], bool] = lambda stem: False,
) -> Iterator[Entry]:
    """Pair images with their annotation files; files without a partner are counted and left out.

    Args:
        job: the conversion.
        read: returns the texts of an annotation file.
        names: maps the name of an annotation file, without its ending, to possible names of its image, with or without
            ending; an empty list = the file is no annotation.
        suffixes: endings of annotation files.
        order: sort key for the names of images.
        layout: name of the annotation file that belongs to image {}, for messages.
        is_copy: whether an image of this name is a second copy, which is left out and counted.

    Raises:
        DataError: there is no annotation, or one is malformed.
    """
    named = _annotations(job, names, suffixes)
    images = index_images(job.image_dir, [candidates for _, candidates in named], job)
    by_full_name = {image.name: stem for stem, image in images.items()}
    labels: dict[str, Path] = {}
    for file, candidates in named:
        known = (name if name in images else by_full_name.get(name) for name in candidates)
        stem = next(filter(None, known), candidates[0])
        if stem in labels:
            raise DataError(f"{file}: {labels[stem]} is for the same image; set --label_dir to the folder of one part")
        labels[stem] = file
    if not labels:
        raise DataError(f"{job.label_dir}: no {layout.format('*')} in this folder, where the annotations should be")
    for stem in sorted(labels.keys() | images.keys(), key=order):
        if is_copy(stem):
            job.report.notes["copies left out"] += 1
        elif stem not in labels:
            job.warn(f"{images[stem]}: no annotation {layout.format(stem)} in {job.label_dir}; image left out")
        elif stem not in images:
            job.report.missing += 1
            job.warn(f"{labels[stem]}: no image {stem} in {job.image_dir}; annotation left out")
        else:
            yield Entry(images[stem], read(labels[stem]), where=str(labels[stem]))


def _annotations(job: Job, names: Names, suffixes: tuple[str, ...]) -> list[tuple[Path, list[str]]]:
    """The annotation files and the possible names of their images: those in the folder, or if none, those below it."""
    if job.label_dir.is_file():
        return [(job.label_dir, names(job.label_dir.stem))] if names(job.label_dir.stem) else []
    for recursive in (False, True):
        found = find_files(job.label_dir, suffixes, recursive)
        named = [(file, candidates) for file in found.files if (candidates := names(file.stem))]
        if named or recursive:
            note_hidden(found, job)
            return named
    return []


def read_quads(file: Path, encodings: tuple[str, ...] = UTF8, ignore: str = "###") -> list[Text]:
    """Texts of lines ``x1,y1,x2,y2,x3,y3,x4,y4,text``; the text may contain commas and quotes."""
    texts = []
    for number, line in read_text_lines(file, encodings):
        points, (transcription,) = split_quad(line, ["text"], f"{file}:{number}")
        texts.append(Text(points, transcription, transcription == ignore))
    return texts
