"""labelme and X-AnyLabeling: shapes, ignored texts, other files in the folder, and the paths of images."""

import base64

import cv2
import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.formats import annotation_tools

SQUARE = [[10, 20], [60, 20], [60, 50], [10, 50]]
SLANT = [[100, 20], [180, 50], [172, 70], [92, 40]]


def file_of(*shapes, path="p.png", **more):
    listed = [{"label": "a", "points": SQUARE, "shape_type": "polygon", "flags": {}, **shape} for shape in shapes]
    return {"version": "5.0.0", "imagePath": path, "imageHeight": None, "imageWidth": None, "shapes": listed, **more}


@pytest.mark.parametrize(("kind", "points", "expected"), [
    ("rotation", SLANT, SLANT), ("quadrilateral", SLANT, SLANT), ("oriented_rectangle", SLANT, SLANT),
    ("rectangle", SQUARE, SQUARE), ("rectangle", [[60, 50], [10, 20]], SQUARE), (None, SQUARE, SQUARE),
    ("polygon", [*SLANT, SLANT[0]], SLANT), ("polygon", SLANT[:3], SLANT[:3]),
])  # fmt: skip
def test_shapes_with_an_area(tool, kind, points, expected):
    found, report = tool.read("labelme", file_of({"shape_type": kind, "points": points}))
    assert found == {"p.png": [("a", expected)]} and report.warnings == []


def test_circles_and_masks(tool):
    mask = np.zeros((8, 30), np.uint8)
    mask[2:7, 5:25] = 255
    png = base64.b64encode(cv2.imencode(".png", mask)[1].tobytes()).decode()
    circle = {"shape_type": "circle", "points": [[100, 80], [103, 84]]}
    found, report = tool.read(
        "labelme", file_of(circle, {"shape_type": "mask", "points": [[50, 60], [79, 67]], "mask": png})
    )
    (_, round_), (_, outline) = found["p.png"]
    np.testing.assert_allclose(np.hypot(*(np.array(round_) - [100, 80]).T), 5, atol=1e-6)
    assert len(round_) == 24 and outline == [[55, 62], [75, 62], [75, 67], [55, 67]]
    assert report.notes == {"masks replaced by their outline": 1}


def test_transparent_parts_are_outside_a_mask(tool):
    mask = np.full((8, 30, 4), 255, np.uint8)
    mask[..., 3] = 0
    mask[2:7, 5:25, 3] = 255
    png = base64.b64encode(cv2.imencode(".png", mask)[1].tobytes()).decode()
    found, _ = tool.read("labelme", file_of({"shape_type": "mask", "points": [[50, 60], [79, 67]], "mask": png}))
    assert found["p.png"][0][1] == [[55, 62], [75, 62], [75, 67], [55, 67]]


@pytest.mark.parametrize(("kind", "points", "why"), [
    ("line", SQUARE[:2], "a line of 2 points has no area"), ("point", SQUARE[:1], "a point of 1 point has no area"),
    ("linestrip", SQUARE, "a linestrip of 4 points has no area"),
    ("points", SQUARE, "a points of 4 points has no area"),
    ("polygon", SQUARE[:2], "a polygon of 2 points has no area"),
    ("rotation", [], "a rotation of 0 points has no area"),
    ("cuboid", SQUARE * 2, "a shape of type 'cuboid' with 8 points is not known"),
    ("circle", [[5, 5], [5, 5]], "a circle with a radius of 0"), ("mask", SQUARE, "a mask that cannot be decoded"),
])  # fmt: skip
def test_shapes_that_are_left_out(tool, kind, points, why):
    found, report = tool.read("labelme", file_of({"shape_type": kind, "points": points, "label": "LOST"}, {}))
    assert found == {"p.png": [("a", SQUARE)]}
    assert f"shape 1: {why}" in report.warnings[0] and report.warnings[0].endswith("left out, its text is 'LOST'")


