"""RandomExpand: pixels and polygons move together, the rest is black."""

import numpy as np
import pytest

from mindocr.data.transforms.expand import RandomExpand
from mindocr.errors import ConfigError

POLY = np.array([[10, 20], [50, 20], [50, 40], [10, 40]], dtype=np.float32)


def test_the_image_and_its_polygons_are_moved():
    image = np.random.default_rng(0).integers(1, 255, (60, 80, 3), dtype=np.uint8)
    larger = RandomExpand().apply({"image": image, "polys": [POLY]}, (2.5, 0.5, 0.25))
    assert larger["image"].shape == (150, 200, 3)
    np.testing.assert_array_equal(larger["image"][22:82, 60:140], image)
    np.testing.assert_array_equal(larger["polys"][0], POLY + [60, 22])
    assert larger["image"].astype(int).sum() == image.astype(int).sum(), "everything else is black"


def test_ratios_and_places_are_in_their_ranges():
    op, sample = RandomExpand([1.5, 3.0], p=0.5), {"image": np.zeros((60, 80, 3), np.uint8)}
    drawn = [op.draw(np.random.default_rng(seed), sample) for seed in range(200)]
    expanded = np.array([each for each in drawn if each != (1.0, 0.0, 0.0)])
    assert 70 < len(expanded) < 130
    assert expanded[:, 0].min() >= 1.5 and expanded[:, 0].max() <= 3 and np.ptp(expanded, axis=0).min() > 0.8
    for params in drawn:
        matrix, (h, w) = op.matrix(params, sample)
        assert 0 <= matrix[0, 2] <= w - 80 and 0 <= matrix[1, 2] <= h - 60
    assert op.apply(sample, (1.0, 0.0, 0.0))["image"] is sample["image"]


def test_a_canvas_is_not_smaller_than_the_image():
    with pytest.raises(ConfigError, match="RandomExpand: ratio_range must be 1 or more, got \\[0.5, 2.0\\]"):
        RandomExpand([0.5, 2.0])
