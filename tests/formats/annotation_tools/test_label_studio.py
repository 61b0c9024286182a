"""Label Studio: shapes, texts, keys of images, and exports other than JSON."""

import numpy as np
import pytest
from test_masks import packed

from mindocr.errors import DataError

BOX = {"x": 10, "y": 20, "width": 50, "height": 30, "rotation": 0}
CORNERS = [[32, 32], [192, 32], [192, 80], [32, 80]]
ELLIPSE = {"x": 50, "y": 50, "radiusX": 25, "radiusY": 10, "rotation": 0}
URL = "/data/upload/3/1a2b3c4d-p.png"


def region(value, kind="rectanglelabels", key="r1", **more):
    size = {"original_width": 320, "original_height": 160, "image_rotation": 0}
    return {"id": key, "type": kind, "from_name": kind, "to_name": "image", **size, "value": value, **more}


def said(*texts, key="r1", name="transcription"):
    return {"id": key, "type": "textarea", "from_name": name, "to_name": "image", "value": {"text": list(texts)}}


def tasks(*results, url=URL, key="image", **more):
    return [{"data": {key: url}, "annotations": [{"result": list(results)}], **more}]


@pytest.mark.parametrize("kind", ["ellipse", "ellipselabels"])
def test_ellipses_become_polygons(tool, kind):
    found, report = tool.read("label_studio", tasks(region(ELLIPSE, kind), said("OVAL")))
    ((text, points),) = found["p.png"]
    assert (text, len(points), report.warnings) == ("OVAL", 24, [])
    x, y = np.array(points).T
    np.testing.assert_allclose(((x - 160) / 80) ** 2 + ((y - 80) / 16) ** 2, 1, atol=1e-6)
    assert points[0] == [240, 80] and points[6] == [160, 96]  # clockwise on the screen
    turned = tool.read("label_studio", tasks(region({**ELLIPSE, "rotation": 90}, kind)))[0]["p.png"][0][1]
    np.testing.assert_allclose(turned[0], [160, 160], atol=1e-6)


def test_brush_masks_become_their_outline(tool):
    mask = np.zeros((160, 320), int)
    mask[40:60, 100:200] = 255
    content = packed(np.repeat(mask.ravel(), 4).tolist())
    brush = region({"format": "rle", "rle": content, "brushlabels": ["Text"]}, "brushlabels")
    found, report = tool.read("label_studio", tasks(brush, said("WORD")))
    assert found == {"p.png": [("WORD", [[100, 40], [200, 40], [200, 60], [100, 60]])]}
    assert report.notes == {"brush masks replaced by their outline": 1}


@pytest.mark.parametrize(("value", "kind", "why"), [
    ({"format": "rle", "rle": [0, 0, 0, 8, 1, 2]}, "brushlabels", "a mask that cannot be decoded: it has 8 values"),
    ({"x": 5, "y": 5, "width": 0.5}, "keypointlabels", "not a polygon, a box, an ellipse or a brush mask"),
    ({"vertices": [{"x": 1, "y": 2}]}, "vectorlabels", "not a polygon, a box, an ellipse or a brush mask"),
    ({"points": [[1, 2], [3, 4]]}, "polygon", "a polygon of 2 points, which has no area"),
    ({**BOX, "height": 0}, "rectangle", "a box without an area"),
    ({**ELLIPSE, "radiusX": 0}, "ellipse", "without an area"),
])  # fmt: skip
def test_regions_that_are_left_out_are_named_with_their_text(tool, value, kind, why):
    found, report = tool.read("label_studio", tasks(region(value, kind), said("LOST"), region(BOX, key="r2")))
    assert found == {"p.png": [("text", CORNERS)]}
    assert len(report.warnings) == 1
    assert f"task 1: result 1: a region of type {kind} is left out: " in report.warnings[0]
    assert why in report.warnings[0] and report.warnings[0].endswith("its text is 'LOST'")


def test_texts_of_a_region_and_of_a_whole_image(tool):
    results = [region(BOX), said("HI", "THERE", name="anything"), said("a street", key="x", name="caption"),
               {"type": "relation", "from_id": "r1", "to_id": "x"}]  # fmt: skip
    found, report = tool.read("label_studio", tasks(*results))
    assert found == {"p.png": [("HI THERE", CORNERS)]}
    assert report.notes == {"texts of whole images, without a region, left out": 1}
    several = tasks(region(BOX), said("comment", name="note"), said("WORD"))
    found, report = tool.read("label_studio", several)
    assert found == {"p.png": [("WORD", CORNERS)]}
    assert report.notes == {
        "regions with several texts (note, transcription), of which one was used; see --text_key": 1
    }
    assert tool.read("label_studio", several, text_key="note")[0] == {"p.png": [("comment", CORNERS)]}


def test_annotations_of_a_task(tool):
    done = {"result": [region(BOX)], "updated_at": "2024"}
    old = {"result": [region(ELLIPSE, "ellipse")], "updated_at": "2023"}
    content = [{"data": {"image": URL}, "annotations": [done, old, {"was_cancelled": True, "result": []}]},
               {"data": {"image": "q.png"}, "annotations": [], "predictions": [{"result": [region(BOX)]}]},
               {"data": {"image": "r.png"}}]  # fmt: skip
    found, report = tool.read("label_studio", content)
    assert found == {"p.png": [("text", CORNERS)]}
    assert report.notes == {
        "older annotations of the same tasks left out": 1, "tasks with predictions only left out": 1,
        "tasks without an annotation left out": 1,
    }  # fmt: skip
    with pytest.raises(DataError, match="no annotated task: 1 tasks with predictions only left out; export the tasks"):
        tool.read("label_studio", content[1:2])
    with pytest.raises(DataError, match="no annotated task: no task in it"):
        tool.read("label_studio", [])


