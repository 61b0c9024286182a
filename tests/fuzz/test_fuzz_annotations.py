"""Annotation files of published data sets, spoiled, given to their datasets."""

import json

import cv2
import numpy as np
import pytest
from mutations import spoil, spoil_json

from mindocr.formats import benchmarks, datasets

SQUARE = [[10, 20], [60, 20], [60, 50], [10, 50]]
FLAT = [value for point in SQUARE for value in point]
CURVE = [10, 20, 20, 20, 40, 20, 60, 20, 60, 50, 40, 50, 20, 50, 10, 50]
POINTS = ",".join(str(v) for i in range(14) for v in (10 + 5 * min(i, 13 - i), 20 + 30 * (i > 6)))
QUAD = "10,20,60,20,60,50,10,50"
XML = (
    '<?xml version="1.0" encoding="utf-8"?>\n<Annotations><image file="img_1.jpg">\n'
    f'<box height="9" left="1" top="1" width="9"><label>a &amp; b</label><segs>{POINTS}</segs></box>'
    "</image></Annotations>"
)
SVT = (
    '<?xml version="1.0"?><tagset><image><imageName>img_1.jpg</imageName><lex>A,B</lex><taggedRectangles>'
    '<taggedRectangle height="9" width="20" x="5" y="6"><tag>A</tag></taggedRectangle></taggedRectangles></image>'
    "</tagset>"
)
COCO_TEXT = {
    "imgs": {"7": {"id": 7, "file_name": "img_1.jpg", "width": 120, "height": 80, "set": "train"}},
    "anns": {"1": {"id": 1, "image_id": 7, "mask": FLAT, "bbox": [10, 20, 50, 30], "utf8_string": "a",
    "legibility": "legible",
                   "points": FLAT}},
    "imgToAnns": {"7": [1]},
}  # fmt: skip
CTW = {"annotations": [[{"polygon": SQUARE, "text": "店"}]], "file_name": "img_1.jpg", "width": 120, "height": 80,
       "ignore": [{"polygon": SQUARE}]}  # fmt: skip
NAMED = {"img_1": [{"transcription": "a", "points": SQUARE, "illegibility": False, "language": "Latin"}]}
SYNTEXT = {"images": [{"id": 1, "file_name": "img_1.jpg", "width": 120, "height": 80}],
           "annotations": [{"image_id": 1, "bbox": [10, 20, 50, 30], "bezier_pts": CURVE, "rec": [33, 34,
           96]}]}  # fmt: skip
RECTS = {"chars": [], "lines": [{"points": FLAT, "transcription": "店", "ignore": 0}]}
PLATE = "025-95_113-154&383_386&473-386&473_177&454_154&383_363&402-0_0_22_27_27_33_16-37-15"

# Data set -> name of the annotation file (a folder if it is named so), its content, options.
SETS = {
    "ic15": ("gt_img_1.txt", f"{QUAD},a, b\n{QUAD},###\n", {}),
    "icdar2013": ("gt_img_1.txt", '10 20 60 50 "a"\n10, 20, 60, 50, "b"\n', {}),
    "borndigital": ("gt_img_1.txt", '10, 20, 60, 50, "a"\n', {}),
    "mlt2017": ("gt_img_1.txt", f"{QUAD},Latin,a\n", {}),
    "mlt2019": ("img_1.txt", f"{QUAD},Arabic,b\n", {}),
    "rctw17": ("img_1.txt", f'{QUAD},0,"店"\n', {}),
    "mtwi2018": ("img_1.txt", f"{QUAD},a\n", {}),
    "casia10k": ("img_1.txt", f"{QUAD},a\n", {}),
    "sroie": ("img_1.txt", f"{QUAD},TOTAL, 5\n", {}),
    "scut_foru": ("img_1.txt", '10,20,50,30,"a"\n', {}),
    "td500": ("img_1.gt", "0 0 10 20 50 30 0.5\n1 1 10 20 50 30 -0.25\n", {}),
    "hust_tr400": ("img_1.gt", "0 0 10 20 50 30 0.5\n", {}),
    "totaltext": ("poly_gt_img_1.txt",
    "x: [[10 60 60 10]], y: [[20 20 50 50]], ornt: [u'c'], transcriptions: [u'Oak']\n"
                  "x: [[1 6 6 1]], y: [[2 2 5 5]], ornt: [u'#'], transcriptions: [u'#']\n", {}),
    "ctw1500": ("img_1.xml", XML, {}),
    "ctw1500 ": ("000img_1.txt", f"{POINTS},####a\n", {}),
    "svt": ("train.xml", SVT, {"split": "train"}),
    "ccpd": ("train.txt", f"{PLATE}.jpg\n", {"split": "train"}),
    "cocotext": ("./cocotext.json", COCO_TEXT, {"split": "train"}),
    "textocr": ("./TextOCR.json", COCO_TEXT, {"split": "train"}),
    "ctw": ("./train.jsonl", CTW, {}),
    "ic19_art": ("train_labels.json", NAMED, {}),
    "lsvt": ("train_full_labels.json", NAMED, {}),
    "syntext150k": ("./train.json", SYNTEXT, {}),
    "rects": ("img_1.json", RECTS, {}),
}  # fmt: skip


def lay_out(arena, name, content, image="img_1.jpg"):
    """Images and one annotation file; returns (image folder, what ``label_dir`` is)."""
    images, labels = arena.inputs / "images", arena.inputs / "labels"
    images.mkdir()
    labels.mkdir()
    assert cv2.imwrite(str(images / image), np.zeros((80, 120, 3), np.uint8))
    (labels / name).write_bytes(content)
    arena.pictures = images
    return images, labels / name if name.startswith("./") else labels


