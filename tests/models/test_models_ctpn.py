"""CTPN's network: against NumPy, sizes of batches, frozen and stored parts, precision, export."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.models import build_model
from mindocr.models.precision import set_precision
from mindocr.models.sync_batch_norm import synchronise
from mindocr.registry import BACKBONES, HEADS, NECKS


def spec(batch_norm=True, head=None, **backbone):
    return {
        "backbone": {"name": "det_vgg16", "batch_norm": batch_norm, **backbone},
        "neck": {"name": "RowLSTM"},
        "head": {"name": "CTPNHead", **(head or {})},
    }


@pytest.fixture(scope="module")
def network():
    return build_model(spec(head={"side_refinement": True}))


def values(parameter):
    return parameter.asnumpy().astype(np.float64)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def one_direction(x, cell, end):
    """An LSTM over (T, N, C) with the gates input, forget, new value, output."""
    rows = [values(getattr(cell, f"{name}_l0{end}")) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    h = c = np.zeros((x.shape[1], rows[1].shape[1]))
    outputs = []
    for step in x:
        i, f, g, o = np.split(step @ rows[0].T + h @ rows[1].T + rows[2] + rows[3], 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs)


def test_the_neck_reads_each_row_in_both_directions():
    ms.set_context(mode=ms.PYNATIVE_MODE)
    neck = NECKS.build({"name": "RowLSTM", "hidden": 5, "out_channels": 7, "bias": True, "relu": True}, in_channels=[6])
    neck.conv.bias.set_data(Tensor(np.linspace(-0.5, 0.5, 6).astype(np.float32)))
    cell = {n.rsplit(".", 1)[-1]: p for n, p in neck.lstm.parameters_and_names()}
    reference = type("Cell", (), cell)
    x = np.random.default_rng(1).normal(size=(2, 6, 3, 4)).astype(np.float32)
    found = neck((Tensor(x),)).asnumpy()
    kernel, padded = values(neck.conv.weight), np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    y = np.maximum(np.einsum("nchwkl,ockl->nohw", windows, kernel) + values(neck.conv.bias)[:, None, None], 0)
    for image in range(2):
        for row in range(3):
            steps = y[image, :, row].T[:, None]
            both = [one_direction(steps, reference, ""), one_direction(steps[::-1], reference, "_reverse")[::-1]]
            dense = np.concatenate(both, axis=2)[:, 0] @ values(neck.dense.weight)[:, :, 0, 0].T
            np.testing.assert_allclose(found[image, :, row].T, dense + values(neck.dense.bias), atol=1e-5)


def test_the_head_has_one_score_for_each_anchor():
    ms.set_context(mode=ms.PYNATIVE_MODE)
    head = HEADS.build({"name": "CTPNHead", "num_anchors": 3, "coordinates": 2}, in_channels=8)
    assert head.outputs == ("text_logits", "box_deltas") and head.inference_outputs == ("text_scores", "box_deltas")
    x = Tensor(np.random.default_rng(2).normal(size=(2, 8, 2, 5)).astype(np.float32))
    logits, deltas = (each.asnumpy() for each in head.set_train(True)(x))
    scores, again = (each.asnumpy() for each in head.set_train(False)(x))
    assert logits.shape == (2, 6, 2, 5) and deltas.shape == (2, 6, 2, 5) and np.array_equal(deltas, again)
    pairs = np.exp(logits.reshape(2, 3, 2, 2, 5))
    np.testing.assert_allclose(scores, pairs[:, :, 1] / pairs.sum(2), atol=1e-6)


def test_numbers_of_parameters():
    plain = build_model(spec(batch_norm=False))
    assert sum(p.size for p in plain.get_parameters()) == 17_906_068
    with_norms = build_model(spec())
    # MindSpore's CTPN has a second LSTM, 659,456 numbers: 18.6 million in all
    assert sum(p.size for p in with_norms.get_parameters()) == 17_918_740
    names = [name for name, _ in with_norms.parameters_and_names()]
    ends = ("0.weight", "1.gamma", "1.beta", "1.moving_mean", "1.moving_variance")
    assert set(names[:5]) == {f"backbone.conv1_1.{end}" for end in ends}
    assert names == [parameter.name for parameter in with_norms.get_parameters()]


def test_convolutions_of_frozen_blocks_are_not_trained():
    backbone = BACKBONES.build({"name": "det_vgg16", "frozen_blocks": 2})
    still = {p.name for p in backbone.get_parameters() if not p.requires_grad and "moving" not in p.name}
    assert still == {f"conv{block}_{number}.0.weight" for block in (1, 2) for number in (1, 2)}
    plain = BACKBONES.build({"name": "det_vgg16", "batch_norm": False, "frozen_blocks": 1})
    still = {p.name for p in plain.get_parameters() if not p.requires_grad}
    assert still == {f"conv1_{number}.0.{kind}" for number in (1, 2) for kind in ("weight", "bias")}


def test_stored_statistics_normalise_in_training_too():
    ms.set_context(mode=ms.PYNATIVE_MODE)
    backbone = BACKBONES.build({"name": "det_vgg16", "stored_statistics": True})
    x = Tensor(np.random.default_rng(3).normal(size=(1, 3, 16, 16)).astype(np.float32))
    norms = [cell for _, cell in backbone.cells_and_names() if isinstance(cell, nn.BatchNorm2d)]
    norms[0].moving_mean.set_data(Tensor(np.full(64, 0.3, np.float32)))
    training, evaluation = backbone.set_train(True)(x)[0], backbone.set_train(False)(x)[0]
    assert np.array_equal(training.asnumpy(), evaluation.asnumpy())
    assert (norms[0].moving_mean.asnumpy() == np.float32(0.3)).all() and len(norms) == 13
    assert synchronise(backbone, 2) == 0, "nothing to average over ranks"


@pytest.mark.parametrize(
    ("registry", "part", "message"),
    [
        (BACKBONES, {"name": "det_vgg16", "frozen_blocks": 6}, "frozen_blocks must be from 0 to 5, got 6"),
        (BACKBONES, {"name": "det_vgg16", "batch_norm": False, "stored_statistics": True}, "belong to BatchNorm"),
        (NECKS, {"name": "RowLSTM", "hidden": 0}, "hidden 0 and out_channels 512 must be 1 or more"),
        (NECKS, {"name": "RowLSTM", "dropout": 1.0}, "dropout must be in \\[0, 1\\), got 1.0"),
        (HEADS, {"name": "CTPNHead", "num_anchors": 0}, "num_anchors must be 1 or more, got 0"),
    ],
)
def test_arguments_out_of_range(registry, part, message):
    with pytest.raises(ConfigError, match=message):
        registry.build(part, **({} if registry is BACKBONES else {"in_channels": [8]}))


def test_sizes_are_multiples_of_16(network):
    network.check_input_size(576, 960)
    with pytest.raises(ConfigError, match="input height 600: this network takes multiples of 16; the nearest: 592 or"):
        network.check_input_size(600, 960)


@pytest.mark.slow
def test_gradient_step_and_export_with_dynamic_shapes(network, image, gradient_step, reload_difference):
    assert network.outputs == ("text_logits", "box_deltas", "side_offsets")
    before, after, without_gradient = gradient_step(network, image(2, 32, 64))
    assert after < before and without_gradient == []
    one, two = image(1, 32, 48), image(2, 32, 48)
    assert reload_difference(network, [None, 3, None, None], one, image(2, 48, 32)) < 1e-5
    doubled = network(Tensor(np.concatenate([one.asnumpy(), two.asnumpy()])))
    for alone, among in zip(network(one), doubled):
        np.testing.assert_allclose(among.asnumpy()[:1], alone.asnumpy(), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("level", ["O2", "O3"])
def test_mixed_precision_gives_finite_float32_outputs(level, image):
    mixed = build_model(spec())
    set_precision(mixed, level)
    for output in mixed.set_train(True)(image(1, 32, 32)):
        assert output.dtype == ms.float32 and np.isfinite(output.asnumpy()).all()


@pytest.mark.slow
def test_its_operators_exist_in_onnx(network, image, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    x = image(1, 32, 48)
    expected = network.set_train(False)(x)
    ms.export(network, x, file_name=str(tmp_path / "ctpn"), file_format="ONNX")
    session = runtime.InferenceSession(str(tmp_path / "ctpn.onnx"), providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: x.asnumpy()})
    for ours, theirs in zip(expected, found, strict=True):
        np.testing.assert_allclose(theirs, ours.asnumpy(), atol=1e-5)
