"""CTC loss: against the sum over all alignments, texts that do not fit, precision."""

import itertools

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.losses.ctc_loss import CTCLoss


def inputs(texts, steps, classes, longest=3, seed=0, kind=np.float32):
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((len(texts), steps, classes)).astype(kind)
    sequences = np.zeros((len(texts), longest), np.int32)
    for row, text in zip(sequences, texts):
        row[: len(text)] = text
    return logits, sequences, np.array([len(text) for text in texts], np.int32)


def by_hand(logits, text):
    """-log of the sum over all paths of classes that become the text."""
    probs = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(probs.shape[1]), repeat=len(probs)):
        if [number for number, _ in itertools.groupby(path) if number] == list(text):
            total += np.prod(probs[np.arange(len(path)), list(path)])
    return -np.log(total)


def run(logits, sequences, lengths):
    loss = CTCLoss()

    def forward(x):
        return loss(x, Tensor(sequences), Tensor(lengths))

    (total, terms), gradient = ms.value_and_grad(forward, has_aux=True)(Tensor(logits))
    return float(total), terms.asnumpy(), gradient.asnumpy()


def test_two_steps_by_hand():
    probs = np.array([[[0.2, 0.5, 0.3], [0.4, 0.1, 0.5]]], np.float32)
    total, terms, _ = run(np.log(probs), np.array([[1, 0]], np.int32), np.array([1], np.int32))
    assert total == pytest.approx(-np.log(0.5 * 0.1 + 0.2 * 0.1 + 0.5 * 0.4), abs=1e-5)
    assert terms.tolist() == [pytest.approx(total), 0]


def test_the_mean_over_texts_is_that_of_all_alignments():
    texts = [(1,), (2, 1), (1, 1), (2, 2, 1)]
    logits, sequences, lengths = inputs(texts, steps=5, classes=3)
    total, _, gradient = run(logits, sequences, lengths)
    assert total == pytest.approx(np.mean([by_hand(*pair) for pair in zip(logits, texts)]), abs=1e-4)
    moved = logits.copy()
    moved[1, 2, 0] += 1e-2
    assert run(moved, sequences, lengths)[0] - total == pytest.approx(1e-2 * gradient[1, 2, 0], abs=2e-5)


def test_a_text_without_room_adds_nothing_and_is_counted():
    # Two equal characters need three steps.
    logits, sequences, lengths = inputs([(1, 2), (1, 1), (1, 2, 1), (2,)], steps=2, classes=3)
    total, terms, gradient = run(logits, sequences, lengths)
    assert total == pytest.approx((by_hand(logits[0], (1, 2)) + by_hand(logits[3], (2,))) / 2, abs=1e-5)
    assert terms[1] == pytest.approx(0.5)
    assert np.isfinite(gradient).all() and gradient[0].any() and not gradient[1:3].any()


def test_a_batch_without_room_has_no_loss():
    total, terms, gradient = run(*inputs([(1, 1), (1, 2, 1)], steps=2, classes=3))
    assert (total, terms.tolist()) == (0, [0, 1]) and not gradient.any()


def test_half_precision_is_computed_in_float32():
    logits, sequences, lengths = inputs([(1, 2)], steps=4, classes=3)
    half = Tensor(logits.astype(np.float16))
    total, _ = CTCLoss().to_float(ms.float16)(half, Tensor(sequences), Tensor(lengths))
    assert total.dtype == ms.float32
    assert float(total) == pytest.approx(run(logits.astype(np.float16), sequences, lengths)[0], abs=1e-6)


def test_the_graph_computes_the_same():
    data = inputs([(1, 2), (1, 1, 1)], steps=4, classes=3)
    eager = run(*data)
    ms.set_context(mode=ms.GRAPH_MODE)
    graph = run(*data)
    assert graph[0] == pytest.approx(eager[0], abs=1e-6)
    np.testing.assert_allclose(graph[2], eager[2], atol=1e-6)


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_in_graph_mode_a_batch_without_room_has_no_loss_and_no_gradient(kind):
    ms.set_context(mode=ms.GRAPH_MODE)
    total, terms, gradient = run(*inputs([(1, 1), (1, 2, 1)], steps=2, classes=3, kind=kind))
    assert (total, terms.tolist()) == (0, [0, 1]) and not gradient.any()


def test_in_graph_mode_texts_without_room_are_left_out_of_the_mean():
    ms.set_context(mode=ms.GRAPH_MODE)
    logits, sequences, lengths = inputs([(1, 2), (1, 1), (1, 2, 1), (2,)], steps=2, classes=3)
    total, terms, gradient = run(logits, sequences, lengths)
    assert total == pytest.approx((by_hand(logits[0], (1, 2)) + by_hand(logits[3], (2,))) / 2, abs=1e-5)
    assert terms[1] == pytest.approx(0.5) and np.isfinite(gradient).all() and not gradient[1:3].any()
