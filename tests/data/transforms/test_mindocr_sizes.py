"""Sizes of DetResize against MindOCR's, which ``make_mindocr_sizes.py`` has stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mindocr.data.transforms.resize import DetResize

STORED = json.loads((Path(__file__).parent / "golden/mindocr_sizes.json").read_text(encoding="utf-8"))


def sizes(name, **more):
    """Our size and scales of every image, the size including the padding."""
    op = DetResize(**STORED["settings"][name], **more)
    found = []
    for h, w in STORED["images"]:
        inner = op.new_size(h, w)
        found.append((op.target_size if op.pad else inner, (inner[0] / h, inner[1] / w)))
    return found


@pytest.mark.parametrize("name", list(STORED["settings"]))
def test_rounding_to_the_nearest_gives_mindocrs_sizes(name):
    for (size, ratios), (wanted, their_ratios) in zip(
        sizes(name, rounding="nearest"), STORED["sizes_and_ratios"][name]
    ):
        assert list(size) == wanted
        np.testing.assert_allclose(ratios, their_ratios, rtol=1e-6)


@pytest.mark.parametrize(("name", "same"), [("none", True), ("fixed", True), ("min", False), ("max", False)])
def test_rounding_up_differs_only_where_the_ratio_is_kept(name, same):
    ours = [list(size) for size, _ in sizes(name)]
    theirs = [size for size, _ in STORED["sizes_and_ratios"][name]]
    assert (ours == theirs) is same
    assert all(0 <= a - b <= 32 for own, other in zip(ours, theirs) for a, b in zip(own, other))


def test_the_op_itself_rounds_to_the_nearest():
    sample = {"image": np.zeros((736, 1090, 3), np.uint8)}
    resized = DetResize(limit_type="min", limit_side_len=736, rounding="nearest")(sample)
    assert resized["image"].shape == (736, 1088, 3)
    np.testing.assert_allclose(resized["shape_list"], [736, 1090, 1, 1088 / 1090], rtol=1e-6)


def test_a_padded_size_that_is_no_multiple_is_never_exceeded():
    op = DetResize(target_size=[820, 820], padding=True, force_divisable=False, rounding="nearest")
    assert op.new_size(400, 400) == (820, 820)  # the nearest multiple is 832
