"""The choice of shape buckets: by hand, and as properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import UserError
from mindocr.inference import buckets as module
from mindocr.inference.buckets import (
    bucket_of,
    choose_buckets,
    padding_share,
    parse_buckets,
    reduced_size,
    wanted_buckets,
    width_of,
)

SIDES = st.integers(1, 2000)
SIZES = st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=40)


def test_as_many_buckets_as_sizes_if_there_are_few():
    assert choose_buckets([(736, 1280), (1280, 736), (736, 1280)]) == [(736, 1280), (1280, 736)]
    assert choose_buckets([(730, 1270)]) == [(736, 1280)]
    assert choose_buckets([]) == []


def test_the_pair_that_costs_least_is_merged():
    """(64, 96) in (64, 128) pads 32 x 64 pixels; every other pair costs more."""
    sizes = [(64, 96), (64, 128), (640, 640)]
    assert choose_buckets(sizes, most=2) == [(64, 128), (640, 640)]


def test_equal_sizes_count_as_often_as_they_occur():
    """One (32, 96) in (32, 128) costs 1024 pixels, and one (32, 32) in (32, 96) 2048; ten of the first cost more."""
    once = [(32, 32), (32, 96), (32, 128)]
    assert choose_buckets(once, most=2) == [(32, 32), (32, 128)]
    assert choose_buckets([*once, *[(32, 96)] * 9], most=2) == [(32, 96), (32, 128)]


def test_upright_and_flat_images_get_buckets_of_their_own():
    sizes = [(736, w) for w in range(768, 1344, 32)] + [(h, 736) for h in range(768, 1344, 32)]
    chosen = choose_buckets(sizes, most=4)
    assert sum(h > w for h, w in chosen) == sum(h < w for h, w in chosen) == 2
    assert padding_share(sizes, chosen) < 0.2


@given(SIZES, st.integers(1, 6))
def test_every_image_fits_and_no_bucket_is_too_large(sizes, most):
    chosen = choose_buckets(sizes, most)
    assert 1 <= len(chosen) <= most and len(set(chosen)) == len(chosen)
    assert all(h % 32 == w % 32 == 0 for h, w in chosen)
    own = [bucket_of(size, chosen) for size in sizes]
    assert None not in own and set(own) == set(chosen)  # none is superfluous
    for bucket in chosen:  # none can be smaller
        held = [size for size, each in zip(sizes, own) if each == bucket]
        assert bucket == tuple(-(-max(side) // 32) * 32 for side in zip(*held))


@given(SIZES, st.integers(1, 5))
def test_the_order_of_the_images_does_not_matter_and_one_bucket_is_the_largest(sizes, most):
    assert choose_buckets(sizes, most) == choose_buckets(sizes[::-1], most)
    ((h, w),) = choose_buckets(sizes, 1)
    assert h >= max(size[0] for size in sizes) and w >= max(size[1] for size in sizes)


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=7), st.integers(1, 3))
def test_beside_the_best_of_all_choices(cells, most):
    """Greedy merging never needs more than 1.5 times the pixels of the best choice; found by trying all."""
    sizes = [(32 * h, 32 * w) for h, w in cells]
    heights, widths = sorted({h for h, _ in sizes}), sorted({w for _, w in sizes})
    corners = [(h, w) for h in heights for w in widths]

    def pixels(chosen):
        own = [bucket_of(size, chosen) for size in sizes]
        return np.inf if None in own else sum(h * w for h, w in own)

    from itertools import combinations

    best = min(pixels(each) for k in range(1, most + 1) for each in combinations(corners, k))
    assert pixels(choose_buckets(sizes, most)) <= 1.5 * best


def test_thousands_of_sizes(monkeypatch):
    """Neighbours are taken together, so that the choice does not take long."""
    monkeypatch.setattr(module, "_MOST_SIZES", 20)
    rng = np.random.default_rng(0)
    sizes = [(int(h), int(w)) for h, w in rng.integers(320, 1600, (500, 2))]
    chosen = choose_buckets(sizes)
    assert len(chosen) <= 6 and all(bucket_of(size, chosen) for size in sizes)


def test_padding_is_counted():
    assert padding_share([(32, 32), (32, 64)], [(32, 64)]) == pytest.approx(0.25)
    assert padding_share([(64, 128)], [(32, 64)]) == 0  # reduced to (32, 64)
    assert padding_share([], [(32, 64)]) == 0


def test_an_image_that_is_too_large_keeps_as_much_as_it_can():
    chosen = [(64, 64), (64, 128), (128, 64)]
    assert bucket_of((65, 65), chosen) is None
    assert reduced_size((100, 200), chosen) == ((64, 128), (64, 128))
    assert reduced_size((300, 100), chosen) == ((128, 64), (128, 43))
    assert reduced_size((10, 4000), chosen) == ((64, 128), (1, 128))


@given(st.tuples(SIDES, SIDES), SIZES)
def test_a_reduced_image_fits(size, buckets):
    bucket, (h, w) = reduced_size(size, buckets)
    assert bucket in buckets and 1 <= h <= bucket[0] and 1 <= w <= bucket[1]


def test_widths_of_lines():
    assert [width_of(width) for width in (1, 320, 321, 3200, 3201)] == [320, 320, 512, 3200, 6400]
    assert width_of(500, (640, 480)) == 640


def test_the_option():
    assert parse_buckets("auto") == "auto" and parse_buckets(" OFF ") is None
    assert parse_buckets("1280x736, 736X1280,736x1280") == [(736, 1280), (1280, 736)]
    for text in ("736", "736x", "a", "", "736x1280,", "-736x1280"):
        with pytest.raises(UserError, match="--buckets: expected auto, off, or sizes such as 736x1280"):
            parse_buckets(text)
    with pytest.raises(UserError, match="720x1280: sides must be multiples of 32, from 32; nearest: 704x1280"):
        parse_buckets("720x1280")
    with pytest.raises(UserError, match="0x32: .*; nearest: 32x32"):
        parse_buckets("0x32")


def test_without_the_option_buckets_are_for_ascend(monkeypatch):
    for present, chosen in ((True, "auto"), (False, None)):
        monkeypatch.setattr(module, "ascend_present", lambda present=present: present)
        assert wanted_buckets(None) == chosen
        assert wanted_buckets("off") is None and wanted_buckets("32x32") == [(32, 32)]


def test_sizes_that_cannot_be():
    with pytest.raises(ValueError, match=r"expected sides from 1 pixel, got \[0, 5\]"):
        choose_buckets([(0, 5)])
    with pytest.raises(ValueError, match="most: expected 1 bucket or more, got 0"):
        choose_buckets([(1, 5)], 0)
