"""Results of detection as lines of other programs."""

import json

import numpy as np

from mindocr.formats.detection_results import icdar_lines, json_line, mindocr_line

QUAD = np.array([[1.4, 2.6], [30.6, -3], [99.9, 20], [1, 20]], dtype=np.float32)
SIZE = (18, 50)  # h, w


def test_mindocrs_line_has_the_name_alone_and_whole_pixels_inside_the_image():
    assert mindocr_line("a/b/img 1.jpg", [QUAD, QUAD[:3]], SIZE) == (
        "img 1.jpg\t[[[1, 3], [31, 0], [49, 17], [1, 17]], [[1, 3], [31, 0], [49, 17]]]"
    )
    assert mindocr_line("b.jpg", [], SIZE) == "b.jpg\t[]"


def test_a_json_line_keeps_names_sizes_and_scores():
    assert json.loads(json_line("a/b\n.jpg", [QUAD], [0.123456], SIZE)) == {
        "image": "a/b\n.jpg",
        "image_size": [18, 50],
        "polygons": [[[1.4, 2.6], [30.6, -3.0], [99.9, 20.0], [1.0, 20.0]]],
        "scores": [0.1235],
    }


def test_icdar_lines_are_quads():
    assert icdar_lines("a.jpg", [QUAD], SIZE) == ["1,3,31,0,49,17,1,17"]
    house = np.array([[0, 10], [10, 0], [20, 10], [20, 15], [0, 15]], dtype=np.float32)
    assert icdar_lines("a.jpg", [house, np.zeros((4, 2))], SIZE) == ["0,0,20,0,20,15,0,15"]
