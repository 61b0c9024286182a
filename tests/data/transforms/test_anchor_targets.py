"""Targets of CTPN against a loop over all anchors and strips, and what samples of every kind give."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from mindocr.data.transforms.anchor_targets import AnchorTargets, assign, choose
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError
from mindocr.geometry.text_anchors import anchor_grid, decode
from mindocr.geometry.text_strips import cut_into_strips

H, W = 96, 160
ROWS, COLUMNS = H // 16, W // 16
HEIGHTS = [8, 16, 33]


def box(x1, y1, x2, y2):
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], dtype=np.float32)


def sample_of(*polys, ignored=()):
    tags = np.zeros(len(polys), dtype=bool)
    tags[list(ignored)] = True
    return {"img_path": "a.jpg", "image": np.zeros((H, W, 3), np.uint8), "polys": list(polys), "ignore_tags": tags}


def targets_of(sample, seed=0, **arguments):
    op = AnchorTargets(**{"anchor_heights": HEIGHTS, **arguments})
    return op.apply(sample, op.draw(np.random.default_rng(seed), sample))


def iou(a, b):
    w = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    h = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    return w * h / ((a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1) - w * h)


def assigned_by_loops(anchors, strips):
    """Class and strip of each anchor, step by step as MindSpore's CTPN does it."""
    inside = [a[0] >= 0 and a[1] >= 0 and a[2] <= W - 1 and a[3] <= H - 1 for a in anchors]
    table = np.array([[iou(a, s) if ok else 0 for a, ok in zip(anchors, inside)] for s in strips])
    classes, numbers = np.full(len(anchors), -1), np.zeros(len(anchors), int)
    for i in range(len(anchors)):
        if table[:, i].max() < 0.5:
            classes[i] = 0
        if table[:, i].max() >= 0.7:
            classes[i], numbers[i] = 1, table[:, i].argmax()
    for j, row in enumerate(table):
        if row.max() >= 0.001:
            for i in np.flatnonzero(np.isclose(row, row.max(), rtol=1e-6)):
                classes[i], numbers[i] = 1, j
    classes[~np.array(inside)] = -1
    return classes, numbers


@pytest.mark.parametrize("seed", range(4))
def test_assignment_is_that_of_a_loop(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, (W - 40, H - 12), (7, 2))
    polys = [box(x, y, x + rng.integers(4, 90), y + rng.integers(3, 50)) for x, y in corners]
    strips = cut_into_strips(polys, (H, W))
    found = assign(strips, anchor_grid(HEIGHTS, ROWS, 1), COLUMNS, H)
    expected, numbers = assigned_by_loops(anchor_grid(HEIGHTS, ROWS, COLUMNS), strips.boxes)
    classes = found.classes.reshape(COLUMNS, ROWS, -1).transpose(1, 0, 2).ravel()
    owners = found.strips.reshape(COLUMNS, ROWS, -1).transpose(1, 0, 2).ravel()
    assert np.array_equal(classes, expected)
    assert np.array_equal(owners[classes == 1], numbers[classes == 1])
    assert {-1, 0, 1} == set(classes.tolist())


def test_all_anchors_that_tie_are_text_and_the_last_strip_wins():
    # 16 pixels high from y = 8: the anchors of 16 at y 0..15 and 16..31 overlap it equally
    strips = cut_into_strips([box(0, 8, 10, 23), box(3, 9, 12, 22)], (H, W))
    anchors = anchor_grid([16], ROWS, 1)
    found = assign(strips, anchors, COLUMNS, H)
    assert found.classes[0].tolist() == [1, 1, 0, 0, 0, 0]
    assert found.strips[0, :2].tolist() == [1, 1]
    assert found.overlaps[0, :2].tolist() == pytest.approx([8 / 24] * 2)
    assert (found.classes[1:] == 0).all(), "other columns are background"


def test_a_strip_that_no_anchor_reaches_has_none():
    strips = cut_into_strips([box(0, 0, 10, 2)], (H, W))
    anchors = anchor_grid([16], ROWS, 1)[2:]
    assert (assign(strips, anchors, COLUMNS, H).classes == 0).all()


