"""``mindocr compare``: evaluations and results in files, what it prints and writes, and what it refuses."""

import dataclasses
import json

import numpy as np
import pytest

from mindocr.cli.main import run_command
from mindocr.errors import ConfigError, DataError
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.rec_metric import RecMetric
from mindocr.predictions.text import Text
from mindocr.report.compare_page import NAME


def rect(x, y):
    return np.array([[x, y], [x + 100, y], [x + 100, y + 20], [x, y + 20]], dtype=np.float64)


TEXTS = [rect(0, 0), rect(0, 50)]


def evaluation(folder, found, protocol="icdar2015", box_thresh=0.6, images=("/a/1.jpg", "/a/2.jpg")):
    """What ``mindocr eval`` leaves in the folder of a run: ``found`` lists the detections of each image."""
    place, metric = folder / "eval", DetMetric(protocol=protocol)
    place.mkdir(parents=True)
    lines = []
    for image, polys in zip(images, found):
        result = metric.update(polys, TEXTS, [False, False])
        truth = {"polys": [poly.tolist() for poly in TEXTS], "ignore_tags": [False, False]}
        outlines = {"polygons": [poly.tolist() for poly in polys], "scores": [0.9] * len(polys)}
        lines.append(
            json.dumps({"image": image, "truth": truth, "found": outlines, **dataclasses.asdict(result)}) + "\n"
        )
    (place / "per_image.jsonl").write_text("".join(lines), encoding="utf-8")
    config = f"metric: {{name: DetMetric, protocol: {protocol}}}\npostprocess: {{box_thresh: {box_thresh}}}\n"
    (place / "config.yaml").write_text(config, encoding="utf-8")
    return folder