@pytest.mark.parametrize(("more", "text"), [
    ({"difficult": True}, "###"), ({"difficult": False}, "a"), ({"flags": {"difficult": True}}, "###"),
    ({"flags": {"ignore": 1}}, "###"), ({"flags": {"ignore": False}}, "a"), ({"attributes": {"ignore": "true"}}, "###"),
    ({"description": "said"}, "said"), ({"description": ""}, "a"), ({"flags": None, "attributes": None}, "a"),
])  # fmt: skip
def test_texts_and_what_ignores_them(tool, more, text):
    assert tool.read("labelme", file_of(more))[0] == {"p.png": [(text, SQUARE)]}


def test_hidden_copies_and_files_of_other_programs(tool):
    tool.write("json/p.json", file_of({"label": "NEW"}))
    tool.write("json/.ipynb_checkpoints/p-checkpoint.json", file_of({"label": "OLD"}))
    (tool.folder / "json/._p.json").write_bytes(b"\0\5\x16\7\0\2\0\0")
    tool.write("json/coco.json", {"images": [], "annotations": []})
    tool.write("json/list.json", [1])
    found, report = tool.read("labelme", tool.folder / "json")
    assert found == {"p.png": [("NEW", SQUARE)]}
    assert report.notes == {
        "hidden files or folders passed over, such as ._p.json": 2,
        "JSON files of other programs left out, such as coco.json": 1,
        "JSON files of other programs left out, such as list.json": 1,
    }  # fmt: skip
    with pytest.raises(DataError, match=r"_p.json: macOS has added this file to store attributes of another one"):
        tool.read("labelme", tool.folder / "json/._p.json")


def test_two_files_for_one_image(tool):
    tool.write("json/p.json", file_of({}))
    tool.write("json/p copy.json", file_of({}))
    message = r"json/p.json: 'p.png' and 'p.png' \(.*json/p copy.json\) would both be .*img/p.png"
    with pytest.raises(DataError, match=message):
        tool.read("labelme", tool.folder / "json")


def test_folders_that_are_links(tool):
    tool.write("store/p.json", file_of({}))
    (tool.folder / "json").mkdir()
    (tool.folder / "json/part").symlink_to("../store")
    (tool.folder / "json/gone").symlink_to("../nowhere")
    found, report = tool.read("labelme", tool.folder / "json")
    assert list(found) == ["p.png"]
    assert report.warnings == [f"{tool.folder}/json/gone: a link to ../nowhere, which does not exist; passed over"]


def test_subfolders_of_files_and_images_correspond(tool):
    tool.draw("a/q.png", "b/q.png")
    for name in "ab":
        tool.write(f"json/{name}/q.json", file_of({"label": name}, path="q.png"))
    found, _ = tool.read("labelme", tool.folder / "json")
    assert found == {f"{name}/q.png": [(name, SQUARE)] for name in "ab"}


def test_round_trip_with_linked_folders(tool):
    (tool.folder / "store").mkdir()
    (tool.images / "p.png").rename(tool.folder / "store/p.png")
    (tool.images / "part").symlink_to("../store")
    (tool.folder / "gt.txt").write_text('part/p.png\t[{"transcription": "a", "points": [[0, 0], [9, 0], [9, 9]]}]\n')
    for name, target in (("labelme", "json"), ("ppocrlabel", "Label.txt"), ("coco", "coco.json")):
        target = tool.folder / target
        annotation_tools.export_labels(name, tool.images, tool.folder / "gt.txt", target)
        assert list(tool.read(name, target)[0]) == ["part/p.png"]


@pytest.mark.parametrize(("shape", "message"), [
    ({"points": [[1, 2, 3]]}, r"shape 1: expected points \[\[x, y\], ...\], got"),
    ({"points": {}}, "expected list, got dict"),
    ({"label": None}, "'label': expected str, got NoneType"), ({"flags": []}, None),
    ({"flags": [1]}, "flags: expected dict"),
    ({"description": 5}, "'description': expected str, got int"),
    ({"shape_type": 5}, "'shape_type': expected a string"),
])  # fmt: skip
def test_malformed_shapes(tool, shape, message):
    if message is None:
        assert tool.read("labelme", file_of(shape))
        return
    with pytest.raises(DataError, match=message):
        tool.read("labelme", file_of(shape))