def test_samples_have_fixed_numbers():
    order = np.random.default_rng(0).random(1000)
    classes = np.repeat([-1, 0, 1], [200, 500, 300]).astype(np.int8)
    chosen = choose(classes, order, 128, 64)
    assert [(chosen == value).sum() for value in (-1, 0, 1)] == [1000 - 128, 64, 64]
    assert (chosen[chosen >= 0] == classes[chosen >= 0]).all()
    few = choose(np.repeat([0, 1], [990, 10]).astype(np.int8), order, 128, 64)
    assert [(few == value).sum() for value in (0, 1)] == [118, 10], "background fills up"
    scarce = choose(np.repeat([0, 1], [5, 995]).astype(np.int8), order, 128, 64)
    assert [(scarce == value).sum() for value in (0, 1)] == [5, 64]
    assert order[chosen == 1].max() <= np.sort(order[classes == 1])[63], "those with the lowest numbers"


def test_targets_of_a_text_lead_back_to_its_strips():
    sample = sample_of(box(20, 30, 100, 55))
    found = targets_of(sample)
    classes, count = found["anchor_classes"], ROWS * COLUMNS * 3
    assert classes.shape == (count,) and classes.dtype == np.int8
    text = classes == 1
    assert np.array_equal(text, found["box_mask"] == 1)
    anchors = anchor_grid(HEIGHTS, ROWS, COLUMNS)
    boxes = decode(anchors[text], found["box_targets"][text])
    assert np.allclose(boxes[:, [1, 3]], [30, 56], atol=1e-3)
    assert sorted(set(boxes[:, 0])) == [16, 32, 48, 64, 80, 96], "one strip in each column"
    assert not found["box_targets"][~text].any() and not found["box_targets"][:, [0, 2]].any()


def test_sides_within_reach():
    found = targets_of(sample_of(box(20, 30, 130, 55)))
    near = found["side_mask"] == 1
    centres = anchor_grid(HEIGHTS, ROWS, COLUMNS)[:, 0] + 8
    sides = centres + 16 * found["side_targets"]
    assert set(np.round(sides[near], 3)) == {20, 130}
    assert np.all(np.abs(sides - centres)[near] <= 32)
    assert set(centres[near]) == {24, 40, 104, 120, 136}, "the middle of the text is too far from its sides"
    assert np.all(found["box_mask"][near] == 1)


def test_ignored_text_does_not_count_or_is_text():
    sample = sample_of(box(0, 32, 63, 63), ignored=[0])
    ignored = targets_of(sample, num_samples=10**6, max_positives=10**6)["anchor_classes"]
    anchors = anchor_grid(HEIGHTS, ROWS, COLUMNS)
    inside = (anchors[:, 1] >= 0) & (anchors[:, 3] < H)
    common = np.clip(np.minimum(anchors[:, 3], 63) - np.maximum(anchors[:, 1], 32) + 1, 0, None)
    covered = (anchors[:, 0] < 64) & (common / (anchors[:, 3] - anchors[:, 1] + 1) > 0.5)
    assert (ignored[covered & inside] == -1).all() and (ignored[~covered & inside] == 0).all()
    positive = targets_of(sample, ignore_mode="positive")["anchor_classes"]
    assert (positive == 1).any() and (positive[~covered] != 1).all()


def test_a_column_that_ignored_text_covers_by_half_counts():
    found = targets_of(sample_of(box(0, 32, 23, 63), ignored=[0]), num_samples=10**6, max_positives=0)
    columns = anchor_grid(HEIGHTS, ROWS, COLUMNS)[:, 0]
    covered = (found["anchor_classes"] == -1) & (anchor_grid(HEIGHTS, ROWS, COLUMNS)[:, 1] >= 32)
    assert 0 in columns[covered]
    narrow = targets_of(sample_of(box(0, 32, 22, 63), ignored=[0]), num_samples=10**6, max_positives=0)
    in_second = (columns == 16) & (found["anchor_classes"] != narrow["anchor_classes"])
    assert not in_second.any(), "8 of 16 pixels are not more than half"


