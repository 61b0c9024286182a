"""Certificates: what is compared, what agrees, and that the comparison can be repeated without MindSpore."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box

from mindocr.errors import CheckpointError, DataError
from mindocr.inference import certificate as certificates
from mindocr.inference.certificate import Certificate, ImageCheck, compare, sample, table
from mindocr.inference.pipeline import default_pipeline
from mindocr.predictions.detection import Detection
from mindocr.predictions.text import Text

METADATA = {
    "postprocess": {"name": "DBPostprocess", "box_thresh": 0.5, "expand_ratio": 0.0},
    "pipeline": default_pipeline(320),
    "outputs": ["prob"],
}


def check(name="a", difference=0.0, disagreement=""):
    return ImageCheck(name, "file", "", (1, 3, 4, 4), "", {"y": (1,)}, {"y": difference}, 2, {}, disagreement)


def test_differences_of_large_values_are_relative():
    expected = {"a": np.array([0.5, 100.0]), "b": np.zeros((2, 3)), "c": np.zeros(1)}
    found = {"a": np.array([0.6, 101.0]), "b": np.zeros((3, 2)), "c": np.array([np.nan])}
    differences = compare(expected, found)
    assert differences["a"] == pytest.approx(0.1)
    assert differences["b"] == differences["c"] == float("inf")
    assert compare({"d": np.zeros(1)}, {}) == {"d": float("inf")}


def test_a_rounded_network_is_compared_by_the_mean():
    expected, found = {"a": np.array([0.0, 0.0, 0.0, 2.0])}, {"a": np.array([0.4, 0.0, 0.0, 2.4])}
    assert compare(expected, found, mean=True) == {"a": pytest.approx((0.4 + 0.2) / 4)}
    assert compare({"a": np.zeros(1)}, {"a": np.full(1, np.nan)}, mean=True) == {"a": float("inf")}
    other = check("b", 1e-4, "2 texts became 1")
    assert Certificate(1e-3, (other,), rounded=True).holds() and not Certificate(1e-3, (other,)).holds()
    assert not Certificate(1e-3, (check("b", 2e-3),), rounded=True).holds()
    for after, holds in ((0.785, True), (0.77, False)):
        score = {"checkpoint": {"f-score": 0.8}, "file": {"f-score": after}, "data": "gt.txt"}
        assert Certificate(1e-3, (check(),), score=score, rounded=True).holds() is holds
    assert "mean difference" in table(Certificate(1e-3, (other,), rounded=True))
    old = Certificate(1e-3, (check(),)).to_json()
    del old["rounded"]  # as files of earlier versions have it
    assert not Certificate.from_json(old).rounded


def test_a_sample_has_the_first_and_the_last_value():
    array = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    kept = sample(array)
    assert len(kept) == certificates.KEPT and (kept[0], kept[-1]) == (0, 9999)
    assert compare({"y": kept}, {"y": array}, {"y": (100, 100)}) == {"y": 0}
    array[0, 0] = 0.25
    assert compare({"y": kept}, {"y": array}, {"y": (100, 100)}) == {"y": 0.25}


@pytest.mark.parametrize(
    ("images", "score", "holds"),
    [
        ((check(), check("b", 1e-4)), {}, True),
        ((check(), check("b", 2e-3)), {}, False),
        ((check(), check("b", disagreement="2 texts became 1")), {}, False),
        ((check(),), {"checkpoint": {"f-score": 0.8}, "file": {"f-score": 0.8005}, "data": "gt.txt"}, True),
        ((check(),), {"checkpoint": {"f-score": 0.8}, "file": {"f-score": 0.798}, "data": "gt.txt"}, False),
    ],
)
def test_when_a_certificate_holds(images, score, holds):
    made = Certificate(1e-3, images, 0.0, {}, score)
    assert made.holds() is holds
    assert Certificate.from_json(json.loads(json.dumps(made.to_json()))).holds() is holds


def test_the_table_names_the_image_that_differs():
    lines = table(Certificate(1e-3, (check(), check("photo.jpg", 0.5, "2 texts became 1")))).splitlines()
    assert lines[1].split() == ["a", "1", "x", "3", "x", "4", "x", "4", "0", "2", "equal"]
    assert lines[2].split()[::8] == ["photo.jpg", "0.5"] and lines[2].endswith(" 2 texts became 1")
    assert lines[3] == "allowed: 0.001"


def test_polygons_agree_in_any_order_and_by_place():
    square = np.array([[0, 0], [100, 0], [100, 40], [0, 40]], np.float32)
    first = Detection([square, square + 200], [0.9, 0.8])
    assert first.disagreement(Detection([square + 200, square + (0.5, 0)], [0.8, 0.9])) == ""
    assert first.disagreement(Detection([square], [0.9])) == "2 texts became 1"
    assert first.disagreement(Detection([square, square + 300], [0.9, 0.8])) == (
        "text 2 has no counterpart; the nearest overlaps it by 0.00"
    )
    assert first.disagreement(Detection([square, square + 200], [0.9, 0.7])) == "score of text 2: 0.8000 became 0.7000"
    assert Detection([square, square], [0.9, 0.9]).disagreement(Detection([square, square + 300], [0.9, 0.9])) == (
        "text 2 and another one have the same counterpart"
    )


def test_texts_agree_if_they_are_equal():
    assert Text("word", 0.9).disagreement(Text("word", 0.9004)) == ""
    assert Text("word", 0.9).disagreement(Text("ward", 0.9)) == "text.text: 'word' became 'ward'"
    assert Text("word", 0.9).disagreement(Text("word", 0.8)) == "text.confidence: 0.9 became 0.8"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An ONNX file with what stands beside it, and the folder of the image that it was compared on."""
    pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from onnx_files import write_bright_is_text

    from mindocr.engine.export.certify import certify, describe
    from mindocr.inference.runner import open_runner

    folder = tmp_path_factory.mktemp("exported")
    (folder / "images").mkdir()
    cv2.imwrite(str(folder / "images/box.png"), white_box())
    for name, images in (("own.onnx", folder / "images"), ("generated.onnx", None)):
        path = write_bright_is_text(folder / name, metadata=METADATA)
        made, arrays = certify(BrightIsText(), open_runner(path), 1e-3, [(32, 32)], images)
        described, stored, _ = certificates.beside(path)
        described.write_text(json.dumps(describe(path, name, "onnx", METADATA, made)), encoding="utf-8")
        np.savez_compressed(stored, **arrays)
    return folder


