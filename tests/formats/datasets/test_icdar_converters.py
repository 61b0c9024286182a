"""Converters of the ICDAR challenges, on samples with the oddities of the published files."""

import json
import re

import pytest
from PIL import Image

from mindocr.errors import DataError
from mindocr.formats import datasets

# name -> converter, folder below shared/data, and images, texts, ignored texts as counted by count() once
COUNTED = {
    "icdar2015 train": ("ic15", "icdar2015/train", (1000, 11886, 7418)),
    "icdar2015 test, ids 1 to 200": ("ic15", "icdar2015/test", (200, 2279, 1417)),
    "icdar2013 test, 60 of 233": ("icdar2013", "icdar2013/test", (60, 285, 0)),
}


def count(folder):
    """Counts of images, texts and ignored texts, and coordinates of each line, read without mindocr."""
    images = {file.stem for file in (folder / "images").iterdir()}
    texts = ignored = 0
    corners = {}
    for stem in images:
        content = (folder / "gts" / f"gt_{stem}.txt").read_bytes().decode("utf-8-sig")
        for line in content.replace("\r", "").split("\n"):
            if line.strip():
                quad = re.match(r"(-?\d+,){8}", line)
                numbers = [int(n) for n in re.findall(r"-?\d+", line)[: 8 if quad else 4]]
                corners.setdefault(stem, []).append(numbers)
                texts += 1
                ignored += line.endswith(",###")
    return (len(images), texts, ignored), corners


@pytest.mark.parametrize("name", COUNTED)
def test_counts_agree_with_an_independent_script(shared_dir, tmp_path, name):
    dataset, place, expected = COUNTED[name]
    folder = shared_dir / "data" / place
    counts, corners = count(folder)
    report = datasets.convert(dataset, folder / "images", folder / "gts", tmp_path / "gt.txt")
    assert counts == (report.images, report.texts, report.ignored) == expected
    assert (report.turned, report.repaired, report.dropped, report.warnings) == (0, 0, 0, [])
    lines = (tmp_path / "gt.txt").read_bytes().decode("utf-8").split("\n")
    assert lines.pop() == "" and len(lines) == counts[0] and lines == sorted(lines)
    items = {line.split("\t")[0]: json.loads(line.split("\t")[1]) for line in lines}
    assert sum(map(len, items.values())) == counts[1]
    assert sum(item["transcription"] == "###" for texts in items.values() for item in texts) == counts[2]
    for image, texts in items.items():
        found = [sum(item["points"], []) for item in texts]
        if dataset == "icdar2013":
            found = [[*box[:2], *box[4:6]] for box in found]
        assert found == corners.get(image.removesuffix(".jpg"), [])
    if "ids" in name:
        assert set(items) == {f"img_{number}.jpg" for number in range(1, 201)}


def test_icdar2013_train_and_test_lines(raw_set, box):
    raw_set.draw("img_1.jpg", "100.jpg", "101.jpg")
    raw_set.write({
        "gt_img_1.txt": '12, 30, 210, 95, "4,000"\n1, 2, 9, 9, ""Hi""\n',
        "gt_100.txt": '\ufeff10 20 30 40 "two words"\r\n\r\n10 20 10 40 "I"\r\n-3 20 30 40 "a"b"\r\n',
        "gt_101.txt": '1,2,30,40,"x"\n1,2,30,40,###\n1,2,30,40,\n',
        "readme.txt": "not an annotation",
    })  # fmt: skip
    lines, report = raw_set.convert("icdar2013")
    assert lines == [
        ("100.jpg", [("two words", box(10, 20, 30, 40)), ('a"b', box(-3, 20, 30, 40))]),
        ("101.jpg", [("x", box(1, 2, 30, 40)), ("###", box(1, 2, 30, 40)), ("###", box(1, 2, 30, 40))]),
        ("img_1.jpg", [("4,000", box(12, 30, 210, 95)), ('"Hi"', box(1, 2, 9, 9))]),
    ]
    assert (report.images, report.texts, report.ignored, report.dropped, report.warnings) == (3, 7, 2, 1, [])
    raw_set.write({"gt_101.txt": "1,2,3,4,5\n1.5,2,3,4,a\n"})
    with pytest.raises(DataError, match=r"gt_101.txt:2: expected four whole numbers and \"text\", got '1.5,2,3,4,a'"):
        raw_set.convert("icdar2013")