@pytest.mark.parametrize("sample", [sample_of(), sample_of(box(0, 0, 90, 20), ignored=[0])], ids=["none", "ignored"])
def test_without_text_that_counts_there_is_only_background(sample):
    found = targets_of(sample)
    assert set(found["anchor_classes"].tolist()) == {-1, 0}
    assert not found["box_mask"].any() and not found["side_mask"].any()


def test_odd_texts_give_finite_targets():
    polys = [
        box(5, 40, 40, 40),
        box(20, 10, 20, 30),
        box(50, 60, 55, 75),
        box(-30, -20, 40, 20),
        box(150, 80, 200, 130),
    ]
    for mode in ("box", "quad"):
        found = targets_of(sample_of(*polys), slice_mode=mode, anchor_heights="mindspore")
        assert np.isfinite(found["box_targets"]).all() and np.isfinite(found["side_targets"]).all()
        assert (found["anchor_classes"] == 1).sum() >= 5


def test_anchors_above_box_overlap_have_a_position_too():
    sample = sample_of(box(20, 30, 100, 55), box(20, 60, 100, 90), ignored=[1])
    plain, more = targets_of(sample), targets_of(sample, box_overlap=0.5)
    extra = (more["box_mask"] == 1) & (plain["box_mask"] == 0)
    assert extra.any() and np.array_equal(plain["anchor_classes"], more["anchor_classes"])
    boxes = decode(anchor_grid(HEIGHTS, ROWS, COLUMNS)[extra], more["box_targets"][extra])
    assert np.allclose(boxes[:, [1, 3]], [30, 56], atol=1e-3)


def test_strips_that_are_too_many_are_counted_and_ignored(caplog):
    sample = sample_of(box(0, 32, 63, 47), box(64, 32, 127, 47))
    op = AnchorTargets(HEIGHTS, max_strips=6)
    order = op.draw(np.random.default_rng(0), sample)
    with caplog.at_level(logging.WARNING):
        found = op.apply(sample, order)
        op.apply(sample, order)
    assert [record.getMessage() for record in caplog.records] == [
        "a.jpg: its texts have 2 strips of 16 pixels more than max_strips (6) of AnchorTargets; they are treated as "
        "ignored text. Raise max_strips, or set it to null"
    ]
    text = anchor_grid(HEIGHTS, ROWS, COLUMNS)[found["anchor_classes"] == 1]
    assert set(text[:, 0]) == {0, 16, 32, 48, 64, 80}
    full = AnchorTargets(HEIGHTS).apply(sample, order)["anchor_classes"]
    beyond = (full == 1) & (found["anchor_classes"] != 1)
    assert beyond.any() and (found["anchor_classes"][beyond] == -1).all(), "not background"


def test_equal_seeds_give_equal_samples_and_the_input_stays(tmp_path):
    sample = sample_of(box(20, 30, 100, 55))
    pipeline = Pipeline([{"AnchorTargets": {"num_samples": 20, "max_positives": 3}}], None, tuple(sample), True)
    first, second, third = (pipeline(sample, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first["anchor_classes"], second["anchor_classes"])
    assert not np.array_equal(first["anchor_classes"], third["anchor_classes"])
    assert set(sample) == {"img_path", "image", "polys", "ignore_tags"}


def test_an_image_whose_sides_are_no_multiples_of_16():
    sample = {**sample_of(), "image": np.zeros((96, 150, 3), np.uint8)}
    with pytest.raises(ConfigError, match=r"the image is 150 x 96 pixels .* must be multiples of 16. Resize"):
        targets_of(sample)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"anchor_heights": []}, "anchor_heights: expected heights of 1 pixel or more, got \\[\\]"),
        ({"negative_overlap": 0.8}, "negative_overlap <= positive_overlap <= 1, got 0.8 and 0.7"),
        ({"max_positives": 600}, "max_positives <= num_samples, got 600 and 512"),
        ({"max_strips": 0}, "max_strips must be 1 or more, got 0"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ConfigError, match=message):
        AnchorTargets(**arguments)
