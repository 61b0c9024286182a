"""Rectangles as polygons, and images full of them."""

import numpy as np


def rect(x0, y0, x1, y1):
    """Four corners (4, 2) from two opposite ones, pixels."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)


def scatter(judged, images=25, seed=0, **more):
    """Images with detections of all scores; those of 0.5 or more are evaluated, as for a detector."""
    rng = np.random.default_rng(seed)
    for _ in range(images):
        boxes = [rect(x, y, x + w, y + h) for x, y, w, h in rng.integers((0, 0, 20, 10), (300, 150, 90, 40), (9, 4))]
        candidates = [box + rng.normal(0, 2, (4, 2)) for box in boxes[1:]]
        scores = rng.random(len(candidates))
        found = [(poly, float(score)) for poly, score in zip(candidates, scores) if score >= 0.5]
        judged(boxes[:6], [poly for poly, _ in found], rng.random(6) < 0.2, scores=[score for _, score in found],
               candidates=candidates, candidate_scores=scores.tolist(), **more)  # fmt: skip
