"""COCO files as CVAT, Label Studio and other programs write them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.shapes import turned_box

BOX = [50, 60, 100, 20]
UPRIGHT = [[50, 60], [150, 60], [150, 80], [50, 80]]
SQUARE = [[10, 20], [60, 20], [60, 50], [10, 50]]
FLAT = [10, 20, 60, 20, 60, 50, 10, 50]


def file_of(*annotations, **more):
    images = [{"id": 1, "file_name": "p.png", "width": 320, "height": 160}]
    return {"images": images, "annotations": [{"image_id": 1, **each} for each in annotations], **more}


def points_of(tool, **annotation):
    ((_, points),) = tool.read("coco", file_of(annotation))[0]["p.png"]
    return points


@pytest.mark.parametrize("key", ["bbox", "segmentation"])
@pytest.mark.parametrize("degrees", [30, 30.0, "30.0", 390, -330])
def test_boxes_are_turned_clockwise_about_their_centre(tool, key, degrees):
    shape = BOX if key == "bbox" else [[value for point in UPRIGHT for value in point]]
    points = points_of(tool, **{"segmentation": [], "bbox": BOX, key: shape, "attributes": {"rotation": degrees}})
    # centre (100, 70): (-50, -10) becomes (-50 cos 30 + 10 sin 30, -50 sin 30 - 10 cos 30)
    expected = [[61.698730, 36.339746], [148.301270, 86.339746], [138.301270, 103.660254], [51.698730, 53.660254]]
    np.testing.assert_allclose(points, expected, atol=1e-6)


@pytest.mark.parametrize("attributes", [{}, {"rotation": 0}, {"rotation": 360.0}, {"rotation": None}, None])
def test_boxes_that_are_not_turned_keep_their_integers(tool, attributes):
    assert points_of(tool, bbox=BOX, attributes=attributes) == UPRIGHT


def test_a_polygon_has_its_rotation_already(tool):
    slanted = [61, 36, 148, 86, 138, 103, 51, 53]
    assert points_of(tool, segmentation=[slanted], attributes={"rotation": 30})[0] == [61, 36]


@given(st.floats(-1000, 1000), st.floats(0.5, 500), st.floats(0.5, 500), st.integers(-1000, 1000))
def test_a_turn_keeps_the_sides(x, w, h, degrees):
    points = np.array(turned_box(x, 5, w, h, degrees, (0.5, 0.5)))
    sides = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    np.testing.assert_allclose(sides, [w, h, w, h], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(points.mean(axis=0), [x + w / 2, 5 + h / 2], rtol=1e-6, atol=1e-6)
    back = np.array(turned_box(x, 5, w, h, degrees + 360, (0.5, 0.5)))
    np.testing.assert_allclose(points, back, atol=1e-6)


@pytest.mark.parametrize(("shape", "message"), [
    ({"bbox": [100, 70, 100, 20, 0.5]}, "bbox has five numbers, a turned box, but exporters disagree"),
    ({"bbox": [50, 60, 0, 20]}, "a box of 0 x 20 pixels is empty; left out"),
    ({"bbox": [50, 60, 9, -1], "segmentation": []}, "a box of 9 x -1 pixels is empty; left out"),
    ({"bbox": None, "segmentation": None}, "no polygon and no box; left out"),
    ({"bbox": [], "segmentation": []}, "no polygon and no box; left out"),
    ({"bbox": None, "segmentation": [[1, 2, 3, 4]]}, "no polygon and no box; left out"),
])  # fmt: skip
def test_shapes_without_a_meaning_are_left_out_with_a_warning(tool, shape, message):
    found, report = tool.read("coco", file_of({**shape, "text": "a"}, {"bbox": BOX, "text": "b"}))
    assert found == {"p.png": [("b", UPRIGHT)]}
    assert len(report.warnings) == 1 and f"annotation 1: {message}" in report.warnings[0]


def test_an_angle_of_unknown_unit_is_reported(tool):
    found, report = tool.read("coco", file_of({"bbox": BOX, "angle": 0.5}))
    assert found == {"p.png": [("text", UPRIGHT)]} and "disagree on its unit" in report.warnings[0]


@pytest.mark.parametrize("shape", [FLAT, [FLAT], SQUARE, [SQUARE], [FLAT, [0, 0, 1, 0, 1, 1]], [[*FLAT, 10, 20]]])
def test_spellings_of_polygons(tool, shape):
    assert points_of(tool, segmentation=shape) == SQUARE


@pytest.mark.parametrize(("mask", "expected"), [
    # down the columns: 5 pixels outside, 2 inside, 2 outside, 2 inside: a block of 2 x 2 from (1, 1)
    ({"size": [4, 4], "counts": [5, 2, 2, 2, 5]}, [[1, 1], [3, 1], [3, 3], [1, 3]]),
    ({"size": [4, 4], "counts": "52203"}, [[1, 1], [3, 1], [3, 3], [1, 3]]),  # 5, 2, 2, 2 + 0, 2 + 3
])  # fmt: skip
def test_masks_become_their_outline(tool, mask, expected):
    found, report = tool.read("coco", file_of({"segmentation": mask, "text": "a", "bbox": BOX}))
    assert found == {"p.png": [("a", expected)]}
    assert report.notes == {"masks replaced by their outline": 1}


@pytest.mark.parametrize("mask", [{"size": [4, 4], "counts": [5]}, {"size": [4, 4], "counts": "x"}, {"counts": []},
                                  {"size": [99999, 99999], "counts": [99999 * 99999]}])  # fmt: skip
def test_masks_that_cannot_be_decoded_become_an_ignored_box(tool, mask):
    found, report = tool.read("coco", file_of({"segmentation": mask, "text": "a", "bbox": BOX}))
    assert found == {"p.png": [("###", UPRIGHT)]}
    assert "annotation 1: a mask that cannot be decoded" in report.warnings[0]


@pytest.mark.parametrize(("more", "text"), [
    ({"text": "a"}, "a"), ({"transcription": "a", "attributes": {"text": "b"}}, "a"),
    ({"attributes": {"Text": "b"}}, "b"),
    ({"attributes": {"transcription": 2024}}, "2024"), ({"text": None}, "text"), ({"text": ""}, ""),
    ({"text": "a", "iscrowd": 1}, "###"), ({"text": "a", "attributes": {"difficult": True}}, "###"),
    ({"text": "a", "category_id": 2}, "###"), ({"text": "a", "attributes": {"difficult": False}}, "a"),
])  # fmt: skip
def test_texts_and_what_ignores_them(tool, more, text):
    categories = [{"id": 1, "name": "text"}, {"id": 2, "name": "Ignore"}]
    found, _ = tool.read("coco", file_of({"bbox": BOX, **more}, categories=categories))
    assert found["p.png"][0][0] == text


def test_the_attribute_of_the_text_can_be_named(tool):
    content = file_of({"bbox": BOX, "attributes": {"plate": "AB 1", "occluded": False}})
    found, report = tool.read("coco", content)
    assert found["p.png"][0][0] == "text"
    assert report.notes == {"texts without a transcription (if it is one of plate, set --text_key)": 1}
    assert tool.read("coco", content, text_key="plate")[0]["p.png"][0][0] == "AB 1"


def test_images_and_annotations_that_do_not_belong_together(tool):
    tool.draw("q.png")
    content = file_of({"id": 1, "bbox": BOX}, {"id": 1, "bbox": BOX}, {"id": 1, "bbox": [1, 2, 3, 4]})
    content["images"].append({"id": "q", "file_name": "q.png"})
    content["annotations"].append({"id": 5, "image_id": 9, "bbox": BOX})
    found, report = tool.read("coco", content)
    assert {path: len(texts) for path, texts in found.items()} == {"p.png": 2, "q.png": 0}
    assert report.notes == {
        "annotations that occur twice, left out once": 1, "annotations with the id of another one, both used": 1,
        "images without an annotation, written without texts": 1,
    }  # fmt: skip
    assert len(report.warnings) == 1
    assert "1 annotations for image 9, which 'images' does not list; left out" in report.warnings[0]
    content["images"][1]["id"] = 1
    with pytest.raises(DataError, match=r"image 2: 'q.png' has the id 1, which image 1, 'p.png', has too"):
        tool.read("coco", content)


def test_two_folders_with_the_same_name_of_a_file(tool):
    content = file_of({"bbox": BOX, "text": "a"}, {"image_id": 2, "bbox": BOX, "text": "b"})
    content["images"] = [{"id": 1, "file_name": "img/p.png"}, {"id": 2, "file_name": "img2/p.png"}]
    found, report = tool.read("coco", content)
    assert found == {"p.png": [("a", UPRIGHT)]} and report.missing == 1
    assert "image 2: " in report.warnings[0] and "not the one in 'img2'" in report.warnings[0]
    assert str(report).endswith("; 1 images missing; 1 warnings")


def test_exports_of_label_studio_have_ids_of_uploads(tool):
    content = file_of({"bbox": BOX, "text": "a"}, info={"contributor": "Label Studio"})
    content["images"][0]["file_name"] = "images\\1a2b3c4d-p.png"
    assert tool.read("coco", content)[0] == {"p.png": [("a", UPRIGHT)]}
    content["info"] = {}
    with pytest.raises(DataError, match="none of the 1 annotated images is in this folder"):
        tool.read("coco", content)


@pytest.mark.parametrize(("annotation", "message"), [
    ({}, r"annotation 1: no 'segmentation' and no 'bbox' among its keys \(image_id\)"),
    ({"bbox": [1, 2, "3", 4]}, "annotation 1: expected a number of pixels, got '3'"),
    ({"bbox": [1, 2, 3]}, r"annotation 1: expected bbox \[x, y, w, h\], got \[1, 2, 3\]"),
    ({"bbox": BOX, "attributes": {"rotation": "left"}}, "annotation 1: 'rotation': expected degrees, got 'left'"),
    ({"bbox": BOX, "attributes": []}, None), ({"bbox": BOX, "attributes": [1]}, "attributes: expected dict, got list"),
    ({"bbox": BOX, "text": ["a"]}, "annotation 1: text: expected str, got list"),
    ({"bbox": BOX, "image_id": True}, "annotation 1: 'image_id': expected a number or a string, got True"),
])  # fmt: skip
def test_malformed_annotations(tool, annotation, message):
    if message is None:
        assert tool.read("coco", file_of(annotation))
        return
    with pytest.raises(DataError, match=message):
        tool.read("coco", file_of(annotation))
