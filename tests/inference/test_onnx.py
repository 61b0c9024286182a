"""ONNX files, run for real where onnx and onnxruntime are installed."""

import sys

import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box

from mindocr.errors import CheckpointError, ConfigError, UserError
from mindocr.inference.detector import TextDetector
from mindocr.inference.onnx import Onnx
from mindocr.inference.pipeline import default_pipeline

METADATA = {
    "postprocess": {"name": "DBPostprocess", "box_thresh": 0.5, "expand_ratio": 0.0},
    "pipeline": default_pipeline(320),
    "outputs": ["prob"],
}


@pytest.fixture
def write():
    pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from onnx_files import write_bright_is_text

    return write_bright_is_text


def test_without_onnxruntime_the_message_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.onnx").write_bytes(b"something")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match="a.onnx': ONNX files need onnxruntime; .*pip install onnxruntime"):
        Onnx(tmp_path / "a.onnx")


def test_a_file_computes_what_its_network_does(write, tmp_path):
    runner = Onnx(write(tmp_path / "a.onnx", metadata=METADATA))
    assert (runner.input_size, runner.output_names, runner.metadata) == ((-1, -1), ("prob",), METADATA)
    rng = np.random.default_rng(0)
    images = [rng.normal(size=size).astype(np.float32) for size in ((3, 32, 64), (3, 64, 32))]
    for found, expected in zip(runner(images)["prob"], BrightIsText()(images)["prob"], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_file_of_one_size(write, tmp_path):
    runner = Onnx(write(tmp_path / "a.onnx", (1, 3, 96, 160)))
    assert runner.input_size == (96, 160)
    with pytest.raises(UserError, match="a.onnx' takes images of 96 x 160 pixels, but the pipeline returned 32 x 32"):
        runner([np.zeros((3, 32, 32), np.float32)])
    detector = TextDetector(write(tmp_path / "b.onnx", (1, 3, 96, 160), metadata=METADATA))
    (poly,) = detector(white_box()).polygons
    np.testing.assert_allclose(poly, [[100, 60], [300, 60], [300, 120], [100, 120]], atol=5)


def test_a_file_from_elsewhere_needs_a_configuration(write, tmp_path, repo_root):
    path = write(tmp_path / "a.onnx", output="sigmoid_0.tmp_0")
    with pytest.raises(ConfigError, match="does not hold its preprocessing; pass a YAML file that has it as config"):
        TextDetector(path)
    detector = TextDetector(path, config=repo_root / "configs/det/dbnet/db_r50_icdar15.yaml")
    assert len(detector(white_box()).polygons) == 1


def test_files_that_cannot_be_used_are_named(write, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no graph at all")
    with pytest.raises(CheckpointError, match="bad.onnx' is not an ONNX file that onnxruntime can load"):
        Onnx(tmp_path / "bad.onnx")
    with pytest.raises(CheckpointError, match=r"expected one input, float32 \(N, 3, H, W\); .*image: tensor\(float\)"):
        Onnx(write(tmp_path / "grey.onnx", (1, 1, 32, 32)))
    with pytest.raises(CheckpointError, match="entry mindocr.outputs is not a list"):
        Onnx(write(tmp_path / "names.onnx", metadata={"outputs": "prob"}))
