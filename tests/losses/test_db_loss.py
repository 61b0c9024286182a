"""DBLoss against hand-computed values and a NumPy reference that sorts."""

from __future__ import annotations

import math

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.losses.db_loss import DBLoss
from mindocr.losses.masked import balanced_bce_loss, dice_loss, masked_l1_loss, select_hardest
from mindocr.registry import LOSSES


def float32(values) -> Tensor:
    return Tensor(np.asarray(values, np.float32))


class Stacked(nn.Cell):
    """DBLoss of (N, 3, H, W) = P, T, B, or of (N, 1, H, W) = P alone."""

    def __init__(self, **options):
        super().__init__()
        self.loss = DBLoss(**options)

    def construct(self, pred, binary_map, mask, thresh_map, thresh_mask):
        labels = (binary_map, mask, thresh_map, thresh_mask)
        if pred.shape[1] == 1:
            return self.loss(pred, None, None, *labels)
        return self.loss(pred[:, :1], pred[:, 1:2], pred[:, 2:], *labels)


def reference_bce(prob, target, mask, ratio=3.0, scope="batch", eps=1e-6):
    """Balanced cross-entropy and its gradient in float64, ranking negatives by a full sort."""
    p = np.clip(prob.astype(np.float64), np.float32(1e-7), np.float32(1 - 1e-7))
    rows = (1, -1) if scope == "batch" else (len(p), -1)
    p, target, mask = p.reshape(rows), target.reshape(rows), mask.reshape(rows)
    positive, negative = target * mask > 0, (1 - target) * mask > 0
    chosen = np.zeros_like(negative)
    for row in range(len(p)):
        k = min(int(ratio * positive[row].sum()), int(negative[row].sum()))
        candidates = np.flatnonzero(negative[row])
        hardest = candidates[np.argsort(-p[row, candidates], kind="stable")[:k]]
        chosen[row, hardest] = True
    count = positive.sum() + chosen.sum() + eps
    value = (-np.log(p[positive]).sum() - np.log1p(-p[chosen]).sum()) / count
    gradient = (chosen / (1 - p) - positive / p) / count
    return value, gradient.reshape(prob.shape)


def reference_dice(pred, target, mask, eps=1e-6):
    pred = pred.astype(np.float64)
    return (1 - 2 * (pred * target * mask).sum() / ((pred + target) * mask).sum().clip(eps)) * (mask.sum() > 0)


def reference_terms(pred, binary_map, mask, thresh_map, thresh_mask, scope="batch"):
    bce = reference_bce(pred[:, 0], binary_map, mask, scope=scope)[0]
    l1 = (np.abs(pred[:, 1].astype(np.float64) - thresh_map) * thresh_mask).sum() / (thresh_mask.sum() + 1e-6)
    return np.array([5 * bce, 10 * l1, reference_dice(pred[:, 2], binary_map, mask)])


