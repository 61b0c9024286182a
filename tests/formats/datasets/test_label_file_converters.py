"""Converters of data sets with one annotation file per image, and of those annotated in XML or in file names."""

import numpy as np
import pytest
from scipy.io import savemat

from mindocr.errors import ConfigError, DataError
from mindocr.formats.datasets.ccpd import plate

CURVE = "10,60,30,55,50,52,70,50,90,52,110,55,130,60,130,40,110,35,90,32,70,30,50,32,30,35,10,40"
CLOCKWISE = [[10, 40], [30, 35], [50, 32], [70, 30], [90, 32], [110, 35], [130, 40], [130, 60], [110, 55], [90, 52],
             [70, 50], [50, 52], [30, 55], [10, 60]]  # fmt: skip


def cyclic(points, other):
    """Whether two polygons are equal except for their first point."""
    return any(points[i:] + points[:i] == other for i in range(len(points)))


def test_td500(raw_set, box):
    raw_set.labels = raw_set.images
    raw_set.draw("IMG_0030.JPG", "IMG_0031.JPG")
    native = "0 1 100 200 300 40 0.1\r\n1 0 10 20 30 40 0\r\n2 0 10 20 0 40 0\r\n"
    raw_set.write({"IMG_0030.gt": native, "IMG_0031.gt": ""})
    lines, report = raw_set.convert("td500")
    (name, ((flag, turned), upright)), empty = lines
    assert (name, flag, upright, empty) == ("IMG_0030.JPG", "###", ("text", box(10, 20, 40, 60)), ("IMG_0031.JPG", []))
    assert turned == [[103, 185], [401, 215], [397, 255], [99, 225]]
    truncated = [[102, 185], [401, 215], [397, 254], [98, 224]]  # what MindOCR writes
    assert set(np.ravel(np.subtract(turned, truncated))) == {0, 1}
    assert report.dropped == 1


def test_td500_repacked(raw_set, box):
    raw_set.draw("img_1.jpg", "IMG_0059.JPG", "IMG_0060.JPG")
    raw_set.write({
        "gt_img_1.txt": "10,20,40,60,0,None\n10,20,40,60,0.0,###\n",
        "IMG_0059.JPG.txt": "1,2,30,2,30,9,1,9,a,b\n1,2,30,2,30,9,1,9,###\n",
        "gt_IMG_0060.txt": "",
    })  # fmt: skip
    lines, _ = raw_set.convert("td500")
    assert lines == [
        ("IMG_0059.JPG", [("a,b", box(1, 2, 30, 9)), ("###", box(1, 2, 30, 9))]),
        ("IMG_0060.JPG", []),
        ("img_1.jpg", [("text", box(10, 20, 40, 60)), ("###", box(10, 20, 40, 60))]),
    ]
    raw_set.write({"gt_img_1.txt": "0 1 100 200 300 40"})
    with pytest.raises(DataError, match=r"gt_img_1.txt:1: expected 'index difficult x y w h theta'"):
        raw_set.convert("td500")


def test_hust_tr400_is_written_like_td500(raw_set, box):
    raw_set.labels = raw_set.images
    raw_set.draw("7.jpg")
    raw_set.write({"7.gt": "0 0 10 20 30 40 0\n"})
    assert raw_set.convert("hust_tr400")[0] == [("7.jpg", [("text", box(10, 20, 40, 60))])]


def test_ctw1500_test_files(raw_set):
    raw_set.draw("1001.jpg", "1002.jpg")
    corner = ",".join(["10", "40", "130", "60"])
    relative = ",".join(str(int(v) - (10, 40)[i % 2]) for i, v in enumerate(CURVE.split(",")))
    raw_set.write({
        "0001001.txt": f"\ufeff{CURVE},####A,B\r\n{CURVE},#######\r\n{CURVE},####\r\n{CURVE},####x,####y\r\n",
        "0001002.txt": f"{corner},{relative}\n",
    })  # fmt: skip
    lines, report = raw_set.convert("ctw1500")
    texts = [text for text, _ in lines[0][1]]
    assert texts == ["A,B", "###", "###", "x,####y"]
    assert lines[1][1][0][0] == "text"
    polygons = [points for _, entries in lines for _, points in entries]
    assert polygons == [[CLOCKWISE[-1], *CLOCKWISE[:-1]]] * 5
    assert cyclic(polygons[0], CLOCKWISE)
    assert (report.turned, report.repaired) == (5, 0)
    raw_set.write({"0001002.txt": "1,2,3,4,####text"})
    with pytest.raises(DataError, match=r"0001002.txt:1: expected 28 numbers \(14 points\) and a text, got 4 fields"):
        raw_set.convert("ctw1500")


