import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.data.transforms.crop import RandomCropWithBBox, RandomWindow
from mindocr.errors import ConfigError


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float32)


def sample_with(polys, tags, h=100, w=200):
    return {
        "image": np.random.default_rng(0).integers(0, 256, (h, w, 3), dtype=np.uint8),
        "polys": polys,
        "ignore_tags": np.array(tags, dtype=bool),
        "texts": [str(i) for i in range(len(polys))],
    }


def test_crop_by_hand():
    sample = sample_with([box(60, 30, 90, 40), box(10, 10, 20, 20), box(145, 30, 160, 40)], [False, False, True])
    op = RandomCropWithBBox(crop_size=[80, 100])
    cropped = op.apply(sample, (50, 20, 150, 60))
    np.testing.assert_array_equal(cropped["image"][:40], sample["image"][20:60, 50:150])
    np.testing.assert_array_equal(cropped["image"][40:], 0)
    assert cropped["texts"] == ["0", "2"]  # the second lies outside, the third is cut
    np.testing.assert_array_equal(cropped["polys"][0], box(10, 10, 40, 20))
    np.testing.assert_array_equal(cropped["ignore_tags"], [False, True])


def test_crop_is_scaled_to_fit():
    sample = sample_with([box(60, 30, 90, 40)], [False])
    cropped = RandomCropWithBBox(crop_size=[64, 64]).apply(sample, (50, 20, 82, 84))
    assert cropped["image"].shape == (64, 64, 3)
    np.testing.assert_array_equal(cropped["image"][:, 32:], 0)
    enlarged = RandomCropWithBBox(crop_size=[128, 128]).apply(sample, (50, 20, 82, 84))
    np.testing.assert_array_equal(enlarged["polys"][0], (box(60, 30, 90, 40) - (50, 20)) * 2)
    assert enlarged["image"][:, :64].mean() > 50 and not enlarged["image"][:, 64:].any()


polys = st.lists(
    st.tuples(st.floats(-30, 220), st.floats(-30, 120), st.floats(1, 90), st.floats(1, 40)), min_size=1, max_size=8
)


@settings(max_examples=60)
@given(polys, st.integers(0, 1000))
def test_crop_never_cuts_a_text_and_holds_one(boxes, seed):
    sample = sample_with([box(x, y, x + w, y + h) for x, y, w, h in boxes], [False] * len(boxes))
    rect = RandomCropWithBBox(max_tries=20, min_crop_ratio=0.1, p=1.0).draw(np.random.default_rng(seed), sample)
    x0, y0, x1, y1 = rect
    assert 0 <= x0 < x1 <= 200 and 0 <= y0 < y1 <= 100
    if rect == (0, 0, 200, 100):
        return
    assert x1 - x0 >= 20 and y1 - y0 >= 10
    held = 0
    for poly in sample["polys"]:
        (left, top), (right, bottom) = poly.min(axis=0), poly.max(axis=0)
        for edge, low, high in ((x0, left, right), (x1, left, right), (y0, top, bottom), (y1, top, bottom)):
            assert not low <= edge <= high
        held += x0 < left and right < x1 and y0 < top and bottom < y1
    assert held >= 1


def test_crops_are_found_and_differ(rng):
    sample = sample_with([box(60, 30, 90, 40)], [False])
    op = RandomCropWithBBox(p=1.0)
    drawn = {op.draw(rng, sample) for _ in range(50)}
    assert len(drawn) > 25


def test_whole_image_where_no_crop_can_be(rng):
    op = RandomCropWithBBox(p=1.0)
    whole = (0, 0, 200, 100)
    assert op.draw(rng, sample_with([], [])) == whole
    assert op.draw(rng, sample_with([box(60, 30, 90, 40)], [True])) == whole
    assert op.draw(rng, sample_with([box(-5, 30, 205, 40)], [False])) == whole  # no free column
    assert RandomCropWithBBox(p=0.0).draw(rng, sample_with([box(60, 30, 90, 40)], [False])) == whole


def test_image_without_text_keeps_its_types(rng):
    op = RandomCropWithBBox(crop_size=[32, 32])
    cropped = op.apply(sample_with([], []), (0, 0, 200, 100))
    assert cropped["polys"] == [] and cropped["ignore_tags"].dtype == bool and cropped["image"].shape == (32, 32, 3)


