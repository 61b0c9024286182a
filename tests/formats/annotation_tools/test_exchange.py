"""Export and import of labels for annotation tools, and import of files that the tools themselves write."""

import json
import re
import subprocess
import sys
import zipfile

import cv2
import numpy as np
import pytest

from mindocr.cli.main import run_command
from mindocr.errors import ConfigError, DataError
from mindocr.formats import annotation_tools
from mindocr.formats.annotation_tools import Options
from mindocr.formats.label_file import format_label_line, parse_label_line

SQUARE = [[10, 20], [60, 20], [60, 50], [10, 50]]
LINES = {
    "img_1.jpg": [
        ("a, \"b\" 'c'", SQUARE), ("###", [[0.5, 0], [9, 1 / 3], [9, 5], [0, 5.25]]), ("*", SQUARE), ("", SQUARE),
        ("####x ", [[-3, 2], [140, 2], [140, 90], [-3, 90]]),
        ("crossed 店 & <b>", [[0, 0], [9, 5], [9, 0], [0, 5]]), ("anticlockwise", SQUARE[::-1]),
    ],
    "img_2.png": [],
    "deeper/img 3+%.jpg": [("5", SQUARE)],
}  # fmt: skip
POLYGON = ("curved", [[0, 0], [9, 1], [20, 0], [20.125, 9], [9, 10], [1e-05, 9], [3, 3]])


@pytest.fixture
def labels(tmp_path):
    """An image folder ``photos`` (120 x 80 pixels) and a label file of ``LINES``."""
    lines = {**LINES, "img_2.png": [POLYGON]}

    def make(texts):
        for name in texts:
            (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "photos" / name), np.zeros((80, 120, 3), np.uint8))
        rows = [format_label_line(name, [{"transcription": t, "points": p} for t, p in items])
                for name, items in texts.items()]  # fmt: skip
        (tmp_path / "gt.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")

    make(lines)
    make.folder, make.file, make.lines = tmp_path / "photos", tmp_path / "gt.txt", lines
    return make


