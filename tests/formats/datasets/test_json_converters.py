"""Converters of data sets annotated in one JSON file for many images."""

import pytest

from mindocr.errors import ConfigError, DataError

COCO = {
    "imgs": {
        "7": {"id": 7, "file_name": "COCO_train2014_000000000007.jpg", "set": "val"},
        "9": {"id": 9, "file_name": "COCO_train2014_000000000009.jpg", "width": 500, "height": 300, "set": "train"},
        "8": {"id": 8, "file_name": "COCO_train2014_000000000008.jpg", "width": 500, "height": 300, "set": "train"},
        "5": {"id": 5, "file_name": "COCO_train2014_000000000005.jpg", "width": 500, "height": 300, "set": "test"},
    },
    "imgToAnns": {"7": [1, 2], "8": [], "9": [3, 4]},
    "anns": {
        "1": {"mask": [30.9, 20.7, 90.0, 21.2, 90.0, 35.8, 30.9, 35.2], "legibility": "legible", "utf8_string": "oak",
              "language": "english", "class": "machine printed"},
        "2": {"mask": [1, 1, 9, 1, 9, 9, 1, 9], "legibility": "illegible", "language": "na", "class": "others"},
        "3": {"polygon": [1, 1, 9, 1, 9, 9, 1, 9], "legibility": "legible", "utf8_string": ""},
        "4": {"mask": [], "bbox": [10.5, 20, 30.2, 5], "legibility": "legible", "utf8_string": "a"},
    },
}  # fmt: skip


def test_cocotext(raw_set, box):
    raw_set.draw(*(f"COCO_train2014_00000000000{i}.jpg" for i in (5, 7, 8, 9)))
    raw_set.write({"coco.json": COCO})
    val, _ = raw_set.convert("cocotext", "coco.json", split="val")
    oak = ("oak", [[30, 20], [90, 21], [90, 35], [30, 35]])
    assert val == [("COCO_train2014_000000000007.jpg", [oak, ("###", box(1, 1, 9, 9))])]
    train, report = raw_set.convert("cocotext", "coco.json", split="train")
    boxes = [("###", box(1, 1, 9, 9)), ("a", box(10, 20, 40, 25))]
    assert train == [("COCO_train2014_000000000008.jpg", []), ("COCO_train2014_000000000009.jpg", boxes)]
    assert (report.texts, report.ignored, report.warnings) == (2, 1, [])
    fewer, report = raw_set.convert("cocotext", "coco.json", split="train", drop_empty=True)
    assert fewer == train[1:]
    assert (report.texts, report.notes) == (2, {"images with only ignored texts or none left out": 1})


def test_narrow_texts_are_left_out_on_request(raw_set, box):
    raw_set.draw("COCO_train2014_000000000007.jpg", size=(100, 200))
    texts = {"1": [0, 0, 4, 9], "2": [0, 0, 3, 9]}  # 4 and 3 of 200 pixels
    marks = {"legibility": "legible", "utf8_string": "a"}
    coco = {
        "imgs": {"7": COCO["imgs"]["7"]},
        "imgToAnns": {"7": list(texts)},
        "anns": {key: {"bbox": numbers, **marks} for key, numbers in texts.items()},
    }
    raw_set.write({"coco.json": coco})
    lines, report = raw_set.convert("cocotext", "coco.json", split="val", min_text_width=0.02)
    assert [texts for _, texts in lines] == [[("a", box(0, 0, 4, 9))]]
    assert (report.texts, report.notes) == (1, {"narrow texts left out": 1})
    with pytest.raises(ConfigError, match="--min_text_width: expected a fraction of the image width .* got 60"):
        raw_set.convert("cocotext", "coco.json", split="val", min_text_width=60)


