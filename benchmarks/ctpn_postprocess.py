"""Time of CTPNPostProcess for an image of 960 x 576 pixels with 2000 proposals, compared with a straightforward loop.

    python benchmarks/ctpn_postprocess.py [--json] [--rounds 10]

The loop is the usual way to write it: non-maximum suppression box after box with NumPy in each round, neighbours
searched pixel column by pixel column, one straight line fitted after the other. Both sides compute the same lines from
the same network outputs, which is checked. ``pages``: rows of words, with several anchors on each strip; ``random``:
strips of random heights and places. One thread, CPU milliseconds, both sides in turn. Prints a table and one JSON line,
with ``--json`` only the latter.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.geometry.text_anchors import HEIGHTS, STRIDE, anchor_grid, decode, encode, per_anchor
from mindocr.postprocess.ctpn import CTPNPostProcess

SIZE = (576, 960)
KINDS = ("pages", "random")
PROPOSALS = 2000
VARIANTS: dict[str, dict[str, Any]] = {
    "upright": {},
    "oriented": {"oriented": True},
    "sides": {"side_refinement": True},
}


def make_outputs(kind: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Network outputs of one image (with batch axis) in which at least :data:`PROPOSALS` anchors have text."""
    rng = np.random.default_rng(seed)
    rows, columns = SIZE[0] // STRIDE, SIZE[1] // STRIDE
    anchors = anchor_grid("mindspore", rows, columns)
    scores = rng.uniform(0, 0.6, len(anchors))
    deltas = rng.normal(0, 0.3, (len(anchors), 4))
    if kind == "random":
        text = rng.choice(len(anchors), 2 * PROPOSALS, replace=False)
        scores[text] = rng.uniform(0.7, 1, len(text))
    else:
        for strip in _page(rng):
            inside = _overlaps(anchors, strip)
            near = np.flatnonzero(inside > 0.3)
            scores[near] = rng.uniform(0.75, 1, len(near)) * (0.8 + 0.2 * inside[near])
            jitter = rng.normal(0, 0.02, (len(near), 4))
            deltas[near] = encode(anchors[near], np.repeat(strip[None], len(near), axis=0)) + jitter
    count = len(HEIGHTS["mindspore"])
    shaped = deltas.reshape(rows, columns, count * 4).transpose(2, 0, 1)
    return {
        "text_scores": scores.reshape(rows, columns, count).transpose(2, 0, 1)[None].astype(np.float32),
        "box_deltas": shaped[None].astype(np.float32),
        "side_offsets": rng.uniform(-0.5, 0.5, (1, count, rows, columns)).astype(np.float32),
    }