def results(path, found):
    lines = [json.dumps({"image": str(i), "polygons": [p.tolist() for p in polys]}) for i, polys in enumerate(found, 1)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def two_runs(tmp_path):
    first = evaluation(tmp_path / "one", [TEXTS[:1], TEXTS[:1]])
    return first, evaluation(tmp_path / "two", [TEXTS, TEXTS[:1]], box_thresh=0.5, images=("/b/1.jpg", "/b/2.jpg"))


def compare(*words):
    return run_command("compare", [str(word) for word in words])


def test_two_runs(two_runs, tmp_path, capsys):
    first, second = two_runs
    compare(first, second / "eval", "--json", tmp_path / "out.json", "--report", tmp_path / "page")
    out = capsys.readouterr().out
    assert "icdar2015, 2 images" in out and "recall     0.5000 -> 0.7500  +0.2500  (+0.0000 to +0.5000)" in out
    assert "1 images better, 0 worse\n  +0.333  /a/1.jpg\n" in out and "postprocess.box_thresh: 0.6 -> 0.5" in out
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert written["scores"]["recall"] == {"first": 0.5, "second": 0.75, "change": 0.25, "interval": [0.0, 0.5]}
    assert written["settings"] == {"postprocess.box_thresh": [0.6, 0.5]} and written["only_first"] == []
    page = (tmp_path / "page" / NAME).read_text(encoding="utf-8")
    assert "Images: 1 better, 0 worse" in page and "<code>postprocess.box_thresh</code>" in page


def test_results_in_files(tmp_path, capsys):
    gt = tmp_path / "gt.jsonl"
    polygons = [poly.tolist() for poly in TEXTS]
    gt.write_text("\n".join(json.dumps({"image": name, "polygons": polygons, "ignore": [False] * 2}) for name in "12"))
    sides = results(tmp_path / "a.jsonl", [TEXTS, []]), results(tmp_path / "b.jsonl", [TEXTS])
    compare(*sides, "--gt", gt, "--protocol", "icdar2015")
    out = capsys.readouterr().out
    assert (
        "f-score    0.6667 -> 0.6667  +0.0000" in out and "0 images better, 0 worse" in out and "box_thresh" not in out
    )
    with pytest.raises(ConfigError, match="--gt: needs --protocol"):
        compare(*sides, "--gt", gt)
    run = evaluation(tmp_path / "run", [TEXTS[:1], TEXTS[:1]])
    (run / "eval/detections.txt").write_text(f'1.jpg\t[{{"transcription": "", "points": {polygons[0]}}}]\n')
    compare(sides[0], run, "--gt", gt, "--protocol", "icdar2015")
    assert "recall     0.5000 -> 0.2500" in capsys.readouterr().out, "a run stands for its detections"


def test_images_of_one_side_are_left_out_with_a_warning(tmp_path, capsys):
    first = evaluation(tmp_path / "one", [TEXTS] * 6, images=[f"{i}.jpg" for i in range(6)])
    second = evaluation(tmp_path / "two", [TEXTS], images=["0.jpg"])
    compare(first, second)
    assert f"warning: 5 images only in {first} are left out: 1.jpg, 2.jpg, 3.jpg and 2 more" in capsys.readouterr().out


def test_other_protocols_are_refused_unless_one_is_named(tmp_path, capsys):
    first, second = evaluation(tmp_path / "one", [TEXTS, []]), evaluation(tmp_path / "two", [TEXTS, []], "td500")
    with pytest.raises(DataError, match=r"different protocols: .*one was scored by icdar2015, .*two by td500"):
        compare(first, second)
    compare(first, second, "--protocol", "icdar2015")
    assert "recall     0.5000 -> 0.5000" in capsys.readouterr().out


def test_what_is_no_evaluation(tmp_path, two_runs):
    with pytest.raises(DataError, match="nothing: no such file or folder; .*add --gt and --protocol"):
        compare(tmp_path / "nothing", two_runs[0])
    with pytest.raises(
        DataError, match="no evaluation; an evaluation has per_image.jsonl in this folder or in its folder"
    ):
        compare(two_runs[0], tmp_path)
    (two_runs[0] / "eval/config.yaml").unlink()
    with pytest.raises(DataError, match="no config.yaml with a metric section says .* set --protocol"):
        compare(*two_runs)


def read_by(folder, *found, **rules):
    """What ``mindocr eval`` leaves of a recogniser that reads the texts of one image so."""
    place, metric = folder / "eval", RecMetric(**rules)
    place.mkdir(parents=True)
    lines = []
    for truth, text in zip(("Exit", "way out", "Hotel"), found):
        result = dataclasses.asdict(metric.compare(text, truth))
        line = {"image": "/a/1.jpg", "truth": {"text": truth}, "found": Text(text, 0.9).to_json(), **result}
        lines.append(json.dumps(line) + "\n")
    (place / "per_image.jsonl").write_text("".join(lines), encoding="utf-8")
    (place / "config.yaml").write_text(json.dumps({"metric": {"name": "RecMetric", **rules}}), encoding="utf-8")
    return folder


def test_two_runs_of_recognisers(tmp_path, capsys):
    first = read_by(tmp_path / "one", "Exit", "wayout", "Hote1")
    second = read_by(tmp_path / "two", "EX1T", "way out", "Hotel")
    compare(first, second / "eval", "--json", tmp_path / "out.json", "--report", tmp_path / "page")
    out = capsys.readouterr().out
    assert "3 texts of 1 image, 95 % interval of the difference\nacc                0.6667 -> 0.6667  +0.0000" in out
    assert "space_recall       0.0000 -> 1.0000  +1.0000  (+1.0000 to +1.0000)" in out
    assert "1 text right only in the second, 1 only in the first, by acc\n  - 'Exit': 'Exit' -> 'EX1T'  /a/1.jpg" in out
    assert "  + 'Hotel': 'Hote1' -> 'Hotel'  /a/1.jpg" in out and "dictionaries" not in out
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert written["scores"]["exact"]["change"] == pytest.approx(1 / 3) and written["texts"] == 3
    assert [(each["text"], each["right"]) for each in written["changed"]] == [
        ("Exit", "first"), ("way out", "both or neither"), ("Hotel", "second"),
    ]  # fmt: skip
    assert "Right only in the second: 1" in (tmp_path / "page" / NAME).read_text(encoding="utf-8")


def test_different_dictionaries_are_mentioned(tmp_path, capsys):
    first = read_by(tmp_path / "one", "Exit", "way out", "Hotel", characters="Exitwayouel")
    compare(first, read_by(tmp_path / "two", "Exit", "way out", "Hotel", characters="HExitwayouel"))
    assert "note: the dictionaries differ: acc leaves out the characters" in capsys.readouterr().out


def test_a_recogniser_is_not_compared_with_a_detector(tmp_path, two_runs):
    texts = read_by(tmp_path / "texts", "Exit", "way out", "Hotel")
    with pytest.raises(DataError, match="texts is an evaluation of text recognition, the other one of text detection"):
        compare(two_runs[0], texts)
    with pytest.raises(ConfigError, match="--protocol icdar2015: is for detections"):
        compare(texts, texts, "--protocol", "icdar2015")