def test_cocotext_wants_a_part(raw_set):
    raw_set.draw("COCO_train2014_000000000007.jpg")
    raw_set.write({"coco.json": {**COCO, "imgs": {"7": COCO["imgs"]["7"]}}, "all.json": COCO})
    with pytest.raises(DataError, match="COCO-Text has its parts in one file; add --split train or --split val"):
        raw_set.convert("cocotext", "coco.json")
    lines, report = raw_set.convert("cocotext", "coco.json", split="train")
    assert lines == [] and "no image of the part 'train'; available parts: val" in report.warnings[0]
    with pytest.raises(DataError, match="the part 'test' has no annotations"):
        raw_set.convert("cocotext", "all.json", split="test")
    with pytest.raises(DataError, match=r"none of the 2 annotated images is in this folder \(.*008.jpg: no such"):
        raw_set.convert("cocotext", "all.json", split="train")
    raw_set.write({"coco.json": {"imgs": {}, "imgToAnns": {}}})
    with pytest.raises(DataError, match=r"coco.json: no 'anns' among its keys \(imgs, imgToAnns\)"):
        raw_set.convert("cocotext", "coco.json", split="train")
    raw_set.write({"coco.json": {**COCO, "anns": {}}})
    with pytest.raises(DataError, match=r"coco.json: annotation 1: image 7 refers to it, but it does not exist"):
        raw_set.convert("cocotext", "coco.json", split="val")


@pytest.mark.parametrize(("name", "links"), [("file_name", "imgToAnns"), ("filename", "img2Anns")])
def test_textocr(raw_set, name, links):
    raw_set.draw("aa.jpg", "bb.jpg")
    image = {"width": 500, "height": 300, "set": "train"}
    raw_set.write({"t.json": {
        "imgs": {"bb": {**image, name: "train/bb.jpg"}, "aa": {**image, name: "train/aa.jpg", "set": "val"}},
        links: {"bb": ["bb_1", "bb_2"], "aa": []},
        "anns": {
            "bb_1": {"points": [100, 100, 200, 200, 200, 100, 100, 200], "utf8_string": ".", "bbox": [0, 0, 1, 1]},
            "bb_2": {"points": [1.5, 1, 9, 1, 12.25, 5, 9, 9, 1, 9], "utf8_string": "..", "bbox": [0, 0, 1, 1]},
        },
    }})  # fmt: skip
    lines, report = raw_set.convert("textocr", "t.json")
    square = [[100, 100], [200, 100], [200, 200], [100, 200]]
    pentagon = [[1.5, 1], [9, 1], [12.25, 5], [9, 9], [1, 9]]
    assert lines == [("aa.jpg", []), ("bb.jpg", [("###", square), ("..", pentagon)])]
    assert (report.repaired, report.warnings) == (1, [])
    assert raw_set.convert("textocr", "t.json", split="val")[0] == [("aa.jpg", [])]


def test_sizes_in_the_labels_tell_of_images_on_their_side(raw_set):
    raw_set.draw("aa.jpg", "bb.jpg", "cc.jpg", size=(100, 200))
    sizes = {"aa": (100, 200), "bb": (200, 100), "cc": (100, 50)}
    raw_set.write({"t.json": {
        "imgs": {key: {"file_name": f"{key}.jpg", "width": w, "height": h} for key, (w, h) in sizes.items()},
        "imgToAnns": {}, "anns": {},
    }})  # fmt: skip
    lines, report = raw_set.convert("textocr", "t.json")
    assert len(lines) == 3
    assert len(report.warnings) == 1
    assert "aa.jpg: its labels fit the image rotated by 90 degrees (it is 200 x 100" in report.warnings[0]


