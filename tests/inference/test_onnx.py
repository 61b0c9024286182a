"""ONNX files, run for real where onnx and onnxruntime are installed."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box

from mindocr.errors import CheckpointError, ConfigError, DataError, UserError
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


def test_work_in_one_thread_gives_the_same(write, tmp_path):
    runner = Onnx(write(tmp_path / "a.onnx"), threads=3)
    assert runner.workers == 3
    images = np.random.default_rng(1).normal(size=(4, 3, 32, 64)).astype(np.float32)
    expected = BrightIsText()(images)["prob"]
    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(runner.work, images[:, None]))
    for found in (runner(images), runner.work(images), runner.work_alone(images)):
        np.testing.assert_array_equal(found["prob"], expected)
    np.testing.assert_array_equal([each["prob"][0] for each in several], expected)
    with pytest.raises(UserError, match="threads: expected a whole number from 1, got 0"):
        Onnx(tmp_path / "a.onnx", threads=0)


@pytest.mark.parametrize("threads", [1, 3])
def test_many_images_come_out_in_order(write, tmp_path, threads):
    detector = TextDetector(write(tmp_path / "a.onnx", metadata=METADATA), threads=threads)
    images = [white_box(box=(20 * n, 60, 20 * n + 200, 120)) for n in range(20)]
    images[7] = np.zeros((8, 8), np.float32)
    found = list(detector.stream(iter(images), batch_size=2))
    assert isinstance(found[7], DataError) and "image 7: expected uint8" in str(found[7])
    lefts = [float(result.polygons[0][0, 0]) for result in (*found[:7], *found[8:])]
    np.testing.assert_allclose(lefts, [20 * n for n in range(20) if n != 7], atol=5)
    del images[7]
    assert [len(result) for result in detector(images, batch_size=3)] == [1] * 19


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
