"""The inspection: every line, every image, every text; then comparison of images."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mindocr.errors import DataError
from mindocr.formats.label_file import IGNORED
from mindocr.images.read import IMAGE_SUFFIXES
from mindocr.inspection.duplicates import find_duplicates
from mindocr.inspection.images import ImageFacts, look_into
from mindocr.inspection.kinds import BY_KEY, KINDS, Problem
from mindocr.inspection.labels import Line, read_part
from mindocr.inspection.polygons import Measure, check_texts
from mindocr.inspection.scale import scale_problems
from mindocr.inspection.settings import Settings
from mindocr.utils.parallel import processes_for, run_over

PARTS = ("train", "test")
WORTH_A_PROCESS = 32  # images; fewer take less time than the start of a process
CHUNK = 16  # images sent to a process at a time


class Source(NamedTuple):
    """A data set to inspect: its part, its image folder, its label file."""

    part: str
    folder: Path
    file: Path


@dataclass
class Inspection:
    """Result of an inspection.

    Attributes:
        sources: inspected data sets.
        settings: filters and image sizes.
        lines: every label line, training first.
        facts: properties of the image of each line.
        measures: sizes of the texts of each line that have a simple polygon.
        problems: all problems, in the order of the kinds, the worst of each kind first.
    """

    sources: Sequence[Source]
    settings: Settings
    lines: list[Line]
    facts: list[ImageFacts]
    measures: list[list[Measure]]
    problems: list[Problem] = field(default_factory=list)

    def of_kind(self, key: str, part: str | None = None) -> list[Problem]:
        """The problems of one kind, of one part or of both."""
        return [p for p in self.problems if p.kind == key and part in (None, self.lines[p.line].part)]

    def place(self, problem: Problem) -> str:
        """``FILE:LINE image, text N``; image and text only if known."""
        line = self.lines[problem.line]
        name = f" {line.name}" if line.name else ""
        return f"{line.where}{name}" + (f", text {problem.text}" if problem.text else "")

    @property
    def has_errors(self) -> bool:
        """Whether training would stop."""
        return any(BY_KEY[problem.kind].severity == "error" for problem in self.problems)


@dataclass(frozen=True)
class Examiner:
    """Inspects the image and the texts of one line; sent to each process once."""

    settings: Settings

    def __call__(self, job: tuple[int, Line]) -> tuple[ImageFacts, list[Problem], list[Measure]]:
        number, line = job
        faults = [Problem(kind, number, 0, detail) for kind, detail in line.faults]
        if not line.name:
            return ImageFacts(), faults, []
        facts = look_into(line.img_path, self.settings.ignore_orientation)
        problems = faults + list(_image_problems(number, line, facts))
        if not facts.usable:
            return facts, problems, []
        w, h = facts.size
        scales = self.settings.scales(line.part, h, w)
        found, measures = check_texts(number, line.texts_in_pixels(facts.size), facts.size, scales, self.settings)
        if facts.orientation == 1:
            found = [_with_guess(problem) for problem in found]
        return facts, problems + found, measures


def inspect(
    sources: Sequence[Source], settings: Settings, workers: int | None = None, progress: bool = True
) -> Inspection:
    """Inspect data sets.

    Args:
        sources: training sets first.
        settings: filters and image sizes.
        workers: processes; None = chosen by the number of images, at most one per CPU.
        progress: show a progress bar.

    Raises:
        DataError: a label file cannot be read or is empty, or none of its images exists.
    """
    lines = [line for source in sources for line in read_part(*source)]
    result = Inspection(sources, settings, lines, [], [])
    problems: list[Problem] = []
    jobs = [(i, line._replace(raw="")) for i, line in enumerate(lines)]
    processes = processes_for(len(jobs), workers, WORTH_A_PROCESS)
    for facts, found, measures in run_over(
        Examiner(settings), jobs, processes, CHUNK, title="check" if progress else None
    ):
        result.facts.append(facts)
        result.measures.append(measures)
        problems += found
    for source in sources:
        _require_images(source, result)
    problems += [*_repeated_lines(lines), *_unlisted_images(lines), *find_duplicates(lines, result.facts)]
    problems += scale_problems(lines, result.facts)
    rank = {kind.key: i for i, kind in enumerate(KINDS)}
    result.problems = sorted(problems, key=lambda p: (rank[p.kind], -p.weight, p.line, p.text))
    return result


def _image_problems(number: int, line: Line, facts: ImageFacts) -> Iterator[Problem]:
    if facts.problem:
        missing = facts.problem == "missing_image"
        yield Problem(facts.problem, number, 0, facts.detail + (line.doubt if missing else ""))
    if not facts.usable:
        return
    if facts.orientation != 1:
        yield Problem("exif_rotation", number, 0, f"orientation {facts.orientation}")
    if facts.odd_pixels:
        yield Problem("odd_pixels", number, 0, facts.odd_pixels)
    if facts.misnamed:
        yield Problem("misnamed_image", number, 0, f"it is {facts.misnamed}")
    if not line.texts:
        yield Problem("no_text", number, 0, "empty list")
    elif all(text["transcription"] in IGNORED for text in line.texts):
        yield Problem("all_ignored", number, 0, f"{len(line.texts)} texts", len(line.texts))


def _with_guess(problem: Problem) -> Problem:
    """The problem of an image that has no EXIF rotation, with its likely cause."""
    if problem.kind != "labels_lie_on_side":
        return problem
    return problem._replace(detail=f"{problem.detail}, not rotated by EXIF data: x and y may be exchanged")


def _require_images(source: Source, result: Inspection) -> None:
    here = [i for i, line in enumerate(result.lines) if line.file == source.file and line.name]
    missing = [i for i in here if result.facts[i].problem == "missing_image"]
    if here and len(missing) == len(here):
        line = result.lines[here[0]]
        raise DataError(
            f"{source.file}: none of its {len(here)} images exists, such as {line.img_path}{line.doubt}; "
            "set --data_dir to the folder that its paths are relative to"
        )


def _repeated_lines(lines: Sequence[Line]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], int] = {}
    for i, line in enumerate(lines):
        if not line.name:
            continue
        first = seen.setdefault((line.part, os.path.normpath(line.img_path)), i)
        if first != i:
            same = "with the same texts" if lines[first].texts == line.texts else "with other texts"
            yield Problem("repeated_line", i, 0, f"first in {lines[first].where}, {same}", other=first)


def _unlisted_images(lines: Sequence[Line]) -> Iterator[Problem]:
    """Unlisted images in folders of listed ones; the problem belongs to the first line with an image in the folder."""
    listed: dict[str, set[str]] = defaultdict(set)
    first: dict[str, int] = {}
    for i, line in enumerate(lines):
        if line.name:
            folder, name = os.path.split(os.path.normpath(line.img_path))
            listed[folder].add(name)
            first.setdefault(folder, i)
    for folder, names in listed.items():
        if os.path.isdir(folder):  # noqa: PTH112  names in label lines are strings
            images = {name for name in os.listdir(folder) if name.lower().endswith(IMAGE_SUFFIXES)}  # noqa: PTH208
            # converters list the PNG that replaces a GIF
            replaced = {name for name in images if name.lower().endswith(".gif") and f"{name[:-4]}.png" in names}
            for name in sorted(images - names - replaced):
                yield Problem("unlisted_image", first[folder], 0, name)