def test_borndigital_gif_and_order(raw_set, box):
    raw_set.draw("img_10.png", "img_9.jpg")
    Image.new("P", (60, 40), 3).save(raw_set.images / "img_2.gif")
    raw_set.write({
        "gt_img_10.txt": '5, 6, 50, 20, ""Hi""\n5, 6, 5, 20, "I"\n',
        "gt_img_9.txt": "",
        "gt_img_2.txt": '1, 2, 30, 20, "a, b"\n',
    })  # fmt: skip
    lines, report = raw_set.convert("borndigital")
    assert lines == [
        ("img_2.png", [("a, b", box(1, 2, 30, 20))]),
        ("img_9.jpg", []),
        ("img_10.png", [('"Hi"', box(5, 6, 50, 20))]),
    ]
    assert Image.open(raw_set.images / "img_2.png").size == (60, 40)
    assert (report.dropped, report.notes) == (1, {"GIF images replaced by PNG": 1})
    again, report = raw_set.convert("borndigital")
    assert (again, report.warnings, report.notes) == (lines, [], {})


def test_mlt2017(raw_set, box):
    quad = "10,20,110,20,110,60,10,60"
    raw_set.draw("img_11.JPG", "img_2.png")
    Image.new("RGB", (200, 100)).save(raw_set.images / "img_3.gif")
    raw_set.write({
        "gt_img_3.txt": f'{quad},Latin,"A, B"\n',
        "gt_img_11.txt": f"\ufeff{quad},None,###\r\n{quad},Arabic,#1\r\n",
        "gt_img_2.txt": f"{quad},Symbols, \n",
    })  # fmt: skip
    lines, _ = raw_set.convert("mlt2017")
    quad = box(10, 20, 110, 60)
    assert lines == [
        ("img_2.png", [("###", quad)]), ("img_3.png", [('"A, B"', quad)]), ("img_11.JPG", [("###", quad), ("#1", quad)])
    ]  # fmt: skip
    raw_set.write({"gt_img_2.txt": "1,2,3,4,5,6,7,8,text"})
    with pytest.raises(DataError, match=r"gt_img_2.txt:1: expected x1,.*,y4,script,text, got 9 fields"):
        raw_set.convert("mlt2017")


def test_mlt2019_has_no_prefix(raw_set, box):
    raw_set.draw("tr_img_00002.jpg", "tr_img_00010.png")
    raw_set.write({"tr_img_00002.txt": "0,0,9,0,9,9,0,9,None,###\n", "tr_img_00010.txt": "0,0,9,0,9,9,0,9,Hindi,क\n"})
    lines, _ = raw_set.convert("mlt2019")
    assert lines == [("tr_img_00002.jpg", [("###", box(0, 0, 9, 9))]), ("tr_img_00010.png", [("क", box(0, 0, 9, 9))])]


def test_sroie_encodings_and_copies(raw_set, box):
    raw_set.labels = raw_set.images  # images and annotations side by side
    raw_set.draw("X51001234567.jpg", "X51001234567(1).jpg", "X51001234568.jpg", "X51001234569.jpg")
    raw_set.write({
        "X51001234567.txt": "10,5,90,5,90,25,10,25,TOTAL, RM 5.00\r\n\r\n",
        "X51001234567(1).txt": "10,5,90,5,90,25,10,25,TOTAL\r\n",
        "X51001234568.txt": "10,5,90,5,90,25,10,25,茶\n10,5,90,5,90,25,10,25,***\n".encode("gbk"),
        "X51001234569.txt": b"10,5,90,5,90,25,10,25,5\xff\n",
        "X51001234570.txt": "10,5,90,5,90,25,10,25,lost\n",
    })  # fmt: skip
    lines, report = raw_set.convert("sroie")
    quad = box(10, 5, 90, 25)
    assert lines == [
        ("X51001234567.jpg", [("TOTAL, RM 5.00", quad)]),
        ("X51001234568.jpg", [("茶", quad), ("###", quad)]),
        ("X51001234569.jpg", [("5ÿ", quad)]),
    ]
    assert report.notes == {"copies left out": 1}
    assert len(report.warnings) == 1 and "no image X51001234570" in report.warnings[0]


