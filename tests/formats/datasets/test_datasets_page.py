"""The pages on data sets: every command is run on the folder tree shown above it, filled with a small sample."""

import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from mindocr.cli.main import run_command
from mindocr.config.read import resolve
from mindocr.formats import datasets
from mindocr.formats.label_file import parse_label_line, read_lines
from mindocr.formats.synthtext_mat import read_synthtext

QUAD = "10,20,110,20,110,60,10,60"
POINTS = "[[10, 20], [110, 20], [110, 60], [10, 60]]"
SHAPE = "10,60,30,55,50,52,70,50,90,52,110,55,130,60,130,40,110,35,90,32,70,30,50,32,30,35,10,40"
PLATE = "030-90_88-100&200_300&260-300&260_102&258_100&200_298&202-12_0_3_24_25_33_10-80-20"
NAMED = f'[{{"transcription": "a", "points": {POINTS}, "illegibility": false}}]'
TABLES = (
    '{"imgs": {"1": {"file_name": "%s", "set": "train"}}, "imgToAnns": {"1": ["2"]}, "anns": {"2": '
    '{"%s": [10, 20, 110, 20, 110, 60, 10, 60], "legibility": "legible", "utf8_string": "a"}}}'
)
# Sample content of the annotation files of each data set.
LABELS = {
    "ic15": f"{QUAD},a",
    "icdar2013": '10, 20, 110, 60, "a"',
    "borndigital": '10, 20, 110, 60, "a"',
    "mlt2017": f"{QUAD},Latin,a",
    "mlt2019": f"{QUAD},Latin,a",
    "sroie": f"{QUAD},a",
    "ic19_art": f'{{"gt_0": {NAMED}}}',
    "lsvt": f'{{"gt_0": {NAMED}, "gt_15000": {NAMED}}}',
    "rects": f'{{"lines": [{{"points": [{QUAD}], "transcription": "a", "ignore": 0}}]}}',
    "td500": "0 0 10 20 100 40 0",
    "hust_tr400": "0 0 10 20 100 40 0",
    "ctw1500": f"{SHAPE},####a",
    "totaltext": "x: [[10 110 110 10]], y: [[20 20 60 60]], ornt: [u'h'], transcriptions: [u'a']",
    "casia10k": f"{QUAD},a",
    "mtwi2018": f"{QUAD},a",
    "rctw17": f'{QUAD},0,"a"',
    "ccpd": f"ccpd_base/{PLATE}.jpg",
    "scut_foru": '10,20,100,40,"a"',
    "svt": "<tagset><image><imageName>img/00_00.jpg</imageName><taggedRectangles><taggedRectangle x='10' y='20' "
           "width='100' height='40'><tag>a</tag></taggedRectangle></taggedRectangles></image></tagset>",
    "cocotext": TABLES % ("COCO_train2014_000000000036.jpg", "mask"),
    "textocr": TABLES % ("train/a4ea732cd3d5948a.jpg", "points"),
    "ctw": f'{{"file_name": "0000172.jpg", "annotations": [[{{"polygon": {POINTS}, "text": "a"}}]], "ignore": []}}',
    "synthtext": None,
    "syntext150k": '{"images": [], "annotations": [{"image_id": 0, "bbox": [10, 20, 100, 40], "rec": [65]}]}',
}  # fmt: skip
TRAIN_CTW1500 = f"<Annotations><image><box><label>a</label><segs>{SHAPE}</segs></box></image></Annotations>"


PAGES = sorted((Path(__file__).resolve().parents[3] / "docs/datasets").glob("*.md"))
PARTS = ("**Where:**", "**Licence:**", "**Known counts:**", "**Recipes:**", "## Expected tree", "## Convert",
         "## Pitfalls")  # fmt: skip
OWN_DATA = {"db_mobilenetv3_ppocrv3.yaml", "db_r18_synthetic.yaml"}  # recipes for no published data set


def tree_and_commands(page):
    """(files of its tree, arguments of each command) of a page."""
    text = page.read_text(encoding="utf-8")
    tree = re.search(r"```text\n(.*?)```", text, re.S)[1].splitlines()
    commands = re.findall(r"^`python tools/dataset_converters/convert\.py (.+)`$", text, re.M)
    return tree, [shlex.split(command) for command in commands]