def _page(rng: np.random.Generator) -> np.ndarray:
    """(S, 4) strips of rows of words of random heights, some of them slanted."""
    strips = []
    y = 6.0
    while y < SIZE[0] - 30:
        height, slope, x = rng.uniform(9, 28), rng.uniform(-0.03, 0.03), int(rng.integers(0, 4))
        while x < SIZE[1] // STRIDE:
            for column in range(x, min(x + int(rng.integers(3, 14)), SIZE[1] // STRIDE)):
                top = y + slope * column * STRIDE
                strips.append([column * STRIDE, top, column * STRIDE + STRIDE - 1, top + height])
                x = column
            x += int(rng.integers(2, 7))
        y += height + rng.uniform(4, 18)
    return np.array(strips)


def _overlaps(anchors: np.ndarray, strip: np.ndarray) -> np.ndarray:
    """(A,) IoU of all anchors with one strip of the same column; 0 in other columns."""
    common = np.minimum(anchors[:, 3], strip[3]) - np.maximum(anchors[:, 1], strip[1]) + 1
    both = anchors[:, 3] - anchors[:, 1] + 1 + strip[3] - strip[1] + 1
    iou = np.maximum(common, 0) / (both - np.maximum(common, 0))
    return np.where(anchors[:, 0] == strip[0], iou, 0)


def loop(post: CTPNPostProcess, outputs: dict[str, np.ndarray]) -> list[tuple[np.ndarray, float]]:
    """Quads (4, 2) and scores of one image with the settings of ``post``, computed by loops."""
    count = len(post.anchor_heights)
    scores = per_anchor(outputs["text_scores"][0], count)[:, 0]
    rows, columns = outputs["text_scores"].shape[2:]
    order = np.argsort(-scores, kind="stable")[: post.max_proposals]
    anchors = anchor_grid(post.anchor_heights, rows, columns)[order]
    boxes = decode(anchors, per_anchor(outputs["box_deltas"][0], count)[order]).astype(float)
    offsets = per_anchor(outputs["side_offsets"][0], count)[order, 0].astype(float)
    sides = anchors[:, 0] + 8 + 16 * offsets
    values = scores[order].astype(float)
    if post.proposal_nms is not None:
        kept = suppress_by_loop(boxes, values, post.proposal_nms)[: post.max_strips]
        boxes, values, sides = boxes[kept], values[kept], sides[kept]
    text = [i for i in range(len(values)) if values[i] > post.score_thresh]
    boxes, values, sides = boxes[text], values[text], sides[text]
    kept = suppress_by_loop(boxes, values, post.connect_nms)
    boxes, values, sides = boxes[kept], values[kept], sides[kept]
    size = (rows * STRIDE, columns * STRIDE)
    lines = []
    for members in chains_by_loop(boxes, values, post, size[1]):
        quad = outline_by_loop(boxes[members], post, sides[members] if post.side_refinement else None)
        quad = np.stack([quad[:, 0].clip(0, size[1] - 1), quad[:, 1].clip(0, size[0] - 1)], axis=1)
        score = float(np.mean(values[members]))
        high = (abs(quad[3, 1] - quad[0, 1]) + abs(quad[2, 1] - quad[1, 1])) / 2 + 1
        wide = (abs(quad[1, 0] - quad[0, 0]) + abs(quad[2, 0] - quad[3, 0])) / 2 + 1
        if score > post.box_thresh and wide > post.min_width and wide / high > post.min_ratio:
            lines.append((quad, score))
    return sorted(lines, key=lambda line: -line[1])


def suppress_by_loop(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """Positions of the boxes that remain, best first."""
    areas = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        first, rest = order[0], order[1:]
        kept.append(int(first))
        wide = np.minimum(boxes[first, 2], boxes[rest, 2]) - np.maximum(boxes[first, 0], boxes[rest, 0]) + 1
        high = np.minimum(boxes[first, 3], boxes[rest, 3]) - np.maximum(boxes[first, 1], boxes[rest, 1]) + 1
        inner = np.maximum(wide, 0) * np.maximum(high, 0)
        order = rest[inner / (areas[first] + areas[rest] - inner) < threshold]
    return kept


def chains_by_loop(boxes: np.ndarray, scores: np.ndarray, post: CTPNPostProcess, width: int) -> list[list[int]]:
    """Members of each line, from left to right."""
    buckets: list[list[int]] = [[] for _ in range(width)]
    for i, box in enumerate(boxes):
        buckets[int(box[0])].append(i)

    def fit(i: int, j: int) -> bool:
        high_i, high_j = boxes[i, 3] - boxes[i, 1] + 1, boxes[j, 3] - boxes[j, 1] + 1
        common = max(0, min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1]) + 1)
        overlap = common / min(high_i, high_j)
        return overlap >= post.min_overlap and min(high_i, high_j) / max(high_i, high_j) >= post.min_similarity

    def nearest(i: int, columns: range) -> list[int]:
        for x in columns:
            if found := [j for j in buckets[x] if fit(i, j)]:
                return found
        return []

    following: dict[int, int] = {}
    for i, box in enumerate(boxes):
        x = int(box[0])
        after = nearest(i, range(x + 1, min(x + post.max_gap, width - 1) + 1))
        if after:
            best = max(after, key=lambda j: scores[j])
            x = int(boxes[best, 0])
            before = nearest(best, range(x - 1, max(x - post.max_gap, 0) - 1, -1))
            if scores[i] >= max(scores[j] for j in before):
                following[i] = best
    lines = []
    for i in range(len(boxes)):
        if i in following and i not in following.values():
            members = [i]
            while members[-1] in following:
                members.append(following[members[-1]])
            lines.append(members)
    return lines


def outline_by_loop(boxes: np.ndarray, post: CTPNPostProcess, sides: np.ndarray | None) -> np.ndarray:
    """Corners (4, 2) of the line of some strips, from the top left clockwise."""
    x0, x1 = boxes[:, 0].min(), boxes[:, 2].max()
    if sides is not None and sides[0] < sides[-1]:
        x0, x1 = sides[0], sides[-1]
    if not post.oriented:
        offset = (boxes[0, 2] - boxes[0, 0]) / 2
        top, bottom = (np.poly1d(np.polyfit(boxes[:, 0], boxes[:, y], 1)) for y in (1, 3))
        y0 = min(top(x0 + offset), top(x1 - offset))
        y1 = max(bottom(x0 + offset), bottom(x1 - offset))
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    slope, rest = np.polyfit((boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2, 1)
    high = np.mean(boxes[:, 3] - boxes[:, 1]) + 2.5
    p1, p2, p3, p4 = (np.array([x, slope * x + rest + side * high / 2]) for side in (-1, 1) for x in (x0, x1))
    wide, rise = p2 - p1
    length = np.hypot(wide, rise)
    along = (p3[1] - p1[1]) * rise / length
    move = np.abs([along * wide / length, along * rise / length])
    if slope < 0:
        p1, p4 = p1 + move * [-1, 1], p4 + move * [1, -1]
    else:
        p2, p3 = p2 + move, p3 - move
    return np.array([p1, p2, p4, p3])


def vectorised(post: CTPNPostProcess, outputs: dict[str, np.ndarray]) -> list[tuple[np.ndarray, float]]:
    """The same lines, computed by ``post``."""
    (found,) = post(*(outputs[name] for name in post.reads), np.array([[*SIZE, 1, 1]]))
    return list(zip(found.polys, found.scores))


def check_same(ours: list[tuple[np.ndarray, float]], theirs: list[tuple[np.ndarray, float]]) -> None:
    """Both sides found the same lines in the same order."""
    assert len(ours) == len(theirs), (len(ours), len(theirs))
    for (quad, score), (other, other_score) in zip(ours, theirs):
        np.testing.assert_allclose(quad, other, atol=1e-3)
        assert abs(score - other_score) < 1e-9


def spent(call: Callable[..., object], post: CTPNPostProcess, outputs: dict[str, np.ndarray]) -> float:
    """CPU milliseconds of a call."""
    start = time.process_time()
    call(post, outputs)
    return (time.process_time() - start) * 1000


def measure(rounds: int) -> list[dict]:
    """One row for each kind of image and variant: medians of all rounds."""
    rows = []
    for kind in KINDS:
        outputs = make_outputs(kind)
        for variant, arguments in VARIANTS.items():
            post = CTPNPostProcess(box_thresh=0.7, **arguments)
            found = vectorised(post, outputs)
            check_same(found, loop(post, outputs))
            times: dict[str, list[float]] = {"ours": [], "loop": []}
            for _ in range(rounds):
                times["ours"].append(spent(vectorised, post, outputs))
                times["loop"].append(spent(loop, post, outputs))
            ours, theirs = (statistics.median(times[side]) for side in ("ours", "loop"))
            strips = int((outputs["text_scores"] > post.score_thresh).sum())
            rows.append(
                {"kind": kind, "variant": variant, "strips": strips, "lines": len(found), "ours_ms": round(ours, 2),
                 "loop_ms": round(theirs, 2), "ratio": round(theirs / ours, 1)}
            )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    rows = measure(args.rounds)
    if not args.json:
        print(f"CTPNPostProcess on outputs of {SIZE[0]}x{SIZE[1]} pixels, {PROPOSALS} proposals, CPU milliseconds")
        print(f"{'image':<8}{'variant':<10}{'strips':>7}{'lines':>6}{'ours':>8}{'loop':>9}{'ratio':>7}")
        for row in rows:
            print(f"{row['kind']:<8}{row['variant']:<10}{row['strips']:>7}{row['lines']:>6}{row['ours_ms']:>8.2f}"
                  f"{row['loop_ms']:>9.2f}{row['ratio']:>7.1f}")  # fmt: skip
    print(json.dumps({"benchmark": "ctpn_postprocess", "size": SIZE, "proposals": PROPOSALS, "results": rows}))


if __name__ == "__main__":
    main()
