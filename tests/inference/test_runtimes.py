"""Which runtime is chosen, and why."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from mindocr.errors import UserError
from mindocr.inference import runtimes
from mindocr.inference.runner import open_runner, run_in_groups
from mindocr.inference.runtimes import choose_runtime, runtime_of


@pytest.fixture
def machine(monkeypatch):
    """A machine with these runtimes, and with an Ascend device or without one."""

    def build(*installed, ascend=False):
        monkeypatch.setattr(runtimes, "is_installed", lambda module: module in installed)
        monkeypatch.setattr(runtimes, "ascend_present", lambda: ascend)

    return build


@pytest.mark.parametrize(
    ("installed", "ascend", "chosen", "reason"),
    [
        (("mindspore", "onnxruntime"), False, "onnxruntime", "faster than MindSpore on CPUs"),
        (("mindspore", "onnxruntime"), True, "mindspore", "there is an Ascend device"),
        (("mindspore",), False, "mindspore", "is not installed (pip install onnxruntime)"),
        (("onnxruntime",), True, "onnxruntime", "MindSpore is not installed"),
    ],
)
def test_what_is_chosen(machine, installed, ascend, chosen, reason):
    machine(*installed, ascend=ascend)
    choice = choose_runtime()
    assert choice.runtime == chosen and reason in choice.reason


def test_what_is_asked_for(machine):
    machine("mindspore", ascend=True)
    assert choose_runtime("mindspore") == ("mindspore", "it was asked for")
    with pytest.raises(UserError, match="runtime onnxruntime: it is not installed here; .*pip install onnxruntime"):
        choose_runtime("onnxruntime")
    with pytest.raises(UserError, match=r"expected auto, .*got 'onnxrt' \(did you mean 'onnxruntime'\?\)"):
        choose_runtime("onnxrt")
    with pytest.raises(UserError, match="mindspore_lite: released weights are no files of MindSpore Lite"):
        choose_runtime("mindspore_lite")


def test_the_kind_of_a_file_decides(machine):
    machine("mindspore_lite", "onnxruntime")
    assert runtime_of(".onnx", "auto", "a.onnx").runtime == "onnxruntime"
    assert runtime_of(".ckpt", "auto", "a.ckpt").runtime == "mindspore"
    assert runtime_of(".mindir", "auto", "a.mindir").runtime == "mindspore_lite"  # MindSpore is not there
    machine("mindspore_lite", "mindspore")
    assert runtime_of(".mindir", "auto", "a.mindir").runtime == "mindspore"
    assert runtime_of(".mindir", "mindspore_lite", "a.mindir") == ("mindspore_lite", "it was asked for")


@pytest.mark.parametrize(
    ("model", "runtime", "message"),
    [
        ("DB", "onnxruntime", "'DB': onnxruntime does not run files of the kind .ckpt; export it to ONNX"),
        ("a.onnx", "mindspore", "'.*a.onnx': mindspore does not run .* kind .onnx; turn it into a checkpoint"),
        ("a.onnx", "mindspore_lite", "mindspore_lite does not run .* choose onnxruntime, or leave out the runtime"),
    ],
)
def test_a_runtime_that_cannot_run_the_model(tmp_path, model, runtime, message):
    name = tmp_path / model if "." in model else model
    with pytest.raises(UserError, match=message):
        open_runner(name, runtime=runtime)


def test_mindspore_takes_no_number_of_threads():
    with pytest.raises(UserError, match="threads: 'DB' runs in MindSpore, which chooses its threads itself"):
        open_runner("DB", threads=2)


def test_the_log_says_it_once(caplog):
    runtimes.tell.cache_clear()
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            runtimes.tell("a.onnx", "onnxruntime", "it runs files of the kind .onnx")
    assert caplog.messages == ["a.onnx runs in onnxruntime: it runs files of the kind .onnx"]


def test_images_of_one_size_share_a_batch():
    seen = []

    def run(batch):
        seen.append(batch.shape)
        return [batch.sum((1, 2, 3)), batch.max((1, 2, 3))]

    images = [np.full((3, 2, width), value, np.float64) for width, value in ((2, 1), (4, 2), (2, 3))]
    outputs = run_in_groups(("total", "top"), images, run)
    assert seen == [(2, 3, 2, 2), (1, 3, 2, 4)]
    assert outputs["total"] == [12, 48, 36] and outputs["top"] == [1, 2, 3]
    assert run_in_groups(("total", "top"), np.zeros((2, 3, 2, 2)), run)["top"] == [0, 0]
    assert run_in_groups(("total",), [], run) == {"total": []}
