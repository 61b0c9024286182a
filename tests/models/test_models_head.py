import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.models.heads.db_head import DBHead
from mindocr.registry import HEADS


@pytest.fixture
def features():
    return Tensor(np.random.default_rng(1).standard_normal((2, 32, 6, 8)).astype(np.float32))


def test_training_gives_three_maps_and_inference_the_first(features):
    head = HEADS.build({"name": "DBHead", "k": 50}, in_channels=32)
    maps = head.set_train(True)(features)
    assert len(maps) == len(head.outputs) == 3 and head.inference_outputs == ("prob",)
    for values in maps:
        assert values.shape == (2, 1, 24, 32)
        assert values.asnumpy().min() >= 0 and values.asnumpy().max() <= 1
    assert head.set_train(False)(features).shape == (2, 1, 24, 32)


def test_binary_map_is_the_papers(features):
    """B = sigmoid(k (P - T)), here with P and T set by the biases of the last layers; expected values by hand."""
    head = DBHead(32, k=50).set_train(True)
    for branch in (head.segm, head.thresh):
        branch[6].weight.set_data(Tensor(np.zeros(branch[6].weight.shape, np.float32)))
    for p, t, expected in ((0.5, 0.3, 0.99995460), (0.3, 0.3, 0.5), (0.31, 0.3, 0.62245933), (0.29, 0.3, 0.37754067)):
        for branch, value in ((head.segm, p), (head.thresh, t)):
            branch[6].bias.set_data(Tensor(np.array([np.log(value / (1 - value))], np.float32)))
        np.testing.assert_allclose([m.asnumpy()[0, 0, 0, 0] for m in head(features)], [p, t, expected], atol=2e-6)


def test_the_enhanced_head_is_the_same():
    assert HEADS.get("DBHeadEnhance") is DBHead


def test_without_adaptive_threshold_there_is_one_branch(features):
    head = DBHead(32, adaptive=False)
    assert not any("thresh" in name for name, _ in head.parameters_and_names())
    assert head.outputs == ("prob",)
    assert head.set_train(True)(features).shape == (2, 1, 24, 32)


def test_the_first_kernel_of_the_teachers_head_is_larger(features):
    head = HEADS.build({"name": "DBHead", "kernel_list": [7, 2, 2]}, in_channels=32)
    for branch in (head.segm, head.thresh):
        assert [branch[i].weight.shape for i in (0, 3, 6)] == [(8, 32, 7, 7), (8, 8, 2, 2), (8, 1, 2, 2)]
    assert head.set_train(False)(features).shape == (2, 1, 24, 32)


def test_initial_values():
    head = DBHead(256)
    assert {float(v) for i in (1, 4) for v in head.segm[i].beta.asnumpy()} == {np.float32(1e-4)}
    assert {float(v) for i in (1, 4) for v in head.thresh[i].gamma.asnumpy()} == {1.0}
    std = head.segm[0].weight.asnumpy().std()
    assert std == pytest.approx(np.sqrt(2 / (256 * 9)), rel=0.05)  # Kaiming normal, fan in
    assert head.segm[6].bias.asnumpy() == pytest.approx(np.log(0.1 / 0.9))
    assert not head.thresh[6].bias.asnumpy().any()


def test_an_untrained_head_expects_a_tenth_of_the_pixels_to_be_text(features):
    p, t, _ = (output.asnumpy() for output in DBHead(32).set_train(True)(features))
    assert p.mean() == pytest.approx(0.1, abs=0.03)
    assert t.mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("mode", [ms.GRAPH_MODE, ms.PYNATIVE_MODE])
def test_maps_are_float32_for_float16_features(features, mode):
    ms.set_context(mode=mode)
    head = DBHead(32).set_train(True)
    for cell in (*head.segm, *head.thresh):
        cell.to_float(ms.float16)
    maps = head(features.astype(ms.float16))
    assert [output.dtype for output in maps] == [ms.float32] * 3
    p, t, b = (output.asnumpy().astype(np.float64) for output in maps)
    np.testing.assert_allclose(b, 1 / (1 + np.exp(-50 * (p - t))), atol=1e-5)


def test_gradient_and_export(features, gradient_step, reload_difference):
    head = DBHead(32, bias=True)
    before, after, without_gradient = gradient_step(head, features)
    assert after < before
    # a bias before BatchNorm is cancelled by it, up to rounding
    assert [n for n in without_gradient if not n.endswith(("segm.0.bias", "segm.3.bias"))] == []
    assert reload_difference(head, [None, 32, None, None], features) == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"in_channels": 3}, "in_channels 3: at least 4"),
        ({"in_channels": 32, "k": 0}, "k 0: expected a positive number"),
        (
            {"in_channels": 32, "kernel_list": [4, 2, 2]},
            r"kernel_list \[4, 2, 2\]: expected an odd number",
        ),
        ({"in_channels": 32, "kernel_list": [3, 3, 2]}, r"kernel_list \[3, 3, 2\]: expected an odd"),
        ({"in_channels": 32, "kernel_list": []}, r"kernel_list \[\]: expected an odd"),
    ],
)
def test_impossible_arguments(args, message):
    with pytest.raises(ConfigError, match=message):
        DBHead(**args)


def test_unknown_argument_is_named():
    with pytest.raises(ConfigError, match="DBHead has no argument 'adaptiv'.*did you mean 'adaptive'"):
        HEADS.build({"name": "DBHead", "adaptiv": True}, in_channels=32)
