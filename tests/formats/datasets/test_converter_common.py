"""Shared code of all converters: reading, pairing, images, reports."""

import re

import numpy as np
import pytest
from PIL import Image

from mindocr.errors import DataError
from mindocr.formats import datasets
from mindocr.formats.datasets.common import Report, Text, make_text
from mindocr.formats.datasets.images import look_at, place_of
from mindocr.formats.datasets.pairing import by_number
from mindocr.formats.datasets.reading import flat_points, parse_number, read_text_lines, read_xml, split_box, unquote

LINE = "10,20,110,20,110,60,10,60,text\n"


def test_every_data_set_has_a_converter():
    names = (
        "borndigital casia10k ccpd cocotext ctw ctw1500 hust_tr400 ic15 ic19_art icdar2013 lsvt mlt2017 mlt2019 "
        "mtwi2018 rctw17 rects scut_foru sroie svt syntext150k synthtext td500 textocr totaltext"
    )
    assert datasets.names() == names.split()


@pytest.mark.parametrize(("text", "value"), [
    (" 7 ", 7), ("-3", -3), ("+3.50", 3.5), ("20.0", 20.0), ("\ufeff12", 12), ("1e2", 100), (".5", 0.5),
])  # fmt: skip
def test_numbers(text, value):
    number = parse_number(text, "here")
    assert number == value and type(number) is (float if "." in text else int)


@pytest.mark.parametrize("text", ["", "nan", "inf", "1_000", "0x10", "1e300", "٣", "1.2.3", "1,2"])
def test_no_numbers(text):
    with pytest.raises(DataError, match=re.escape(f"here: expected a number of pixels, got {text!r}")):
        parse_number(text, "here")


def test_numbers_in_json():
    assert flat_points([1, 2.5, 3, 4], "here") == [[1, 2.5], [3, 4]]
    for wrong in ([1, True], [1, float("nan")], ["1", 2], [None, 2]):
        with pytest.raises(DataError, match="here: expected a number of pixels"):
            flat_points(wrong, "here")
    with pytest.raises(DataError, match="here: expected list, got str: 12"):
        flat_points("12", "here")


