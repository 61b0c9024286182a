"""Optimizers against NumPy, step by step, with a learning rate that changes."""

from __future__ import annotations

from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from mindspore import Parameter, Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.optim import build_optimizer, group_parameters
from mindocr.optim.builder import OPTIMIZERS
from mindocr.optim.groups import rates

RATES = np.array([0.1, 0.05, 0.02], np.float32)
STEPS = 5  # two more than the number of rates


def section(**changes):
    """An optimizer section with its defaults."""
    defaults = {
        "opt": "momentum",
        "momentum": 0.9,
        "nesterov": False,
        "weight_decay": 0.0,
        "filter_bias_and_bn": False,
        "beta1": 0.9,
        "beta2": 0.999,
        "eps": 1e-8,
        "beta3": 0.99,
        "schedule_decay": 0.004,
        "decay": 0.9,
        "centered": False,
        "accum": 0.1,
        "no_weight_decay_params": [],
        "parts": [],
    }
    return SimpleNamespace(**{**defaults, **changes})


class Network(nn.Cell):
    """One layer of each kind whose parameters differ in weight decay."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 1, has_bias=True, weight_init="normal", bias_init="ones")
        self.bn = nn.BatchNorm2d(3, beta_init="ones")

    def construct(self, x):
        return self.bn(self.conv(x))


def rate_at(step):
    return float(RATES[min(step, len(RATES) - 1)])


def reference(name, weight, gradients, decay, momentum=0.9, beta1=0.9, beta2=0.999, eps=1e-8):
    """The weight after all gradients, in float64."""
    w = weight.astype(np.float64)
    first, second = np.zeros_like(w), np.zeros_like(w)
    for step, gradient in enumerate(gradients):
        lr, g = rate_at(step), gradient.astype(np.float64)
        if name in ("sgd", "momentum", "nesterov"):
            g = g + decay * w
            first = momentum * first + g
            w = w - lr * (g + momentum * first if name == "nesterov" else first)
            continue
        if name == "adam":
            g = g + decay * w
        else:
            w = w - lr * decay * w
        first = beta1 * first + (1 - beta1) * g
        second = beta2 * second + (1 - beta2) * g**2
        corrected = lr * np.sqrt(1 - beta2 ** (step + 1)) / (1 - beta1 ** (step + 1))
        w = w - corrected * first / (np.sqrt(second) + eps)
    return w


@pytest.mark.parametrize("name", ["SGD", "momentum", "nesterov", "Adam", "AdamW"])
def test_five_steps_equal_numpy(mode, name):
    rng = np.random.default_rng(1)
    starts = [rng.normal(size=s).astype(np.float32) for s in ((4, 3), (3,))]
    parameters = [Parameter(Tensor(starts[0]), name="conv.weight"), Parameter(Tensor(starts[1]), name="conv.bias")]
    optimizer = build_optimizer(parameters, section(opt=name, weight_decay=0.1, filter_bias_and_bn=True), RATES)
    gradients = [[rng.normal(size=s.shape).astype(np.float32) for s in starts] for _ in range(STEPS)]
    for pair in gradients:
        optimizer(tuple(Tensor(g) for g in pair))
    for index, decay in ((0, 0.1), (1, 0.0)):
        expected = reference(name.lower(), starts[index], [pair[index] for pair in gradients], decay)
        np.testing.assert_allclose(parameters[index].asnumpy(), expected, rtol=2e-5, atol=2e-6)


def test_first_adamw_step_is_as_long_as_the_rate(mode):
    # With bias correction the first step is lr * sign(gradient), whatever the gradient's size.
    parameter = Parameter(Tensor([1.0, -2.0], ms.float32), name="w")
    optimizer = build_optimizer([parameter], section(opt="adamw", weight_decay=0.5), np.array([0.01]))
    optimizer((Tensor([300.0, -0.002], ms.float32),))
    np.testing.assert_allclose(parameter.asnumpy(), [1 * 0.995 - 0.01, -2 * 0.995 + 0.01], rtol=1e-4)


def test_nesterov_may_be_a_flag_or_a_name():
    results = []
    for settings in ({"opt": "SGD", "nesterov": True}, {"opt": "nesterov"}, {"opt": "MOMENTUM"}):
        parameter = Parameter(Tensor([1.0], ms.float32), name="w")
        build_optimizer([parameter], section(**settings), RATES)((Tensor([1.0], ms.float32),))
        results.append(float(parameter.asnumpy()[0]))
    assert results == pytest.approx([1 - 0.19, 1 - 0.19, 1 - 0.1])


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
@pytest.mark.parametrize("filtered", [True, False])
def test_without_gradient_only_the_decayed_parameters_move(name, filtered):
    network = Network()
    before = {p.name: p.asnumpy().copy() for p in network.trainable_params()}
    settings = section(opt=name, weight_decay=0.1, filter_bias_and_bn=filtered)
    optimizer = build_optimizer(network, settings, RATES)
    optimizer(tuple(ops.zeros_like(p) for p in network.trainable_params()))
    moved = {p.name for p in network.trainable_params() if not np.array_equal(p.asnumpy(), before[p.name])}
    everything = {"conv.weight", "conv.bias", "bn.gamma", "bn.beta"}
    assert set(before) == everything
    assert moved == ({"conv.weight"} if filtered else everything)


def test_parameters_keep_the_networks_order():
    network = Network()
    optimizer = build_optimizer(network, section(weight_decay=0.1, filter_bias_and_bn=True), RATES)
    assert [p.name for p in optimizer.parameters] == [p.name for p in network.trainable_params()]


def test_groups_hold_what_they_should():
    network = Network()
    decayed, spared, order = group_parameters(network.trainable_params(), 5e-4, filter_bias_and_bn=True)
    assert decayed["weight_decay"] == 5e-4
    assert [p.name for p in decayed["params"]] == ["conv.weight"]
    assert spared["weight_decay"] == 0
    assert [p.name for p in spared["params"]] == ["conv.bias", "bn.gamma", "bn.beta"]
    assert order["order_params"] == list(network.trainable_params())


def test_parameters_of_one_kind_make_one_group():
    groups = group_parameters([Parameter(Tensor([1.0]), name="bn.gamma")], 1e-4, filter_bias_and_bn=True)
    assert [sorted(g) for g in groups] == [["params", "weight_decay"], ["order_params"]]


def test_bounds_of_quantised_layers_have_a_decay_of_their_own():
    parameters = [Parameter(Tensor([1.0]), name=name) for name in ("conv.weight", "conv.bias", "conv.clip")]
    groups = group_parameters(parameters, 0.0, filter_bias_and_bn=True)
    decays = {p.name: group["weight_decay"] for group in groups[:-1] for p in group["params"]}
    assert decays == {"conv.weight": 0.0, "conv.bias": 0.0, "conv.clip": 2e-5}


def part(names, lr_factor=1.0, weight_decay=None):
    return SimpleNamespace(names=names, lr_factor=lr_factor, weight_decay=weight_decay)


def test_factors_of_parts_multiply_and_the_last_weight_decay_counts():
    names = ["body.0.weight", "body.1.weight", "body.1.bias", "head.weight"]
    parameters = [Parameter(Tensor([1.0]), name=name) for name in names]
    parts = [part(["body."], 0.5, 0.1), part(["1.bias", "1.weight"], 0.2), part(["body.1."], 1.0, 0.2)]
    factors = {p.name: factor for factor, members in rates(parameters, parts).items() for p in members}
    assert factors == {"body.0.weight": 0.5, "body.1.weight": 0.1, "body.1.bias": 0.1, "head.weight": 1.0}
    groups = group_parameters(parameters, 0.01, True, (), parts)
    decays = {p.name: group["weight_decay"] for group in groups[:-1] for p in group["params"]}
    assert decays == {"body.0.weight": 0.1, "body.1.weight": 0.2, "body.1.bias": 0.0, "head.weight": 0.01}


def test_all_states_of_two_rates_have_names_of_their_own():
    parameters = [Parameter(Tensor([1.0]), name=name) for name in ("body.weight", "neck.weight", "head.weight")]
    optimizer = build_optimizer(parameters, section(opt="Adam", parts=[part(["neck."], 0.5)]), RATES)
    names = [p.name for p in optimizer.get_parameters()]
    assert len(names) == len(set(names))
    assert {"beta1_power", "beta1_power.1", "global_step", "global_step.1", "moment1.neck.weight"} <= set(names)
    assert [p.name for p in optimizer.parameters] == ["body.weight", "neck.weight", "head.weight"]


def test_a_word_that_no_parameter_has_is_refused():
    parameters = [Parameter(Tensor([1.0]), name="neck.conv.weight")]
    with pytest.raises(ConfigError, match=r"parts\[1\].names: no trainable parameter's name contains 'nek.conv'.*neck"):
        build_optimizer(parameters, section(parts=[part(["neck."]), part(["nek.conv"])]), RATES)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_part_with_a_factor_moves_as_with_that_learning_rate(name):
    rng = np.random.default_rng(3)
    starts = [rng.normal(size=(3,)).astype(np.float32) for _ in range(2)]
    gradients = [[rng.normal(size=(3,)).astype(np.float32) for _ in range(2)] for _ in range(STEPS)]

    def run(rates, parts):
        parameters = [Parameter(Tensor(s), name=f"{n}.weight") for s, n in zip(starts, ("body", "head"))]
        optimizer = build_optimizer(parameters, section(opt=name, weight_decay=0.1, parts=parts), rates)
        for pair in gradients:
            optimizer(tuple(map(Tensor, pair)))
        return [p.asnumpy() for p in parameters]

    both = run(RATES, [part(["body"], 0.1)])
    np.testing.assert_allclose(both[0], run(RATES * np.float32(0.1), [])[0], rtol=1e-6)
    np.testing.assert_allclose(both[1], run(RATES, [])[1], rtol=1e-6)
    assert np.abs(both[0] - starts[0]).max() < 0.75 * np.abs(run(RATES, [])[0] - starts[0]).max()


class Step(nn.Cell):
    """A compiled training step for mean(network(x) ** 2)."""

    def __init__(self, network, optimizer) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.optimizer = optimizer
        self.gradients = ms.value_and_grad(self.loss, None, optimizer.parameters)

    def loss(self, x):
        return (self.network(x) ** 2).mean()

    def construct(self, x):
        value, gradients = self.gradients(x)
        self.optimizer(gradients)
        return value


@pytest.mark.parametrize("name", ["momentum", "AdamW"])
def test_a_compiled_step_lowers_the_loss(mode, name):
    network = nn.Dense(3, 2, weight_init="ones", bias_init="ones")
    optimizer = build_optimizer(network, section(opt=name, weight_decay=1e-4, filter_bias_and_bn=True), RATES)
    step = Step(network, optimizer)
    x = Tensor(np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32))
    values = [float(step(x).asnumpy()) for _ in range(6)]
    assert values[-1] < 0.7 * values[0]


def test_names_in_the_optimizer_do_not_depend_on_the_number_of_steps():
    # A checkpoint of the optimizer must fit a run that is longer.
    shapes = []
    for length in (3, 30):
        optimizer = build_optimizer(nn.Dense(3, 2), section(opt="AdamW"), np.full(length, 0.1))
        shapes.append({p.name: p.shape for p in optimizer.get_parameters()})
    assert shapes[0] == shapes[1]
    assert {"moment1.weight", "moment2.weight", "beta1_power", "beta2_power", "global_step"} <= set(shapes[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opt": "AdmW"}, r"unknown optimizer 'AdmW' \(did you mean 'adamw'\?\); known: SGD, momentum"),
        ({"momentum": 1.0}, r"optimizer.momentum: expected a number in \[0, 1\), got 1.0"),
        ({"weight_decay": -1e-4}, "optimizer.weight_decay: expected a number of at least 0, got -0.0001"),
        ({"opt": "nesterov", "momentum": 0.0}, "optimizer.momentum: Nesterov's rule needs a number above 0"),
        ({"eps": 0.0, "beta2": 2.0}, r"optimizer.beta2: .* got 2.0; optimizer.eps: expected a number above 0"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        build_optimizer(nn.Dense(1, 1), section(**changes), RATES)


def test_nothing_to_train_and_no_rates_are_refused():
    with pytest.raises(ConfigError, match="no trainable parameter"):
        build_optimizer(nn.ReLU(), section(), RATES)
    with pytest.raises(ConfigError, match=r"one learning rate for each step, got an array of shape \(0,\)"):
        build_optimizer(nn.Dense(1, 1), section(), np.zeros(0))
