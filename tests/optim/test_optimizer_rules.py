"""Further optimizers against hand-computed steps, NumPy and MindOCR's stored steps; a saved state goes on exactly."""

from __future__ import annotations

import json
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, Tensor

from mindocr.config.schema import Optimizer
from mindocr.errors import ConfigError
from mindocr.optim import build_optimizer

STORED = json.loads((Path(__file__).parent / "golden/mindocr_steps.json").read_text(encoding="utf-8"))
RULES = ["NAdam", "RMSProp", "Adagrad", "Lamb", "Lion", "Adan"]
RATES = np.array([0.1, 0.05, 0.02, 0.03], np.float32)


def section(opt, **changes):
    """The section of a configuration, with the defaults of the rule."""
    return Optimizer.model_validate({"opt": opt, "filter_bias_and_bn": False, **changes})


def nadam(w, gradients, decay, s):
    first, second, product, found = np.zeros_like(w), np.zeros_like(w), 1.0, []
    for t, g in enumerate(gradients, 1):
        g = g + decay * w
        now, after = (s.beta1 * (1 - 0.5 * 0.96 ** (k * s.schedule_decay)) for k in (t, t + 1))
        product *= now
        first = s.beta1 * first + (1 - s.beta1) * g
        second = s.beta2 * second + (1 - s.beta2) * g**2
        ahead = (1 - now) * g / (1 - product) + after * first / (1 - product * after)
        w = w - RATES[t - 1] * ahead / (np.sqrt(second / (1 - s.beta2**t)) + s.eps)
        found.append(w)
    return found


def rmsprop(w, gradients, decay, s):
    square, mean, moved, found = np.ones_like(w), np.zeros_like(w), np.zeros_like(w), []
    for lr, g in zip(RATES, gradients):
        g = g + decay * w
        square = s.decay * square + (1 - s.decay) * g**2
        mean = s.decay * mean + (1 - s.decay) * g
        spread = square - mean**2 if s.centered else square
        moved = s.momentum * moved + lr * g / np.sqrt(spread + s.eps)
        w = w - moved
        found.append(w)
    return found


def adagrad(w, gradients, decay, s):
    total, found = np.full_like(w, s.accum), []
    for lr, g in zip(RATES, gradients):
        g = g + decay * w
        total = total + g**2
        w = w - lr * g / np.sqrt(total)
        found.append(w)
    return found


def lamb(w, gradients, decay, s):
    first, second, found = np.zeros_like(w), np.zeros_like(w), []
    for t, g in enumerate(gradients, 1):
        first = s.beta1 * first + (1 - s.beta1) * g
        second = s.beta2 * second + (1 - s.beta2) * g**2
        step = first / (1 - s.beta1**t) / (np.sqrt(second / (1 - s.beta2**t)) + s.eps) + decay * w
        size, length = np.linalg.norm(w), np.linalg.norm(step)
        w = w - RATES[t - 1] * (size / length if size and length else 1.0) * step
        found.append(w)
    return found


def lion(w, gradients, decay, s):
    moment, found = np.zeros_like(w), []
    for lr, g in zip(RATES, gradients):
        w = w * (1 - lr * decay) - lr * np.sign(s.beta1 * moment + (1 - s.beta1) * g)
        moment = s.beta2 * moment + (1 - s.beta2) * g
        found.append(w)
    return found


def adan(w, gradients, decay, s):
    m, n, v, before, found = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), gradients[0], []
    for t, g in enumerate(gradients, 1):
        m = s.beta1 * m + (1 - s.beta1) * g
        n = s.beta2 * n + (1 - s.beta2) * (g - before)
        v = s.beta3 * v + (1 - s.beta3) * (g + s.beta2 * (g - before)) ** 2
        step = m / (1 - s.beta1**t) + s.beta2 * n / (1 - s.beta2**t)
        step = step / (np.sqrt(v / (1 - s.beta3**t)) + s.eps)
        w, before = (w - RATES[t - 1] * step) / (1 + RATES[t - 1] * decay), g
        found.append(w)
    return found