def test_ctw1500_train_files(raw_set):
    raw_set.draw("0001.jpg", "0002.jpg")
    box = '<box height="1" width="2"><label>{}</label><segs>{}</segs><pts x="1" y="2"/></box>'
    boxes = [box.format(text, CURVE) for text in ("A &amp; B", "###", "")]
    head = '<?xml version="1.0" encoding="utf-8"?>\n<Annotations>\n<image file="0001.jpg">\n'
    tail = "</image></Annotations>"
    raw_set.write({"0001.xml": head + "".join(boxes) + tail, "0002.xml": head + tail})
    lines, _ = raw_set.convert("ctw1500")
    assert [text for text, _ in lines[0][1]] == ["A & B", "###", "###"]
    assert lines[1] == ("0002.jpg", [])
    raw_set.write({"0002.xml": f"{head}<box>\n<label>a</label></box></image></Annotations>"})
    with pytest.raises(DataError, match=r"0002.xml:4: no 'segs' in this box"):
        raw_set.convert("ctw1500")
    raw_set.write({"0002.xml": '<!DOCTYPE a [<!ENTITY b "c">]>\n<a>&b;</a>'})
    with pytest.raises(DataError, match=r"0002.xml:1: a document type .* is not accepted"):
        raw_set.convert("ctw1500")
    raw_set.write({"0002.xml": f"{head}</Annotations>"})
    with pytest.raises(DataError, match=r"0002.xml:4: not XML \(mismatched tag"):
        raw_set.convert("ctw1500")


def test_totaltext_records(raw_set, box):
    raw_set.draw("img1.jpg", "img2.JPG")
    square = "x: [[0 9 9 0]], y: [[0 0 9 9]], ornt: [u'{}'], transcriptions: [{}]"
    texts = ["u'10:30'", "u'IT'S'", "u'A, B'", "u'one', u'two'", "", "u','", "u'#'"]
    texts += [r"u'caf\xe9'", "'plain'", r"u'a\q\xz'"]
    raw_set.write({
        "poly_gt_img1.txt": (
            "x: [[ 10  60 110 110  60\n  10]], y: [[20 10 20 50 40 50]], ornt: [u'c'], transcriptions: [u\"DON'T\"]\n"
            "x: [[15 61 60 16]], y: [[34 30 48 -52]], ornt: [u'h'], transcriptions: [u'Oak']\r\n"
        ),
        "poly_gt_img2.txt": "\n".join([square.format("h", text) for text in texts] + [
            square.format("#", "u'x'"),
            "x: [[5]], y: [[5]], ornt: [u'#'], transcriptions: [u'#']",
            "x: [[0 9 9 4 4 0]], y: [[0 0 9 -5 -5 9]], ornt: [u'c'], transcriptions: [u'star']",
        ]),
    })  # fmt: skip
    lines, report = raw_set.convert("totaltext")
    assert lines[0][1][0] == ("DON'T", [[10, 20], [60, 10], [110, 20], [110, 50], [60, 40], [10, 50]])
    assert lines[0][1][1][0] == "Oak"
    expected = ["10:30", "IT'S", "A, B", "one,two", "###", "###", "###", "café", "plain", r"a\q\xz", "###", "star"]
    assert [text for text, _ in lines[1][1]] == expected
    assert lines[1][1][0][1] == box(0, 0, 9, 9)
    assert (report.dropped, report.ignored) == (1, 4)
    raw_set.write({"poly_gt_img2.txt": "\nx: [[1 2]], y: [[1 2 3]], ornt: [u'c'], transcriptions: [u'a']"})
    with pytest.raises(DataError, match=r"poly_gt_img2.txt:2: 2 x and 3 y"):
        raw_set.convert("totaltext")
    raw_set.write({"poly_gt_img2.txt": "x: [[1 2]], y: [[1 2]]"})
    with pytest.raises(DataError, match=r"poly_gt_img2.txt:1: expected x: \[\[...\]\], y: "):
        raw_set.convert("totaltext")


