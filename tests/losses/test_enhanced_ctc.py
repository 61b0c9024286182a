"""Focal CTC, ACE, center loss, and their sum: against NumPy, texts that do not fit, mistakes."""

from __future__ import annotations

from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.formats.class_centers import ClassCenters, hash_of, write_centers
from mindocr.formats.dictionary import TextClasses
from mindocr.losses.ace_loss import ACELoss
from mindocr.losses.center_loss import CenterLoss
from mindocr.losses.ctc_loss import CTCLoss
from mindocr.losses.pairing import PairedLoss
from mindocr.registry import LOSSES

# (1, 1, 2) needs four steps, so it does not fit into three
SEQUENCES = np.array([[1, 2, 0], [2, 0, 0], [1, 1, 2]], np.int32)
LENGTHS = np.array([2, 1, 3], np.int32)
STEPS, CLASSES, WIDTH = 3, 4, 2
CHARACTERS = "abc"


@pytest.fixture
def logits() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((3, STEPS, CLASSES)).astype(np.float32)


@pytest.fixture
def centers(tmp_path: Path) -> str:
    path = tmp_path / "centers.npz"
    rows = np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.float32)
    classes = TextClasses(CHARACTERS, None, False).classes
    write_centers(path, ClassCenters(rows, np.array([5, 1, 2, 0]), hash_of(classes)))
    return str(path)


def value_and_gradient(loss, *inputs):
    """Loss and its gradient with respect to the first input, compiled."""
    ms.set_context(mode=ms.GRAPH_MODE)
    tensors = [Tensor(each) for each in (*inputs, SEQUENCES, LENGTHS)]

    def forward(*given):
        return loss(*given)[0]

    value, gradient = ms.value_and_grad(forward)(*tensors)
    return float(value.asnumpy()), gradient.asnumpy()


def softmax(values):
    powers = np.exp(values.astype(np.float64))
    return powers / powers.sum(-1, keepdims=True)


def ctc_by_hand(probs):
    """-log P of the first two texts in three steps."""
    a, b = probs[0], probs[1]
    paths = [(1, 2, 2), (1, 1, 2), (1, 2, 0), (1, 0, 2), (0, 1, 2)]
    first = sum(np.prod([a[t, k] for t, k in enumerate(path)]) for path in paths)
    paths = [(2, 2, 2), (2, 2, 0), (0, 2, 2), (2, 0, 0), (0, 2, 0), (0, 0, 2)]
    return -np.log([first, sum(np.prod([b[t, k] for t, k in enumerate(path)]) for path in paths)])


def test_focal_ctc_weights_each_text(logits):
    losses = ctc_by_hand(softmax(logits))
    value, gradient = value_and_gradient(CTCLoss(focal_gamma=2.0, focal_alpha=0.5), logits)
    assert value == pytest.approx(np.mean(0.5 * losses * (1 - np.exp(-losses)) ** 2), rel=1e-4)
    assert gradient[:2].any() and not gradient[2].any()
    assert value_and_gradient(CTCLoss(), logits)[0] == pytest.approx(losses.mean(), rel=1e-4)


def test_a_certain_text_has_a_finite_gradient_in_focal_ctc():
    logits = np.full((3, STEPS, CLASSES), -200.0, np.float32)
    logits[0, (0, 1, 2), (1, 2, 2)] = logits[1, :, 2] = 200.0
    value, gradient = value_and_gradient(CTCLoss(focal_gamma=2.0), logits)
    assert value == pytest.approx(0, abs=1e-5) and np.isfinite(gradient).all()


def test_ace_compares_counts_with_mean_probabilities(logits):
    means = softmax(logits).mean(1)
    counts = np.array([[1, 1, 1, 0], [2, 0, 1, 0]]) / STEPS
    expected = -(counts * np.log(means[:2])).sum(1).mean()
    value, gradient = value_and_gradient(ACELoss(), logits)
    assert value == pytest.approx(expected, rel=1e-5)
    assert gradient[:2].any() and not gradient[2].any()


def test_ace_with_a_second_softmax_is_nearly_flat(logits):
    means = softmax(logits).mean(1)
    counts = np.array([[1, 1, 1, 0], [2, 0, 1, 0]]) / STEPS
    expected = -(counts * np.log(softmax(means)[:2])).sum(1).mean()
    value, gradient = value_and_gradient(ACELoss(softmax_again=True), logits)
    assert value == pytest.approx(expected, rel=1e-5)
    assert np.abs(gradient).max() < 0.5 * np.abs(value_and_gradient(ACELoss(), logits)[1]).max()


def test_ace_stays_finite_where_a_probability_is_0():
    logits = np.zeros((3, STEPS, CLASSES), np.float32)
    logits[:, :, 3] = 300.0
    value, gradient = value_and_gradient(ACELoss(), logits)
    assert value == pytest.approx(300, rel=1e-4) and np.isfinite(gradient).all()


