"""The data set checker as a user runs it: on real photographs, with faults planted, and with wrong arguments."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mindocr.formats.datasets import convert
from mindocr.inspection.kinds import KINDS
from mindocr.inspection.settings import Settings
from mindocr.inspection.survey import Source, inspect

TOOL = "tools/check_dataset.py"
QUAD = [[20, 20], [90, 20], [90, 50], [20, 50]]


class Page(HTMLParser):
    """The elements of a page, and every address that it would load or lead to."""

    VOID = ("meta", "img", "br", "rect")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        self.addresses += [known[key] for key in ("src", "href", "srcset", "action", "data", "poster") if key in known]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def label(name, *texts):
    return f"{name}\t{json.dumps([{'transcription': t, 'points': p} for t, p in texts], ensure_ascii=False)}"


def picture(seed, size=(120, 160)):
    noise = np.random.default_rng(seed).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    return cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def tiny(tmp_path):
    """Three images with valid labels."""
    (tmp_path / "images").mkdir()
    for i in range(3):
        assert cv2.imwrite(str(tmp_path / f"images/{i}.jpg"), picture(i))
    lines = [label(f"{i}.jpg", ("word", QUAD)) for i in range(3)]
    (tmp_path / "gt.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def words(folder, *more):
    return ["--label_file", folder / "gt.txt", "--data_dir", folder / "images", *more]


def test_the_page_of_a_good_set_shows_its_labels(tool, tiny):
    """Three images are shown, evenly chosen two, or none; nothing is said about problems in detail."""
    for number, shown in (("24", 3), ("2", 2), ("0", 0)):
        assert tool(TOOL, *words(tiny, "--report", tiny / "page.html", "--report_images", number)).code == 0
        text = (tiny / "page.html").read_text(encoding="utf-8")
        assert Page(text).tags.count("img") == shown
        assert ("Images with their labels" in text) == (shown > 0) and "Problems in detail" not in text
        assert text.count("160 x 120, texts: 1 used, 0 ignored") == shown


def test_a_good_set(tool, tiny):
    outcome = tool(TOOL, *words(tiny))
    assert outcome.code == 0
    assert "train: 3 usable images, 3 texts, 0 (0.0%) ignored" in outcome.out
    assert outcome.out.endswith("\nno problem found\n")
    assert outcome.err == ""  # a progress bar is only shown on a terminal


@pytest.mark.slow
def test_icdar2015_train(tool, shared_dir, tmp_path):
    """All 1000 training photographs: the three quadrilaterals that are not convex, and the ignored share."""
    source = shared_dir / "data/icdar2015/train"
    convert("ic15", source / "images", source / "gts", tmp_path / "gt.txt")
    outcome = tool(TOOL, "--label_file", tmp_path / "gt.txt", "--data_dir", source / "images",
                   "--json", tmp_path / "found.json", "--report", tmp_path, "--pictures", 1)  # fmt: skip
    assert outcome.code == 0
    assert "train: 1000 usable images, 11886 texts, 7418 (62.4%) ignored" in outcome.out
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    bent = [(item["image"], item["text"], item["detail"]) for item in found["problems"] if item["kind"] == "non_convex"]
    assert sorted(bent) == [
        ("img_141.jpg", 7, "corner 2 is on a side"),
        ("img_232.jpg", 37, "corners 3 and 4 are the same point"),
        ("img_551.jpg", 27, "corner 2 is on a side"),
    ]
    assert found["statistics"]["train"]["ignored_share"] == round(7418 / 11886, 4)
    assert found["statistics"]["train"]["image_sizes"] == [[[960, 640], 1000]]
    counts = {kind: count for kind, count in found["counts"].items() if count}
    assert counts.pop("all_ignored") == count_all_ignored(source / "gts") == 21
    assert counts == {"non_convex": 3, "repeated_point": 1, "below_filter": 1, "overlapping_texts": 3}
    Page((tmp_path / "dataset.html").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_sixty_photographs_a_second_on_two_cores(shared_dir, tmp_path):
    """In CPU time of one process, which other programs disturb less: 33 ms for each photograph of 1280 x 720."""
    source = shared_dir / "data/icdar2015/test"
    convert("ic15", source / "images", source / "gts", tmp_path / "gt.txt")
    started = time.process_time()
    inspection = inspect([Source("train", source / "images", tmp_path / "gt.txt")], Settings(), 1, progress=False)
    spent = time.process_time() - started
    assert {fact.size for fact in inspection.facts} == {(1280, 720)} and len(inspection.facts) == 200
    assert spent / 200 < 2 / 60


def count_all_ignored(folder: Path) -> int:
    """Images all of whose texts are ``###``, counted from the published files."""
    texts = [[line.split(",", 8)[8] for line in file.read_text("utf-8-sig").splitlines()] for file in folder.iterdir()]
    return sum(all(text == "###" for text in one) for one in texts)