def test_totaltext_matlab(raw_set, box):
    raw_set.draw("img1.jpg", "img2.jpg")

    def row(text, orientation):
        return ["x:", np.array([[0, 9, 9, 0]], np.int16), "y:", np.array([[0, 0, 9, 9]], np.int16), text, orientation]

    rows = [row("Oak", "c"), row("#", "h"), row("a", "#"), row(np.zeros((0, 0)), "c"), row("b", np.zeros((0, 0)))]
    for name, variable, content in (("1", "polygt", rows), ("2", "gt", rows[:1])):
        table = np.empty((len(content), 6), dtype=object)
        for i, cells in enumerate(content):
            table[i] = np.array([None] * 6)
            for j, cell in enumerate(cells):
                table[i, j] = cell
        savemat(raw_set.labels / f"poly_gt_img{name}.mat", {variable: table})
    lines, _ = raw_set.convert("totaltext")
    square = box(0, 0, 9, 9)
    assert lines == [("img1.jpg", [("Oak", square), ("###", square), ("###", square), ("###", square), ("b", square)]),
                     ("img2.jpg", [("Oak", square)])]  # fmt: skip
    savemat(raw_set.labels / "poly_gt_img2.mat", {"other": 1})
    with pytest.raises(DataError, match=r"poly_gt_img2.mat: expected a variable polygt of n rows and 6 columns"):
        raw_set.convert("totaltext")
    (raw_set.labels / "poly_gt_img2.mat").write_bytes(b"not MATLAB")
    with pytest.raises(DataError, match=r"poly_gt_img2.mat: cannot read this as a MATLAB 5 file"):
        raw_set.convert("totaltext")


def test_totaltext_flat(raw_set, box):
    raw_set.draw("img1.jpg")
    square = "0,0,9,0,9,9,0,9"
    texts = ["1984", "Breakfast,Lunch", "#", "5,pm"]
    raw_set.write({"gt_img1.txt": "".join(f"{square},{text}\n" for text in texts)})
    lines, _ = raw_set.convert("totaltext")
    assert lines[0][1] == [(text, box(0, 0, 9, 9)) for text in ("1984", "Breakfast,Lunch", "###", "5,pm")]
    raw_set.write({"gt_img1.txt": "1,2,3,4,5,6,7,8\n"})
    with pytest.raises(DataError, match=r"gt_img1.txt:1: expected x1,y1,...,xn,yn,text"):
        raw_set.convert("totaltext")


def test_casia10k(raw_set, box):
    raw_set.labels = raw_set.images
    raw_set.draw("PAL00001.jpg", "PAL00002.jpg")
    raw_set.write({
        "PAL00001.txt": "40,10,40,90,10,90,10,10,药,店\n".encode("gb18030"),
        "PAL00002.txt": "40,10,40,90,10,90,10,10,药\n40,10,40,90,10,90,10,10,###\n",
        "CASIA-10K_train.txt": "PAL00001.jpg\n",
    })  # fmt: skip
    lines, _ = raw_set.convert("casia10k")
    assert [text for _, texts in lines for text, _ in texts] == ["药,店", "药", "###"]
    assert all(cyclic(points, box(10, 10, 40, 90)) for _, texts in lines for _, points in texts)


def test_mtwi2018(raw_set, box):
    raw_set.draw("T1.a.jpg.jpg", "T1.b.jpg")
    (raw_set.images / "T1.c.jpg").write_bytes(b"no image")
    (raw_set.images / "T1.a.jpg").write_bytes((raw_set.images / "T1.b.jpg").read_bytes())
    line = "12.5,20.0,80.25,20.0,80.25,44.0,12.5,44.0,50%,off\n"
    raw_set.write({"T1.a.jpg.txt": line, "T1.b.jpg.txt": line.replace("50%,off", "###"), "T1.c.txt": line,
                   "T1.a.txt": line})  # fmt: skip
    lines, report = raw_set.convert("mtwi2018")
    corners = box(12.5, 20.0, 80.25, 44.0)
    assert lines == [("T1.a.jpg", [("50%,off", corners)]), ("T1.a.jpg.jpg", [("50%,off", corners)]),
                     ("T1.b.jpg", [("###", corners)])]  # fmt: skip
    assert "[12.5, 20.0]" in (raw_set.folder / "out/gt.txt").read_text()
    assert len(report.warnings) == 1 and "T1.c.jpg: this image cannot be read" in report.warnings[0]


def test_rctw17(raw_set, box):
    raw_set.draw("image_0.jpg")
    quad = "10,20,110,20,110,60,10,60"
    rows = [f'\ufeff{quad},0,"说,明"', f'{quad},1,"说,明"', f'{quad},0,""a""', f'{quad},0,"###"', ""]
    raw_set.write({"image_0.txt": "\r\n".join(rows)})
    lines, _ = raw_set.convert("rctw17")
    assert [text for text, _ in lines[0][1]] == ["说,明", "###", '"a"', "###"]
    assert lines[0][1][0][1] == box(10, 20, 110, 60)


def test_scut_foru(raw_set, box):
    raw_set.draw("1.jpg", size=(100, 200))
    raw_set.write({"1.txt": '10,20,30,15,"EXIT"\n10,20,30,35\n'})
    lines, report = raw_set.convert("scut_foru")
    assert lines == [("1.jpg", [("EXIT", box(10, 20, 40, 35)), ("text", box(10, 20, 40, 55))])]
    assert report.warnings == []
    assert raw_set.convert("scut_foru", box_mode="xyxy")[0][0][1][1] == ("text", box(10, 20, 30, 35))
    raw_set.write({"1.txt": '150,20,180,35,"EXIT"\n'})
    with pytest.raises(DataError, match=r"1 of 1 boxes extend beyond the image \(200 x 100\); try --box_mode xyxy"):
        raw_set.convert("scut_foru", strict=True)