def test_a_certificate_compares_outputs_polygons_and_batches(exported):
    about, made, arrays = certificates.read(exported / "own.onnx")
    (image,) = made.images
    assert made.holds() and made.batch == 0 and image.results == 1 and image.name == "box.png"
    assert set(arrays) == {"0.prob"}  # a user's image is not stored
    assert about["about"]["postprocess"]["box_thresh"] == 0.5
    _, made, arrays = certificates.read(exported / "generated.onnx")
    assert made.holds() and len(made.images) == 3 and {"0.image", "0.prob", "2.image"} <= set(arrays)


def test_verifying_needs_no_mindspore(exported):
    code = (
        "import sys; sys.modules['mindspore'] = None\n"
        "from mindocr.cli.main import run_command\n"
        "code = run_command('verify', ['generated.onnx'])\n"
        "print(code, run_command('verify', ['own.onnx', '--images', 'images']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=exported, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "0 0", done.stderr
    assert "own.onnx: computes what its checkpoint did" in done.stdout


def test_verifying_finds_another_network(exported, tmp_path):
    """The file computes the opposite of what the certificate says."""
    for path in exported.glob("generated.onnx*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    stored = tmp_path / "generated.onnx.npz"
    with np.load(stored) as arrays:
        held = dict(arrays)
    np.savez(stored, **{**held, "1.prob": 1 - held["1.prob"]})
    from mindocr.inference.verify import verify

    found = verify(tmp_path / "generated.onnx").certificate
    assert [each.difference for each in found.images] == [0, 1, 0] and not found.holds()


def test_files_that_do_not_belong_together_are_named(exported, tmp_path):
    from mindocr.inference.verify import verify

    with pytest.raises(DataError, match="none of the images that .*own.onnx' was compared on is at hand: box.png"):
        verify(exported / "own.onnx")
    (tmp_path / "box.png").write_bytes((exported / "images/box.png").read_bytes() + b"more")
    with pytest.raises(DataError, match="box.png' is not the image that the file was compared on: its SHA-256 differs"):
        verify(exported / "own.onnx", tmp_path)
    for name in ("own.onnx", "own.onnx.json", "own.onnx.npz"):
        if name.endswith("json"):
            with pytest.raises(CheckpointError, match=r"own.onnx.json': no such file; verifying needs the exp"):
                verify(tmp_path / "own.onnx")
        (tmp_path / name).write_bytes((exported / name).read_bytes())
    (tmp_path / "own.onnx").write_bytes((exported / "own.onnx").read_bytes() + b"\x08\x01")
    with pytest.raises(CheckpointError, match=r"own.onnx' is not the file that 'own.onnx.json' describes"):
        verify(tmp_path / "own.onnx")
    (tmp_path / "a.npz").write_bytes((exported / "own.onnx.npz").read_bytes())
    with pytest.raises(CheckpointError, match=r"a.npz: expected an exported file, but this is a NumPy archive"):
        verify(tmp_path / "a.npz")
    (tmp_path / "own.onnx.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"own.onnx.json' or .* is damaged \('format'\); export the model again"):
        verify(tmp_path / "own.onnx")


def test_a_page_shows_the_comparison(exported):
    from mindocr.report.certificate_page import render_page

    about, _, arrays = certificates.read(exported / "generated.onnx")
    page = render_page(about, arrays)
    assert "of which there are none" not in page
    assert page.count("<img src=") == 3 and "generated_2.png" in page and "DBPostprocess" in page
    assert "mindocr verify generated.onnx" in page and "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("folder", [None, "images"], ids=["beside the labels", "in a folder of their own"])
def test_scores_on_labelled_images(exported, tmp_path, folder):
    """One box found of two that are labelled."""
    from mindocr.inference.configured import configured
    from mindocr.inference.labelled import LabelledImages, scores
    from mindocr.inference.predictor import Predictor
    from mindocr.inference.runner import open_runner
    from mindocr.registry import METRICS

    image_dir = tmp_path / folder if folder else tmp_path
    image_dir.mkdir(exist_ok=True)
    (image_dir / "box.png").write_bytes((exported / "images/box.png").read_bytes())
    box = [[100, 60], [300, 60], [300, 120], [100, 120]]
    texts = [{"transcription": "a", "points": [[x, y + add] for x, y in box]} for add in (0, 110)]
    (tmp_path / "gt.txt").write_text(f"box.png\t{json.dumps(texts)}\n", encoding="utf-8")
    runner = open_runner(exported / "own.onnx")
    metric = METRICS.build({"name": "DetMetric"})
    data = LabelledImages(tmp_path / "gt.txt", image_dir if folder else None)
    found = scores(Predictor(runner, *configured(runner)), BrightIsText(), data, metric)
    assert found["checkpoint"] == found["file"]
    assert (found["file"]["recall"], found["file"]["precision"], found["images"]) == (0.5, 1.0, 1)