def test_ctw(raw_set, box):
    raw_set.draw("0000172.jpg")
    sentence = [{"polygon": box(0.0, 0, 10, 10), "text": "东", "is_chinese": True, "adjusted_bbox": [0, 0, 10, 10]},
                {"polygon": box(12, 0, 22, 10.0), "text": "西", "is_chinese": True, "attributes": []}]  # fmt: skip
    item = {"image_id": "0000172", "file_name": "0000172.jpg", "width": 500, "height": 300, "annotations": [sentence],
            "ignore": [{"polygon": box(1, 1, 9, 9), "bbox": [1, 1, 8, 8]}]}  # fmt: skip
    raw_set.write({"train.jsonl": item, "test.jsonl": {"image_id": "1", "file_name": "a", "proposals": []}})
    ((name, (text, ignored)),), _ = raw_set.convert("ctw", "train.jsonl")
    assert (name, text[0], ignored) == ("0000172.jpg", "东西", ("###", box(1, 1, 9, 9)))
    assert sorted(text[1]) == sorted(box(0, 0, 22, 10))
    assert all(isinstance(value, float) for point in text[1] for value in point)
    with pytest.raises(DataError, match=r"test.jsonl:1: no 'annotations'; use train.jsonl or val.jsonl"):
        raw_set.convert("ctw", "test.jsonl")
    with pytest.raises(DataError, match=r"set --label_dir to the file \(train.jsonl or val.jsonl\)"):
        raw_set.convert("ctw")
    raw_set.write({"bad": '{"annotations": [], "ignore": [], "file_name": "0000172.jpg"}\n{'})
    with pytest.raises(DataError, match=r"bad:2:1: not JSON"):
        raw_set.convert("ctw", "bad")


def curve(x, y, w, h):
    """Control points of the two long sides of a box."""
    upper = [[x + w * i / 3, y] for i in range(4)]
    lower = [[x + w * i / 3, y + h] for i in (3, 2, 1, 0)]
    return [value for point in upper + lower for value in point]


def test_syntext150k(raw_set, box):
    raw_set.draw("0000003.jpg", "00060001.jpg", "0000000.jpg", "0000004.jpg")
    text = {"bbox": [20.5, 40.0, 100.0, 30.0], "rec": [34, 66, 84, 95, 96, 96], "category_id": 1, "iscrowd": 0}
    raw_set.write({"ann.json": {
        "images": [{"id": 60001, "file_name": "0000000.jpg"}, {"id": 3, "file_name": "gone.jpg"},
                   {"id": 4, "file_name": "0000004.jpg"}],
        "annotations": [
            {**text, "image_id": 3},
            {**text, "image_id": 4, "bezier_pts": curve(20.5, 40, 100, 30)},
            {**text, "image_id": 4, "bezier_pts": curve(220.5, 40, 100, 30)},
        ],
    }})  # fmt: skip
    lines, report = raw_set.convert("syntext150k", "ann.json")
    assert [name for name, _ in lines] == ["0000003.jpg", "0000004.jpg", "0000000.jpg"]
    assert lines[0][1] == [("Bbt口", box(20, 40, 120, 70))]
    (_, curved), (_, replaced) = lines[1][1]
    assert curved[:7] == [[round(20.5 + 100 * i / 6, 2), 40.0] for i in range(7)]
    assert curved[7:] == [[round(120.5 - 100 * i / 6, 2), 70.0] for i in range(7)]
    assert replaced == box(20, 40, 120, 70)
    assert report.notes == {"curves that do not fit their box, replaced by the box": 1}
    assert len(report.warnings) == 1
    assert "image 60001 is listed as 0000000.jpg (used), but 00060001.jpg exists too" in report.warnings[0]
    raw_set.write({"ann.json": {"images": [], "annotations": [{**text, "image_id": 3, "rec": [97]}]}})
    with pytest.raises(DataError, match=r"annotation 1: expected character ids from 0 to 96 in rec, got \[97\]"):
        raw_set.convert("syntext150k", "ann.json")
    raw_set.write({"ann.json": {"images": [], "annotations": [{**text, "image_id": 3, "bezier_pts": [1, 2]}]}})
    with pytest.raises(DataError, match=r"annotation 1: expected bezier_pts of 16 numbers \(8 points\), got 2"):
        raw_set.convert("syntext150k", "ann.json")