REFERENCES = {"NAdam": nadam, "RMSProp": rmsprop, "Adagrad": adagrad, "Lamb": lamb, "Lion": lion, "Adan": adan}
CHANGES = {
    "NAdam": {"beta1": 0.8, "beta2": 0.9, "eps": 0.01, "schedule_decay": 0.1},
    "RMSProp": {"momentum": 0.5, "decay": 0.8, "eps": 0.01, "centered": True},
    "Adagrad": {"accum": 0.5},
    "Lamb": {"beta1": 0.8, "beta2": 0.9, "eps": 0.01},
    "Lion": {"beta1": 0.5, "beta2": 0.7},
    "Adan": {"beta1": 0.9, "beta2": 0.8, "beta3": 0.7, "eps": 0.01},
}


def run(optimizer, parameters, gradients):
    """The parameters after each of the steps, as arrays."""
    found = []
    for step in gradients:
        optimizer(tuple(Tensor(g) for g in step))
        found.append([p.asnumpy().copy() for p in parameters])
    return found


def draw():
    rng = np.random.default_rng(3)
    starts = [rng.normal(size=shape).astype(np.float32) for shape in ((4, 3), (3,))]
    gradients = [[rng.normal(size=s.shape).astype(np.float32) for s in starts] for _ in range(len(RATES))]
    return starts, gradients


def network(starts):
    return [Parameter(Tensor(start), name=name) for start, name in zip(starts, ("conv.weight", "conv.bias"))]


def both(names):
    """Each name with its default arguments, and, in the slow run, with others."""
    slow = [pytest.param(name, CHANGES[name], marks=pytest.mark.slow, id=f"{name}-changed") for name in names]
    return [pytest.param(name, {}, id=name) for name in names] + slow


@pytest.mark.parametrize(("name", "changes"), both(RULES))
def test_steps_and_weight_decay_groups_equal_numpy(name, changes):
    starts, gradients = draw()
    parameters = network(starts)
    settings = section(name, weight_decay=0.1, **changes).model_copy(update={"filter_bias_and_bn": True})
    found = run(build_optimizer(parameters, settings, RATES), parameters, gradients)
    for index, decay in ((0, 0.1), (1, 0.0)):
        own = [step[index].astype(np.float64) for step in gradients]
        expected = REFERENCES[name](starts[index].astype(np.float64), own, decay, settings)
        for ours, wanted in zip(found, expected):
            np.testing.assert_allclose(ours[index], wanted, rtol=2e-5, atol=4e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # lr 0.1, w = 1, g = 0.5 then -0.5; the values are worked out by hand from the formulas of the classes
        ("Lion", [0.9, 1.0]),  # sign(0.05) = 1; m = 0.005, sign(0.0045 - 0.05) = -1
        ("Adagrad", [1 - 0.05 / np.sqrt(0.35), 1 - 0.05 / np.sqrt(0.35) + 0.05 / np.sqrt(0.6)]),
        # square 0.9 + 0.1 * 0.25 = 0.925, moved 0.05 / sqrt(0.925); then 0.8575, 0.9 * moved - 0.05 / sqrt(0.8575)
        ("RMSProp", [1 - 0.0519875, 1 - 0.0519875 - (0.9 * 0.0519875 - 0.0539949)]),
        # one weight: the first step of LAMB is lr * |w|; then m = 0.045 - 0.05, m / 0.19 = -0.0263158, v = 0.25
        ("Lamb", [0.9, 0.9 + 0.1 * 0.9]),
        # first step 1; then m = 0.0098 - 0.01, n = -0.08, v = 0.0099 * 0.25 + 0.01 * 1.42 ** 2 = 0.022639; the averages
        # are m / 0.0396 + 0.92 * n / 0.1536 = -0.484217 and sqrt(v / 0.0199) = 1.066596
        ("Adan", [0.9, 0.9 + 0.1 * 0.484217 / 1.066596]),
    ],
)
def test_two_steps_by_hand(name, expected):
    parameter = Parameter(Tensor([1.0], ms.float32), name="w")
    optimizer = build_optimizer([parameter], section(name), np.array([0.1]))
    found = run(optimizer, [parameter], [[np.array([0.5], np.float32)], [np.array([-0.5], np.float32)]])
    assert [float(step[0][0]) for step in found] == pytest.approx(expected, abs=2e-6)


