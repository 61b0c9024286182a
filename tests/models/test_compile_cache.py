"""Compiled graphs that are kept: which folder, and when not. MindSpore's own files are not looked at."""

from __future__ import annotations

import os

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn

from mindocr.models import compile_cache
from mindocr.models.compile_cache import ENABLE, PATH, digest_of, keeping_graphs
from mindocr.models.network_runner import NetworkRunner

SHAPES = [(1, 3, 32, 32), (1, 3, 32, 64)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MINDOCR_HOME", str(tmp_path))
    monkeypatch.delenv(ENABLE, raising=False)
    monkeypatch.setattr(compile_cache, "_in_use", [])
    monkeypatch.setattr(compile_cache, "_SCRIPT", __file__)
    return tmp_path


def conv(**options):
    return nn.Conv2d(3, 4, 3, **options)


def test_the_folder_depends_on_all_that_the_graphs_depend_on():
    own = digest_of([(conv(), SHAPES)])
    trained = conv()
    trained.weight.set_data(trained.weight + 1)
    assert own == digest_of([(trained, SHAPES)])  # weights are no part of a graph
    plans = [
        [(conv(), SHAPES[::-1])], [(conv(), SHAPES[:1])], [(conv(dilation=2), SHAPES)],
        [(nn.SequentialCell(conv()), SHAPES)], [(conv(), SHAPES[:1]), (conv(), SHAPES[1:])],
    ]  # fmt: skip
    others = [digest_of(plan) for plan in plans]
    assert len({own, *others}) == 6


class Scaled(nn.Cell):
    def __init__(self, factor, epsilon=1e-5):
        super().__init__()
        self._factor = factor
        self.norm = nn.LayerNorm((4,), epsilon=epsilon)
        self.clip = ms.ops.ReduceMean(keep_dims=factor > 2)


def test_the_folder_depends_on_settings_that_no_text_shows():
    plans = [Scaled(2.0), Scaled(2.5), Scaled(2.0, 1e-7), Scaled(1.5)]
    digests = [digest_of([(network, SHAPES)]) for network in plans]
    assert len(set(digests)) == 4 and digests[0] == digest_of([(Scaled(2.0), SHAPES)])


def test_it_is_on_only_inside_and_for_one_plan(home):
    with keeping_graphs([(conv(), SHAPES)]) as folder:
        assert folder == home / "graphs" / digest_of([(conv(), SHAPES)]) and folder.is_dir()
        assert (os.environ[ENABLE], os.environ[PATH]) == ("1", str(folder))
    assert ENABLE not in os.environ and PATH not in os.environ
    with keeping_graphs([(conv(), SHAPES[:1])]) as folder:
        assert folder is None and ENABLE not in os.environ


def test_when_nothing_is_kept(home, monkeypatch, caplog):
    monkeypatch.setenv(ENABLE, "0")
    with keeping_graphs([(conv(), SHAPES)]) as folder:
        assert folder is None and os.environ[ENABLE] == "0"
    monkeypatch.delenv(ENABLE)
    monkeypatch.setattr(compile_cache, "_SCRIPT", "-c")
    with keeping_graphs([(conv(), SHAPES)]) as folder:
        assert folder is None and ENABLE not in os.environ
    monkeypatch.setattr(compile_cache, "_SCRIPT", __file__)
    (home / "graphs").write_bytes(b"a file")
    with keeping_graphs([(conv(), SHAPES)]) as folder:
        assert folder is None
    assert "compiled graphs cannot be kept there" in caplog.text


def test_an_error_inside_switches_it_off():
    with pytest.raises(RuntimeError), keeping_graphs([(conv(), SHAPES)]):
        raise RuntimeError
    assert ENABLE not in os.environ


class Doubled(nn.Cell):
    """A network of one operation, which compiles in no time."""

    outputs = inference_outputs = ("prob",)

    def inference_network(self):
        return self

    def construct(self, x):
        return x * 2


def test_each_shape_that_is_compiled_has_a_graph_of_its_own(monkeypatch):
    """The third shape is static too; the fourth, which was not compiled, takes the one graph for all shapes."""
    monkeypatch.setenv(ENABLE, "0")  # the process of the test may have no script file
    ms.set_context(mode=ms.GRAPH_MODE)
    runner = NetworkRunner(Doubled())
    shapes = [(1, 3, 4, width) for width in (4, 8, 12)]
    runner.compile_together([(runner, shapes)])
    assert runner._static_shapes == 3
    for width in (12, 4, 8, 16):
        found = runner(np.ones((1, 3, 4, width), np.float32))["prob"][0]
        np.testing.assert_array_equal(found, np.full((3, 4, width), 2))
    assert len(runner._shapes) == 4
