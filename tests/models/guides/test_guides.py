"""Guides: coding of texts, decoders against NumPy and by their sizes, training only."""

from __future__ import annotations

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from mindocr.errors import ConfigError
from mindocr.losses.guide_loss import GuideLoss
from mindocr.models.builder import build_model
from mindocr.models.guides.coding import read_codes, written_codes
from mindocr.models.guides.nrtr import NRTRDecoder, _Attention
from mindocr.models.guides.sar import SARDecoder
from mindocr.models.seeded_dropout import SeededDropout
from mindocr.registry import BACKBONES

SEQUENCES = np.array([[1, 4, 2, 0], [3, 0, 0, 0], [2, 2, 2, 2]], np.int32)
LENGTHS = np.array([3, 1, 4], np.int32)
LABELS = Tensor(SEQUENCES), Tensor(LENGTHS)
SMALL = {"NRTRDecoder": {"dim": 8, "layers": 1, "heads": 2, "ff_dim": 12}, "SARDecoder": {"dim": 6}}


def small(name: str, dropout: float = 0.0):
    kind = {"NRTRDecoder": NRTRDecoder, "SARDecoder": SARDecoder}[name]
    return kind(in_channels=5, out_channels=6, dropout=dropout, **SMALL[name])


def features(height: int = 1) -> Tensor:
    return Tensor(np.random.default_rng(0).standard_normal((3, 5, height, 7)).astype(np.float32))


def test_texts_are_shifted_and_have_a_start_and_an_end():
    assert read_codes(*LABELS).asnumpy().tolist() == [[2, 4, 7, 5, 0], [2, 6, 0, 0, 0], [2, 5, 5, 5, 5]]
    assert written_codes(*LABELS).asnumpy().tolist() == [[4, 7, 5, 3, 0], [6, 3, 0, 0, 0], [5, 5, 5, 5, 3]]


def test_the_loss_is_the_smoothed_cross_entropy_of_characters_and_ends():
    logits = np.random.default_rng(2).standard_normal((3, 5, 9)).astype(np.float32)
    log_probs = logits - np.log(np.exp(logits.astype(np.float64)).sum(-1, keepdims=True))
    codes = written_codes(*LABELS).asnumpy()
    total, count = 0.0, 0
    for row, wanted in zip(log_probs.reshape(-1, 9), codes.ravel()):
        if wanted:
            target = np.full(9, 0.1 / 8)
            target[wanted] = 0.9
            total, count = total - (target * row).sum(), count + 1
    assert count == 11
    assert float(GuideLoss(0.1)(Tensor(logits), *LABELS)[0].asnumpy()) == pytest.approx(total / count, rel=1e-5)
    plain = -np.take_along_axis(log_probs, codes[..., None], 2)[..., 0][codes > 0].mean()
    assert float(GuideLoss(0.0)(Tensor(logits), *LABELS)[0].asnumpy()) == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize("height", [1, 2])
@pytest.mark.parametrize("name", ["NRTRDecoder", "SARDecoder"])
def test_a_prediction_depends_on_earlier_characters_only(name, height):
    guide = small(name).set_train()
    given = guide(features(height), *LABELS).asnumpy()
    assert given.shape == (3, 5, 9)
    changed = SEQUENCES.copy()
    changed[0, 1] = 5  # read at place 2
    other = guide(features(height), Tensor(changed), LABELS[1]).asnumpy()
    np.testing.assert_allclose(other[1:], given[1:], atol=1e-6)
    np.testing.assert_allclose(other[0, :2], given[0, :2], atol=1e-6)
    assert np.abs(other[0, 2] - given[0, 2]).max() > 1e-4


@pytest.mark.parametrize("name", ["NRTRDecoder", "SARDecoder"])
def test_a_prediction_depends_on_the_features(name):
    guide = small(name).set_train()
    first, second = (guide(x, *LABELS).asnumpy() for x in (features(), features() * 2))
    assert np.abs(first - second).max() > 1e-4