def test_art(raw_set, box):
    raw_set.draw("train_images/gt_4.jpg", "train_images/gt_12.JPG", "train_images/gt_13.jpg")
    good = {"transcription": "x", "points": box(0, 0, 40, 20), "language": "Latin", "illegibility": False}
    star = [[0, 0], [40, 0], [40, 20], [20, -10], [0, 20]]
    raw_set.write({"train_labels.json": {
        "gt_12": [{**good, "illegibility": True}, {**good, "points": star}],
        "gt_4": [{**good, "transcription": "#", "points": [[0, 0], [9, 0]], "illegibility": True}, good],
        "gt_5": [good],
    }})  # fmt: skip
    lines, report = raw_set.convert("ic19_art")
    assert lines[0] == ("train_images/gt_4.jpg", [("x", box(0, 0, 40, 20))])
    assert lines[1][1][0] == ("###", box(0, 0, 40, 20))
    assert sorted(lines[1][1][1][1]) == sorted([[0, 20], [20, -10], [40, 20], [0, 0], [40, 0]])
    assert (report.dropped, report.repaired, report.missing, len(report.warnings)) == (1, 1, 1, 2)
    with pytest.raises(DataError, match=r"gt_5.jpg: no such image; annotation left out"):
        raw_set.convert("ic19_art", strict=True)


def test_lsvt(raw_set, box):
    raw_set.draw("train_full_images_0/gt_0.jpg", "train_full_images_1/gt_1.jpg")
    text = {"transcription": "店", "points": box(1, 2, 30, 40), "illegibility": True}
    bow = {"transcription": "a", "points": [[0, 0], [9, 5], [9, 0], [0, 5]], "illegibility": False}
    raw_set.write({"train_full_labels.json": {"gt_0": [text], "gt_1": [bow]}})
    lines, report = raw_set.convert("lsvt")
    assert lines == [("train_full_images_0/gt_0.jpg", [("###", box(1, 2, 30, 40))]),
                     ("train_full_images_1/gt_1.jpg", [("a", box(0, 0, 9, 5))])]  # fmt: skip
    assert report.repaired == 1
    raw_set.write({"weak.json": {"gt_0": [{"transcription": "店"}]}})
    with pytest.raises(DataError, match=r"weak.json: 'gt_0': text 1: no 'points'; files of texts without boxes"):
        raw_set.convert("lsvt", "weak.json")
    raw_set.write({"bad.json": {"gt_0": [{**text, "illegibility": "no"}]}})
    with pytest.raises(DataError, match=r"'illegibility' must be true or false, got 'no'"):
        raw_set.convert("lsvt", "bad.json")


def test_rects(raw_set, box):
    raw_set.draw("train_ReCTS_000010.jpg", "train_ReCTS_000002.jpg")
    lines_of = {"chars": [], "lines": [
        {"points": [0, 0, 50, 0, 50, 20, 0, 20], "transcription": "茶", "ignore": 1},
        {"points": [0, 0, 5, 0, 9, 0, 3, 0], "transcription": "a", "ignore": 0},
    ]}  # fmt: skip
    gbk = '{"lines": [{"points": [0,0,50,0,50,20,0,20], "transcription": "茶", "ignore": 0}]}'.encode("gbk")
    raw_set.write({"train_ReCTS_000002.json": lines_of, "train_ReCTS_000010.json": gbk})
    lines, report = raw_set.convert("rects")
    assert lines == [("train_ReCTS_000002.jpg", [("###", box(0, 0, 50, 20))]),
                     ("train_ReCTS_000010.jpg", [("茶", box(0, 0, 50, 20))])]  # fmt: skip
    assert report.dropped == 1
    raw_set.write({"train_ReCTS_000002.json": {"lines": [{"points": [0, 0, 5], "transcription": "a", "ignore": 0}]}})
    with pytest.raises(DataError, match=r"000002.json: line 1: expected x1, y1, x2, y2, ..., got 3 numbers"):
        raw_set.convert("rects")
