"""Hostile files through the tools themselves: a sentence that names the file, exit code 2, nothing left behind."""

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from mindocr.engine.train.checkpoints import save
from mindocr.models import build_model

RECIPE = "configs/det/dbnet/db_r18_icdar15.yaml"
QUAD = "10,20,60,20,60,50,10,50"
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;'>]><Annotations>&b;</Annotations>"
FILE = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><Annotations>&x;</Annotations>'


def refused(outcome, *parts):
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err + outcome.out
    message = outcome.err[outcome.err.index("error: ") :]
    for part in parts:
        assert part in message, f"{part!r} is not in: {message}"


def png(width, height, data=b""):
    """A PNG that announces a size."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def packed(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Images, an empty folder of labels, and a file beside them that nothing may touch."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    assert cv2.imwrite(str(tmp_path / "images/img_1.jpg"), np.zeros((80, 120, 3), np.uint8))
    (tmp_path / "secret.txt").write_text("untouched")
    yield tmp_path
    assert (tmp_path / "secret.txt").read_text() == "untouched"
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").glob("*.txt"))


@pytest.mark.parametrize(
    ("dataset", "name", "content", "part"),
    [
        ("ctw1500", "img_1.xml", LAUGHS, "document type"),
        ("ctw1500", "img_1.xml", FILE, "document type"),
        ("ctw1500", "img_1.xml", '<?xml version="1.0" encoding="zip"?><a/>', ""),
        ("ic15", "gt_img_1.txt", "1" * 100_000 + "x," + QUAD, "expected a number of pixels"),
        ("rects", "img_1.json", '{"lines": ' + "[" * 50_000 + "]" * 50_000 + "}", "not JSON"),
        ("totaltext", "poly_gt_img_1.mat", "MATLAB 5.0 " + "\0" * 200, "cannot read this as a MATLAB 5 file"),
    ],
)
def test_convert(tool, folder, dataset, name, content, part):
    (folder / "labels" / name).write_text(content)
    words = ["--image_dir", folder / "images", "--label_dir", folder / "labels", "--output_path", folder / "out/gt.txt"]
    refused(tool("tools/dataset_converters/convert.py", "--dataset_name", dataset, *words), name, part)


@pytest.mark.parametrize("name", ["../../secret.txt", "/etc/passwd", "C:\\secret.txt"])
def test_exchange(tool, folder, name):
    content = {"images": [{"id": 1, "file_name": name, "width": 9, "height": 9}], "annotations": []}
    (folder / "coco.json").write_text(json.dumps(content))
    words = ["--image_dir", folder / "images", "--label_file", folder / "out/gt.txt", "--other", folder / "coco.json"]
    done = tool("tools/dataset_converters/exchange.py", "import", "--format", "coco", *words)
    refused(done, "none of the 1 annotated images")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (packed("../secret.txt", QUAD), "a path that leads out of the archive"),
        (packed("res_img_1.txt", bytes(50_000_000)), "too large"),
        (packed("res_img_1.txt", QUAD)[:-30], "det.zip"),
        (b"\x00" * 100, "det.zip"),
        (b"a.jpg\t" + b"[" * 20_000, "det.zip:1"),
    ],
)
def test_score(tool, folder, content, part):
    (folder / "labels/gt_img_1.txt").write_text(f"{QUAD},a\n")
    (folder / "det.zip").write_bytes(content)
    words = ["--protocol", "icdar2015", "--gt", folder / "labels", "--det", folder / "det.zip"]
    refused(tool("tools/score.py", *words), part)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("a: !!python/object/apply:os.system ['touch stolen']\n", "recipe.yaml:1: "),
        ("".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]\n" for i in range(12)), "recipe.yaml: "),
        ("{a: " * 2000 + "}" * 2000, "recipe.yaml:1: nested too deep"),
        (f"base: {Path(RECIPE).resolve()}\ntrain: {{ckpt_save_dir: !!bool perhaps}}\n", "expected true or false"),
    ],
)
def test_check_config(tool, folder, content, part):
    (folder / "recipe.yaml").write_text(content)
    outcome = tool("tools/check_config.py", folder / "recipe.yaml")
    assert outcome.code == 1 and part in outcome.err and "Traceback" not in outcome.err
    assert len(outcome.err) < 10_000


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of dbnet_resnet18."""
    path = tmp_path_factory.mktemp("weights") / "r18.ckpt"
    save(build_model("dbnet_resnet18").get_parameters(), path)
    return path


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "cut short"),
        (b"GIF89a" + bytes(30), "image"),
        (png(100_000, 100_000), "100000 x 100000 pixels (w x h), 10000000000 in all, above the limit of 134217728"),
        (png(9, 9)[:33] + b"\xff\xff\xff\xf0IDAT" + bytes(20), "cut short"),
    ],
)
def test_predict(tool, folder, weights, content, part):
    (folder / "images/img_1.jpg").write_bytes(content)
    words = ["-c", RECIPE, "--det_model_dir", weights, "--draw_img_save_dir", folder / "out"]
    refused(tool("tools/infer/text/predict_det.py", "--image_dir", folder / "images", *words), "img_1.jpg", part)


def test_predict_on_a_strip(tool, folder, weights):
    """An image that resizing would make too large is named, with the key that controls the size."""
    assert cv2.imwrite(str(folder / "images/img_1.jpg"), np.zeros((10, 20_000, 3), np.uint8))
    words = ["-c", RECIPE, "--det_model_dir", weights, "--draw_img_save_dir", folder / "out"]
    limit = ["--det_limit_side_len", 736, "--det_limit_type", "min"]
    outcome = tool("tools/infer/text/predict_det.py", "--image_dir", folder / "images", *words, *limit)
    refused(outcome, "img_1.jpg", "would become 1472000 x 736", "raise max_pixels of DetResize")


@pytest.mark.parametrize("position", [200, -200])
def test_convert_weights(tool, folder, position):
    content = bytearray(packed("archive/data.pkl", b"\x80\x02}."))
    content[position % len(content)] ^= 0xFF
    (folder / "net.pth").write_bytes(content)
    words = ["--from", "torchvision", "--input", folder / "net.pth", "--output", folder / "net.ckpt"]
    refused(tool("tools/convert_weights.py", *words), "net.pth")
    assert not (folder / "net.ckpt").exists()
