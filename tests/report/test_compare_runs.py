"""Reading what an evaluation has written."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
from rectangles import rect

from mindocr.errors import DataError
from mindocr.metrics.det_metric import DetMetric
from mindocr.report.compare_runs import find_evaluation, read_facts, read_images, settings_file, with_pictures

WORD = rect(0, 0, 100, 20)


def line(image="a.jpg", found=(WORD,), **more):
    result = DetMetric().update(list(found), [WORD, WORD + 50], [False, True])
    value = {
        "image": image,
        "truth": {"polys": [WORD.tolist(), (WORD + 50).tolist()], "ignore_tags": [False, True]},
        "found": {"polygons": [poly.tolist() for poly in found], "scores": [0.9] * len(found)},
        **dataclasses.asdict(result),
    }
    return json.dumps({**value, **more})


def written(folder, *lines):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "per_image.jsonl").write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
    return folder


def test_images_come_back_as_they_were_evaluated(tmp_path):
    first, second = read_images(written(tmp_path, line(), line("文.jpg", found=[])))
    assert (first.image, first.scores, first.size) == ("a.jpg", [0.9], (70, 150))
    assert np.array_equal(first.found[0], WORD) and list(first.ignore) == [False, True]
    assert first.result == DetMetric().update([WORD], [WORD, WORD + 50], [False, True])
    assert first.misses == [] and second.misses == [0] and second.image == "文.jpg"


def test_sizes_and_pictures_of_files_that_exist(tmp_path):
    assert cv2.imwrite(str(tmp_path / "a.png"), np.zeros((90, 160, 3), np.uint8))
    here, gone = with_pictures(read_images(written(tmp_path, line(str(tmp_path / "a.png")), line("b.png"))))
    assert (here.picture, here.size) == (tmp_path / "a.png", (90, 160)) and gone.picture is None


def test_the_folder_of_a_run_or_of_its_evaluation(tmp_path):
    assert find_evaluation(tmp_path) is None
    folder = written(tmp_path / "eval", line())
    assert find_evaluation(tmp_path) == find_evaluation(folder) == folder
    assert settings_file(folder) is None
    (tmp_path / "config.yaml").write_text("x: 1")
    assert settings_file(folder) == tmp_path / "config.yaml", "that of the run"
    (folder / "config.yaml").write_text("x: 1")
    assert settings_file(folder) == folder / "config.yaml"
    assert settings_file(written(folder / "best-12345678", line())) is None, "its neighbour belongs to other scores"


def test_where_scores_come_from(tmp_path):
    assert read_facts(tmp_path) == {}
    for content in ("[]", "no JSON", '{"f-score": 1}', '{"evaluated": null}'):
        (tmp_path / "scores.json").write_text(content)
        assert read_facts(tmp_path) == {}
    (tmp_path / "scores.json").write_text('{"evaluated": {"checkpoint": "best.ckpt", "date": "today", "id": "1"}}')
    assert read_facts(tmp_path) == {"checkpoint": "best.ckpt", "date": "today"}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("{", r"per_image.jsonl:2: not JSON \(.*evaluate again"),
        ("[]", "per_image.jsonl:2: not an evaluated image of text detection"),
        ('{"image": "b.jpg", "truth": {"turned": 1}, "found": {}}', r"text detection \(no 'polys'\)"),
        (line("b.jpg", counts=None), "not an evaluated image"),
        (line("b.jpg", pairs=[1]), "not an evaluated image"),
        (line(), "per_image.jsonl:2: image 'a.jpg' occurs twice, first at line 1"),
    ],
)
def test_lines_that_cannot_be_read(tmp_path, second, message):
    with pytest.raises(DataError, match=message):
        read_images(written(tmp_path, line(), second))


def test_a_file_without_images(tmp_path):
    with pytest.raises(DataError, match="no image in it; evaluate again"):
        read_images(written(tmp_path))
