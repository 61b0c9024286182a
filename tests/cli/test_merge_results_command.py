"""``mindocr merge-results``: files in, one file out, and the scores."""

import json
import re

import pytest

from mindocr.cli.main import run_command
from mindocr.errors import UserError
from mindocr.formats.label_file import parse_label_line


def label_line(image, *boxes):
    texts = [{"transcription": "", "points": [[x, y], [x + 100, y], [x + 100, y + 20], [x, y + 20]],
              **({} if score is None else {"score": score})} for x, y, score in boxes]  # fmt: skip
    return f"{image}\t{json.dumps(texts)}\n"


def json_line(image, *boxes):
    polygons = [[[x, y], [x + 100, y], [x + 100, y + 20], [x, y + 20]] for x, y, _ in boxes]
    return json.dumps({"image": image, "polygons": polygons, "scores": [score for *_, score in boxes]}) + "\n"


@pytest.fixture
def inputs(tmp_path):
    """Results of two detectors, as a label file and as JSON lines, in different orders and below different folders."""
    (tmp_path / "a.txt").write_text(
        label_line("photos/1.jpg", (0, 0, 0.8), (0, 100, 0.6)) + label_line("photos/2.jpg"), encoding="utf-8"
    )
    (tmp_path / "b.jsonl").write_text(json_line("x/2.jpg", (30, 30, 0.9)) + json_line("x/1.jpg", (4, 2, 0.8)))
    (tmp_path / "gt.txt").write_text(
        "".join(label_line(f"photos/{i}.jpg", *boxes).replace('""', '"word"') for i, boxes in
                ((1, [(2, 1, None)]), (2, [(30, 30, None)]))), encoding="utf-8"
    )  # fmt: skip
    return tmp_path


def merge(*words):
    run_command("merge-results", [str(word) for word in words])


def test_a_label_file(inputs, capsys):
    merge(inputs / "a.txt", inputs / "b.jsonl", "--output", inputs / "out.txt", "--min_score", 0)
    lines = (inputs / "out.txt").read_text(encoding="utf-8").splitlines()
    (first, texts), (second, others) = (parse_label_line(line, "out.txt", 1) for line in lines)
    assert (first, second) == ("photos/1.jpg", "photos/2.jpg")
    assert texts[0]["points"] == [[2, 1], [102, 1], [102, 21], [2, 21]] and texts[0]["score"] == 0.8
    assert texts[1]["points"][0] == [0, 100] and len(texts) == 2 and others[0]["points"][0] == [30, 30]
    assert capsys.readouterr().out.startswith("3 texts from 2, 2 in 2 images")


def test_json_lines_and_scores(inputs, capsys):
    merge(inputs / "a.txt", inputs / "b.jsonl", "--output", inputs / "out.jsonl", "--min_score", 0.25, "--gt",
          inputs / "gt.txt")  # fmt: skip
    line = json.loads((inputs / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert line["image"] == "photos/1.jpg" and line["scores"] == [0.8, 0.3]
    told = capsys.readouterr().out.splitlines()
    # a: 1 of 2 right, 1 of 2 found; b: 2 of 2; merged: 2 of 3 right, all found
    scores = [re.match(r"(\S+)  (\S+)  (\S+) \(.*\)  (.+)", row).groups() for row in told[2:]]
    assert [row[:3] for row in scores] == [
        ("0.5000", "0.5000", "0.5000"), ("1.0000", "1.0000", "1.0000"), ("1.0000", "0.6667", "0.8000"),
    ]  # fmt: skip
    assert scores[2][3] == "merged"


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (label_line("1.jpg", (0, 0, 0.5)), (), r"b\.jsonl has no line for 1 of 2 images, such as 'photos/2'"),
        (label_line("1.jpg") + label_line("3.jpg"), (), r"of different images: .*no image '3' in .*a\.txt"),
        (label_line("1.jpg", (0, 0, None)) + label_line("2.jpg"), (), "no scores in it, and merging needs a score"),
        (label_line("1.jpg", (0, 0, 7)) + label_line("2.jpg"), (), r"b\.jsonl:1: a score must be from 0 to 1 .*got 7"),
        (label_line("1.jpg") + "2.jpg [[\n", (), r"b\.jsonl:2: "),
        ("", (), r"b\.jsonl: no image in it"),
        (None, ("--min_votes", 3), "--min_votes: 3 of 2 results cannot have a text"),
        (None, ("--iou", 0), "iou: expected a number above 0"),
        (None, ("--protocol", "icdar2015_e2e", "--gt", "gt.txt"), "compares texts, which merged results do not have"),
    ],
)
def test_mistakes(inputs, content, words, message):
    if content is not None:
        (inputs / "b.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        merge(inputs / "a.txt", inputs / "b.jsonl", "--output", inputs / "out.txt", *words)
    assert not (inputs / "out.txt").exists()


def test_one_file_is_too_few(inputs):
    with pytest.raises(UserError, match="at least two detectors or scales, got 1 file"):
        merge(inputs / "a.txt", "--output", inputs / "out.txt")