def test_a_size_that_is_not_stated_is_that_of_the_image(tool):
    result = region(BOX)
    del result["original_width"]
    assert tool.read("label_studio", tasks(result))[0] == {"p.png": [("text", CORNERS)]}
    with pytest.raises(DataError, match="no 'original_width' in a result, and .*q.png: no such image"):
        tool.read("label_studio", tasks(result, url="q.png"))


@pytest.mark.parametrize("url", [
    URL, "/data/local-files/?d=img%5Cp.png", "https://host/data/upload/3/1a2b3c4d-p.png", "s3://bucket/x/p.png",
    "C:\\photos\\p.png", "http://localhost:8080/img/p.png?x=1", "p.png", "1a2b3c4d-p.png",
])  # fmt: skip
def test_urls_of_images(tool, url):
    if not url.startswith("1a2b"):
        assert list(tool.read("label_studio", tasks(region(BOX), url=url))[0]) == ["p.png"]
        return
    tool.draw("1a2b3c4d-p.png")
    assert list(tool.read("label_studio", tasks(region(BOX), url=URL))[0]) == ["1a2b3c4d-p.png"]


def test_two_uploads_of_one_name(tool):
    content = tasks(region(BOX)) + tasks(region(BOX), url="/data/upload/3/5e6f7a8b-p.png")
    with pytest.raises(DataError, match=r"task 2: '5e6f7a8b-p.png' and '1a2b3c4d-p.png' .* would both be .*p.png"):
        tool.read("label_studio", content)
    tool.draw("1a2b3c4d-p.png", "5e6f7a8b-p.png")
    assert sorted(tool.read("label_studio", content)[0]) == ["1a2b3c4d-p.png", "5e6f7a8b-p.png"]


def test_the_key_of_the_image(tool):
    assert list(tool.read("label_studio", tasks(region(BOX), key="photo"))[0]) == ["p.png"]
    content = tasks(region(BOX), key="photo")
    content[0]["data"] |= {"front": "https://host/f.jpg", "title": "a"}
    message = (
        r"task 1: which of its keys names the image\? several name an image: photo, front \(keys: photo, front, title\)"
    )
    with pytest.raises(DataError, match=message + "; set --image_key"):
        tool.read("label_studio", content)
    assert list(tool.read("label_studio", content, image_key="photo")[0]) == ["p.png"]
    with pytest.raises(DataError, match=r"no 'x' among its keys \(photo, front, title\); correct --image_key"):
        tool.read("label_studio", content, image_key="x")
    with pytest.raises(DataError, match=r"none of them names an image \(keys: title\); set --image_key"):
        tool.read("label_studio", tasks(region(BOX), url="a text", key="title"))
    with pytest.raises(
        DataError, match=r"'pages' is a list of images \(pages\); export tasks that have one image each"
    ):
        tool.read("label_studio", tasks(region(BOX), url=["a.png", "b.png"], key="pages"))
    with pytest.raises(DataError, match="the task contains the image itself"):
        tool.read("label_studio", tasks(region(BOX), url="data:image/png;base64,AAAA"))


def test_regions_on_two_images_of_a_task(tool):
    second = region(BOX, key="r2", to_name="image2")
    with pytest.raises(DataError, match=r"task 1: its regions are on several images \(image, image2\)"):
        tool.read("label_studio", tasks(region(BOX), second))


def simple(**more):
    boxes = [{**BOX, "original_width": 320, "original_height": 160}, {**BOX, "y": 60}]
    return [{"id": 1, "annotator": 1, "image": URL, "bbox": boxes, **more}]


def test_json_min_is_read_where_texts_and_regions_correspond(tool):
    labelled = [{**box, "rectanglelabels": [name]} for box, name in zip(simple()[0]["bbox"], ("Text", "Ignore"))]
    content = simple(label=labelled, transcription=["ONE", {"text": ["T", "WO"]}])
    found, report = tool.read("label_studio", content)
    assert found == {"p.png": [("ONE", CORNERS), ("###", [[32, 96], [192, 96], [192, 144], [32, 144]])]}
    assert report.notes == {"tasks of a JSON-MIN export, with texts assigned to regions by their order": 1}
    content[0]["label"] = labelled[:1]
    content[0]["bbox"] = content[0]["bbox"][:1]
    content[0]["transcription"] = "ONE"
    assert tool.read("label_studio", content)[0] == {"p.png": [("ONE", CORNERS)]}
    assert tool.read("label_studio", simple())[0]["p.png"][0] == ("text", CORNERS)


@pytest.mark.parametrize("texts", ["ONE", ["ONE"], ["1", "2", "3"], []])
def test_json_min_is_refused_where_they_do_not(tool, texts):
    with pytest.raises(DataError, match=r"a JSON-MIN export, which has 2 regions but \d texts in 'transcription', and"):
        tool.read("label_studio", simple(transcription=texts))