def make_batch(seed=0, n=2, size=48, text=0.04):
    """Random maps: two blocks of text per image, a masked strip, probabilities without ties."""
    rng = np.random.default_rng(seed)
    pred = rng.uniform(0.001, 0.999, (n, 3, size, size)).astype(np.float32)
    binary_map = np.zeros((n, size, size), np.float32)
    side = max(1, round(size * math.sqrt(text / 2)))
    for image in binary_map:
        for _ in range(2):
            y, x = rng.integers(0, size - side, 2)
            image[y : y + side, x : x + side] = 1
    mask = np.ones_like(binary_map)
    mask[:, :, : size // 8] = 0
    thresh_map = rng.uniform(0.3, 0.7, binary_map.shape).astype(np.float32)
    thresh_mask = (rng.random(binary_map.shape) < 0.3).astype(np.float32)
    return pred, binary_map, mask, thresh_map, thresh_mask


def value_and_gradient(loss, pred, *maps):
    """(terms, total, gradient for pred) as NumPy arrays."""
    (total, terms), gradient = ms.value_and_grad(loss, 0, None, has_aux=True)(pred, *maps)
    return terms.asnumpy(), float(total.asnumpy()), gradient.asnumpy()


def test_mining_keeps_the_fifteen_largest_of_the_worked_example(mode):
    # 100 pixels, 5 positives, negatives with losses 0.01 ... 0.95: the 15 largest sum to 13.20.
    negative_losses = np.arange(1, 96) / 100
    prob = np.concatenate([np.ones(5), 1 - np.exp(-negative_losses)]).reshape(1, 10, 10)
    target = np.concatenate([np.ones(5), np.zeros(95)]).reshape(1, 10, 10)
    loss = balanced_bce_loss(float32(prob), float32(target), float32(np.ones((1, 10, 10))))
    assert float(loss.asnumpy()) * 20 == pytest.approx(13.20, abs=1e-4)
    weights = select_hardest(float32(negative_losses[None]), float32([[15]])).asnumpy()[0]
    np.testing.assert_array_equal(weights, np.arange(95) >= 80)


def test_dice_of_the_binary_maps_of_the_paper(mode):
    # B for (P, T) = (.5, .3), (.3, .3), (.31, .3), (.29, .3) with k = 50; the first and the third pixel are text.
    binary = float32([[[0.99995460, 0.5, 0.62245933, 0.37754067]]])
    target = float32([[[1, 0, 1, 0]]])
    expected = 1 - 2 * (0.99995460 + 0.62245933) / (2.49995460 + 2)
    assert float(dice_loss(binary, target, float32(np.ones((1, 1, 4)))).asnumpy()) == pytest.approx(expected, abs=1e-6)
    masked = dice_loss(binary, target, float32([[[1, 1, 0, 0]]]))
    assert float(masked.asnumpy()) == pytest.approx(1 - 2 * 0.99995460 / (1.49995460 + 1), abs=1e-6)


def test_masked_l1_averages_over_the_admitted_pixels(mode):
    loss = masked_l1_loss(float32([[[0.5, 0.1, 0.9]]]), float32([[[0.3, 0.4, 0.0]]]), float32([[[1, 1, 0]]]))
    assert float(loss.asnumpy()) == pytest.approx((0.2 + 0.3) / 2, abs=1e-6)


@pytest.mark.parametrize("scope", ["batch", "image"])
def test_value_and_gradient_equal_a_full_sort(mode, scope):
    pred, *maps = make_batch(seed=3)
    terms, total, gradient = value_and_gradient(Stacked(ohem_scope=scope), Tensor(pred), *map(Tensor, maps))
    expected = reference_terms(pred, *maps, scope=scope)
    np.testing.assert_allclose(terms, expected, rtol=1e-6)
    assert total == pytest.approx(expected.sum(), rel=1e-6)
    expected_gradient = 5 * reference_bce(pred[:, 0], maps[0], maps[1], scope=scope)[1]
    np.testing.assert_allclose(gradient[:, 0], expected_gradient, rtol=2e-6, atol=1e-12)
    mask = maps[3] / (maps[3].sum() + 1e-6)
    np.testing.assert_allclose(gradient[:, 1], 10 * np.sign(pred[:, 1] - maps[2]) * mask, rtol=2e-6, atol=1e-12)


def test_confident_predictions_of_a_trained_network_lose_no_digits(mode):
    pred, *maps = make_batch(seed=15, size=160)
    logits = np.where(maps[0] > 0, 6, -9) + np.random.default_rng(15).normal(0, 2.5, maps[0].shape)
    pred[:, 0] = 1 / (1 + np.exp(-logits))
    terms, _, _ = value_and_gradient(Stacked(), Tensor(pred), *map(Tensor, maps))
    np.testing.assert_allclose(terms, reference_terms(pred, *maps), rtol=1e-6)


def test_batch_and_image_scope_differ_when_text_is_uneven():
    pred, *maps = make_batch(seed=4)
    maps[0][1] = 0
    values = [
        value_and_gradient(Stacked(ohem_scope=scope), Tensor(pred), *map(Tensor, maps))[0][0]
        for scope in ("batch", "image")
    ]
    expected = [5 * reference_bce(pred[:, 0], maps[0], maps[1], scope=scope)[0] for scope in ("batch", "image")]
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert abs(values[0] - values[1]) > 1e-3


@pytest.mark.parametrize("spread", [1e-6, 1e-3, 1.0])
def test_tiny_and_large_thresholds_are_found_to_float32_resolution(spread):
    rng = np.random.default_rng(5)
    losses = np.clip(rng.exponential(spread, (2, 5000)), 1e-7, 16.1).astype(np.float32)
    counts = np.array([[700], [4999]], np.float32)
    weights = select_hardest(Tensor(losses), Tensor(counts)).asnumpy().astype(np.float64)
    np.testing.assert_allclose(weights.sum(axis=1), counts[:, 0], rtol=1e-6)
    ranked = -np.sort(-losses.astype(np.float64), axis=1)
    expected = [ranked[0, :700].sum(), ranked[1, :4999].sum()]
    np.testing.assert_allclose((weights * losses).sum(axis=1), expected, rtol=1e-6)


def test_ties_at_the_threshold_share_the_places_left(mode):
    weights = select_hardest(float32([[2, 2, 2, 2, 3, 1, 0]]), float32([[3]])).asnumpy()
    np.testing.assert_allclose(weights, [[0.5, 0.5, 0.5, 0.5, 1, 0, 0]], rtol=1e-6)


def test_constant_prediction_ties_all_negatives(mode):
    # An untrained head predicts one value everywhere: all negatives tie.
    pred = np.full((1, 3, 4, 4), 0.5, np.float32)
    target = np.zeros((1, 4, 4), np.float32)
    target[0, 0, :2] = 1
    ones = np.ones_like(target)
    terms, _, gradient = value_and_gradient(Stacked(), Tensor(pred), *map(Tensor, (target, ones, target, ones * 0)))
    assert terms[0] == pytest.approx(5 * math.log(2), rel=1e-6)
    # 2 positives and 6 of 14 negatives: each negative weighs 6/14 of its derivative 1 / (1 - 0.5).
    np.testing.assert_allclose(gradient[0, 0][target[0] == 0], 5 * 2 * (6 / 14) / 8, rtol=1e-5)
    np.testing.assert_allclose(gradient[0, 0][target[0] == 1], -5 * 2 / 8, rtol=1e-5)


def test_fewer_negatives_than_three_times_the_positives_are_all_kept(mode):
    pred, *maps = make_batch(seed=6, n=1, size=12)
    maps[0][:] = 1
    maps[0][0, 3, 4:9] = 0
    terms, _, _ = value_and_gradient(Stacked(), Tensor(pred), *map(Tensor, maps))
    kept = maps[1] > 0
    cross_entropy = -np.log(np.where(maps[0] > 0, pred[:, 0], 1 - pred[:, 0]).astype(np.float64))
    assert terms[0] == pytest.approx(5 * cross_entropy[kept].mean(), rel=1e-6)


def test_batch_without_text_is_finite_and_pushes_nothing(mode):
    pred, binary_map, mask, thresh_map, thresh_mask = make_batch(seed=7)
    maps = (binary_map * 0, mask, thresh_map, thresh_mask * 0)
    terms, total, gradient = value_and_gradient(Stacked(), Tensor(pred), *map(Tensor, maps))
    np.testing.assert_allclose(terms, [0, 0, 1], atol=1e-7)
    assert total == pytest.approx(1)
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("replace", ["bceloss", "diceloss"])
def test_masks_of_zeros_give_zero_and_a_zero_gradient(mode, replace):
    pred, binary_map, mask, thresh_map, thresh_mask = make_batch(seed=8)
    maps = (binary_map, mask * 0, thresh_map, thresh_mask * 0)
    terms, total, gradient = value_and_gradient(Stacked(bce_replace=replace), Tensor(pred), *map(Tensor, maps))
    np.testing.assert_array_equal(terms, 0)
    assert total == 0
    np.testing.assert_array_equal(gradient, 0)


def test_saturated_probabilities_stay_finite(mode):
    pred = np.zeros((1, 3, 2, 2), np.float32)
    pred[0, :, 0] = 1
    target = np.array([[[0, 1], [0, 1]]], np.float32)
    ones = np.ones_like(target)
    terms, _, gradient = value_and_gradient(Stacked(), Tensor(pred), *map(Tensor, (target, ones, target, ones)))
    floor, ceiling = np.float64(np.float32(1e-7)), np.float64(np.float32(1 - 1e-7))
    expected = -np.log([floor, ceiling, 1 - floor, 1 - ceiling]).mean()
    assert terms[0] == pytest.approx(5 * expected, rel=1e-5)
    assert np.isfinite(gradient).all()


def test_float16_predictions_and_uint8_maps_are_computed_in_float32(mode):
    pred, *maps = make_batch(seed=9, size=320)
    pred16 = pred.astype(np.float16)
    narrow = (maps[0].astype(np.uint8), maps[1].astype(np.uint8), maps[2].astype(np.float16), maps[3].astype(np.uint8))
    total, terms = Stacked()(Tensor(pred16), *map(Tensor, narrow))
    assert total.dtype == ms.float32
    assert terms.dtype == ms.float32
    widened = (maps[0], maps[1], narrow[2].astype(np.float32), maps[3])
    # 320 x 320 pixels would overflow a float16 count.
    np.testing.assert_allclose(terms.asnumpy(), reference_terms(pred16.astype(np.float32), *widened), rtol=2e-6)


class WithLoss(nn.Cell):
    """A cell that holds the loss, as a training step does."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = Stacked()

    def construct(self, pred, binary_map, mask, thresh_map, thresh_mask):
        return self.loss(pred, binary_map, mask, thresh_map, thresh_mask)


def test_a_float16_cell_around_the_loss_does_not_reach_inside(mode):
    pred, *maps = make_batch(seed=10, size=320)
    half = [a.astype(np.float16) for a in (pred, *maps)]
    total, terms = WithLoss().to_float(ms.float16)(*map(Tensor, half))
    assert total.dtype == ms.float32
    expected = reference_terms(*(h.astype(np.float32) for h in half))
    np.testing.assert_allclose(terms.asnumpy(), expected, rtol=2e-6)


def test_dice_replaces_cross_entropy(mode):
    pred, *maps = make_batch(seed=11)
    terms, _, _ = value_and_gradient(Stacked(bce_replace="diceloss"), Tensor(pred), *map(Tensor, maps))
    assert terms[0] == pytest.approx(5 * reference_dice(pred[:, 0], maps[0], maps[1]), rel=1e-6)


def test_probability_map_alone_leaves_the_other_terms_zero(mode):
    pred, *maps = make_batch(seed=12)
    terms, total, _ = value_and_gradient(Stacked(), Tensor(pred[:, :1]), *map(Tensor, maps))
    expected = reference_terms(pred, *maps)[0]
    np.testing.assert_allclose(terms, [expected, 0, 0], rtol=1e-6)
    assert total == pytest.approx(expected, rel=1e-6)


def test_scales_weigh_the_terms():
    pred, *maps = make_batch(seed=13)
    inputs = [Tensor(a) for a in (pred, *maps)]
    _, plain = Stacked()(*inputs)
    _, scaled = Stacked(l1_scale=1, bce_scale=2)(*inputs)
    np.testing.assert_allclose(scaled.asnumpy(), plain.asnumpy() * [2 / 5, 1 / 10, 1], rtol=1e-6)


def test_one_gradient_step_lowers_the_loss():
    pred, *maps = make_batch(seed=14)
    maps = [Tensor(m) for m in maps]
    _, before, gradient = value_and_gradient(Stacked(), Tensor(pred), *maps)
    after, _ = Stacked()(ops.clamp(Tensor(pred - 0.5 * gradient), 0.0, 1.0), *maps)
    assert float(after.asnumpy()) < before


def test_the_yaml_section_of_the_recipes_builds_it():
    spec = {"name": "DBLoss", "eps": 1e-6, "l1_scale": 10, "bce_scale": 5, "bce_replace": "bceloss"}
    loss = LOSSES.build(spec)
    assert loss.labels == ("binary_map", "mask", "thresh_map", "thresh_mask")
    assert loss.term_names == ("bce", "l1", "dice")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"eps": 0.0}, "loss.eps: DBLoss needs a number above 0, got 0.0"),
        ({"negative_ratio": -1.0}, "loss.negative_ratio: .* above 0, got -1.0"),
        ({"l1_scale": -2.0}, "loss.l1_scale: .* at least 0, got -2.0"),
        ({"bce_replace": "dice"}, "loss.bce_replace: DBLoss expects 'bceloss' or 'diceloss', got 'dice'"),
        ({"ohem_scope": "pixel"}, "loss.ohem_scope: DBLoss expects 'batch' or 'image', got 'pixel'"),
    ],
)
def test_arguments_out_of_range_are_named(args, message):
    with pytest.raises(ConfigError, match=message):
        DBLoss(**args)


def test_misspelt_argument_is_suggested():
    with pytest.raises(ConfigError, match="did you mean 'bce_replace'"):
        LOSSES.build({"name": "DBLoss", "bce_replaced": "diceloss"})