FORU_OF_THE_MODEL_ZOO = r"00(0\d{3}|1[01]\d\d|1200)|(?=.*[a-zA-Z])[^_]{6}"


def test_images_chosen_by_their_names(raw_set):
    stems = ["img001", "001200", "001201", "00012", "img_01", "img0001"]
    raw_set.draw(*(f"{stem}.jpg" for stem in stems), size=(100, 200))
    raw_set.write({f"{stem}.txt": "10,20,30,15\n" for stem in stems})
    lines, report = raw_set.convert("scut_foru", image_names=FORU_OF_THE_MODEL_ZOO)
    assert [name for name, _ in lines] == ["001200.jpg", "img001.jpg"]
    assert report.notes == {"images of other names left out": 4}
    with pytest.raises(ConfigError, match=r"--image_names: '\(' is not a regular expression: missing \)"):
        raw_set.convert("scut_foru", image_names="(")


def test_svt(raw_set, box):
    raw_set.draw("img/00_00.jpg")
    image = (
        '<?xml version="1.0" encoding="utf-8"?>\n<tagset>\n<image><imageName>{}</imageName><address>1 Road</address>'
        '<lex>A,B</lex><Resolution x="9" y="9"/><taggedRectangles>\n'
        '<taggedRectangle height="40" width="100" x="20" y="-3"><tag>CAFE</tag></taggedRectangle>'
        "</taggedRectangles></image></tagset>"
    )
    raw_set.write({"train.xml": image.format("img/00_00.jpg"), "out.xml": image.format("../../00_00.jpg"),
                   "broken.xml": image.replace('x="20"', "").format("img/00_00.jpg")})  # fmt: skip
    expected = [("CAFE", box(20, 0, 120, 37))]
    assert raw_set.convert("svt", "train.xml")[0] == [("img/00_00.jpg", expected)]
    assert raw_set.convert("svt", "", "img", split="train")[0] == [("00_00.jpg", expected)]
    with pytest.raises(DataError, match=r"or add --split train or test"):
        raw_set.convert("svt")
    with pytest.raises(DataError, match=r"out.xml:3: the image name '../../00_00.jpg' is outside the folder"):
        raw_set.convert("svt", "out.xml")
    with pytest.raises(DataError, match=r"broken.xml:4: 'x': expected a number of pixels, got ''"):
        raw_set.convert("svt", "broken.xml")


PLATE = "030-90_88-100&200_300&260-300&260_102&258_100&200_298&202-12_0_3_24_25_33_10-80-20"


def test_ccpd(raw_set):
    raw_set.draw(f"ccpd_base/{PLATE}.jpg", f"ccpd_blur/{PLATE}.jpg", "ccpd_np/1.jpg")
    raw_set.write({"train.txt": f"ccpd_base/{PLATE}.jpg\n", "val.txt": "../elsewhere.jpg\n"})
    expected = [("京AD019L", [[300, 260], [102, 258], [100, 200], [298, 202]])]
    assert raw_set.convert("ccpd", split="train")[0] == [(f"ccpd_base/{PLATE}.jpg", expected)]
    raw_set.labels = raw_set.images
    lines, _ = raw_set.convert("ccpd")
    assert lines == [(f"ccpd_base/{PLATE}.jpg", expected), (f"ccpd_blur/{PLATE}.jpg", expected), ("ccpd_np/1.jpg", [])]
    raw_set.labels = raw_set.folder / "labels"
    with pytest.raises(DataError, match=r"val.txt:1: the image name '../elsewhere.jpg' is outside the folder"):
        raw_set.convert("ccpd", "val.txt")
    with pytest.raises(DataError, match=r"lists of several parts; .* add --split train"):
        raw_set.convert("ccpd")


@pytest.mark.parametrize(("old", "new", "message"), [
    ("-80-20", "", "expected 7 fields separated by '-'"),
    ("-12_", "-34_", "expected 7 or 8 indices of characters"),
    ("_298&202", "", "expected four corners"),
    ("_298&202", "_298&b", "expected a number of pixels, got 'b'"),
])  # fmt: skip
def test_ccpd_names_that_are_no_plates(old, new, message):
    with pytest.raises(DataError, match=f"^here: {message}"):
        plate(PLATE.replace(old, new), "here")


def test_ccpd_green_has_eight_characters():
    assert plate(PLATE.replace("33_10", "33_10_31"), "here").transcription == "京AD019L7"
