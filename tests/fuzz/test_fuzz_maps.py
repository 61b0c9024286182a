"""Probability maps that no sound network gives."""

import numpy as np
import pytest
from mutations import pick

from mindocr.postprocess.db import DBPostprocess

SIDES = (1, 2, 3, 31, 64, 160, 320)


def noise_map(rng):
    """A map (H, W) float32."""
    h, w = pick(rng, SIDES), pick(rng, SIDES)
    y, x = np.mgrid[0:h, 0:w]
    kind = int(rng.integers(9))
    values = (
        rng.random((h, w)), np.ones((h, w)), np.zeros((h, w)), (x + y) % 2, (x // 2 + y // 2) % 2,
        np.full((h, w), np.nan), rng.standard_normal((h, w)) * 1e30, (x % 4 < 3) * 0.9,
        np.where(rng.random((h, w)) < 0.5, rng.choice([np.nan, np.inf, -np.inf, 1e-40, 2.0], (h, w)), rng.random((h,
        w))),
    )[kind]  # fmt: skip
    return np.asarray(values, dtype=np.float32)


def prepare(rng, arena):
    postprocess = DBPostprocess(
        binary_thresh=float(pick(rng, (0.0, 0.3, 1.0))), box_thresh=float(pick(rng, (0.0, 0.5, 1.0))),
        box_type=pick(rng, ("quad", "poly")), score_mode=pick(rng, ("fast", "slow")),
        expand_ratio=float(pick(rng, (0.0, 1.5, 3.0, 100))), min_size=float(pick(rng, (0, 3, 1e9))),
        approx_eps=float(pick(rng, (0.0, 0.002, 1.0))), max_candidates=int(pick(rng, (1, 1000))),
    )  # fmt: skip
    maps = [noise_map(rng)[None] for _ in range(rng.integers(1, 4))]
    shapes = [[*pick(rng, ((1, 1), (720, 1280), (1e6, 1e-3))), 1.0, float(pick(rng, (1e-6, 0.5, 1e6)))] for _ in maps]
    np.save(arena.inputs / "shapes.npy", shapes)
    return lambda: check(postprocess(maps, np.array(shapes)), shapes)


def check(detections, shapes):
    """Outlines are finite, inside the source image, and come with scores."""
    for found, (h, w, _, _) in zip(detections, shapes):
        assert len(found.polys) == len(found.scores)
        for poly, score in zip(found.polys, found.scores):
            assert poly.ndim == 2 and len(poly) >= 3 and np.isfinite(poly).all()
            assert poly.min() >= 0 and (poly <= np.array([w, h], dtype=np.float32)).all()
            assert not np.isnan(score)


def test_noise(fuzz):
    assert fuzz("maps", prepare)["accepted"]


@pytest.mark.parametrize("box_type", ["quad", "poly"])
def test_a_large_map_of_noise(accepted, box_type):
    """Ten thousands of specks: the worst that an untrained network gives."""
    noise = np.random.default_rng(0).random((1, 576, 1024)).astype(np.float32)
    shapes = np.array([[576, 1024, 1, 1]])
    accepted(lambda arena: lambda: check(DBPostprocess(box_thresh=0.0, box_type=box_type)(noise, shapes), shapes))