def test_attention_equals_numpy():
    cell = _Attention(8, 2)
    rng = np.random.default_rng(4)
    x, memory = (rng.standard_normal((2, n, 8)).astype(np.float32) for n in (3, 5))
    hidden = np.triu(np.full((3, 5), -1e9, np.float32), 1)

    def dense(layer, values):
        return values @ layer.weight.asnumpy().T + layer.bias.asnumpy()

    query, pair = dense(cell.q, x), dense(cell.kv, memory)
    parts = []
    for head in range(2):
        own = slice(4 * head, 4 * head + 4)
        scores = query[..., own] @ pair[..., :8][..., own].swapaxes(1, 2) / 2 + hidden
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        parts.append(weights / weights.sum(-1, keepdims=True) @ pair[..., 8:][..., own])
    expected = dense(cell.proj, np.concatenate(parts, -1))
    np.testing.assert_allclose(cell(Tensor(x), Tensor(memory), Tensor(hidden)).asnumpy(), expected, atol=1e-5)


def test_positions_are_sines_and_cosines_in_turn():
    found = NRTRDecoder(2, 4, dim=4, layers=1, heads=2, ff_dim=4)._positions(3).asnumpy()
    expected = [[np.sin(p), np.cos(p), np.sin(p / 100), np.cos(p / 100)] for p in range(3)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("channels", "classes", "millions"),
    [pytest.param(480, 6625, 14.74, id="PP-OCRv4"), pytest.param(384, 18710, 23.99, id="PP-OCRv6")],
)
def test_nrtr_has_the_published_size(channels, classes, millions):
    number = sum(p.size for p in NRTRDecoder(channels, classes).trainable_params())
    assert round(number / 1e6, 2) == millions


def test_dropout_has_its_rate_and_repeats_with_the_call():
    cell = SeededDropout(0.1, 7).set_train()
    x = Tensor(np.ones((200, 100), np.float32))
    first, again, second = (cell(x, Tensor(call, ms.int32)).asnumpy() for call in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, second)
    assert np.unique(first).tolist() == [0, pytest.approx(1 / 0.9)]
    for mask in (first == 0, second == 0, (first == 0) & (second == 0)):
        expected = 0.01 if mask is not None and mask.mean() < 0.05 else 0.1
        assert mask.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / mask.size))
    other = SeededDropout(0.1, 8).set_train()(x, Tensor(3, ms.int32)).asnumpy()
    assert ((first == 0) & (other == 0)).mean() == pytest.approx(0.01, abs=0.004)
    assert cell.set_train(False)(x, Tensor(3, ms.int32)) is x


def test_dropout_is_the_function_of_its_documentation_in_unsigned_numbers():
    def mixed(numbers):
        numbers = (numbers ^ numbers >> np.uint32(16)) * np.uint32(2146121005)
        numbers = (numbers ^ numbers >> np.uint32(15)) * np.uint32(2**32 - 2073254261)
        return numbers ^ numbers >> np.uint32(16)

    places = np.arange(1000, dtype=np.uint32)
    bits = mixed(places * np.uint32(2**32 - 1640531527) + np.uint32(5 * 40503 + 2135587861))
    expected = bits % 2**24 >= int(0.25 * 2**24)
    cell = SeededDropout(0.25, 1).set_train()
    assert np.array_equal(cell(Tensor(np.ones(1000, np.float32)), Tensor(5, ms.int32)).asnumpy() > 0, expected)


class TinyLine(nn.Cell):
    """(N, 3, 48, W) -> (N, 8, 1, W / 8)."""

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        self.pretrained, self.out_channels, self.strides = pretrained, 8, [1]
        self.conv = nn.Conv2d(3, 8, (48, 8), stride=(48, 8), pad_mode="valid")

    def construct(self, x):
        return self.conv(x)


@pytest.fixture(autouse=True)
def tiny_backbone(monkeypatch):
    BACKBONES.names()
    monkeypatch.setitem(BACKBONES._classes, "tiny_line", TinyLine)
    ms.set_context(mode=ms.PYNATIVE_MODE)