def test_nadam_by_hand():
    # mu_1 = 0.45007, mu_2 = 0.45015: the first step is ((1 - mu_1) / (1 - mu_1) + 0.1 * mu_2 / (1 - mu_1 * mu_2)) * lr
    parameter = Parameter(Tensor([1.0], ms.float32), name="w")
    build_optimizer([parameter], section("NAdam"), np.array([0.1]))((Tensor([0.5], ms.float32),))
    assert float(parameter.asnumpy()[0]) == pytest.approx(
        1 - 0.1 * (1 + 0.1 * 0.45015 / (1 - 0.45007 * 0.45015)), abs=1e-5
    )


@pytest.mark.parametrize("key", [pytest.param("steps", marks=pytest.mark.slow), "steps_with_decay"])
@pytest.mark.parametrize("name", [name for name in STORED["steps"] if name not in ("adan", "nesterov")])
def test_steps_are_those_of_mindocr(name, key):
    parameter = Parameter(Tensor(np.array(STORED["start"], np.float32)), name="conv.weight")
    opt, _, words = name.partition(", ")
    changes = {"": {}, "nesterov": {"nesterov": True}, "no momentum": {"momentum": 0.0}, "eps": {"eps": 0.01}}[words]
    decay = STORED["weight_decay"] if key == "steps_with_decay" else 0.0
    optimizer = build_optimizer([parameter], section(opt, weight_decay=decay, **changes), np.array([STORED["rate"]]))
    found = run(optimizer, [parameter], [[np.array(g, np.float32)] for g in STORED["gradients"]])
    np.testing.assert_allclose(
        [step[0] for step in found], STORED[key][name], rtol=0, atol=3e-5 if opt == "nadam" else 1e-6
    )


@pytest.mark.parametrize("name", ["NAdam", "Adan", *(pytest.param(n, marks=pytest.mark.slow) for n in RULES[1:5])])
def test_a_saved_state_goes_on_exactly(name):
    starts, gradients = draw()
    parameters = network(starts)
    optimizer = build_optimizer(parameters, section(name, weight_decay=0.1), RATES)
    run(optimizer, parameters, gradients[:2])
    saved = {p.name: p.asnumpy().copy() for p in optimizer.get_parameters()}
    expected = run(optimizer, parameters, gradients[2:])

    others = network([np.zeros_like(start) for start in starts])
    resumed = build_optimizer(others, section(name, weight_decay=0.1), RATES)
    assert {p.name for p in resumed.get_parameters()} == set(saved)
    for parameter in resumed.get_parameters():
        parameter.set_data(Tensor(saved[parameter.name]))
    for ours, wanted in zip(run(resumed, others, gradients[2:]), expected):
        assert all(np.array_equal(a, b) for a, b in zip(ours, wanted))


def test_names_without_weight_decay():
    starts, _ = draw()
    parameters = network(starts)
    settings = section("SGD", weight_decay=0.1, no_weight_decay_params=["conv.w"])
    zeros = [np.zeros_like(start) for start in starts]
    (found,) = run(build_optimizer(parameters, settings, RATES), parameters, [zeros])
    assert np.array_equal(found[0], starts[0])
    np.testing.assert_allclose(found[1], starts[1] * 0.99, rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opt": "Lion", "nesterov": True}, "optimizer.nesterov: Lion has no such variant; remove the key"),
        ({"opt": "NAdam", "nesterov": True}, "optimizer.nesterov: NAdam has no such variant"),
    ],
)
def test_a_variant_that_does_not_exist(changes, message):
    with pytest.raises(ConfigError, match=message):
        build_optimizer([Parameter(Tensor([1.0]), name="w")], section(**changes), RATES)
