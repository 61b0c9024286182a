"""Reading the texts that an evaluation has written."""

import dataclasses
import json

import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.metrics.rec_metric import RecMetric
from mindocr.predictions.text import Text
from mindocr.report.compare_runs import holds_texts
from mindocr.report.recognition.read_evaluation import read_words

BOX = [[0.0, 0.0], [40.0, 0.0], [40.0, 12.0], [0.0, 12.0]]


def line(truth="way out", found="wayout", polygon=BOX, image="a.jpg", **more):
    result = RecMetric(characters="wayout").compare(found, truth)
    label = {"text": truth} if polygon is None else {"text": truth, "polygon": polygon}
    value = {"image": image, "truth": label, "found": Text(found, 0.75).to_json(), **dataclasses.asdict(result)}
    return json.dumps({**value, **more}, ensure_ascii=False)


def written(folder, *lines):
    (folder / "per_image.jsonl").write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")
    return folder


def test_texts_come_back_as_they_were_evaluated(tmp_path):
    written(tmp_path, line(), line("文本", "文", polygon=[]), line(polygon=None))
    first, second, third = read_words(tmp_path)
    assert (first.image, first.truth, first.found, first.confidence) == ("a.jpg", "way out", "wayout", 0.75)
    assert np.array_equal(first.polygon, BOX) and second.polygon is None and third.polygon is None
    assert first.result == RecMetric(characters="wayout").compare("wayout", "way out")
    assert second.result.unknown == ("文", "本") and second.truth == "文本"


def test_which_evaluations_hold_texts(tmp_path):
    assert holds_texts(written(tmp_path, line()))
    detection = {"image": "a.jpg", "truth": {}, "found": {"polygons": [], "scores": []}}
    for other in ([json.dumps(detection)], ["[]"], ['{"found": 1}'], []):
        assert not holds_texts(written(tmp_path, *other))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("{", r"per_image.jsonl:2: not JSON \(.*evaluate again"),
        ("[]", "per_image.jsonl:2: not an evaluated text of text recognition"),
        (line(right={"acc": True}), r"per_image.jsonl:2: .*\(no 'exact'\); evaluate again"),
        (line(polygon=[[1, 2, 3]]), "per_image.jsonl:2: not an evaluated text"),
        (line(spaces=[1]), "per_image.jsonl:2: not an evaluated text"),
    ],
)
def test_lines_that_cannot_be_read(tmp_path, second, message):
    with pytest.raises(DataError, match=message):
        read_words(written(tmp_path, line(), second))


def test_a_file_without_texts(tmp_path):
    with pytest.raises(DataError, match="no text in it; evaluate again"):
        read_words(written(tmp_path))