def test_wrong_arguments():
    with pytest.raises(ConfigError, match=r"crop_size must be two sizes \[h, w\], got \[640\]"):
        RandomCropWithBBox(crop_size=[640])
    with pytest.raises(ConfigError, match="max_tries must be 1 or more, got 0"):
        RandomCropWithBBox(max_tries=0)
    with pytest.raises(ConfigError, match=r"min_crop_ratio must be in \[0, 1\], got 1.1"):
        RandomCropWithBBox(min_crop_ratio=1.1)


def test_window_by_hand():
    sample = sample_with([box(60, 30, 90, 40), box(10, 10, 20, 20), box(135, 30, 160, 40)], [False, False, True])
    cut = RandomWindow(size=[40, 100]).apply(sample, (50, 20))
    np.testing.assert_array_equal(cut["image"], sample["image"][20:60, 50:150])
    assert cut["texts"] == ["0", "2"]  # the second lies outside, the third is cut
    np.testing.assert_array_equal(cut["polys"][1], box(85, 10, 110, 20))
    np.testing.assert_array_equal(cut["ignore_tags"], [False, True])


def test_window_of_a_smaller_image_is_black_beyond_it(rng):
    sample = sample_with([box(60, 30, 90, 40)], [False], h=50, w=100)
    op = RandomWindow(size=[64, 80])
    place = op.draw(rng, sample)
    assert place[1] == 0 and 0 <= place[0] <= 20
    cut = op.apply(sample, place)
    assert cut["image"].shape == (64, 80, 3)
    np.testing.assert_array_equal(cut["image"][:50], sample["image"][:, place[0] : place[0] + 80])
    assert not cut["image"][50:].any()


@settings(max_examples=60)
@given(polys, st.integers(0, 1000), st.tuples(st.integers(1, 150), st.integers(1, 250)))
def test_window_lies_in_the_image_and_holds_the_centre_of_a_text(boxes, seed, size):
    sample = sample_with([box(x, y, x + w, y + h) for x, y, w, h in boxes], [False] * len(boxes))
    x, y = RandomWindow(size=size, p=1.0).draw(np.random.default_rng(seed), sample)
    assert 0 <= x <= max(200 - size[1], 0) and 0 <= y <= max(100 - size[0], 0)
    centres = [poly.mean(axis=0) for poly in sample["polys"]]
    inside = [centre for centre in centres if 0 <= centre[0] < 200 and 0 <= centre[1] < 100]
    if len(inside) == len(centres):
        window = np.array([x, y]), np.array([x + size[1], y + size[0]])
        assert any((window[0] - 1e-3 <= centre).all() and (centre <= window[1] + 1e-3).all() for centre in centres)


def test_windows_lie_anywhere_where_no_text_counts():
    sample = sample_with([box(60, 30, 90, 40)], [True])
    generator = np.random.default_rng(0)
    places = np.array([RandomWindow(size=[40, 50], p=1.0).draw(generator, sample) for _ in range(300)])
    np.testing.assert_allclose(places.mean(axis=0), [75, 30], atol=8)
    assert places.min(axis=0).tolist() == [0, 0] and places.max(axis=0).tolist() == [150, 60]


def test_share_of_windows_with_a_text():
    sample = sample_with([box(0, 0, 10, 10)], [False])
    generator = np.random.default_rng(0)
    places = np.array([RandomWindow(size=[20, 20], p=0.5).draw(generator, sample) for _ in range(1000)])
    holds = ((places <= 5).all(axis=1)).mean()
    assert 0.46 < holds < 0.55  # one half, and 36 of 14661 of the others


@pytest.mark.parametrize(("arguments", "message"), [
    ({"size": [64]}, r"RandomWindow: size must be two sizes \[h, w\] from 1, got \[64\]"),
    ({"size": [0, 64]}, r"from 1, got \[0, 64\]"),
    ({"p": 1.5}, r"RandomWindow: p must be a probability in \[0, 1\], got 1.5"),
])  # fmt: skip
def test_bad_arguments_of_a_window(arguments, message):
    with pytest.raises(ConfigError, match=message):
        RandomWindow(**arguments)
