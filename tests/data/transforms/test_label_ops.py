import numpy as np
import pytest

from mindocr.data.transforms.label import DetLabelEncode, ValidatePolygons
from mindocr.errors import ConfigError, DataError

LABEL = (
    '[{"transcription": "a", "points": [[1, 2], [9, 2], [9, 6], [1, 6]]},'
    ' {"transcription": "###", "points": [[1, 2], [9.5, 2], [5, 8]]},'
    ' {"transcription": "*", "points": [[0, 0], [3, 0], [3, 3], [1, 4], [0, 3]]}]'
)


def test_label_becomes_polygons_texts_and_tags():
    sample = DetLabelEncode()({"label": LABEL})
    assert sample["texts"] == ["a", "###", "*"]
    np.testing.assert_array_equal(sample["ignore_tags"], [False, True, True])
    assert sample["ignore_tags"].dtype == bool
    assert [poly.shape for poly in sample["polys"]] == [(4, 2), (3, 2), (5, 2)]
    assert all(poly.dtype == np.float32 for poly in sample["polys"])
    np.testing.assert_array_equal(sample["polys"][1][1], [9.5, 2])


def test_image_without_text():
    sample = DetLabelEncode()({"label": "[]"})
    assert sample["polys"] == [] and sample["texts"] == [] and sample["ignore_tags"].shape == (0,)


def test_broken_label():
    with pytest.raises(DataError, match="label: text 1 of 1: no 'points' among its keys"):
        DetLabelEncode()({"label": '[{"transcription": "a"}]'})


def square(x, y, side=10.0):
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], dtype=np.float32)


def sample_with(polys, tags):
    image = np.zeros((50, 100, 3), dtype=np.uint8)
    texts = [str(i) for i in range(len(polys))]
    return {"image": image, "polys": polys, "ignore_tags": np.array(tags, dtype=bool), "texts": texts}


def test_polygons_outside_are_dropped_and_slivers_ignored():
    inside, half, outside = square(20, 20), square(95, 20), square(101, 20)
    sliver, above = square(30, -9.95), square(30, -12)
    given = sample_with([inside, half, outside, sliver, above, inside], [False, False, False, False, False, True])
    checked = ValidatePolygons()(given)
    assert checked["texts"] == ["0", "1", "3", "5"]
    np.testing.assert_array_equal(checked["ignore_tags"], [False, False, True, True])
    assert checked["polys"][1] is half  # not cut
    assert len(given["polys"]) == 6


def test_polygons_cut_to_the_image():
    triangle = np.array([[90, 10], [110, 20], [90, 30]], dtype=np.float32)
    corner = np.array([[-10, 15], [15, -10], [-10, -10]], dtype=np.float32)
    checked = ValidatePolygons(clip_to_visible_area=True)(sample_with([square(95, 20), triangle, corner], [0, 1, 0]))
    assert checked["texts"] == ["0", "1"]
    np.testing.assert_array_equal(checked["ignore_tags"], [False, True])
    np.testing.assert_array_equal(checked["polys"][0], [[95, 20], [100, 20], [100, 30], [95, 30]])
    assert len(checked["polys"][1]) == 4
    assert (
        len(ValidatePolygons(clip_to_visible_area=True, min_vertices=5)(sample_with([square(9, 9)], [0]))["polys"]) == 0
    )


def test_bow_tie_counts_its_two_halves():
    tie = np.array([[10, 10], [30, 30], [30, 10], [10, 30]], dtype=np.float32)
    np.testing.assert_array_equal(ValidatePolygons()(sample_with([tie], [False]))["ignore_tags"], [False])


def test_empty_list_and_wrong_argument():
    checked = ValidatePolygons()(sample_with([], []))
    assert checked["polys"] == [] and checked["ignore_tags"].dtype == bool
    with pytest.raises(ConfigError, match="min_vertices must be 3 or more, got 2"):
        ValidatePolygons(min_vertices=2)