def section(**head):
    return {
        "backbone": {"name": "tiny_line"},
        "neck": {"name": "SVTRNeck", "dims": 8, "hidden": 8, "heads": 2, "depth": 1, "kernel_size": [1, 3]},
        "head": {"name": "CTCHead", "out_channels": 6, **head},
    }


GUIDED = {"guide": {"name": "NRTRDecoder", **SMALL["NRTRDecoder"]}}


def test_networks_for_inference_lack_the_guide_and_skip_its_weights(tmp_path):
    network = build_model(section(**GUIDED, features=True), training=True)
    assert network.outputs == ("logits", "features", "guide_logits")
    assert network.inputs == ("image", "text_seq", "text_length")
    ms.save_checkpoint(network, str(tmp_path / "guided.ckpt"))
    x = Tensor(np.random.default_rng(0).standard_normal((1, 3, 48, 64)).astype(np.float32))
    expected = network.set_train(False)(x).asnumpy()
    for spec in (section(**GUIDED), section()):
        plain = build_model(spec, ckpt=tmp_path / "guided.ckpt")
        assert plain.head.guide is None and plain.inputs == ("image",)
        np.testing.assert_allclose(plain.set_train(False)(x).asnumpy(), expected, atol=1e-6)
    started = build_model({**section(), "pretrained": str(tmp_path / "guided.ckpt")}, training=True)
    assert not any("guide" in p.name for p in started.get_parameters())


def test_weights_without_a_guide_start_one_anew(tmp_path):
    ms.save_checkpoint(build_model(section()), str(tmp_path / "plain.ckpt"))
    network = build_model({**section(**GUIDED), "pretrained": str(tmp_path / "plain.ckpt")}, training=True)
    assert network.head.guide is not None


@pytest.mark.parametrize("detached", [False, True])
def test_with_use_guide_ctc_does_not_train_the_backbone(detached):
    spec = section(**GUIDED)
    spec["neck"]["use_guide"] = detached
    network = build_model(spec, training=True).set_train()
    x = Tensor(np.random.default_rng(0).standard_normal((3, 3, 48, 64)).astype(np.float32))
    weights = ms.ParameterTuple(network.trainable_params())

    class Sum(nn.Cell):
        def __init__(self, index):
            super().__init__(auto_prefix=False)
            self.network, self.index = network, index

        def construct(self, x, *labels):
            return (self.network(x, *labels)[self.index] ** 2).mean()

    moved = []
    for index in (0, 1):
        gradients = ms.grad(Sum(index), None, weights)(x, *LABELS)
        moved.append({w.name.split(".")[0] for w, g in zip(weights, gradients) if g.asnumpy().any()})
    assert moved[0] == ({"neck", "head"} if detached else {"backbone", "neck", "head"})
    assert moved[1] == {"backbone", "head"}


def test_use_guide_needs_a_guide():
    spec = section()
    spec["neck"]["use_guide"] = True
    with pytest.raises(ConfigError, match="model.neck.use_guide: stops the gradient .* set head.guide"):
        build_model(spec, training=True)
    build_model(spec)


@pytest.mark.parametrize(
    ("guide", "message"),
    [
        ({"name": "NRTR"}, r"model.head.guide.name: unknown guide 'NRTR'.*known: NRTRDecoder, SARDecoder"),
        ({"name": "SARDecoder", "dims": 3}, r"model.head.guide.dims: SARDecoder has no argument 'dims'"),
        ({"name": "NRTRDecoder", "dim": 10, "heads": 4}, "dim 10 must be even and a multiple of heads 4"),
        ({"name": "SARDecoder", "layers": 0}, "dim and layers must be 1 or more, got 512 and 0"),
        ({"name": "SARDecoder", "dropout": 1.0}, "dropout 1.0: expected a number from 0 to below 1"),
    ],
)
def test_mistakes(guide, message):
    with pytest.raises(ConfigError, match=message):
        build_model(section(guide=guide), training=True)
