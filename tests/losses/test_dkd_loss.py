"""Decoupled knowledge distillation, by hand and as a sum of the classical distillation loss."""

from __future__ import annotations

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.losses.dkd_loss import DKDLoss
from mindocr.registry import LOSSES


def logits_of(*probs):
    return Tensor(np.log(np.array(probs)).astype(np.float32))


def kl(teacher, student):
    return sum(t * math.log(t / s) for t, s in zip(teacher, student))


def test_by_hand(mode):
    """Target 0. Teacher (0.6, 0.3, 0.1): others (3/4, 1/4). Student (0.5, 0.2, 0.3): others (2/5, 3/5)."""
    total, terms = DKDLoss()(logits_of((0.5, 0.2, 0.3)), logits_of((0.6, 0.3, 0.1)))
    expected = [kl((0.6, 0.4), (0.5, 0.5)), 2 * kl((0.75, 0.25), (0.4, 0.6))]
    np.testing.assert_allclose(terms.asnumpy(), expected, rtol=1e-4)
    assert float(total) == pytest.approx(sum(expected), rel=1e-4)


def test_a_target_from_the_labels_and_time_steps(mode):
    """(N, T, C) with class 2 as the target of the first step, 0 of the second; the mean is over both."""
    loss = DKDLoss(target="steps", alpha=1.0, beta=1.0)
    student, teacher = ((0.5, 0.2, 0.3), (0.2, 0.6, 0.2)), ((0.6, 0.3, 0.1), (0.2, 0.6, 0.2))
    batch = [Tensor(logits_of(*values).asnumpy()[None]) for values in (student, teacher)]
    total, _ = loss(*batch, Tensor(np.array([[2, 0]], np.int64)))
    one = kl((0.1, 0.9), (0.3, 0.7)) + kl((2 / 3, 1 / 3), (5 / 7, 2 / 7))
    assert float(total) == pytest.approx(one / 2, rel=1e-4)
    assert LOSSES.declared({"name": "DKDLoss", "target": "steps"}, "labels") == ("steps",)


def test_with_the_teachers_own_weight_it_is_the_classical_loss():
    """Equation 7: KL(teacher || student) = TCKD + (1 - p of the target) * NCKD, at any temperature."""
    rng = np.random.default_rng(0)
    student, teacher = (rng.normal(size=(1, 7)).astype(np.float32) * 3 for _ in range(2))
    temperature = 2.5
    probs = [np.exp(v[0] / temperature) / np.exp(v[0] / temperature).sum() for v in (student, teacher)]
    loss = DKDLoss(beta=float(1 - probs[1].max()), temperature=temperature)
    total, _ = loss(Tensor(student), Tensor(teacher))
    assert float(total) == pytest.approx(temperature**2 * kl(probs[1], probs[0]), rel=1e-4)


def test_equal_logits_give_zero_and_certain_ones_stay_finite():
    values = Tensor(np.array([[5.0, -3.0, 0.0]], np.float32))
    assert float(DKDLoss()(values, values)[0]) == pytest.approx(0, abs=1e-6)
    certain, wrong = (
        Tensor(np.array([[200.0, 0.0, 0.0]], np.float32)),
        Tensor(np.array([[0.0, 200.0, 0.0]], np.float32)),
    )
    loss = DKDLoss()

    def total(first, second):
        return loss(first, second)[0]

    value, (student, teacher) = ms.value_and_grad(total, (0, 1))(wrong, certain)
    assert np.isfinite(float(value)) and float(value) > 1
    assert np.isfinite(student.asnumpy()).all() and not teacher.asnumpy().any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"alpha": -1.0}, "loss.alpha: DKDLoss needs"), ({"temperature": 0.0}, "loss.temperature: DKDLoss needs")],
)
def test_mistakes(arguments, message):
    with pytest.raises(ConfigError, match=message):
        DKDLoss(**arguments)
