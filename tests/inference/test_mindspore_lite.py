"""MindSpore Lite by its contract: a stand-in has the calls of its public Python API that we use, and nothing else.

There is no MindSpore Lite for this machine, so this shows the sequence of calls, not that a device runs the file.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest
from bright_is_text import white_box, write

from mindocr.cli.main import run_command
from mindocr.errors import CheckpointError, ConfigError, UserError
from mindocr.inference import mindspore_lite as module
from mindocr.inference.detector import TextDetector
from mindocr.inference.mindspore_lite import MindSporeLite
from mindocr.inference.runner import open_runner


class StandInForMindSporeLite(types.ModuleType):
    """Replaces the module: its network finds text where the mean of the channels is above 0."""

    def __init__(self, shape, with_ms=True):
        super().__init__("mindspore_lite")
        calls = self.calls = []
        self.ModelType = types.SimpleNamespace(MINDIR="MINDIR", **({"MINDIR_LITE": "MINDIR_LITE"} if with_ms else {}))

        class Context:
            def __init__(self):
                self.target = []
                self.ascend, self.cpu = types.SimpleNamespace(), types.SimpleNamespace()

        class Tensor:
            def __init__(self, shape, data=None):
                self.shape, self._data = shape, data

            def set_data_from_numpy(self, array):
                assert array.dtype == np.float32 and list(array.shape) == self.shape and array.flags["C_CONTIGUOUS"]
                self._data = array

            def get_data_to_numpy(self):
                return self._data

        class Model:
            def build_from_file(self, model_path, model_type, context=None, config_path=""):
                calls.append(("build", model_type, context.target, vars(context.ascend), vars(context.cpu)))
                if Path(model_path).read_bytes() == b"broken":
                    raise RuntimeError("build_from_file failed! Error is Common error code.\nmore")
                self._inputs = [Tensor(list(shape))]
                self._memory = None

            def get_inputs(self):
                return self._inputs

            def resize(self, inputs, dims):
                calls.append(("resize", dims))
                inputs[0].shape = dims[0]

            def predict(self, inputs, outputs=None):
                found = (inputs[0].get_data_to_numpy().mean(1, keepdims=True) > 0).astype(np.float32)
                if self._memory is None or self._memory.shape != found.shape:
                    self._memory = found
                self._memory[:] = found  # the memory of the outputs is used again
                return [Tensor(list(found.shape), self._memory)]

        self.Context, self.Model, self.Tensor = Context, Model, Tensor


@pytest.fixture
def lite(monkeypatch):
    def install(shape=(1, 3, -1, -1), ascend=False, **more):
        stand_in = StandInForMindSporeLite(shape, **more)
        monkeypatch.setitem(sys.modules, "mindspore_lite", stand_in)
        monkeypatch.setattr(module, "ascend_present", lambda: ascend)
        return stand_in.calls

    return install


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text(
        "postprocess: {name: DBPostprocess, box_thresh: 0.5, expand_ratio: 0.0}\n"
        "predict: {dataset: {transform_pipeline: [{DecodeImage: {img_mode: RGB}}, {DetResize: {limit_side_len: 320,\n"
        "  limit_type: max}}, {NormalizeImage: {}}, ToCHWImage]}}\n"
        "eval: {dataset: {transform_pipeline: [{DecodeImage: {img_mode: RGB}}, {DetResize: {target_size: [96, 160],\n"
        "  keep_ratio: False}}, {NormalizeImage: {}}, ToCHWImage]}}\n",
        encoding="utf-8",
    )
    return path


def test_the_calls_for_images_of_two_sizes(lite, tmp_path):
    calls = lite()
    (tmp_path / "a.mindir").write_bytes(b"graph")
    runner = MindSporeLite(tmp_path / "a.mindir", threads=3)
    assert calls == [("build", "MINDIR", ["cpu"], {}, {"thread_num": 3})] and runner.input_size == (-1, -1)
    images = [np.full((3, 32, 64), 1, np.float32), np.full((3, 32, 64), -1, np.float32), np.ones((3, 64, 32), float)]
    found = runner(images)["prob"]
    assert calls[1:] == [("resize", [[1, 3, 32, 64]]), ("resize", [[1, 3, 64, 32]])]
    assert [each.shape for each in found] == [(1, 32, 64), (1, 32, 64), (1, 64, 32)]
    assert [float(each.mean()) for each in found] == [1, 0, 1]  # copies: the first is not overwritten by the second


def test_on_ascend(lite, tmp_path):
    calls = lite(ascend=True)
    (tmp_path / "a.mindir").write_bytes(b"graph")
    MindSporeLite(tmp_path / "a.mindir", threads=3, device_id=2)
    assert calls == [("build", "MINDIR", ["ascend"], {"device_id": 2}, {})]


def test_a_detection_by_the_reader_of_model_files(lite, tmp_path, config):
    calls = lite()
    (tmp_path / "a.ms").write_bytes(b"graph")
    detector = TextDetector(tmp_path / "a.ms", config=config, threads=2)
    assert calls[0][:2] == ("build", "MINDIR_LITE")
    (poly,) = detector(white_box()).polygons
    np.testing.assert_allclose(poly, [[100, 60], [300, 60], [300, 120], [100, 120]], atol=3)
    (tmp_path / "b.mindir").write_bytes(b"graph")
    assert isinstance(open_runner(tmp_path / "b.mindir", config=config, runtime="mindspore_lite"), MindSporeLite)


def test_a_file_of_one_size(lite, tmp_path, config):
    calls = lite(shape=(1, 3, 96, 160))
    (tmp_path / "a.mindir").write_bytes(b"graph")
    detector = TextDetector(tmp_path / "a.mindir", config=config, runtime="mindspore_lite")
    assert len(detector(white_box()).polygons) == 1 and len(calls) == 1  # no resize
    with pytest.raises(UserError, match="takes images of 96 x 160 pixels, but the pipeline returned 32 x 32"):
        detector.runner([np.zeros((3, 32, 32), np.float32)])


def test_the_command(lite, tmp_path, repo_root):
    """``mindocr infer`` with a recipe, whose settings the file cannot hold."""
    lite()
    (tmp_path / "a.ms").write_bytes(b"graph")
    write(tmp_path / "in/a.png")
    words = ["--input_images_dir", tmp_path / "in", "--det_model_path", tmp_path / "a.ms", "--res_save_dir",
             tmp_path / "out", "--det_model_name_or_config", "DB", "--threads", "1"]  # fmt: skip
    assert run_command("infer", [str(word) for word in words]) == 0
    assert (tmp_path / "out/a_det_res.png").is_file()
    with pytest.raises(ConfigError, match="--det_model_name_or_config"):
        run_command("infer", [str(word) for word in words[:6]])


def test_what_cannot_be_run(lite, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mindspore_lite", None)
    (tmp_path / "a.mindir").write_bytes(b"broken")
    with pytest.raises(UserError, match="runs in MindSpore Lite, which is not installed here"):
        MindSporeLite(tmp_path / "a.mindir")
    with pytest.raises(CheckpointError, match="none.mindir': no such file"):
        MindSporeLite(tmp_path / "none.mindir")
    lite()
    with pytest.raises(
        CheckpointError, match=r"cannot build it \(build_from_file failed! .*\); convert the MindIR file"
    ):
        MindSporeLite(tmp_path / "a.mindir")
    with pytest.raises(UserError, match="threads: expected a whole number from 1, got 0"):
        MindSporeLite(tmp_path / "a.mindir", threads=0)
    lite(shape=(1, 4))
    (tmp_path / "b.mindir").write_bytes(b"graph")
    with pytest.raises(CheckpointError, match=r"expected one input, float32 \(N, 3, H, W\); this network takes"):
        MindSporeLite(tmp_path / "b.mindir")
    lite(with_ms=False)
    (tmp_path / "c.ms").write_bytes(b"graph")
    with pytest.raises(CheckpointError, match="this version of MindSpore Lite runs no .ms files"):
        MindSporeLite(tmp_path / "c.ms")
