"""Released weights for onnxruntime: what is written into the cache folder, and what reads it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from released import released

from mindocr.cli.main import run_command
from mindocr.errors import CheckpointError, UserError
from mindocr.inference import metadata
from mindocr.reading.onnx_weights import prepare_onnx
from mindocr.reading.reader import TextReader
from mindocr.reading.weights import RELEASED, find_weights

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A cache folder with the released files of PP-OCRv3, and of PP-OCRv2's recogniser with its dictionary."""
    folder = tmp_path_factory.mktemp("home")
    for name, tasks in {"ppocr-v3": ("det", "rec"), "ppocr-v2": ("rec",), "ppocr-cls": ("cls",)}.items():
        place = folder / "weights" / name
        place.mkdir(parents=True)
        for task in tasks:
            for file in (RELEASED[name][task].file, *RELEASED[name][task].beside):
                (place / file).write_bytes(released(file).read_bytes())
    return folder


def test_the_file_holds_its_settings(home, monkeypatch, caplog):
    import onnxruntime

    monkeypatch.setenv("MINDOCR_HOME", str(home))
    expected = {"det": "DBPostprocess", "rec": "CTCDecode", "cls": "ClsPostprocess"}
    for name, task in (("ppocr-v3", "det"), ("ppocr-v2", "rec"), ("ppocr-cls", "cls")):
        with caplog.at_level(logging.INFO):
            path = find_weights(name, task, "onnxruntime")
        assert path == home / "weights" / name / f"{task}.onnx"
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        found = metadata.from_texts(session.get_modelmeta().custom_metadata_map)
        assert found[metadata.POSTPROCESS]["name"] == expected[task]
        assert found[metadata.OUTPUTS] == (["prob"] if task == "det" else ["probs"])
        assert "DecodeImage" in found[metadata.PIPELINE][0]
        made = next(message for message in caplog.messages if message.startswith(str(path)))
        assert made.endswith(" weights closer to 0 than 1e-30 are 0 now")
        caplog.clear()
        written = path.stat().st_mtime_ns
        assert find_weights(name, task, "onnxruntime") == path and path.stat().st_mtime_ns == written


def test_a_file_that_is_damaged_or_another_network(tmp_path):
    whole = released("ch_PP-OCRv3_det_infer.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[:-1000])
    with pytest.raises(CheckpointError, match=r"cut\.onnx: not an ONNX file, or damaged or cut short"):
        prepare_onnx(tmp_path / "cut.onnx", tmp_path / "out/det.onnx")
    helper = pytest.importorskip("onnx", reason="onnx is not installed").helper
    info = helper.make_tensor_value_info("x", 1, [1])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [info], [info])
    (tmp_path / "other.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(CheckpointError, match=r"other\.onnx: the network of this file is unknown to the converter"):
        prepare_onnx(tmp_path / "other.onnx", tmp_path / "out/det.onnx")
    assert not (tmp_path / "out").exists()


READ = """
import sys
sys.modules["mindspore"] = None
from mindocr import TextReader
for page in TextReader("ppocr-v3", threads=1).pages(sys.argv[1:]):
    print(page.text)
"""


def test_without_mindspore(home, sign, repo_root):
    environment = {**os.environ, "MINDOCR_HOME": str(home), "PYTHONPATH": str(repo_root), "MINDOCR_OFFLINE": "1"}
    command = [sys.executable, "-W", "error", "-c", READ, str(sign), str(sign)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == 2 * ["MARKET", "open", "24", "hours"]


def test_the_command_with_buckets(home, sign, monkeypatch, capfd):
    """The log says what the networks were given; the text is the same."""
    monkeypatch.setenv("MINDOCR_HOME", str(home))
    words = ["--weights", "ppocr-v3", "--buckets", "auto", "--warmup", "--det_limit_side_len", "320"]
    assert run_command("read", [str(sign), *words, "--det_limit_type", "max", "--threads", "1"]) == 0
    told = capfd.readouterr()
    assert told.out.split() == ["MARKET", "open", "24", "hours"]
    assert "1 image of 1 size: buckets 160 x 320 (h x w), 0.0 % padding" in told.err
    assert "warm-up: " in told.err and "2 lines in 1 image, " in told.err
    with pytest.raises(UserError, match="--buckets: expected auto, off, or sizes such as"):
        run_command("read", [str(sign), "--buckets", "large"])
    with pytest.raises(UserError, match="runtime mindspore_lite: released weights are no files of MindSpore Lite"):
        run_command("read", [str(sign), "--runtime", "mindspore_lite"])


@pytest.mark.slow
def test_a_real_photograph_has_the_texts_and_polygons_that_mindspore_finds(home, shared_dir, monkeypatch):
    monkeypatch.setenv("MINDOCR_HOME", str(home))
    photo = shared_dir / "data/icdar2015/test/images/img_10.jpg"
    pages = [TextReader("ppocr-v3", runtime=runtime)(photo) for runtime in ("onnxruntime", "mindspore")]
    assert len(pages[0]) > 2
    assert [line.text for line in pages[0].lines] == [line.text for line in pages[1].lines]
    for one, other in zip(pages[0].lines, pages[1].lines, strict=True):
        np.testing.assert_allclose(one.polygon, other.polygon, atol=0.01)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-3)