def test_centers_attract_the_features_of_their_class(centers):
    logits = np.zeros((3, STEPS, CLASSES), np.float32)
    classes = np.array([[0, 1, 2], [3, 2, 2], [1, 1, 1]])
    np.put_along_axis(logits, classes[..., None], 5.0, 2)
    features = np.random.default_rng(1).standard_normal((3, STEPS, WIDTH)).astype(np.float32)
    rows = np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.float32)
    apart = ((features - rows[classes]) ** 2).sum(-1) * (classes != 3)
    value, gradient = value_and_gradient(CenterLoss(centers), features, logits)
    # Class 3 has no center, and the third text does not fit
    assert value == pytest.approx(apart[:2].sum() / (2 * STEPS), rel=1e-5)
    np.testing.assert_allclose(gradient[0], 2 * (features - rows[classes])[0] / (2 * STEPS), rtol=1e-5)
    assert not gradient[1, 0].any() and not gradient[2].any()


def test_a_distance_is_clipped(centers):
    features = np.full((3, STEPS, WIDTH), 1e9, np.float32)
    logits = np.zeros((3, STEPS, CLASSES), np.float32)
    assert value_and_gradient(CenterLoss(centers), features, logits)[0] == pytest.approx(1e12)


def test_a_batch_of_texts_that_do_not_fit_has_no_loss(centers, logits):
    features = np.ones((3, STEPS, WIDTH), np.float32)
    sequences, lengths = np.array([[1, 1, 2]] * 3, np.int32), np.full(3, 3, np.int32)
    labels = Tensor(sequences), Tensor(lengths)
    for loss, given in ((CTCLoss(2.0), (logits,)), (ACELoss(), (logits,)), (CenterLoss(centers), (features, logits))):
        total, terms = loss(*map(Tensor, given), *labels)
        assert float(total) == 0 and float(terms[0]) == 0


def test_terms_are_weighted_and_combined(centers, logits):
    features = np.random.default_rng(1).standard_normal((3, STEPS, WIDTH)).astype(np.float32)
    spec = {
        "name": "WeightedSum",
        "terms": [
            {"loss": {"name": "CTCLoss", "focal_gamma": 2.0}},
            {"loss": {"name": "ACELoss"}, "weight": 0.1},
            {"loss": {"name": "CenterLoss", "centers_path": centers}, "weight": 0.05},
        ],
    }
    assert LOSSES.declared(spec, "reads") == ("logits", "features")
    loss = LOSSES.build(spec)
    assert loss.reads == ("logits", "features") and loss.labels == ("text_seq", "text_length")
    assert loss.term_names == ("ctc", "too_long", "ace", "center")
    paired = PairedLoss(loss, ("logits", "features"), {"logits": CLASSES, "features": WIDTH})
    total, terms = paired((Tensor(logits), Tensor(features)), Tensor(SEQUENCES), Tensor(LENGTHS))
    parts = [
        value_and_gradient(CTCLoss(2.0), logits)[0],
        1 / 3,
        0.1 * value_and_gradient(ACELoss(), logits)[0],
        0.05 * value_and_gradient(CenterLoss(centers), features, logits)[0],
    ]
    np.testing.assert_allclose(terms.asnumpy(), parts, rtol=1e-5)
    assert float(total) == pytest.approx(parts[0] + parts[2] + parts[3], rel=1e-5)


def test_half_precision_is_computed_in_float32(centers, logits):
    half = Tensor(logits.astype(np.float16))
    loss = LOSSES.build(
        {"name": "WeightedSum", "terms": [{"loss": {"name": "CTCLoss"}}, {"loss": {"name": "ACELoss"}}]}
    )
    total, terms = loss.to_float(ms.float16)(half, Tensor(SEQUENCES), Tensor(LENGTHS))
    assert total.dtype == terms.dtype == ms.float32


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "CTCLoss", "focal_gamma": -1.0}, "loss.focal_gamma: CTCLoss needs a number of at least 0, got -1.0"),
        ({"name": "CTCLoss", "focal_alpha": 0.0}, "loss.focal_alpha: CTCLoss needs a number above 0, got 0.0"),
        ({"name": "GuideLoss", "smoothing": 1.0}, "loss.smoothing: GuideLoss needs a number from 0 to below 1"),
        ({"name": "WeightedSum", "terms": []}, "terms: needs at least one term"),
        ({"name": "WeightedSum", "terms": [{"loss": {"name": "CTC"}}]}, r"terms\[0\].loss.name: unknown loss 'CTC'"),
        (
            {"name": "WeightedSum", "terms": [{"loss": {"name": "CTCLoss"}}] * 2},
            r"terms\[1\].loss.name: CTCLoss is term 0",
        ),
        (
            {"name": "CenterLoss", "centers_path": "absent.npz"},
            "loss.centers_path: absent.npz: no class centers .*No such",
        ),
    ],
)
def test_mistakes(spec, message):
    with pytest.raises(ConfigError, match=message):
        LOSSES.build(spec)


def test_centers_of_another_dictionary_are_refused(centers):
    CenterLoss(centers, characters=CHARACTERS, use_space_char=False)
    with pytest.raises(ConfigError, match="belong to a dictionary of 4 classes, the dictionary of this run has 4"):
        CenterLoss(centers, characters="abd", use_space_char=False)
    with pytest.raises(ConfigError, match="of 4 classes, the dictionary of this run has 5"):
        CenterLoss(centers, characters=CHARACTERS)


def test_centers_of_other_features_are_refused(centers):
    with pytest.raises(ConfigError, match="CenterLoss needs 2 channels of the output features, but the network has 96"):
        PairedLoss(CenterLoss(centers), ("logits", "features"), {"logits": CLASSES, "features": 96})
