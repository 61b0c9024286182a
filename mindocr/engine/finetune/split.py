"""Labelled images divided into those to train on and those to validate with, image by image."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.data.datasets.sources import pair_up
from mindocr.errors import DataError, UserError
from mindocr.formats.label_file import IGNORED, parse_texts, read_lines, split_label_line
from mindocr.formats.rec_label_file import split_rec_line
from mindocr.utils.files import write_text

TRAINING, VALIDATION = "training_{}.txt", "validation_{}.txt"
FEWEST = 5  # images, without which neither training nor a score means anything

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Labelled:
    """Images with labels, possibly from several label files.

    Attributes:
        folders: folder of the images of each label file.
        files: the label files.
        form: ``det``: polygons with texts; ``rec``: one line of text an image.
        images: number of images in each file.
        texts: texts that count in each file: neither ignored nor, for a recogniser, empty.
        names: what messages call each file.
    """

    folders: list[Path]
    files: list[Path]
    form: str
    images: list[int]
    texts: list[list[str]]
    names: list[str]

    def dataset(self, task: str) -> dict[str, Any]:
        """The keys of a data set section that name these images."""
        kind = {"det": "DetDataset", "rec": "WordsOfDetDataset" if self.form == "det" else "RecDataset"}[task]
        folders, files = ([str(path.resolve()) for path in paths] for paths in (self.folders, self.files))
        return {"type": kind, "dataset_root": "", "data_dir": folders, "label_file": files, "sample_ratio": 1.0}

    def characters(self) -> Counter[str]:
        """How often each character stands in the texts."""
        return Counter(character for texts in self.texts for text in texts for character in text)


def read_labelled(folders: Sequence[str], files: Sequence[str], task: str, option: str) -> Labelled:
    """Look through label files.

    Args:
        folders, files: as given; one folder serves all files.
        task: what is trained.
        option: of the label files, for messages.

    Raises:
        UserError: a folder or a file is missing, a line is no label, or the labels are of no use for the task.
    """
    if len(folders) == 1:
        folders = [*folders] * len(files)
    pairs = pair_up("", list(folders), list(files), 1.0)
    forms = {_form_of(file) for _, file, _ in pairs}
    if len(forms) > 1:
        raise DataError(f"{option}: some label files have polygons, others one text a line; use one kind at a time")
    form = forms.pop()
    if form == "rec" and task == "det":
        raise DataError(
            f"{pairs[0][1]}: this label file has one text a line and no polygons, so it cannot train a detector; use "
            "--task rec, or label the places of the texts"
        )
    images, texts = [], []
    for _, file, _ in pairs:
        lines = [(number, line) for number, line in read_lines(file)]
        images.append(len({_image_of(line, form, file, number) for number, line in lines}))
        texts.append([text for number, line in lines for text in _texts_of(line, form, file, number)])
    counted = [[text for text in each if text.strip()] if task == "rec" else each for each in texts]
    if not any(counted):
        what = "every text is ignored (### or *)" if task == "det" else "there is no text to read in it"
        raise DataError(f"{pairs[0][1]}: nothing to learn from: {what}; write the transcriptions")
    empty = sum(map(len, texts)) - sum(map(len, counted))
    if task == "rec" and empty > sum(map(len, counted)):
        raise DataError(
            f"{pairs[0][1]}: {empty} of {sum(map(len, texts))} polygons have no transcription; a recogniser learns "
            "from texts: write them, or fine-tune a detector with --task det"
        )
    names = [file.stem if [f.stem for _, f, _ in pairs].count(file.stem) == 1 else str(file) for _, file, _ in pairs]
    return Labelled([p[0] for p in pairs], [p[1] for p in pairs], form, images, counted, names)


def split(labelled: Labelled, share: float, seed: int, folder: Path) -> tuple[Labelled, Labelled]:
    """Divide each label file into training and validation, all lines of one image together.

    The choice depends on the names of the images and the seed alone, so it is the same in every run, whatever the order
    of the lines. The two parts are written as label files into ``folder``.

    Raises:
        UserError: too few images, or a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise UserError(f"--val_share: expected a share of the images between 0 and 1, got {share}")
    if sum(labelled.images) < FEWEST:
        raise DataError(
            f"{labelled.files[0]}: {sum(labelled.images)} labelled images; fine-tuning needs at least {FEWEST}, and "
            "some hundred to gain anything"
        )
    parts: dict[str, list[tuple[Path, Path, int, list[str], str]]] = {TRAINING: [], VALIDATION: []}
    for number, (place, file) in enumerate(zip(labelled.folders, labelled.files)):
        lines = [(_image_of(line, labelled.form, file, n), n, line) for n, line in read_lines(file)]
        names = sorted({name for name, _, _ in lines})
        wanted = max(round(len(names) * share), 1) if len(names) > 1 else 0
        order = np.random.default_rng([seed, number]).permutation(len(names))
        held = {names[i] for i in order[:wanted]}
        for title, inside in ((TRAINING, False), (VALIDATION, True)):
            chosen = [(name, n, line) for name, n, line in lines if (name in held) == inside]
            if not chosen:
                continue
            path = folder / title.format(number)
            write_text(path, "".join(f"{line}\n" for _, _, line in chosen))
            texts = [text for _, n, line in chosen for text in _texts_of(line, labelled.form, file, n) if text.strip()]
            parts[title].append((place, path, len({name for name, _, _ in chosen}), texts, labelled.names[number]))
    made = [_of_parts(each, labelled.form) for each in parts.values()]
    return made[0], made[1]


def _of_parts(parts: Sequence[tuple[Path, Path, int, list[str], str]], form: str) -> Labelled:
    folders, files, images, texts, names = (list(values) for values in zip(*parts))
    return Labelled(folders, files, form, images, texts, names)


def _form_of(file: Path) -> str:
    """Whether the first line of a label file has a JSON list after its tab."""
    for _, line in read_lines(file):
        after = line.partition("\t")[2].lstrip()
        return "det" if after.startswith("[{") or after.rstrip() == "[]" or '"points"' in after else "rec"
    raise DataError(f"{file}: the label file is empty; expected one line for each image")


def _image_of(line: str, form: str, file: Path, number: int) -> str:
    parsed = split_label_line(line, file, number) if form == "det" else split_rec_line(line, f"{file}:{number}")
    return parsed[0]


def _texts_of(line: str, form: str, file: Path, number: int) -> list[str]:
    """Texts of a line that are not ignored."""
    if form == "rec":
        return [split_rec_line(line, f"{file}:{number}")[1]]
    _, label = split_label_line(line, file, number)
    texts = [text["transcription"] for text in parse_texts(label, f"{file}:{number}")]
    return [text for text in texts if text not in IGNORED]
