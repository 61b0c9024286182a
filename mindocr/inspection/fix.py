"""Safe repairs, written to a new label file; a record of every change allows to undo them."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Points, tidy_polygon
from mindocr.formats.label_file import split_label_line
from mindocr.formats.label_units import plain
from mindocr.geometry import area, clip_to_rect, is_valid, orient_clockwise, polygon_iou
from mindocr.inspection.files import make_place, write_whole
from mindocr.inspection.kinds import BY_KEY, Problem
from mindocr.inspection.labels import Line
from mindocr.inspection.survey import Inspection

CLOSE_ENOUGH = 0.95  # IoU with the exact clip from which corners are moved to the border, so that their number stays
CHANGES_SUFFIX = ".changes.jsonl"

_UNUSABLE = ("malformed_line", "missing_image", "undecodable_image", "cut_short_image")
_REWRITTEN = ("lines_run_together", "other_notation")
_DROPPED_TEXTS = ("zero_area", "text_outside", "repeated_text")


class Change(NamedTuple):
    """One change.

    Attributes:
        line: line number in the source label file, from 1.
        image: the path in that line; empty in a malformed one.
        text: number of the text in that line, from 1; 0 = the complete line.
        why: kinds of the repaired problems.
        before: the text, or the line, as it was.
        after: the text as it is now, or the lines that replace the line; None = left out.
    """

    line: int
    image: str
    text: int
    why: list[str]
    before: Any
    after: Any


def fix_lines(inspection: Inspection, file: Path) -> tuple[list[str], list[Change]]:
    """The repaired lines of one label file, and every change.

    Lines without a repair do not change, not even in white space.
    """
    found: dict[int, list[Problem]] = defaultdict(list)
    for problem in inspection.problems:
        found[problem.line].append(problem)
    lines: list[str] = []
    changes: list[Change] = []
    for number, line in enumerate(inspection.lines):
        if line.file != file:
            continue
        if line.original:
            changes.append(_undone_joint(inspection.lines, number))
        reasons = [p.kind for p in found[number] if p.text == 0 and _drops_line(p, inspection.lines)]
        if reasons:
            changes.append(Change(line.number, line.name, 0, reasons, line.raw, None))
            continue
        if line.found:
            label = split_label_line(line.raw, line.file, line.number)[1]
            kinds = [kind for kind, _ in line.faults if kind in ("other_path", "backslash_path")]
            changes.append(Change(line.number, line.name, 0, kinds, line.raw, [f"{line.found}\t{label}"]))
            line = line._replace(raw=f"{line.found}\t{label}", name=line.found)
        made = list(_fix_texts(line, found[number], inspection.facts[number].size))
        changes += made
        lines.append(_rewritten(line, made) if made else line.raw)
    return lines, changes


def _undone_joint(lines: Sequence[Line], number: int) -> Change:
    """The change of a line into those that were meant."""
    first = lines[number]
    count = next(n for n in itertools.count(1) if number + n == len(lines) or lines[number + n].original != "")
    meant = lines[number : number + count]
    kinds = [kind for line in meant for kind, _ in line.faults if kind in _REWRITTEN]
    return Change(first.number, "", 0, list(dict.fromkeys(kinds)), first.original, [line.raw for line in meant])


def write_fixed(inspection: Inspection, file: Path, output: Path, overwrite: bool = False) -> str:
    """Write the repaired label file, and the record of changes beside it.

    Returns:
        A summary of a few lines.

    Raises:
        DataError: as :func:`check_output`; or no line would be left.
    """
    check_output(file, output, overwrite)
    record = _record_of(output)
    lines, changes = fix_lines(inspection, file)
    if not lines:
        raise DataError(f"{file}: every line would be left out, so nothing is written; see the problems above")
    write_whole(record, "".join(f"{_as_json(change)}\n" for change in changes))
    write_whole(output, "".join(f"{line}\n" for line in lines))
    left_out = [change for change in changes if change.after is None]
    counts = Counter(kind for change in changes for kind in change.why)
    repairs = [f"  {count} x {BY_KEY[kind].title}: {BY_KEY[kind].fix}" for kind, count in counts.most_common()]
    summary = (
        f"{output}: {len(lines)} lines; left out: {sum(change.text == 0 for change in left_out)} lines, "
        f"{sum(change.text > 0 for change in left_out)} texts; changed: "
        f"{sum(change.text > 0 and change.after is not None for change in changes)} texts"
    )
    rewritten = [change for change in changes if change.text == 0 and change.after is not None]
    if rewritten:
        summary += f"; lines rewritten: {len(rewritten)}"
    return "\n".join([summary, *repairs, f"  every change with the previous content: {record}"])


def check_output(file: Path, output: Path, overwrite: bool) -> None:
    """Check that a label file can be repaired into ``output``.

    Raises:
        DataError: the output exists and ``overwrite`` is False, or it cannot be written; the source is no text file.
    """
    if file.suffix.lower() == ".mat":
        raise DataError(f"{file}: only text label files are repaired; convert it with --output_path NAME.txt first")
    for target in (output, _record_of(output)):
        if target.exists() and not overwrite:
            raise DataError(f"{target}: exists; choose another --output, or add --overwrite")
    make_place(output)


def fixed_points(points: Points, kinds: Sequence[str], size: tuple[int, int]) -> tuple[Points | None, list[str]]:
    """The repaired polygon (None = left out), and the kinds of the repaired problems.

    Args:
        points: (x, y) pixels.
        kinds: kinds of its problems.
        size: (w, h) of its image.
    """
    done = []
    if "repeated_point" in kinds:
        different = _without_repeated(points)
        if len(different) >= 4 and "zero_area" not in kinds:
            points, done = different, ["repeated_point"]
    if "self_crossing" in kinds and len(points) == 4:
        points, done = tidy_polygon(points) or points, [*done, "self_crossing"]
    if "point_outside" in kinds and not ("self_crossing" in kinds and len(points) > 4):
        cut = _cut(points, size)
        if cut is None:
            return None, ["text_outside"]
        if cut != points:
            points, done = cut, [*done, "point_outside"]
    if "counter_clockwise" in kinds:
        clockwise = orient_clockwise(np.array(points, dtype=np.float64))
        if not np.array_equal(clockwise, points):
            points, done = [points[0], *points[:0:-1]], [*done, "counter_clockwise"]
    return points, done


def _fix_texts(line: Line, problems: Sequence[Problem], size: tuple[int, int]) -> Iterator[Change]:
    kinds: dict[int, list[str]] = defaultdict(list)
    for problem in problems:
        kinds[problem.text].append(problem.kind)
    texts, scaled = line.texts_in_pixels(size), ["points_are_shares"] if line.shares else []
    for number in range(1, len(texts) + 1) if scaled else sorted(number for number in kinds if number):
        dropped = [kind for kind in kinds[number] if kind in _DROPPED_TEXTS]
        points, done = texts[number - 1]["points"], dropped
        if not dropped:
            points, done = fixed_points(points, kinds[number], size)
            done = scaled + done
        if done:
            before = _items(line)[number - 1]
            after = None if dropped or points is None else {**before, "points": points}
            yield Change(line.number, line.name, number, done, before, after)


def _drops_line(problem: Problem, lines: Sequence[Line]) -> bool:
    if problem.kind == "repeated_line":
        line, first = lines[problem.line], lines[problem.other]
        return line.texts == first.texts and line.file == first.file
    return problem.kind in _UNUSABLE


def _items(line: Line) -> list[dict[str, Any]]:
    """The texts of a line with all their keys, including those that are not used here."""
    items: list[dict[str, Any]] = json.loads(split_label_line(line.raw, line.file, line.number)[1])
    return items


def _rewritten(line: Line, changes: Sequence[Change]) -> str:
    changed = {change.text: change.after for change in changes}
    texts = [changed.get(number, item) for number, item in enumerate(_items(line), start=1)]
    return f"{line.name}\t{json.dumps([text for text in texts if text is not None], ensure_ascii=False)}"


def _without_repeated(points: Points) -> Points:
    kept = [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]
    while len(kept) > 1 and kept[-1] == kept[0]:
        kept.pop()
    return kept


def _cut(points: Points, size: tuple[int, int]) -> Points | None:
    """The polygon inside the image: corners moved to the border if that is close to the exact clip, else the clip.

    A polygon that would become several pieces, or of which less than a pixel is inside, does not change; None = nothing
    is inside.
    """
    w, h = size
    pieces = clip_to_rect(np.array(points, dtype=np.float64), w, h)
    if not pieces:
        return None
    if len(pieces) > 1 or area(pieces[0]) < 1:
        return points
    moved = [[min(max(x, 0), w), min(max(y, 0), h)] for x, y in points]
    corners = np.array(moved, dtype=np.float64)
    sound = is_valid(corners) and _without_repeated(moved) == moved
    if sound and polygon_iou(corners, pieces[0]) >= CLOSE_ENOUGH:
        return moved
    cut = _without_repeated([[plain(x), plain(y)] for x, y in pieces[0].tolist()])
    return cut if is_valid(np.array(cut, dtype=np.float64)) else points  # rounding can make a thin polygon invalid


def _record_of(output: Path) -> Path:
    return output.with_name(output.name + CHANGES_SUFFIX)


def _as_json(change: Change) -> str:
    # lines may contain bytes that are not UTF-8, which need escapes
    return json.dumps(change._asdict(), ensure_ascii=change.text == 0)
