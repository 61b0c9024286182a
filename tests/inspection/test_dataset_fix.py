"""Repairs: what is repaired and how, what does not change, and undoing all with the record of changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_sets import GOOD, SmallSet, found, jpeg, look, picture, text

from mindocr.errors import DataError
from mindocr.formats.label_file import parse_label_line
from mindocr.inspection.fix import CHANGES_SUFFIX, fixed_points, write_fixed
from mindocr.inspection.polygons import check_texts
from mindocr.inspection.settings import Settings

SIZE = (320, 240)  # w, h
OTHER = [[10, 150], [90, 150], [90, 180], [10, 180]]


def mended(points: Any) -> tuple[Any, list[str]]:
    """Points of one text after a check and a repair."""
    problems, _ = check_texts(0, [text(points)], SIZE, (1, 1), Settings(min_text_size=0))
    return fixed_points(points, [problem.kind for problem in problems], SIZE)


@pytest.mark.parametrize(("points", "expected", "done"), [
    (GOOD, GOOD, []),
    (GOOD[::-1], [[40, 90], [140, 90], [140, 50], [40, 50]][:1] + GOOD[:3], ["counter_clockwise"]),
    ([*GOOD[:1], *GOOD], GOOD, ["repeated_point"]),
    ([*GOOD, GOOD[0]], GOOD, ["repeated_point"]),
    ([*GOOD[:3], GOOD[2]], [*GOOD[:3], GOOD[2]], []),  # a quadrilateral stays one
    ([[40, 50], [140, 90], [140, 50], [40, 90]], GOOD, ["self_crossing"]),
    ([[-5, 50], [140, 50], [140, 90], [-5, 90]], [[0, 50], [140, 50], [140, 90], [0, 90]], ["point_outside"]),
    ([[300, 200.5], [330, 200.5], [330, 250], [300, 250]], [[300, 200.5], [320, 200.5], [320, 240], [300, 240]],
     ["point_outside"]),
    # moving corners to the border would remove too much of this diamond: it is clipped, and gets 5 corners
    ([[0, 100], [100, 0], [200, 100], [100, 200]], [[0, 100], [100, 0], [200, 100], [100, 200]], []),
    ([[-60, 100], [100, 0], [200, 100], [100, 200]], [[0, 137.5], [0, 62.5], [100, 0], [200, 100], [100, 200]],
     ["point_outside"]),
    ([[140, 50], [-5, 50], [-5, 90], [140, 90]], [[140, 50], [140, 90], [0, 90], [0, 50]],
     ["point_outside", "counter_clockwise"]),
    # a U with its bottom outside: two pieces, which cannot be one text
    ([[10, -20], [90, -20], [90, 40], [70, 40], [70, -10], [30, -10], [30, 40], [10, 40]],) * 2 + ([],),
    ([[10, 10], [90, 10], [90, 40], [60, 5], [30, 40], [10, 40]],) * 2 + ([],),  # crosses itself, six points
])  # fmt: skip
def test_points(points, expected, done) -> None:
    assert mended(points) == (expected, done)


def broken_set(small_set: SmallSet) -> dict[str, str]:
    """A set with a fault of each repaired kind; raw line -> repaired line (empty = left out)."""
    small_set.add(text(GOOD, "stays", difficult=0), text(OTHER, "店"))
    small_set.lines[-1] = small_set.lines[-1].replace(", ", " ,  ")  # spacing that our writer does not use
    name = small_set.add(text(GOOD[::-1], "turn", key_cls="a"), text(OTHER, "###"), text([[5, 5]] * 4, "gone"))
    small_set.add(text([[330, 10], [400, 10], [400, 40], [330, 40]], "outside"))
    small_set.add(text(), text())
    small_set.add(content=b"")
    small_set.add(content=jpeg(picture(3))[:-900])
    small_set.line("no tab")
    small_set.line(b"x.jpg\t\xff")
    small_set.line(f"missing.jpg\t{json.dumps([text()])}")
    small_set.line(small_set.lines[1])
    assert name == "002.jpg"
    expected = dict.fromkeys(small_set.lines, "")
    turned = [*GOOD[::-1][:1], *GOOD[:3]]
    lines = small_set.lines
    expected[lines[0]] = lines[0]
    texts = [text(turned, "turn", key_cls="a"), text(OTHER, "###")]
    expected[lines[1]] = f"{name}\t{json.dumps(texts, ensure_ascii=False)}"
    expected[lines[2]] = "003.jpg\t[]"
    expected[lines[3]] = f"004.jpg\t{json.dumps([text()])}"
    return expected


def test_whole_file(small_set: SmallSet, tmp_path: Path) -> None:
    expected = broken_set(small_set)
    before = small_set.file.read_bytes()
    output = tmp_path / "deep" / "fixed.txt"
    told = write_fixed(look(small_set), small_set.file, output)
    assert output.read_text(encoding="utf-8").splitlines() == [line for line in expected.values() if line]
    assert small_set.file.read_bytes() == before
    assert told.startswith(f"{output}: 4 lines; left out: 6 lines, 3 texts; changed: 1 texts\n")
    assert "1 x points run counter-clockwise: reverses them; the first point stays first" in told
    assert str(output) + CHANGES_SUFFIX in told


def test_the_record_undoes_everything(small_set: SmallSet, tmp_path: Path) -> None:
    """The new file and the record are enough to restore every line and text of the original."""
    broken_set(small_set)
    output = tmp_path / "fixed.txt"
    write_fixed(look(small_set), small_set.file, output)
    record = (tmp_path / f"fixed.txt{CHANGES_SUFFIX}").read_text(encoding="utf-8")
    changes = [json.loads(line) for line in record.splitlines()]
    assert all(change["why"] for change in changes)
    lines = output.read_text(encoding="utf-8").splitlines()
    restored = []
    number = 0
    while lines or any(change["line"] > number for change in changes):
        number += 1
        here = [change for change in changes if change["line"] == number]
        if here and here[0]["text"] == 0:
            restored.append(here[0]["before"])
            continue
        name, _, label = lines.pop(0).partition("\t")
        items = json.loads(label)
        for change in here:
            assert change["image"] == name
            if change["after"] is not None:
                assert items.pop(change["text"] - 1) == change["after"]
            items.insert(change["text"] - 1, change["before"])
        restored.append(f"{name}\t{json.dumps(items, ensure_ascii=False)}")
    expected = [line if "\t" not in line or "\udcff" in line else
                f"{line.partition(chr(9))[0]}\t{json.dumps(json.loads(line.partition(chr(9))[2]), ensure_ascii=False)}"
                for line in small_set.lines]  # fmt: skip
    assert restored == expected


def test_lines_and_paths_are_written_anew(small_set: SmallSet, tmp_path: Path) -> None:
    """Joined lines, another notation, a foreign path and shares in one run; nothing is left to repair."""
    for i in range(4):
        small_set.add(text(GOOD[::-1]) if i == 1 else text())
    shares = [text([[x / 320, y / 240] for x, y in GOOD], language="en")]
    a, b, c, _ = small_set.lines
    small_set.lines = []
    joined = f"{a}{b}broken\t[{{"
    for line in (joined, f"003.jpg {json.dumps([text()])}", f"C:\\x\\004.jpg\t{json.dumps(shares)}"):
        small_set.line(line)
    output = tmp_path / "fixed.txt"
    told = write_fixed(look(small_set), small_set.file, output)
    turned = f"002.jpg\t{json.dumps([text([*GOOD[::-1][:1], *GOOD[:3]])])}"
    fourth = f"004.jpg\t{json.dumps([text(GOOD, language='en')])}"
    assert output.read_text(encoding="utf-8").splitlines() == [a, turned, c, fourth]
    assert told.startswith(f"{output}: 4 lines; left out: 1 lines, 0 texts; changed: 2 texts; lines rewritten: 3\n")
    changes = [json.loads(line) for line in Path(f"{output}{CHANGES_SUFFIX}").read_text("utf-8").splitlines()]
    assert [(change["line"], change["text"], change["why"]) for change in changes] == [
        (1, 0, ["lines_run_together"]), (1, 1, ["counter_clockwise"]), (1, 0, ["malformed_line"]),
        (2, 0, ["other_notation"]), (3, 0, ["other_path"]), (3, 1, ["points_are_shares"]),
    ]  # fmt: skip
    assert changes[0]["before"] == joined and changes[0]["after"] == [a, b, "broken\t[{"]
    assert changes[4]["before"] == small_set.lines[2] and changes[5]["before"] == shares[0]
    small_set.file = output
    assert set(found(look(small_set))) == set()


def test_the_first_of_two_lists_stays(small_set: SmallSet, tmp_path: Path) -> None:
    small_set.add()
    small_set.lines, first = [], small_set.lines[0]
    small_set.line(f"{first}\t{json.dumps([text(OTHER)])}")
    write_fixed(look(small_set), small_set.file, tmp_path / "fixed.txt")
    assert (tmp_path / "fixed.txt").read_text() == f"{first}\n"
    (change,) = map(json.loads, (tmp_path / f"fixed.txt{CHANGES_SUFFIX}").read_text().splitlines())
    assert change["before"] == small_set.lines[0] and change["after"] == [first]


def test_nothing_is_left_to_repair(small_set: SmallSet, tmp_path: Path) -> None:
    broken_set(small_set)
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    write_fixed(look(small_set), small_set.file, first)
    small_set.file = first
    again = look(small_set)
    assert set(found(again)) == {"no_text", "unlisted_image"}  # images of dropped lines are still there
    told = write_fixed(again, first, second)
    assert second.read_bytes() == first.read_bytes()
    assert "left out: 0 lines, 0 texts; changed: 0 texts" in told
    assert (tmp_path / f"second.txt{CHANGES_SUFFIX}").read_bytes() == b""


def test_nothing_is_overwritten_unasked(small_set: SmallSet, tmp_path: Path) -> None:
    small_set.add(text(GOOD[::-1]))
    inspection = look(small_set)
    before = small_set.file.read_bytes()
    with pytest.raises(DataError, match="train_gt.txt: exists; choose another --output, or add --overwrite"):
        write_fixed(inspection, small_set.file, small_set.file)
    record = tmp_path / f"new.txt{CHANGES_SUFFIX}"
    record.write_text("somebody's")
    with pytest.raises(DataError, match="changes.jsonl: exists"):
        write_fixed(inspection, small_set.file, tmp_path / "new.txt")
    assert small_set.file.read_bytes() == before and record.read_text() == "somebody's"
    write_fixed(inspection, small_set.file, small_set.file, overwrite=True)
    assert found(look(small_set)) == {}


def test_refusals(small_set: SmallSet, tmp_path: Path) -> None:
    small_set.add(content=b"")
    inspection = look(small_set)
    with pytest.raises(DataError, match="every line would be left out, so nothing is written"):
        write_fixed(inspection, small_set.file, tmp_path / "new.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write this file"):
        write_fixed(look_at_good(tmp_path), tmp_path / "good/train_gt.txt", tmp_path / "file" / "new.txt")


def look_at_good(folder: Path):
    """An inspection of a set without a fault."""
    good = SmallSet(folder / "good")
    good.add()
    return look(good)


coordinate = st.one_of(st.integers(-60, 380), st.floats(-60, 380, width=16))


@settings(max_examples=200)
@given(st.lists(st.lists(coordinate, min_size=2, max_size=2), min_size=3, max_size=7))
def test_a_repaired_text_is_better_and_stays_so(points) -> None:
    problems, _ = check_texts(0, [text(points)], SIZE, (1, 1), Settings(min_text_size=0))
    kinds = {problem.kind for problem in problems}
    if kinds & {"zero_area", "text_outside", "labels_lie_on_side"}:
        return
    better, done = mended(points)
    assert set(done) <= kinds | {"text_outside"}
    if better is None:
        return
    parse_label_line(f"a.jpg\t{json.dumps([text(better)])}", "f", 1)
    left, _ = check_texts(0, [text(better)], SIZE, (1, 1), Settings(min_text_size=0))
    assert {problem.kind for problem in left} - {"vanishes", "falls_apart", "non_convex"} <= kinds
    if not kinds & {"self_crossing", "point_outside"}:
        assert "counter_clockwise" not in {problem.kind for problem in left}
    assert mended(better)[0] == better
