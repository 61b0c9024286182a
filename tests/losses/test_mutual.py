"""Losses between networks that learn from each other, by hand and against values of the reference."""

from __future__ import annotations

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.losses.mutual import DistanceLoss, DMLLoss
from mindocr.losses.pairing import PairedLoss
from mindocr.registry import LOSSES


def maps(*values):
    return Tensor(np.array(values, np.float32).reshape(1, 1, 1, -1))


P, Q = (0.9, 0.2), (0.7, 0.4)


@pytest.mark.parametrize(
    ("kind", "elements"), [("kl", (0.02513913, 0.06931522)), ("js", (0.00627438, 0.0169929))]
)  # fmt: skip
def test_maps_as_in_the_reference(mode, kind, elements):
    total, terms = DMLLoss(mode=kind)(maps(*P), maps(*Q))
    assert float(total) == pytest.approx(np.mean(elements), abs=2e-8)
    assert terms.asnumpy().tolist() == [float(total)]
    swapped, _ = DMLLoss(mode=kind)(maps(*Q), maps(*P))
    assert float(swapped) == pytest.approx(float(total), rel=1e-6)


@pytest.mark.parametrize("kind", ["kl", "js"])
def test_logits_by_hand(mode, kind):
    """Two images of one step; the second pair is equal, and counts in the mean."""
    first = np.log(np.array([[[0.5, 0.25, 0.25]], [[0.2, 0.3, 0.5]]])) + 3  # a constant does not change a softmax
    second = np.log(np.array([[[0.25, 0.5, 0.25]], [[0.2, 0.3, 0.5]]]))
    expected = {
        "kl": 0.25 * math.log(2),  # both directions are 0.5 ln 2 - 0.25 ln 2
        "js": 0.5 * 2 * (0.25 * math.log(0.5 / 0.75) + 0.5 * math.log(1 / 0.75)),
    }[kind]
    loss = DMLLoss(output="logits", mode=kind, softmax=True)
    total, _ = loss(Tensor(first.astype(np.float32)), Tensor(second.astype(np.float32)))
    assert float(total) == pytest.approx(expected / 2, rel=1e-5)


def test_a_temperature_softens_logits(mode):
    """Logits 2 ln p over temperature 2 are those of p; the loss is multiplied by 4."""
    first, second = np.log([[0.5, 0.25, 0.25]]), np.log([[0.25, 0.5, 0.25]])
    plain, _ = DMLLoss("logits", "js", softmax=True)(*(Tensor(x.astype(np.float32)) for x in (first, second)))
    loss = DMLLoss("logits", "js", softmax=True, temperature=2.0)
    soft, _ = loss(*(Tensor((2 * x).astype(np.float32)) for x in (first, second)))
    assert float(soft) == pytest.approx(4 * float(plain), rel=1e-5)


def _value_and_gradients(loss, first, second):
    def total(a, b):
        return loss(a, b)[0]

    return ms.value_and_grad(total, (0, 1))(first, second)


@pytest.mark.parametrize("kind", ["kl", "js"])
def test_extreme_values_are_finite_and_both_networks_get_gradients(kind):
    certain, opposite = maps(0, 1, 0, 1, 0.5), maps(1, 0, 0, 1, 0.2)
    loss = DMLLoss(mode=kind)
    value, gradients = _value_and_gradients(loss, certain, opposite)
    assert np.isfinite(float(value)) and float(value) > 0
    assert all(np.isfinite(g.asnumpy()).all() and g.asnumpy().any() for g in gradients)
    wild = Tensor(np.array([[[1000.0, -1000.0, 0.0]]], np.float32))
    other = Tensor(np.array([[[-1000.0, 1000.0, 0.0]]], np.float32))
    of_logits = DMLLoss(output="logits", mode=kind, softmax=True)
    value, gradients = _value_and_gradients(of_logits, wild, other)
    assert np.isfinite(float(value)) and all(np.isfinite(g.asnumpy()).all() for g in gradients)


def test_all_pairs_of_three_networks(mode):
    values = [maps(0.9, 0.2), maps(0.7, 0.4), maps(0.5, 0.5)]
    together, _ = DMLLoss()(*values)
    pairs = [(0, 1), (0, 2), (1, 2)]
    assert float(together) == pytest.approx(sum(float(DMLLoss()(values[i], values[j])[0]) for i, j in pairs), rel=1e-5)
    distance, _ = DistanceLoss()(*values)
    assert float(distance) == pytest.approx((0.04 + 0.04 + 0.16 + 0.09 + 0.04 + 0.01) / 2, rel=1e-5)


@pytest.mark.parametrize(("kind", "expected"), [("l2", (4 + 0.25) / 2), ("l1", 1.25), ("smooth_l1", (1.5 + 0.125) / 2)])
def test_distances_by_hand(kind, expected):
    loss = DistanceLoss(mode=kind)
    total, terms = loss(maps(1, 2), maps(3, 1.5))
    assert loss.term_names == (kind,)
    assert float(total) == pytest.approx(expected) and terms.shape == (1,)


def test_a_term_of_a_combined_loss():
    term = {"loss": {"name": "DMLLoss"}, "networks": ["a", "b", "c"], "weight": 2.0}
    spec = {"name": "CombinedLoss", "terms": [term]}
    assert LOSSES.declared(spec, "reads") == ("a.prob", "b.prob", "c.prob")
    loss = PairedLoss(LOSSES.build(spec), ("a.prob", "b.prob", "c.prob"))
    assert loss.term_names == ("a-b-c.dml",)
    values = (maps(0.9, 0.2), maps(0.7, 0.4), maps(0.5, 0.5))
    total, _ = loss(values)
    assert float(total) == pytest.approx(2 * float(DMLLoss()(*values)[0]), rel=1e-6)
    logits = {"loss": {"name": "DMLLoss", "output": "logits", "softmax": True}, "networks": ["a", "b"]}
    assert LOSSES.declared({"name": "CombinedLoss", "terms": [logits]}, "reads") == ("a.logits", "b.logits")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "DMLLoss", "output": "logits"}, "compares probabilities, and 'logits' are none; set softmax: True"),
        ({"name": "DMLLoss", "softmax": True}, "'prob' is a probability already"),
        ({"name": "DMLLoss", "mode": "l2"}, "mode"),
        ({"name": "DistanceLoss", "mode": "kl"}, "mode"),
    ],
)
def test_mistakes(spec, message):
    with pytest.raises(ConfigError, match=message):
        LOSSES.build(spec)
