"""Ground truth and results read from every format; errors name file and line."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.formats.benchmarks import READERS, archive, pair_images, read_outlines, read_pairs

QUAD = "10,20,110,20,110,60,10,60"
RECORD = "x: [[10 110 110\n 10]], y: [[20 20 60 60]], ornt: [u'c']"
CORNERS = [[10, 20], [110, 20], [110, 60], [10, 60]]


def folder(tmp_path: Path, **files: str) -> Path:
    """A folder with text files; __ in a name is replaced by a dot."""
    place = tmp_path / "files"
    place.mkdir()
    for name, content in files.items():
        (place / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return place


def packed(tmp_path: Path, **files: str) -> Path:
    path = tmp_path / "files.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name.replace("__", "."), content)
    return path


def only(outlines: dict) -> tuple[str, list, list]:
    ((name, found),) = outlines.items()
    return name, [poly.tolist() for poly in found.polys], found.ignore


@pytest.mark.parametrize("make", [folder, packed])
@pytest.mark.parametrize(
    ("file_format", "line", "expected", "ignored"),
    [
        ("icdar2015", f"{QUAD},1,000", CORNERS, False),
        ("icdar2015", f"\ufeff{QUAD},###", CORNERS, True),
        ("icdar2015", f"{QUAD},#05-11", CORNERS, False),
        ("icdar2013", '10, 20, 110, 60, "4,000"', CORNERS, False),
        ("icdar2013", '10 20 110 60 "word"', CORNERS, False),
        ("td500", "0 1 10 20 100 40 0.0", CORNERS, True),
        ("td500", "10,20,110,60,0,None", CORNERS, False),
        ("td500", f"{QUAD},###", CORNERS, True),
        ("ctw1500", ",".join(["0,0,9,0"] * 7) + ",####A,B", [[0, 0], [9, 0]] * 7, False),
        ("totaltext", f"{RECORD}, transcriptions: [u'#']", CORNERS, True),
        ("totaltext", f"{QUAD},1999", CORNERS, False),
    ],
)
def test_truth(tmp_path, make, file_format, line, expected, ignored):
    path = make(tmp_path, gt_img_7__txt=f"{line}\r\n\r\n")
    assert only(read_outlines(path, "gt", file_format)) == ("img_7", [expected], [ignored])


@pytest.mark.parametrize("make", [folder, packed])
@pytest.mark.parametrize(
    ("file_format", "line", "expected"),
    [
        ("icdar2015", QUAD, CORNERS),
        ("icdar2015", f"{QUAD},0.98", CORNERS),
        ("icdar2015", f"{QUAD},0.98,100", CORNERS),
        ("icdar2015", f"{QUAD},100", CORNERS),
        ("icdar2015", f"{QUAD},a,1", CORNERS),
        ("icdar2013", "10,20,110,60", CORNERS),
        ("icdar2013", " 10.0, 20, 110, 60, 1", CORNERS),
        ("td500", "10,20,110,60,0", CORNERS),
        ("ctw1500", QUAD, CORNERS),
        ("totaltext", "20,10,20,110,60,110,60,10", CORNERS),
    ],
)
def test_results(tmp_path, make, file_format, line, expected):
    path = make(tmp_path, res_img_7__txt=f"{line}\n", res_img_8__txt="")
    found = read_outlines(path, "det", file_format)
    assert [poly.tolist() for poly in found["img_7"].polys] == [expected]
    assert found["img_8"].polys == [], "an empty file: nothing found"


def test_a_turned_box_stays_exact(tmp_path):
    found = read_outlines(folder(tmp_path, res_img_1__txt="100,200,400,240,0.1"), "det", "td500")["img_1"].polys[0]
    assert np.trunc(found).tolist() == [[102, 185], [401, 215], [397, 254], [98, 224]]
    assert not np.array_equal(found, np.round(found))


@pytest.mark.parametrize(
    ("file", "role", "image"),
    [("gt_img_1.txt", "gt", "img_1"), ("poly_gt_img5.txt", "gt", "img5"), ("0001001.txt", "gt", "1001"),
     ("IMG_0030.JPG.txt", "gt", "IMG_0030"), ("res_img_1.txt", "det", "img_1"), ("1001.txt", "det", "1001")],
)  # fmt: skip
def test_names_of_images(tmp_path, file, role, image):
    place = folder(tmp_path, **{file.replace(".", "__"): "", "readme__md": "no label file"})
    assert list(read_outlines(place, role, "icdar2015")) == [image]


def test_our_label_lines(tmp_path):
    file = tmp_path / "gt.txt"
    texts = [{"transcription": text, "points": CORNERS} for text in ("word", "###", "*")]
    file.write_text(f"test/img_1.jpg\t{json.dumps(texts)}\nimg_2.JPG\t[]\n", encoding="utf-8")
    outlines = read_outlines(file, "gt", "icdar2015")
    assert list(outlines) == ["test/img_1", "img_2"]
    assert outlines["test/img_1"].ignore == [False, True, True]
    assert outlines["test/img_1"].polys[2].tolist() == CORNERS
    assert outlines["img_2"].where == f"{file}:2"


def test_json_lines(tmp_path):
    file = tmp_path / "gt.jsonl"
    line = {"image": "a.b", "polygons": [CORNERS], "ignore": [True], "rects": [[0, 0, 4, 2, 0.0]]}
    file.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert only(read_outlines(file, "gt", "td500")) == ("a.b", [CORNERS], [True])
    rects = only(read_outlines(file, "gt", "td500", rotated_boxes=True))
    assert rects == ("a.b", [[[0, 0], [4, 0], [4, 2], [0, 2]]], [True])
    assert only(read_outlines(file, "det", "td500")) == ("a.b", [CORNERS], [False])


@pytest.mark.parametrize(
    ("file_format", "role", "line", "message"),
    [
        ("icdar2015", "gt", QUAD, "expected x1,y1,x2,y2,x3,y3,x4,y4,text, got 8 fields"),
        ("icdar2015", "det", "1,2,3,4", "expected x1,y1,...,x4,y4, 8 numbers, got 4"),
        ("icdar2015", "det", f"{QUAD},5,6", "8 numbers, got 10"),
        ("icdar2015", "det", QUAD.replace("60", "nan"), "8 numbers, got 5"),
        ("icdar2013", "det", QUAD, "expected xmin,ymin,xmax,ymax, 4 numbers, got 8"),
        ("icdar2013", "det", "9,0,5,5", "a box needs xmin <= xmax"),
        ("td500", "det", "1,2,3,4", "expected xmin,ymin,xmax,ymax,theta, 5 numbers, got 4"),
        ("td500", "gt", "10,20,5,60,0,None", "a box needs xmin <= xmax"),
        ("ctw1500", "det", "1,2,3,4,5", "an even count of 6 numbers or more, got 5 fields"),
        ("totaltext", "det", "1,2,3,4,5,x", "expected a number of pixels, got 'x'"),
        ("ctw1500", "gt", "1,2,3,4,####a", "expected 28 numbers"),
    ],
)
@pytest.mark.parametrize("make", [folder, packed])
def test_malformed_lines_are_told_with_file_and_line(tmp_path, make, file_format, role, line, message):
    good = {"icdar2015": f"{QUAD},a" if role == "gt" else QUAD}.get(file_format, "")
    path = make(tmp_path, img_1__txt=f"{good}\n{line}\n")
    with pytest.raises(DataError, match=re.escape(f"{path}/img_1.txt:2: ") + ".*" + re.escape(message)):
        read_outlines(path, role, file_format)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"image": "a", "polygons": []', r"det.jsonl:2:1: not JSON"),
        ('{"image": "a", "polygons": []}{"image": "b"}', r"det.jsonl:2:1: not JSON .*second value .*put a line break"),
        ('{"polygons": [], "ignore": []}', "det.jsonl:2: no 'image' among its keys"),
        ('{"image": "a", "polygons": [[[1, 2], [3]]], "ignore": [false]}', r"2: 'polygons': expected points"),
        ('{"image": "a", "polygons": [[[1, NaN]]], "ignore": [false]}', "expected a number of pixels"),
        ('{"image": "a", "polygons": [], "ignore": [false]}', "0 polygons but 1 flags"),
        ('{"image": "a", "polygons": [[[1, 2]]], "ignore": [0]}', "'ignore': expected bool, got int"),
        ('{"image": "a", "rects": [[1, 2, 3]], "ignore": [false]}', r"expected \[x, y, w, h, theta\]"),
        ('{"image": "first", "polygons": [], "ignore": []}', r"image 'first' occurs twice, first at .*:1"),
        ("img.jpg\t[]", "not JSON"),
    ],
)
def test_malformed_json_lines(tmp_path, line, message):
    file = tmp_path / "det.jsonl"
    file.write_text(f'{{"image": "first", "polygons": [], "ignore": []}}\n{line}\n', encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_outlines(file, "gt", "td500", rotated_boxes=True)


def label_line(*scores: object) -> str:
    """Results with these scores, None = no such key."""
    keys = [{} if score is None else {"score": score} for score in scores]
    return "img_1.jpg\t" + json.dumps([{"transcription": "", "points": CORNERS, **more} for more in keys])


def json_line(**keys: object) -> str:
    return json.dumps({"image": "img_1", "polygons": [CORNERS, CORNERS], **keys})


@pytest.mark.parametrize(
    ("line", "scores"),
    [
        (label_line(0.25, 1), [0.25, 1.0]),
        (label_line(None, None), None),
        (label_line(), []),
        (json_line(scores=[0.5, -3]), [0.5, -3.0]),
        (json_line(), None),
        (json_line(polygons=[]), []),
        (json_line(scores=[0.5], rects=[[0, 0, 4, 2, 0.0]]), [0.5]),
    ],
)
def test_scores_of_lines(tmp_path, line, scores):
    file = tmp_path / "det"
    file.write_text(line, encoding="utf-8")
    assert read_outlines(file, "det", "td500", rotated_boxes=True)["img_1"].scores == scores


@pytest.mark.parametrize("line", [label_line(0.25), json_line(scores="any", ignore=[False, True])])
def test_truth_has_no_scores(tmp_path, line):
    file = tmp_path / "gt"
    file.write_text(line, encoding="utf-8")
    assert read_outlines(file, "gt", "icdar2015")["img_1"].scores is None


@pytest.mark.parametrize(
    ("file_format", "lines", "scores"),
    [
        ("icdar2015", [f"{QUAD},0.98", f"{QUAD},1e-3,word, and more"], [0.98, 0.001]),
        ("icdar2015", [f"{QUAD},\ufeff0.98,100"], [0.98]),
        ("icdar2013", ["10,20,110,60,1", "10,20,110,60,0"], [1.0, 0.0]),
        ("td500", ["10,20,110,60,0,.5"], [0.5]),
        ("icdar2015", [f"{QUAD},0.98", QUAD], None),
        ("icdar2015", [f"{QUAD},1", f"{QUAD},word"], None),
        ("icdar2015", [f"{QUAD},0.98", f"{QUAD},98"], None),
        ("icdar2015", [f"{QUAD},word,0.98"], None),
        ("td500", ["10,20,110,60,0"], None),
        ("ctw1500", [QUAD], None),
        ("totaltext", ["0,0,1,1,0.5,0.5"], None),
    ],
)
def test_scores_of_text_files(tmp_path, file_format, lines, scores):
    place = folder(tmp_path, res_img_1__txt="\n".join(lines), res_img_2__txt="")
    outlines = read_outlines(place, "det", file_format)
    assert outlines["img_1"].scores == scores
    assert outlines["img_2"].scores == (None if scores is None else [])


def test_a_number_is_a_score_only_where_all_files_have_one(tmp_path):
    place = folder(tmp_path, res_img_1__txt=f"{QUAD},1", res_img_2__txt=f"{QUAD},word")
    assert [each.scores for each in read_outlines(place, "det", "icdar2015").values()] == [None, None]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (label_line(0.5, None), "2 polygons but 1 with a 'score'; expected all or none"),
        (label_line(float("nan")), "text 1 of 1: score must be a finite number, got nan"),
        (label_line("high"), "text 1 of 1: score must be a finite number, got 'high'"),
        (json_line(scores=[0.5]), "2 polygons but 1 numbers in 'scores'; write one for each polygon"),
        (json_line(scores=[]), "2 polygons but 0 numbers in 'scores'"),
        (json_line(scores=[0.5, float("inf")]), "'scores': a score must be a finite number, got inf"),
        (json_line(scores=[0.5, float("nan")]), "'scores': a score must be a finite number, got nan"),
        (json_line(scores=[0.5, None]), "'scores': a score must be a finite number, got None"),
        (json_line(scores=[0.5, True]), "'scores': a score must be a finite number, got True"),
        (json_line(scores=[0.5, 10**400]), "'scores': a score must be a finite number, got 1000"),
        (json_line(scores=0.5), "'scores': expected list, got float"),
    ],
)
def test_malformed_scores_are_told_with_file_and_line(tmp_path, line, message):
    file = tmp_path / "det"
    first = json_line(image="first", polygons=[]) if line.startswith("{") else "first.jpg\t[]"
    file.write_text(f"{first}\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(f"{file}:2: {message}")):
        read_outlines(file, "det", "icdar2015")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../res_img_1.txt", "a path that leads out of the archive"),
        ("/res_img_1.txt", "a path that leads out of the archive"),
        ("C:\\res_img_1.txt", "a path that leads out of the archive"),
        ("sub/res_img_1.txt", "a folder inside the archive, while res_img_2.txt is in another one"),
        ("sub\\res_img_2.txt", "a folder inside the archive, while res_img_2.txt is in another one"),
        ("..\\res_img_1.txt", "a path that leads out of the archive"),
        ("..", "a path that leads out of the archive"),
        ("results.zip", "expected only files ending in .txt; an archive inside the archive: unpack it"),
        ("notes.pdf", "expected only files ending in .txt; remove this one"),
    ],
)
def test_archives_hold_the_files_themselves(tmp_path, name, message):
    path = packed(tmp_path, res_img_2__txt=QUAD, **{name: QUAD})
    with pytest.raises(DataError, match=re.escape(f"{path}/{name}: {message}")):
        read_outlines(path, "det", "icdar2015")
    assert [file.name for file in tmp_path.iterdir()] == ["files.zip"], "nothing was unpacked beside it"


@pytest.mark.parametrize("name", ["__MACOSX/._res_img_7.txt", ".DS_Store", "results/", "Thumbs.db", "x\\.hidden.txt"])
def test_archives_as_systems_make_them(tmp_path, name, caplog):
    path = packed(tmp_path, **{name: "\0\5\x16\7" if not name.endswith("/") else "", "res_img_7__txt": QUAD})
    assert only(read_outlines(path, "det", "icdar2015")) == ("img_7", [CORNERS], [False])
    assert ("1 files that an operating system has added passed over" in caplog.text) == (name != "results/")


@pytest.mark.parametrize("folder", ["results/", "a/b/", "results\\", "./"])
def test_archives_of_one_folder(tmp_path, folder, caplog):
    path = packed(
        tmp_path, **{f"{folder}res_img_7.TXT": QUAD, f"{folder}res_img_8.txt": "", f"__MACOSX/{folder}._a": ""}
    )
    assert list(read_outlines(path, "det", "icdar2015")) == ["img_7", "img_8"]
    assert ("the files are read from its folder" in caplog.text) == (folder != "./")


def test_folders_of_results(tmp_path, caplog):
    place = folder(tmp_path, res_img_7__txt=QUAD)
    (place / "._res_img_7.txt").write_bytes(b"\0\5\x16\7")
    (place / "res_img_8.txt").symlink_to("gone.txt")
    above = tmp_path / "above"
    (above / ".ipynb_checkpoints").mkdir(parents=True)
    (above / "results").symlink_to(place)
    for path in (place, above):
        assert list(read_outlines(path, "det", "icdar2015")) == ["img_7"]
    assert "1 hidden files or folders passed over, such as ._res_img_7.txt" in caplog.text
    assert "res_img_8.txt: a link to gone.txt, which does not exist; passed over" in caplog.text
    assert f"{above}: the files are read from its folder results" in caplog.text
    (above / "other").mkdir()
    (above / "other/res_img_9.txt").touch()
    with pytest.raises(DataError, match=r"above: its files are in 2 folders \(other, results\); give one of them"):
        read_outlines(above, "det", "icdar2015")


@pytest.mark.parametrize(("line", "what"), [
    ("10 20 110 20 110 60 10 60", "blanks are between the numbers; expected commas"),
    ("10;20;110;20;110;60;10;60", "semicolons are between the numbers; expected commas"),
    ("10\t20\t110\t20\t110\t60\t10\t60", "tabs are between the numbers; expected commas"),
    ("[[10.0, 20.0], [110.0, 20.0], [110.0, 60.0], [10.0, 60.0]]", "a list as Python prints it, such as the results"),
    ("([[10, 20], [110, 20]], ('word', 0.9))", "a list as Python prints it"),
    ('{"points": [[10, 20]]}', "this is JSON; JSON lines are read from one file for all images"),
    ("0 0.5 0.5 0.25 0.125", "this is a line of YOLO, in fractions of the image; expected pixels"),
    ("10,20,110,60", "four numbers are an upright box, which icdar2013 reads"),
    ("word,10,20,110,20,110,60,10,60", "the text comes before the numbers"),
])  # fmt: skip
@pytest.mark.parametrize("role", ["gt", "det"])
def test_lines_of_other_layouts_are_recognised(tmp_path, line, what, role):
    place = folder(tmp_path, img_1__txt=f"{QUAD},a\n{line}\n")
    with pytest.raises(DataError, match=re.escape(f"{place}/img_1.txt:2: ") + ".*" + re.escape(what)):
        read_outlines(place, role, "icdar2015")


@pytest.mark.parametrize(("content", "what"), [
    (QUAD.encode("utf-16"), "this file is UTF-16"), (b"\0\5\x16\7\0\2", "macOS has added this file"),
    (b"PK\3\4abc", "this is a zip archive, not an annotation file"),
])  # fmt: skip
def test_files_of_other_kinds_are_recognised(tmp_path, content, what):
    place = folder(tmp_path)
    (place / "img_1.txt").write_bytes(content)
    with pytest.raises(DataError, match=f"img_1.txt: {what}"):
        read_outlines(place, "gt", "icdar2015")


def test_archives_are_not_trusted(tmp_path, monkeypatch):
    path = packed(tmp_path, res_img_1__txt=QUAD + " " * 4000)
    monkeypatch.setattr(archive, "LARGEST_FILE", 1000)
    with pytest.raises(DataError, match=r"res_img_1.txt: 4025 bytes, too large for the texts of one image"):
        read_outlines(path, "det", "icdar2015")
    monkeypatch.undo()
    monkeypatch.setattr(archive, "LARGEST_SUM", 1000)
    with pytest.raises(DataError, match="4025 bytes after unpacking; at most 1000"):
        read_outlines(path, "det", "icdar2015")
    monkeypatch.undo()
    damaged = path.read_bytes()
    path.write_bytes(damaged[:40] + bytes([damaged[40] ^ 255]) + damaged[41:])
    with pytest.raises(DataError, match="this archive is damaged or of an unknown kind"):
        read_outlines(path, "det", "icdar2015")


def test_a_name_twice_in_an_archive(tmp_path):
    path = packed(tmp_path, res_img_1__txt=QUAD)
    with zipfile.ZipFile(path, "a") as target, pytest.warns(UserWarning, match="Duplicate name"):
        target.writestr("res_img_1.txt", QUAD)
    with pytest.raises(DataError, match=r"res_img_1.txt: occurs twice in the archive"):
        read_outlines(path, "det", "icdar2015")


def test_empty_places(tmp_path):
    with pytest.raises(DataError, match="no file ending in .txt in it; expected one for each image"):
        read_outlines(folder(tmp_path, a__jpg=""), "det", "icdar2015")
    with pytest.raises(DataError, match="no file ending in .txt in it"):
        read_outlines(packed(tmp_path), "det", "icdar2015")
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="empty.txt: no image in it"):
        read_outlines(tmp_path / "empty.txt", "gt", "icdar2015")
    with pytest.raises(DataError, match="nowhere: cannot read this label file"):
        read_outlines(tmp_path / "nowhere", "gt", "icdar2015")


def listed(tmp_path: Path, name: str, *images: str) -> Path:
    path = tmp_path / name
    path.write_text("".join(f"{image}\t[]\n" for image in images), encoding="utf-8")
    return path


FORMATS = {"gt": "icdar2015", "det": "icdar2015"}


def test_images_are_paired_by_their_names(tmp_path):
    truth = listed(tmp_path, "gt.txt", "b.jpg", "a.jpg", "c.jpg")
    pairs, missing = read_pairs(truth, listed(tmp_path, "det.txt", "/photos/test/a.png", "out/b"), FORMATS)
    places = [(pair.image, Path(pair.found.where).name) for pair in pairs]
    assert places == [("b", "det.txt:2"), ("a", "det.txt:1"), ("c", "")]
    assert missing == ["c"] and pairs[2].found.polys == []


def test_folders_count_where_names_alone_do_not_tell_images_apart(tmp_path):
    truth = listed(tmp_path, "gt.txt", "1/a.jpg", "2/a.jpg")
    pairs, missing = read_pairs(truth, listed(tmp_path, "det.txt", "x/2/a.jpg", "x/1/a.jpg"), FORMATS)
    assert [pair.found.where[-1] for pair in pairs] == ["2", "1"] and missing == []


def test_results_for_an_unknown_image(tmp_path):
    truth, found = listed(tmp_path, "gt.txt", "img_1.jpg"), listed(tmp_path, "det.txt", "img_1.jpg", "img_01.jpg")
    message = r"det.txt:2: no image 'img_01' in the ground truth, which has 'img_1' and so on; 1 of 2 images"
    with pytest.raises(DataError, match=message):
        pair_images(read_outlines(truth, "gt", "icdar2015"), read_outlines(found, "det", "icdar2015"))


def test_every_format_reads_both_sides():
    assert all(set(readers) == {"gt", "det"} for readers in READERS.values())