def convert(arena, dataset, content, strict=False):
    name, _, options = SETS[dataset]
    images, labels = lay_out(arena, name, content, f"{PLATE}.jpg" if dataset == "ccpd" else "img_1.jpg")
    return lambda: datasets.convert(dataset.strip(), images, labels, arena.out / "gt.txt", strict=strict, **options)


def sound(dataset):
    content = SETS[dataset][1]
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()


def prepare(rng, arena):
    dataset = list(SETS)[int(rng.integers(len(SETS)))]
    content = SETS[dataset][1]
    spoiled = spoil(content.encode(), rng) if isinstance(content, str) else spoil_json(content, rng)
    return convert(arena, dataset, spoiled, strict=bool(rng.random() < 0.3))


@pytest.mark.parametrize("dataset", SETS)
def test_sound_files_are_converted(accepted, dataset):
    accepted(lambda arena: convert(arena, dataset, sound(dataset), strict=True))


def test_every_converter_is_attacked():
    assert {dataset.strip() for dataset in SETS} | {"synthtext"} == set(datasets.names())


def test_spoiled_annotations(fuzz):
    outcomes = fuzz("annotations", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefghi", "bcdefghij")
) + "]><Annotations>&j;</Annotations>"  # fmt: skip
FILE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><Annotations>&x;</Annotations>'
BESIDE = '<!DOCTYPE x [<!ENTITY % x SYSTEM "http://localhost:9/x.dtd"> %x;]><Annotations/>'
XMLS = {
    "entities of entities": (LAUGHS, "document type"),
    "an external entity": (FILE, "document type"),
    "a parameter entity": (BESIDE, "document type"),
    "an entity that is not declared": ("<Annotations>&nbsp;</Annotations>", "not XML"),
    "nested deep": ("<a>" * 100_000 + "</a>" * 100_000, "img_1.xml"),
    "not closed": ("<a>" * 50_000, "not XML"),
    "an encoding nobody knows": ('<?xml version="1.0" encoding="klingon"?><a/>', "img_1.xml"),
    "an encoding that is none": ('<?xml version="1.0" encoding="rot13"?><a/>', "img_1.xml"),
    "a codec with side effects": ('<?xml version="1.0" encoding="zip"?><a/>', "img_1.xml"),
    "an encoding of many bytes": ('<?xml version="1.0" encoding="shift_jis"?><a/>', "img_1.xml"),
    "an encoding that lies": ('<?xml version="1.0" encoding="utf-16"?><a/>', "img_1.xml"),
    "a huge attribute": (f'<box x="{"9" * 2_000_000}"/>', "img_1.xml"),
    "a NUL": ("<a>\0</a>", "not XML"),
    "nothing": ("", "not XML"),
    "a number without end": (XML.replace(POINTS, "1" * 200_000 + "x," + POINTS), "img_1.xml"),
}  # fmt: skip


@pytest.mark.parametrize("name", XMLS)
def test_chosen_xml(refused, name):
    content, message = XMLS[name]
    assert message in refused(lambda arena: convert(arena, "ctw1500", content.encode("utf-8", "replace")))


def name_of_image(name):
    return json.dumps({**CTW, "file_name": name}).encode()


@pytest.mark.parametrize(
    "name",
    ["../../secret.txt", "/etc/passwd", "C:\\secret.txt", "..\\..\\secret.txt", "a/../../../secret.txt", "..", ""],
)
def test_image_names_that_lead_out(refused, name):
    assert "is outside the folder" in refused(lambda arena: convert(arena, "ctw", name_of_image(name)))


@pytest.mark.parametrize("name", ["\0", "a\0.jpg", "\ud800.jpg", "x" * 5000, "~", "img_1.jpg/x", "\n", "a\tb.jpg"])
def test_image_names_that_no_file_has(refused, name):
    assert refused(lambda arena: convert(arena, "ctw", name_of_image(name), strict=True))


def test_half_of_a_surrogate_pair_is_kept(accepted):
    item = {**CTW, "annotations": [[{"polygon": SQUARE, "text": "\ud83d"}]]}
    accepted(lambda arena: convert(arena, "ctw", json.dumps(item).encode()))


RESULTS = {
    "icdar2015": f"{QUAD},0.9\n", "icdar2013": "10,20,60,50\n", "td500": "10,20,60,50,0.5\n", "ctw1500": f"{POINTS}\n",
    "totaltext": "20,10,20,60,50,60\n",
}  # fmt: skip
LINES = '{"image": "img_1", "polygons": [[[1, 2], [9, 2], [9, 9]]], "ignore": [false], "rects": [[1, 2, 3, 4, 0.5]]}\n'


def test_spoiled_results(fuzz):
    """Text files of results, and JSON lines, as the scorer reads them."""

    def attack(rng, arena):
        chosen = sorted(RESULTS)[int(rng.integers(len(RESULTS)))]
        if rng.random() < 0.5:
            folder = arena.inputs / "results"
            folder.mkdir()
            (folder / "res_img_1.txt").write_bytes(spoil(RESULTS[chosen].encode(), rng))
            return lambda: benchmarks.read_outlines(folder, "det", chosen)
        (arena.inputs / "det.jsonl").write_bytes(spoil_json(json.loads(LINES), rng) + b"\n" + LINES.encode())
        turned = bool(rng.random() < 0.5)
        return lambda: benchmarks.read_outlines(arena.inputs / "det.jsonl", "gt", chosen, turned)

    outcomes = fuzz("results", attack)
    assert outcomes["refused"] or sum(outcomes.values()) < 20