def fill(file, name):
    """Write a small image or annotation file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".mat":
        cells = {"imnames": ["8/ballet_106_0.jpg"], "txt": ["a"]}
        box = np.empty((1, 1), dtype=object)
        box[0, 0] = np.array([[10, 110, 110, 10], [20, 20, 60, 60]], dtype=np.float64)
        savemat(file, {**{key: np.array([value], dtype=object) for key, value in cells.items()}, "wordBB": box})
    elif file.suffix.lower() in (".jpg", ".gif"):  # a JPEG named .gif is decoded as JPEG
        file.write_bytes(cv2.imencode(".jpg", np.zeros((300, 400, 3), np.uint8))[1].tobytes())
    else:
        file.write_text(TRAIN_CTW1500 if (name, file.suffix) == ("ctw1500", ".xml") else LABELS[name], encoding="utf-8")


def test_every_converter_has_a_page_and_a_row(repo_root):
    index = (repo_root / "docs/datasets.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\(datasets/(\w+)\.md\)", index, re.M)
    assert [page.stem for page in PAGES] == datasets.names() == sorted(LABELS)
    assert sorted(rows) == [(name, name) for name in datasets.names()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_have_all_parts_and_sound_links(page):
    text = page.read_text(encoding="utf-8")
    places = [text.index(part) for part in PARTS]
    assert places == sorted(places) and text.startswith("# ") and f"({page.stem})\n" in text
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert [link for link in links if "://" not in link and not (page.parent / link.split("#")[0]).exists()] == []
    assert text.count("\n") <= 70


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_parse_and_run_on_their_trees(page, tmp_path, monkeypatch, capsys):
    tree, commands = tree_and_commands(page)
    assert commands
    for file in tree:
        fill(tmp_path / file, page.stem)
    monkeypatch.chdir(tmp_path)
    listed = set()
    for arguments in commands:
        options = dict(zip(arguments[::2], arguments[1::2]))
        assert options["--dataset_name"] == page.stem
        run_command("convert", [*arguments, "--strict"])
        output, folder = tmp_path / options["--output_path"], Path(options["--image_dir"])
        if output.suffix == ".mat":
            lines = [(record.img_path, record.content[1]) for record in read_synthtext(output, folder)]
        else:
            parsed = (parse_label_line(line, output, number) for number, line in read_lines(output))
            lines = [(str(folder / name), texts) for name, texts in parsed]
        assert lines and all(texts for _, texts in lines)
        listed |= {name for name, _ in lines}
        assert ": 0 images" not in capsys.readouterr().out
    assert listed == {file for file in tree if file.lower().endswith((".jpg", ".gif"))}


def label_files(recipe):
    """Label files of the training and evaluation sets of a recipe, as written in its YAML file."""
    values = resolve(recipe)
    found = [(values.get(section) or {}).get("dataset", {}).get("label_file", []) for section in ("train", "eval")]
    return {name for one in found for name in ([one] if isinstance(one, str) else one)}


def test_recipes_read_what_the_pages_write(repo_root):
    """A page names a recipe exactly when one of its commands writes a label file that the recipe uses."""
    used = {recipe.name: label_files(recipe) for recipe in (repo_root / "configs/det/dbnet").glob("*.yaml")}
    written = {}
    for page in PAGES:
        outputs = {arguments[arguments.index("--output_path") + 1] for arguments in tree_and_commands(page)[1]}
        written |= dict.fromkeys(outputs, page.stem)
        named = set(re.findall(r"configs/det/dbnet/(\w+\.yaml)", page.read_text(encoding="utf-8")))
        assert named == {name for name, files in used.items() if files & outputs}, page.stem
    missing = {name: files - written.keys() for name, files in used.items() if name not in OWN_DATA}
    assert len(missing) >= 20 and not any(missing.values()), missing
    index = (repo_root / "docs/datasets.md").read_text(encoding="utf-8")
    marked = set(re.findall(r"^\| \[(\w+)\].*\| yes \|$", index, re.M))
    assert marked == {written[file] for name, files in used.items() if name not in OWN_DATA for file in files}