def read(file):
    """Image path -> [(text, points), ...]."""
    lines = [parse_label_line(line, file, 1) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    return {name: [(text["transcription"], text["points"]) for text in texts] for name, texts in lines}


ROUND = {
    "labelme": ("out", Options()), "label_studio": ("tasks.json", Options()), "coco": ("coco.json", Options()),
    "ppocrlabel": ("Label.txt", Options()), "icdar": ("gt.zip", Options(layout="polygons")),
}  # fmt: skip


def test_every_format_makes_the_round_trip():
    assert sorted(ROUND) == annotation_tools.names()


@pytest.mark.parametrize("name", sorted(ROUND))
def test_round_trip_loses_nothing(name, labels, tmp_path):
    target, options = tmp_path / ROUND[name][0], ROUND[name][1]
    lines = labels.lines
    if name == "icdar":  # its archives have no folders
        lines = {"img_1.jpg": lines["img_1.jpg"], "img_2.png": lines["img_2.png"], "img_3.jpg": []}
        (labels.folder / "deeper/img 3+%.jpg").unlink()
        labels(lines)
    report = annotation_tools.export_labels(name, labels.folder, labels.file, target, options)
    assert (report.images, report.texts, report.ignored) == (3, sum(map(len, lines.values())), 2)
    back = annotation_tools.import_labels(name, labels.folder, target, tmp_path / "back.txt", options, strict=True)
    found = read(tmp_path / "back.txt")
    assert found.keys() == lines.keys()
    for path, items in lines.items():
        assert [text for text, _ in found[path]] == [text for text, _ in items]
        for (_, points), (_, expected) in zip(found[path], items):
            np.testing.assert_allclose(points, expected, rtol=0, atol=1e-12 if name == "label_studio" else 0)
    assert (back.images, back.texts, back.ignored, back.dropped) == (3, report.texts, 2, 0)


def test_tidy_import_mends(labels, tmp_path):
    annotation_tools.export_labels("coco", labels.folder, labels.file, tmp_path / "a.json")
    report = annotation_tools.import_labels(
        "coco", labels.folder, tmp_path / "a.json", tmp_path / "back.txt", tidy=True
    )
    texts = dict(read(tmp_path / "back.txt")["img_1.jpg"])
    assert texts["crossed 店 & <b>"] == [[0, 0], [9, 0], [9, 5], [0, 5]]
    assert texts["anticlockwise"] == [[10, 50], [10, 20], [60, 20], [60, 50]]
    assert (report.repaired, report.turned, report.ignored) == (1, 1, 3)


def imported(name, labels, tmp_path, content, **options):
    source = tmp_path / "source.json"
    source.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    report = annotation_tools.import_labels(name, labels.folder, source, tmp_path / "out.txt", Options(**options))
    return read(tmp_path / "out.txt"), report


def test_labelme_files(labels, tmp_path):
    def shape(label, points, **more):
        return {"label": label, "points": points, "shape_type": "polygon", "flags": {}, **more}

    content = {"imagePath": "..\\elsewhere\\img_1.jpg", "imageHeight": 80, "imageWidth": 120, "shapes": [
        shape("a", [[30, 40], [10, 20]], shape_type="rectangle"), shape("word", SQUARE, description="said"),
        shape("word", SQUARE), shape("b", SQUARE, flags={"difficult": True}), shape("c", SQUARE, flags=None),
        shape("d", [[1, 2], [3, 4]], shape_type="line"),
    ]}  # fmt: skip
    found, report = imported("labelme", labels, tmp_path, content, class_names=["word"])
    assert found == {"img_1.jpg": [
        ("a", [[10, 20], [30, 20], [30, 40], [10, 40]]), ("said", SQUARE), ("text", SQUARE), ("###", SQUARE),
        ("c", SQUARE),
    ]}  # fmt: skip
    assert (
        len(report.warnings) == 1
        and "shape 6: a line of 2 points has no area; left out, its text is 'd'" in report.warnings[0]
    )
    with pytest.raises(DataError, match="source.json: no 'imagePath' among its keys"):
        imported("labelme", labels, tmp_path, {"shapes": []})
    with pytest.raises(DataError, match="no JSON file of labelme in this folder"):
        annotation_tools.import_labels("labelme", labels.folder, labels.folder, tmp_path / "out.txt")


def test_labelme_names_of_images_that_differ_in_their_ending(labels, tmp_path):
    labels({"a.jpg": [("1", SQUARE)], "a.png": [("2", SQUARE)]})
    annotation_tools.export_labels("labelme", labels.folder, labels.file, tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.json", "a.png.json"]
    annotation_tools.import_labels("labelme", labels.folder, tmp_path / "out", tmp_path / "back.txt")
    assert read(tmp_path / "back.txt") == {"a.jpg": [("1", SQUARE)], "a.png": [("2", SQUARE)]}


def region(value, kind="rectanglelabels", key="r1", **more):
    return {"id": key, "type": kind, "original_width": 200, "original_height": 100, "value": value, **more}


def test_label_studio_files(labels, tmp_path):
    cv2.imwrite(str(labels.folder / "img_9.jpg"), np.zeros((100, 200, 3), np.uint8))
    box = {"x": 10, "y": 20, "width": 50, "height": 30, "rotation": 0}
    turned = {**box, "rotation": 90}
    old = {"result": [region(box)], "was_cancelled": False, "updated_at": "2023"}
    new = {"updated_at": "2024", "result": [
        region(box), {"id": "r1", "type": "textarea", "value": {"text": ["two", "lines"]}}, region(turned, key="r2"),
        region({"choices": ["a"]}, "choices"), region({**box, "text": "###"}, "textarea", "r3"),
        region({"x": 1, "y": 1, "radiusX": 1, "width": 1}, "ellipselabels", "r4"), region(box, key="r3"),
        region({**box, "rectanglelabels": ["Ignore"]}, key="r5"),
    ]}  # fmt: skip
    cancelled = {"was_cancelled": True, "updated_at": "2025", "result": []}
    tasks = [{"data": {"ocr": "/data/upload/3/1a2b3c4d-img_9.jpg"}, "annotations": [new, old, cancelled]},
             {"data": {"image": "/data/local-files/?d=photos%2Fimg_1.jpg"}, "annotations": [cancelled]}]  # fmt: skip
    found, report = imported("label_studio", labels, tmp_path, tasks)
    upright = [[20, 20], [120, 20], [120, 50], [20, 50]]
    assert found == {"img_9.jpg": [
        ("two lines", upright), ("text", [[20, 20], [20, 120], [-10, 120], [-10, 20]]), ("###", upright),
        ("###", upright),
    ]}  # fmt: skip
    assert report.notes == {
        "tasks without an annotation left out": 1,
        "older annotations of the same tasks left out": 1,
    }
    assert "result 6: a region of type ellipselabels is left out: not a polygon, a box" in report.warnings[0]
    with pytest.raises(DataError, match=r"task 1: result 1: the image was rotated in Label Studio"):
        imported("label_studio", labels, tmp_path, [{**tasks[0], "annotations": [{"result": [
            region(box, image_rotation=90)]}]}])  # fmt: skip
    with pytest.raises(DataError, match="expected list, got dict"):
        imported("label_studio", labels, tmp_path, {})
    with pytest.raises(DataError, match="no annotated task: 1 tasks without an annotation left out; export the tasks"):
        imported("label_studio", labels, tmp_path, tasks[1:])


def test_coco_files(labels, tmp_path):
    flat = [10, 20, 60, 20, 60, 50, 10, 50]
    shared = {"image_id": 3, "bbox": [10, 20, 50, 30], "category_id": 1}
    annotations = [
        {**shared, "segmentation": [flat]}, {**shared, "segmentation": [flat], "utf8_string": "a", "iscrowd": 1},
        {**shared, "segmentation": [[0, 0, 1, 0, 1, 1], flat], "attributes": {"text": "b"}},
        {**shared, "segmentation": {"counts": "x", "size": [1, 1]}, "text": "c"}, {**shared, "transcription": "d"},
    ]  # fmt: skip
    content = {"images": [{"id": 3, "file_name": "img_1.jpg"}], "annotations": annotations}
    found, report = imported("coco", labels, tmp_path, content)
    assert found == {"img_1.jpg": [(text, SQUARE) for text in ("text", "###", "b", "###", "d")]}
    assert sum(report.notes.values()) == 2
    with pytest.raises(DataError, match=r"source.json: its list 'images' is empty"):
        imported("coco", labels, tmp_path, {**content, "images": []})


def test_coco_export_has_what_readers_look_for(labels, tmp_path):
    annotation_tools.export_labels("coco", labels.folder, labels.file, tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert content["images"][0] == {"id": 1, "file_name": "img_1.jpg", "width": 120, "height": 80}
    first = content["annotations"][0]
    assert (first["bbox"], first["area"]) == ([10, 20, 50, 30], 1500)
    assert first["segmentation"] == [[10, 20, 60, 20, 60, 50, 10, 50]]
    assert [annotation["id"] for annotation in content["annotations"]] == list(range(1, 10))
    assert [annotation["iscrowd"] for annotation in content["annotations"]][:4] == [0, 1, 1, 0]


def test_ppocrlabel_files(labels, tmp_path):
    texts = (("a", False), ("b", True), ("待识别", False))
    items = [{"transcription": t, "points": SQUARE, "difficult": difficult} for t, difficult in texts]
    (labels.folder / "Label.txt").write_text(f"photos/img_1.jpg\t{json.dumps(items)}\n", encoding="utf-8")
    annotation_tools.import_labels("ppocrlabel", labels.folder, labels.folder, tmp_path / "out.txt")
    assert read(tmp_path / "out.txt") == {"img_1.jpg": [("a", SQUARE), ("###", SQUARE), ("text", SQUARE)]}
    annotation_tools.export_labels("ppocrlabel", labels.folder, labels.file, tmp_path / "Label.txt")
    line = (tmp_path / "Label.txt").read_text(encoding="utf-8").splitlines()[2]
    assert line == f'photos/deeper/img 3+%.jpg\t[{{"transcription": "5", "points": {SQUARE}, "difficult": false}}]'


def zipped(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize(("layout", "name", "content"), [
    ("ic15", "res_img_1.txt", "10,20,60,20,60,50,10,50\n0,2,119,2,119,79,0,79\n"),
    ("ic13", "res_img_1.txt", "10,20,60,50\n0,2,119,79\n"),
    ("mlt", "res_img_1.txt", "10,20,60,20,60,50,10,50,0.9000\n0,2,119,2,119,79,0,79,0.0000\n"),
    ("td500", "res_img_1.txt", "10,20,60,50,0.000000\n0,2,119,79,0.000000\n"),
    ("ctw1500", "img_1.txt", "10,20,60,20,60,50,10,50\n0,2,119,2,119,79,0,79\n"),
    ("totaltext", "img_1.txt", "20,10,20,60,50,60,50,10\n2,0,2,119,79,119,79,0\n"),
])  # fmt: skip
def test_results_as_the_benchmarks_want_them(layout, name, content, labels, tmp_path):
    texts = [("text", SQUARE, 0.9), ("###", SQUARE, 0.5), ("far", [[200, 200], [210, 200], [210, 210]], 0.5),
             ("text", [[-3, 2.4], [-3, 90], [140, 90], [140, 2]], 0.00001)]  # fmt: skip
    items = [{"transcription": t, "points": p, "score": s} for t, p, s in texts]
    labels.file.write_text(f"img_1.jpg\t{json.dumps(items)}\nimg_2.png\t[]\n", encoding="utf-8")
    target = tmp_path / "submission.zip"
    report = annotation_tools.export_labels("icdar", labels.folder, labels.file, target, Options(layout=layout))
    found = zipped(target)
    assert sorted(found) == sorted([name, name.replace("img_1", "img_2")])
    lines = [sorted(map(float, line.split(",")[:8])) for line in found[name].splitlines()]
    assert lines == [sorted(map(float, line.split(",")[:8])) for line in content.splitlines()]
    assert found[name].splitlines()[0] == content.splitlines()[0]
    assert report.dropped == 2
    again = tmp_path / "again.zip"
    annotation_tools.export_labels("icdar", labels.folder, labels.file, again, Options(layout=layout))
    assert again.read_bytes() == target.read_bytes()


def test_quads_of_the_ground_truth(labels, tmp_path):
    labels({"img_1.jpg": LINES["img_1.jpg"]})
    target = tmp_path / "gt.zip"
    annotation_tools.export_labels("icdar", labels.folder, labels.file, target)
    assert zipped(target)["gt_img_1.txt"].startswith("10,20,60,20,60,50,10,50,a, \"b\" 'c'\n0.5,0,9,")
    annotation_tools.import_labels("icdar", labels.folder, target, tmp_path / "back.txt")
    assert read(tmp_path / "back.txt") == {"img_1.jpg": LINES["img_1.jpg"]}


def test_what_an_icdar_archive_cannot_hold(labels, tmp_path):
    target = tmp_path / "gt.zip"

    def export(layout="quads"):
        annotation_tools.export_labels("icdar", labels.folder, labels.file, target, Options(layout=layout))

    with pytest.raises(DataError, match=r"gt.txt:2: a polygon of 7 points does not fit the layout 'quads'; use"):
        export()
    with pytest.raises(ConfigError, match="unknown layout 'quad'; known: quads, polygons, ic15"):
        export("quad")
    with pytest.raises(DataError, match=r"gt.txt:1: a text without a score; MLT requires one in every line"):
        export("mlt")
    labels({"img_1.jpg": [("a\nb", SQUARE)]})
    with pytest.raises(DataError, match=r"the text 'a\\nb' has a line end"):
        export()
    labels({"img_1.jpg": [], "deeper/img_1.jpg": []})
    with pytest.raises(DataError, match=r"gt.txt:2: two images have the name gt_img_1.txt"):
        export()
    assert not target.exists()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("../gt_img_1.txt", "1,2,3,4,5,6,7,8,a")
    with pytest.raises(DataError, match="a path that leads out of the archive"):
        annotation_tools.import_labels("icdar", labels.folder, target, tmp_path / "back.txt")
    with pytest.raises(ConfigError, match="layout 'ic15' cannot be imported; expected quads or polygons"):
        annotation_tools.import_labels("icdar", labels.folder, target, tmp_path / "back.txt", Options(layout="ic15"))


def test_mistakes(labels, tmp_path):
    with pytest.raises(ConfigError, match=r"unknown format 'lableme' \(did you mean 'labelme'\?\)"):
        annotation_tools.export_labels("lableme", labels.folder, labels.file, tmp_path / "a")
    with pytest.raises(DataError, match="no such file or folder; expected what coco exported"):
        annotation_tools.import_labels("coco", labels.folder, tmp_path / "a", tmp_path / "b")
    (labels.folder / "img_2.png").unlink()
    with pytest.raises(DataError, match=r"gt.txt:2: .*img_2.png: no such image; check --image_dir"):
        annotation_tools.export_labels("coco", labels.folder, labels.file, tmp_path / "a")


def test_documented_commands(labels, tmp_path, repo_root, monkeypatch):
    """Every export and import command of the page on data sets, in order."""
    page = (repo_root / "docs/datasets.md").read_text(encoding="utf-8")
    commands = re.findall(r"`python tools/dataset_converters/exchange\.py (.+?)`", page)
    assert len(commands) == 2 * len(annotation_tools.names()) + 1
    labels({"img_1.jpg": [("a", SQUARE)]})
    items = [{"transcription": "text", "points": SQUARE, "score": 0.5}]
    labels.file.rename(tmp_path / "det_gt.txt")
    (tmp_path / "det_results.txt").write_text(f"img_1.jpg\t{json.dumps(items)}\n")
    (labels.folder / "img_2.png").unlink()
    (labels.folder / "deeper/img 3+%.jpg").unlink()
    monkeypatch.chdir(tmp_path)
    for command in commands:
        if command.startswith("import"):
            (tmp_path / "det_gt.txt").unlink()
        run_command("exchange", command.split())
        assert read(tmp_path / "det_gt.txt") == {"img_1.jpg": [("a", SQUARE)]}


def test_command(labels, tmp_path, repo_root):
    tool = repo_root / "tools/dataset_converters/exchange.py"
    shared = ["--format", "coco", "--image_dir", labels.folder, "--other", tmp_path / "a.json", "--label_file"]
    for direction, file in (("export", labels.file), ("import", tmp_path / "back.txt")):
        done = subprocess.run([sys.executable, tool, direction, *shared, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "3 images, 9 texts of which 2 ignored" in done.stdout
    assert read(tmp_path / "back.txt") == labels.lines