def test_only_line_feeds_end_lines(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffa\x0cb\u2028c\x85d\r\n \n\ufeffe".encode())
    assert read_text_lines(file) == [(1, "a\x0cb\u2028c\x85d"), (3, "e")]
    file.write_bytes(b"ok\nok\n\xff")
    with pytest.raises(DataError, match=r"a.txt:3: not utf-8-sig \(invalid start byte at byte 6\)"):
        read_text_lines(file)
    with pytest.raises(DataError, match="b.txt: cannot read this annotation file: No such file"):
        read_text_lines(tmp_path / "b.txt")


def test_boxes_and_quotes():
    assert split_box("1,2,3,4,,", "here") == ([1, 2, 3, 4], ",")
    assert split_box(' 1 2  3, -4, "a" ', "here") == ([1, 2, 3, -4], "a")
    assert [unquote(text) for text in ('"', '""', '"a', '""a""')] == ['"', "", '"a', '"a"']


def test_text_without_an_order_or_an_area(tmp_path):
    report = Report(tmp_path)
    assert make_text(Text([[0, 0], [0, 5], [9, 5], [9, 0]], "a"), report) == {
        "transcription": "a", "points": [[0, 0], [9, 0], [9, 5], [0, 5]]
    }  # fmt: skip
    assert make_text(Text([[0, 0], [9, 0]], "a"), report) is None
    assert make_text(Text([], "a"), report) is None
    assert make_text(Text([[0, 0], [9, 5], [9, 0], [0, 5]], " "), report)["transcription"] == "###"
    assert (report.texts, report.ignored, report.turned, report.repaired, report.dropped) == (2, 1, 1, 1, 2)
    assert str(report) == (
        f"{tmp_path}: 0 images, 2 texts of which 1 ignored; 1 polygons turned clockwise, 1 repaired, 2 dropped; "
        "0 warnings"
    )


def test_order_by_number():
    names = ["img_10", "stray", "img_9", "a_b_1", "10"]
    assert sorted(names, key=by_number) == ["a_b_1", "img_9", "10", "img_10", "stray"]


def test_images_of_one_name(raw_set):
    raw_set.draw("a/img_1.jpg", "b/img_1.jpg")
    raw_set.write({"gt_img_1.txt": LINE})
    with pytest.raises(DataError, match="b/img_1.jpg: another image of this name is .*a/img_1.jpg; set --image_dir"):
        raw_set.convert("ic15")
    assert raw_set.convert("ic15", image="a")[0][0][0] == "img_1.jpg"


def test_annotations_of_one_image(raw_set):
    raw_set.draw("img_1.jpg")
    raw_set.write({"a/gt_img_1.txt": LINE, "b/gt_img_1.txt": LINE})
    with pytest.raises(DataError, match="b/gt_img_1.txt: .*a/gt_img_1.txt is for the same image; set --label_dir"):
        raw_set.convert("ic15")


def test_nothing_is_left_when_it_goes_wrong(raw_set):
    raw_set.draw("img_1.jpg", "img_2.jpg")
    raw_set.write({"gt_img_1.txt": LINE, "gt_img_2.txt": "broken"})
    with pytest.raises(DataError, match="gt_img_2.txt:1"):
        raw_set.convert("ic15")
    assert list((raw_set.folder / "out").iterdir()) == []
    (raw_set.folder / "out/gt.txt").mkdir()
    raw_set.write({"gt_img_2.txt": LINE})
    with pytest.raises(DataError, match="gt.txt: cannot write the label file"):
        raw_set.convert("ic15")


def test_many_warnings_are_counted_not_shown(raw_set, caplog):
    raw_set.draw("img_0.jpg", *(f"img_{i}.jpg" for i in range(1, 15)))
    raw_set.write({"gt_img_0.txt": LINE})
    lines, report = raw_set.convert("ic15")
    assert (len(lines), len(report.warnings)) == (1, 14)
    assert len(caplog.records) == 11
    assert "--strict stops at the first" in caplog.records[-1].message


def test_none_of_the_images_is_there(raw_set):
    raw_set.draw("other.jpg")
    raw_set.write({"gt_img_1.txt": LINE})
    with pytest.raises(DataError, match=r"images: none of the 1 annotated images is in this folder"):
        raw_set.convert("ic15")


def test_split_without_a_meaning_is_named(raw_set, caplog):
    raw_set.draw("img_1.jpg")
    raw_set.write({"gt_img_1.txt": LINE})
    raw_set.convert("ic15", split="train")
    assert "--split train has no effect for ic15" in caplog.text


def test_exif_turns_the_size(raw_set):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("img_1.jpg", "img_2.jpg", "img_3.jpg"):
        Image.new("RGB", (200, 100)).save(raw_set.images / name, exif=exif)
    assert look_at(raw_set.images / "img_1.jpg")[1] == (100, 200)
    raw_set.write({
        "gt_img_1.txt": "10,20,180,20,180,60,10,60,made on the stored pixels\n",
        "gt_img_2.txt": "10,20,90,20,90,180,10,180,made on the upright picture\n",
        "gt_img_3.txt": "10,20,300,20,300,60,10,60,fits neither\n",
    })  # fmt: skip
    lines, report = raw_set.convert("ic15")
    assert len(lines) == 3 and len(report.warnings) == 1
    assert "img_1.jpg: its labels fit the image rotated by 90 degrees (it is 100 x 200 as decoded" in report.warnings[0]


def test_gif_by_its_content(raw_set):
    frames = [Image.fromarray(np.full((20, 30), value, np.uint8)) for value in (200, 10)]
    frames[0].save(raw_set.images / "img_1.jpg", format="GIF", save_all=True, append_images=frames[1:])
    raw_set.write({"gt_img_1.txt": "1,2,9,2,9,9,1,9,a"})
    assert raw_set.convert("ic15")[0][0][0] == "img_1.png"
    assert np.asarray(Image.open(raw_set.images / "img_1.png")).mean() == 200


def test_names_do_not_lead_out(tmp_path):
    (tmp_path / "a.jpg").touch()
    assert place_of(tmp_path, "x/a.jpg", "here") == tmp_path / "a.jpg"
    assert place_of(tmp_path, "x\\b.jpg", "here") == tmp_path / "x" / "b.jpg"
    for name in ("../a.jpg", "x/../../a.jpg", "/etc/passwd", "..\\a.jpg", "C:\\a.jpg", "", "."):
        with pytest.raises(DataError, match=f"here: the image name {re.escape(repr(name))} is outside"):
            place_of(tmp_path, name, "here")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_with_entities_is_refused(tmp_path, encoding):
    file = tmp_path / "a.xml"
    bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;"><!ENTITY d SYSTEM "file:///etc/passwd">]><a>&c;&d;</a>'
    file.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>\n{bomb}'.encode(encoding))
    with pytest.raises(DataError, match=r"a.xml:2: a document type \(<!DOCTYPE ...>\) is not accepted"):
        read_xml(file)
    file.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>\n<a>\n<b x="é">&lt;</b></a>'.encode(encoding))
    root, lines = read_xml(file)
    assert (root[0].get("x"), root[0].text, lines[root[0]]) == ("é", "<", 3)


def test_folders_that_are_links(raw_set):
    raw_set.draw("a/img_1.jpg")
    store = raw_set.folder / "store"
    store.mkdir()
    (raw_set.images / "a/img_1.jpg").rename(store / "img_2.jpg")
    raw_set.draw("a/img_1.jpg")
    (raw_set.images / "b").symlink_to("../store")
    (store / "circle").symlink_to("../images")
    raw_set.write({"gt_img_1.txt": LINE, "gt_img_2.txt": LINE})
    lines, report = raw_set.convert("ic15")
    assert ([path for path, _ in lines], report.warnings) == (["a/img_1.jpg", "b/img_2.jpg"], [])
    (raw_set.images / "c").symlink_to("../gone")
    assert "images/c: a link to ../gone, which does not exist; passed over" in raw_set.convert("ic15")[1].warnings[0]


def test_hidden_folders_are_passed_over_and_counted(raw_set):
    raw_set.draw("a/img_1.jpg", "a/@eaDir/img_1.jpg", "a/.ipynb_checkpoints/img_1.jpg")
    raw_set.write({"x/gt_img_1.txt": LINE, "x/._gt_img_1.txt": b"\0\5\x16\7"})
    lines, report = raw_set.convert("ic15")
    assert [path for path, _ in lines] == ["a/img_1.jpg"]
    assert report.notes == {
        "hidden files or folders passed over, such as a/.ipynb_checkpoints": 2,
        "hidden files or folders passed over, such as x/._gt_img_1.txt": 1,
    }  # fmt: skip


def test_images_and_labels_in_subfolders_are_found_where_the_folder_lacks_them(raw_set):
    raw_set.draw("img_1.jpg", "more/img_2.jpg", "other/img_9.jpg")
    raw_set.write({"readme.txt": "made by me", "x/gt_img_1.txt": LINE, "x/gt_img_2.txt": LINE})
    lines, report = raw_set.convert("ic15")
    assert ([path for path, _ in lines], report.warnings) == (["img_1.jpg", "more/img_2.jpg"], [])


def test_an_image_that_is_annotated_twice(raw_set):
    raw_set.draw("1.jpg")
    image = {"file_name": "train/1.jpg", "set": "train"}
    raw_set.write(
        {"a.json": {"imgs": {"1": image, "2": {**image, "file_name": "val/1.jpg"}}, "anns": {}, "imgToAnns": {}}}
    )
    message = r"images/1.jpg: this image is annotated twice \(.*a.json: image 1\), again \(.*a.json: image 2\); remove"
    with pytest.raises(DataError, match=message):
        raw_set.convert("textocr", "a.json")


def test_paths_that_no_label_line_can_hold(raw_set):
    raw_set.draw("img\t1.jpg")
    raw_set.write({"gt_img\t1.txt": LINE})
    with pytest.raises(DataError, match=r"image path 'img\\t1.jpg' is empty or contains a tab"):
        raw_set.convert("ic15")
