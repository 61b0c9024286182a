"""Weights on the way from the untouched ones to the trained ones."""

from pathlib import Path
from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, Tensor, nn

from mindocr.engine.finetune import between
from mindocr.models.weights import read_checkpoint


class Scale(nn.Cell):
    def __init__(self, a, number=3, new=7.0):
        super().__init__()
        self.a = Parameter(Tensor(a, ms.float32), name="a")
        self.number = Parameter(Tensor(number, ms.int32), name="number", requires_grad=False)
        self.new = Parameter(Tensor([new], ms.float32), name="new")

    def construct(self, x):
        return self.a * x


def test_the_way_by_hand(mode):
    network = Scale([3.0, -2.0])
    x = Tensor([1.0, 1.0], ms.float32)
    assert network(x).asnumpy().tolist() == [3, -2]
    end, start = between.arrays_of(network), {"a": np.array([1, 2], np.float32), "number": np.array(1, np.int32)}
    for share, expected in ((0.0, [1, 2]), (0.25, [1.5, 1]), (0.5, [2, 0]), (1.0, [3, -2])):
        between.go(network, start, end, share)
        assert network(x).asnumpy().tolist() == expected, "a graph that was compiled before sees it"
        assert network.number.asnumpy() == 3 and network.new.asnumpy() == 7


class Evaluator:
    """Its score falls with the distance of a weight from ``aim``."""

    main_indicator = "acc"

    def __init__(self, network, aim):
        self.network, self.aim, self.closed = network, aim, False

    def run(self):
        scores = {"acc": float(1 - abs(self.network.a.asnumpy()[0] - self.aim)), "counts": {"images": 1}}
        return SimpleNamespace(scores=scores, summary=lambda: "acc", numbers=lambda: {"acc": scores["acc"]})

    def close(self):
        self.closed = True


@pytest.fixture
def evaluators(monkeypatch, tmp_path):
    """Untouched weight 0, trained weight 10; makes evaluators that want ``aim``."""
    made = []

    def prepare(aim):
        networks = {True: Scale([0.0], new=-8.0), False: Scale([10.0], new=8.0)}
        ms.save_checkpoint([{"name": "a", "data": networks[True].a}], str(tmp_path / "untouched.ckpt"))
        monkeypatch.setattr(between.dictionary, "complete", lambda config, *_: config)
        monkeypatch.setattr(between.dictionary, "pretrained_of", lambda config: tmp_path / "untouched.ckpt")
        monkeypatch.setattr(between.build, "network", lambda config, training, ckpt=None: networks[training])
        monkeypatch.setattr(
            between, "build_evaluator", lambda config, network: made.append(Evaluator(network, aim)) or made[-1]
        )
        return made

    return prepare


def test_the_best_share_is_written(evaluators, tmp_path):
    made = evaluators(aim=6.5)
    found = between.find_better(None, Path("best.ckpt"), -2.5, tmp_path / "between.ckpt")
    assert (found.share, found.scores) == (0.6, {"acc": pytest.approx(0.5)})
    kept = read_checkpoint(found.ckpt)
    assert kept["a"].asnumpy() == pytest.approx([6.0]) and made[0].closed
    assert kept["new"].asnumpy() == [8.0], "it is not in the untouched file, so where it began means nothing"


def test_nothing_is_written_where_the_trained_weights_are_best(evaluators, tmp_path):
    evaluators(aim=9.0)
    assert between.find_better(None, Path("best.ckpt"), 0.0, tmp_path / "between.ckpt") is None  # 8 gives 0, too
    assert not (tmp_path / "between.ckpt").exists()
