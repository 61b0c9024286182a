"""Results of prediction."""

import json

import cv2
import numpy as np
import pytest
from bright_is_text import white_box, write

from mindocr.errors import DataError
from mindocr.inference.results import DetectionResult, Result
from mindocr.predictions.base import Prediction
from mindocr.predictions.detection import Detection

QUAD = np.array([[10, 10], [30, 10], [30, 20], [10, 20]], np.float32)
FOUND = Detection([QUAD], [0.75])


class Word(Prediction):
    """A prediction of another task, whose JSON is no mapping."""

    def to_json(self):
        return "word"

    from_json = classmethod(lambda cls, value: cls())

    def entries(self):
        return "word"

    def result_line(self, image):
        return f"{image}\tword"

    def draw(self, image):
        return image + 1


def test_a_detection():
    result = DetectionResult(FOUND, (240, 640), path="a.png")
    assert (len(result), result.scores, result.image_size, result.path) == (1, [0.75], (240, 640), "a.png")
    assert result.polygons[0].tolist() == QUAD.tolist()
    assert json.loads(json.dumps(result.to_json())) == {
        "image": "a.png", "image_size": [240, 640], "polygons": [QUAD.tolist()], "scores": [0.75],
    }  # fmt: skip
    assert not DetectionResult(Detection(), (240, 640))


def test_another_task():
    result = Result(Word(), (4, 6), pixels=np.zeros((4, 6), np.uint8))
    assert result.to_json() == {"image": None, "image_size": [4, 6], "result": "word"}
    assert result.draw().tolist() == np.ones((4, 6, 3)).tolist()


def test_drawing_on_an_array_and_on_its_file_is_the_same(tmp_path):
    path = write(tmp_path / "a.png")
    on_file, on_array = (DetectionResult(FOUND, (240, 640), **source).draw()
                         for source in ({"path": str(path)}, {"pixels": white_box()}))  # fmt: skip
    np.testing.assert_array_equal(on_file, on_array)
    assert on_file.shape == (240, 640, 3)
    assert (on_file != white_box()).any()
    path.unlink()
    with pytest.raises(DataError, match="a.png"):
        DetectionResult(FOUND, (240, 640), path=str(path)).draw()


def test_a_file_is_turned_as_it_was_for_the_network(tmp_path):
    path = tmp_path / "turned.jpg"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6
    content = cv2.imencode(".jpg", white_box())[1].tobytes()
    path.write_bytes(content[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + content[2:])
    assert DetectionResult(FOUND, (640, 240), path=str(path)).image.shape == (640, 240, 3)
    assert DetectionResult(FOUND, (240, 640), path=str(path), upright=False).image.shape == (240, 640, 3)