def plant(folder: Path, photographs: list[Path], lines: list[str]) -> dict[str, tuple[int, int]]:
    """Plant a fault of each kind into copies; returns kind -> (line, text) of each."""
    images = folder / "images"
    names = [line.partition("\t")[0] for line in lines]
    texts = [json.loads(line.partition("\t")[2]) for line in lines]

    def put(line: int, points, transcription="planted") -> tuple[int, int]:
        texts[line - 1].append({"transcription": transcription, "points": points})
        return line, len(texts[line - 1])

    planted = {
        "point_outside": put(1, [[-20, 300], [60, 300], [60, 330], [-20, 330]]),
        "text_outside": put(2, [[1290, 10], [1400, 10], [1400, 40], [1290, 40]]),
        "self_crossing": put(3, [[5, 600], [205, 660], [205, 600], [5, 660]]),
        "counter_clockwise": put(4, [[5, 600], [5, 660], [205, 660], [205, 600]]),
        "non_convex": put(5, [[5, 600], [205, 600], [40, 615], [5, 660]]),
        "zero_area": put(6, [[5, 600], [205, 600], [105, 600], [55, 600]]),
        "vanishes": put(7, [[5, 600], [85, 680], [84, 681], [4, 601]]),
        "below_filter": put(8, [[5, 700], [205, 700], [205, 704], [5, 704]]),
        "empty_transcription": put(9, [[5, 600], [205, 600], [205, 660], [5, 660]], ""),
        "almost_ignored": put(10, [[5, 600], [205, 600], [205, 660], [5, 660]], "### "),
        "repeated_text": put(11, texts[10][0]["points"], texts[10][0]["transcription"]),
        "repeated_point": put(12, [[5, 600], [5, 600], [205, 600], [205, 660], [5, 660]]),
        "falls_apart": put(13, [[5, 500], [105, 500], [105, 548], [205, 548], [205, 500], [305, 500], [305, 600],
                                [205, 600], [205, 552], [105, 552], [105, 600], [5, 600]]),
        "overlapping_texts": put(14, [[x + 0.25, y] for x, y in largest(texts[13])], "another"),
    }  # fmt: skip
    texts[14], planted["no_text"] = [], (15, 0)
    for text in texts[15]:
        text["transcription"] = "###"
    planted["all_ignored"] = (16, 0)
    (images / names[16]).write_bytes(b"no photograph")
    content = (images / names[17]).read_bytes()
    (images / names[17]).write_bytes(content[: len(content) // 2])
    content = bytearray((images / names[18]).read_bytes())
    content[len(content) // 2 : len(content) // 2 + 500] = bytes(500)
    (images / names[18]).write_bytes(content)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(images / names[19]).save(images / names[19], exif=exif)
    (images / names[20]).unlink()
    shutil.copy(images / names[21], images / names[22])
    smaller = cv2.resize(cv2.imread(str(images / names[23])), (640, 360), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(images / names[24]), smaller, [cv2.IMWRITE_JPEG_QUALITY, 60])
    texts[24] = [{"transcription": "a", "points": QUAD}]
    Image.open(images / names[25]).save(images / names[25], "PNG")
    Image.open(images / names[26]).convert("CMYK").save(images / names[26])
    shutil.copy(photographs[-1], images / "unlisted.jpg")
    planted |= {"undecodable_image": (17, 0), "cut_short_image": (18, 0), "damaged_image": (19, 0),
                "exif_rotation": (20, 0), "labels_lie_on_side": (20, 0), "missing_image": (21, 0),
                "same_image": (23, 0), "similar_image": (25, 0), "misnamed_image": (26, 0), "odd_pixels": (27, 0),
                "unlisted_image": (1, 0), "malformed_line": (len(lines) + 1, 0), "repeated_line": (len(lines) + 2, 0),
                "same_image_in_test": (1, 0), "similar_image_in_test": (2, 0)}  # fmt: skip
    texts[37] = [{"transcription": "a", "points": [[0.1, 0.2], [0.3, 0.2], [0.3, 0.3], [0.1, 0.3]]}]
    (images / "deep").mkdir()
    (images / names[35]).rename(images / "deep" / names[35])
    made = [f"{name}\t{json.dumps(one, ensure_ascii=False)}" for name, one in zip(names, texts)]
    made[32:34] = [made[32] + made[33], ""]
    made[34] = f"{names[34]}\t{texts[34]}"
    made[35:37] = [f"deep\\{made[35]}", f"C:\\data\\{made[36]}"]
    planted |= {"lines_run_together": (33, 0), "other_notation": (35, 0), "backslash_path": (36, 0),
                "other_path": (37, 0), "points_are_shares": (38, 0)}  # fmt: skip
    made += [f"{names[0]} no tab", made[29]]
    (folder / "gt.txt").write_text("".join(f"{line}\n" for line in made), encoding="utf-8")
    return planted


def largest(texts):
    """The polygon of the largest text."""
    return max((text["points"] for text in texts), key=lambda p: cv2.contourArea(np.array(p, dtype=np.float32)))


@pytest.fixture
def planted(shared_dir, tmp_path):
    """Forty photographs of ICDAR 2015 with faults of all kinds but one, and two more as a test set."""
    source = shared_dir / "data/icdar2015/test"
    photographs = sorted((source / "images").iterdir())[:40]
    for part in ("images", "test"):
        (tmp_path / part).mkdir()
    for photograph in photographs[:39]:
        shutil.copy(photograph, tmp_path / "images")
        (tmp_path / "images" / photograph.name).chmod(0o644)
    convert("ic15", tmp_path / "images", source / "gts", tmp_path / "whole.txt")
    lines = (tmp_path / "whole.txt").read_text(encoding="utf-8").splitlines()
    shutil.copy(photographs[30], tmp_path / "test/a.jpg")
    image = cv2.imread(str(photographs[31]))
    cv2.imwrite(str(tmp_path / "test/b.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 50])
    both = [label(name, ("word", QUAD)) for name in ("a.jpg", "b.jpg")]
    (tmp_path / "test.txt").write_text("\n".join(both) + "\n", encoding="utf-8")
    return tmp_path, plant(tmp_path, photographs, lines)


def test_planted_faults_are_all_found_and_repaired(tool, planted):
    folder, expected = planted
    arguments = [*words(folder), "--test_label_file", folder / "test.txt", "--test_data_dir", folder / "test"]
    outcome = tool(TOOL, *arguments, "--json", folder / "found.json", "--report", folder / "page.html")
    assert outcome.code == 1  # training would stop
    assert "Traceback" not in outcome.err and "Corrupt JPEG" not in outcome.err
    found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    assert set(found["counts"]) == set(expected) | {"other_scale"}  # a sign of a whole label file
    for kind, place in expected.items():
        places = [(item["line"], item["text"]) for item in found["problems"] if item["kind"] == kind]
        assert place in places, kind
        if kind not in ("overlapping_texts", "all_ignored", "repeated_point", "below_filter"):
            assert places == [place], kind

    text = (folder / "page.html").read_text(encoding="utf-8")
    page = Page(text)
    assert [address for address in page.addresses if not address.startswith(("#", "data:image/jpeg;base64,"))] == []
    assert not re.search(r"https?:|//\w|@import|url\(", re.sub(r'"data:image[^"]+"', "", text))
    assert set(expected) <= set(page.ids)
    assert page.tags.count("img") >= 20 and page.tags.count("svg") == 6
    assert [address[1:] for address in page.addresses if address[0] == "#"] == [
        i for i in page.ids if i in set(expected)
    ]  # fmt: skip

    fixed = folder / "fixed"
    outcome = tool(TOOL, *arguments, "--fix", "--output", fixed)
    assert outcome.code == 1 and "every change with the previous content" in outcome.out
    again = tool(TOOL, "--label_file", fixed / "gt.txt", "--data_dir", folder / "images", "--json", folder / "2.json")
    assert again.code == 0
    left = {kind: count for kind, count in json.loads((folder / "2.json").read_text())["counts"].items() if count}
    repaired = {"malformed_line", "missing_image", "undecodable_image", "cut_short_image", "point_outside",
                "text_outside", "self_crossing", "counter_clockwise", "zero_area", "repeated_text", "repeated_line",
                "repeated_point", "lines_run_together", "other_notation", "backslash_path", "other_path",
                "points_are_shares"}  # fmt: skip
    assert not repaired & set(left)
    assert {"non_convex", "vanishes", "labels_lie_on_side", "same_image"} <= set(left)


@pytest.mark.parametrize(("change", "message"), [
    (["--label_file", "none.txt", "--data_dir", "images"], "none.txt: no such label file"),
    (["--label_file", "gt.txt", "--data_dir", "none"], "none: no such folder"),
    (["--label_file", "empty.txt", "--data_dir", "images"], "empty.txt: no line in this label file"),
    (["--label_file", "gt.txt", "--data_dir", "other"], "none of its 3 images exists"),
    (["--label_file", "gt.txt"], "--label_file and --data_dir belong together"),
    (["--label_file", "gt.txt", "gt.txt", "--data_dir", "images"], "expected the same number"),
    (["--test_label_file", "gt.txt"], "--test_label_file and --test_data_dir belong together"),
    ([], "nothing to check: give --label_file and --data_dir"),
    (["--label_file", "gt.txt", "--data_dir", "images", "--fix"], "--fix needs --output"),
    (["--label_file", "gt.txt", "--data_dir", "images", "--output", "o.txt"], "add --fix"),
    (["--label_file", "gt.txt", "--data_dir", "images", "--fix", "--output", "gt.txt"], "gt.txt: exists"),
    (["--label_file", "gt.txt", "--data_dir", "images", "--workers", "0"], "--workers: expected 1 or more"),
    (["--label_file", "gt.txt", "--data_dir", "images", "--shrink_ratio", "2"], "must be in (0, 1], got 2.0"),
    (["--label_file", "gt.txt", "--data_dir", "images", "--report_images", "-1"], "--report_images: expected a number"),
    (["--label_file", "gt.txt", "--data_dir", "images", "-o", "a=1"], "name the recipe with -c"),
    (["--label_file", "gt.txt", "--data_dir", "images", "--report", "gt.txt/page.html"], "cannot write this file"),
])  # fmt: skip
def test_mistakes(tool, tiny, monkeypatch, change, message):
    (tiny / "empty.txt").write_text("\n \n")
    (tiny / "other").mkdir()
    files = [tiny / word if "." in word or word in ("images", "none", "other") else word for word in change]
    outcome = tool(TOOL, *files)
    assert outcome.code == 2 and message in outcome.err[outcome.err.index("error: ") :]
    assert "Traceback" not in outcome.err


@pytest.mark.slow
def test_data_sets_and_filters_of_a_recipe(tool, tiny):
    """The recipe defines where the data sets are, how images are resized, and which texts are filtered."""
    (tiny / "gt.txt").write_text(label("0.jpg", ("word", [[20, 20], [90, 20], [90, 31], [20, 31]])) + "\n")
    places = {"dataset_root": tiny, "data_dir": "images", "label_file": "gt.txt"}
    sections = [f"{part}.dataset.{key}={value}" for part in ("train", "eval") for key, value in places.items()]
    overrides = [*sections, "train.dataset.transform_pipeline.ShrinkBinaryMap.min_text_size=12",
                 "eval.dataset.transform_pipeline.DetResize.target_size=[96,160]"]  # fmt: skip
    outcome = tool(TOOL, "-c", "configs/det/dbnet/db_r18_icdar15.yaml", "-o", *overrides, "--json", tiny / "j.json")
    assert outcome.code == 0, outcome.err
    found = json.loads((tiny / "j.json").read_text())
    sizes = [(item["part"], item["detail"]) for item in found["problems"] if item["kind"] == "below_filter"]
    assert sorted(sizes) == [("test", "8.8 pixels; the filter is 12"), ("train", "11 pixels; the filter is 12")]
    assert found["counts"]["same_image_in_test"] == 1
    printed = re.search(r"^these sizes for the recipe: -o (.+)$", outcome.out, re.M)[1]
    assert shlex.split(printed) == found["overrides"] and len(found["overrides"]) == 2
    again = tool(TOOL, "-c", "configs/det/dbnet/db_r18_icdar15.yaml", "-o", *overrides, *shlex.split(printed))
    assert again.code == 0 and f"-o {printed}" in again.out


def test_the_page_in_the_documents_lists_all_kinds_and_options(tool, repo_root):
    page = (repo_root / "docs/check_dataset.md").read_text(encoding="utf-8")
    rows = [f"| {kind.severity} | {kind.title} | {kind.meaning} | {kind.fix} |" for kind in KINDS]
    assert re.findall(r"^\| (?:error|warning|note) \|.*$", page, re.M) == rows
    usage = tool(TOOL, "--help").out.partition("options:")[2]
    options = set(re.findall(r"^  (?:-\w \S+, )?(--\w+)", usage, re.M)) - {"--help"}
    documented = set(re.findall(r"`(--?\w+)`", page.partition("## What is looked for")[0]))
    assert options - {"--config", "--opt"} == documented - {"-c", "-o"} and len(options) > 10
    commands = re.findall(r"^python tools/check_dataset\.py (.+)$", page, re.M)
    assert len(commands) == 4
    assert {word for command in commands for word in command.split() if word.startswith("-")} <= documented
