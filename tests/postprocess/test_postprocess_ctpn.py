"""CTPN's text lines: cases computed by hand, and the same lines as the loop of the benchmark."""

from __future__ import annotations

import runpy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.errors import ConfigError, DataError
from mindocr.geometry.text_anchors import HEIGHTS, anchor_grid, encode
from mindocr.postprocess.ctpn import CTPNPostProcess, best_first
from mindocr.postprocess.text_lines import Links, chains, follow
from mindocr.predictions.base import decode as predict
from mindocr.registry import POSTPROCESSES

ROWS, COLUMNS = 6, 20
SIZE = (ROWS * 16, COLUMNS * 16)
WHOLE = np.array([[*SIZE, 1, 1]], dtype=np.float64)
HEIGHT = 4  # position of the height 16 in the list of 14
ANCHORS = len(HEIGHTS["mindspore"])

# The values of two other implementations (configs/det/ctpn/README.md).
ERAGONRUAN = {"max_proposals": 12000, "min_height": 8, "max_gap": 50}
TIANZHI = {
    "proposal_nms": None, "connect_nms": 0.3, "max_gap": 50, "min_ratio": 1.2, "box_thresh": 0.7, "line_nms": 0.3,
    "normalize_scores": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def benchmark(repo_root):
    """The functions of benchmarks/ctpn_postprocess.py."""
    return runpy.run_path(str(repo_root / "benchmarks/ctpn_postprocess.py"))


def outputs(
    strips: list[tuple[int, float, float, float]], rows: int = ROWS, columns: int = COLUMNS
) -> dict[str, np.ndarray]:
    """Outputs with strips (column, y1, y2, score): each is written to the anchor of 16 pixels nearest to it."""
    scores = np.zeros((1, ANCHORS, rows, columns), dtype=np.float32)
    deltas = np.zeros((1, ANCHORS * 4, rows, columns), dtype=np.float32)
    grid = anchor_grid("mindspore", rows, columns).reshape(rows, columns, ANCHORS, 4)
    for column, top, bottom, score in strips:
        row = int(np.clip((top + bottom) / 2 // 16, 0, rows - 1))
        while scores[0, HEIGHT, row, column]:
            row += 1
        # decoding adds a pixel below, see text_anchors.decode
        box = np.array([[column * 16, top, column * 16 + 15, bottom - 1]])
        scores[0, HEIGHT, row, column] = score
        deltas[0, HEIGHT * 4 : HEIGHT * 4 + 4, row, column] = encode(grid[row, column, HEIGHT][None], box)[0]
    return {"text_scores": scores, "box_deltas": deltas}


def lines(strips, shape=WHOLE, rows: int = ROWS, columns: int = COLUMNS, more=None, **options):
    post = CTPNPostProcess(**options)
    made = {**outputs(strips, rows, columns), **(more or {})}
    (found,) = post(*(made[name] for name in post.reads), shape)
    return found


def boxes(found) -> list[list[int]]:
    return sorted(np.rint(np.concatenate([p.min(axis=0), p.max(axis=0)])).astype(int).tolist() for p in found.polys)


def row(columns, top=20.0, bottom=36.0, score=0.95):
    return [(column, top, bottom, score) for column in columns]


def test_ten_neighbours_are_one_line():
    found = lines(row(range(2, 12)))
    assert boxes(found) == [[32, 20, 192, 36]]  # the boxes of decode end one pixel further right and below
    assert found.scores == pytest.approx([0.95])
    assert found.highest is None


def test_a_gap_of_a_hundred_pixels_makes_two_lines():
    found = lines(row([*range(0, 5), *range(11, 16)]))
    assert boxes(found) == [[0, 20, 80, 36], [176, 20, 256, 36]]


@pytest.mark.parametrize(("max_gap", "expected"), [(47, 2), (48, 1)])
def test_the_largest_gap(max_gap, expected):
    assert len(lines(row([0, 1, 2, 5, 6, 7]), max_gap=max_gap)) == expected


def test_a_slanted_row_of_strips():
    # Upper sides are fitted at the left of the strips, y = 70 - x / 8, and evaluated at 8 and 152.
    assert boxes(lines([(c, 70.0 - 2 * c, 86.0 - 2 * c, 0.99) for c in range(10)])) == [[0, 51, 160, 85]]


@pytest.mark.parametrize(("first", "step"), [(70, -2), (40, 0), (20, 2)])
def test_a_rotated_rectangle(first, step):
    # Centres at x = 16 c + 8; the line reaches from 48 to 208, its middle is between the first and the last centre.
    strips = [(c + 3, first + step * c, first + step * c + 16.0, 0.99) for c in range(10)]
    (quad,) = lines(strips, oriented=True).polys
    along, across = quad[1] - quad[0], quad[3] - quad[0]
    assert along @ across == pytest.approx(0, abs=0.05)  # right angles
    assert along[1] / along[0] == pytest.approx(step / 16, abs=1e-4)
    assert np.hypot(*across) == pytest.approx(18.5 * np.cos(np.arctan(step / 16)), abs=0.05)
    assert quad.mean(axis=0) == pytest.approx([128, first + 4.5 * step + 8], abs=0.05)
    assert quad[0, 0] < quad[1, 0] and quad[0, 1] < quad[3, 1]  # clockwise from the top left


def test_limits_are_exclusive():
    strips = row([0, 1], score=0.75)
    assert len(lines(strips, box_thresh=0.74)) == 1
    assert lines(strips, box_thresh=0.75).rejections == {"low score": 1}
    assert lines(strips, score_thresh=0.75).rejections == {}
    assert len(lines(row([0, 1]), min_width=32.5)) == 1  # 33 pixels with both borders
    assert lines(row([0, 1]), min_width=33).rejections == {"too short": 1}
    tall = row([0, 1], 0, 80)  # 33 / 81
    assert lines(tall).rejections == {"too short": 1}
    assert len(lines(tall, min_ratio=0.4)) == 1


def test_strips_that_are_no_line():
    assert lines(row([3])).rejections == {"single strip": 1}
    other_height = [(0, 0, 50, 0.95), (1, 10, 40, 0.95)]  # 31 / 51 pixels
    assert lines(other_height).rejections == {"single strip": 2}
    below = [(0, 0, 16, 0.95), (1, 8, 24, 0.95)]  # 9 of 17 pixels
    assert lines(below).rejections == {"single strip": 2}
    assert len(lines(below, min_overlap=0.5)) == 1


def test_a_strip_gives_way_to_a_better_one_before_its_neighbour():
    # Two columns away a worse strip, one column away a better one: only the nearer one is followed by the last.
    links = Links(60, 0.7, 0.7)
    strips = np.array([[32, 0, 48, 16], [16, 0, 32, 16], [0, 0, 16, 16]], dtype=float)
    assert follow(strips, np.array([0.9, 0.8, 0.7]), links).tolist() == [-1, 0, 1]
    # Both left strips have only the last one to the right; the one further away and less certain loses it.
    apart = np.array([[32, 0, 48, 16], [16, 0, 32, 13], [0, 3, 16, 19]], dtype=float)
    assert follow(apart, np.array([0.9, 0.8, 0.7]), Links(60, 0.8, 0.7)).tolist() == [-1, 0, -1]
    assert follow(apart, np.array([0.9, 0.8, 0.8]), Links(60, 0.8, 0.7)).tolist() == [-1, 0, 0]


def test_chains_may_share_their_end():
    members = chains(np.array([2, 2, 3, -1, -1]))
    assert members.tolist() == [[0, 2, 3], [1, 2, 3]]
    assert chains(np.array([-1, -1])).shape[0] == 0
    assert chains(np.zeros(0, dtype=int)).shape[0] == 0


def test_equal_anchors_count_once():
    strips = row(range(4)) + row(range(4), score=0.9)
    found = lines(strips)
    assert len(found) == 1 and found.scores == pytest.approx([0.95])


def test_lines_at_the_edges_stay_inside():
    found = lines([*row([0, 1, 2], -6, 10), *row([17, 18, 19], 80, 100)])
    assert boxes(found) == [[0, 0, 48, 10], [272, 80, 319, 95]]


def test_source_pixels():
    shape = np.array([[48, 640, 2, 0.5]])
    assert boxes(lines(row(range(2, 12)), shape)) == [[64, 10, 384, 18]]
    assert boxes(lines(row(range(2, 12)), np.array([[24, 160, 1, 1]]))) == [[32, 20, 159, 23]]


def test_side_refinement():
    offsets = np.zeros((1, ANCHORS, ROWS, COLUMNS), dtype=np.float32)
    offsets[0, HEIGHT, :, 2], offsets[0, HEIGHT, :, 11] = -0.25, 0.375
    found = lines(row(range(2, 12)), more={"side_offsets": offsets}, side_refinement=True)
    assert boxes(found) == [[36, 20, 190, 36]]  # 32 + 8 - 4 and 176 + 8 + 6
    crossed = np.zeros_like(offsets)
    crossed[0, HEIGHT, :, 2] = 30
    assert boxes(lines(row(range(2, 12)), more={"side_offsets": crossed}, side_refinement=True)) == [[32, 20, 192, 36]]


def test_two_deltas_and_four_are_the_same():
    made = outputs(row(range(2, 12)))
    deltas = made["box_deltas"].reshape(1, ANCHORS, 4, ROWS, COLUMNS)
    two = deltas[:, :, [1, 3]].reshape(1, ANCHORS * 2, ROWS, COLUMNS)
    (a,), (b,) = (CTPNPostProcess()(made["text_scores"], each, WHOLE) for each in (made["box_deltas"], two))
    assert np.array_equal(a.polys[0], b.polys[0])


def test_nothing_and_broken_values():
    assert lines([]).highest == 0
    low = lines(row(range(4), score=0.6))
    assert len(low) == 0 and low.highest == pytest.approx(0.6)
    made = outputs(row(range(4)))
    made["text_scores"][0, HEIGHT, 1, 0] = np.nan
    made["box_deltas"][0, HEIGHT * 4 + 3, 1, 3] = np.inf
    (found,) = CTPNPostProcess()(*made.values(), WHOLE)
    assert boxes(found) == [[16, 20, 48, 36]]
    assert CTPNPostProcess()(np.zeros((0, 14, 6, 20)), np.zeros((0, 56, 6, 20)), np.zeros((0, 4))) == []


def test_a_batch_and_images_one_by_one(benchmark):
    both = [benchmark["make_outputs"]("pages", seed) for seed in (1, 2)]
    post = CTPNPostProcess(box_thresh=0.7)
    names = post.reads
    shape = np.array([576.0, 960, 1, 1])
    joint = predict(post, {n: [each[n][0] for each in both] for n in names}, {"shape_list": [shape, shape]})
    for found, each in zip(joint, both):
        (alone,) = post(*(each[name] for name in names), shape[None])
        assert found.scores == alone.scores and len(found) > 20


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([{}, ERAGONRUAN, TIANZHI]), st.booleans(), st.booleans())
def test_the_same_lines_as_the_loop(benchmark, seed, values, oriented, side_refinement):
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(1, 7)), int(rng.integers(1, 20))
    shape = (1, ANCHORS, rows, columns)
    scores = rng.uniform(0, 1, shape) ** rng.uniform(0.2, 3)
    if rng.random() < 0.5:
        scores = np.round(scores, 1)  # many equal ones
    made = {
        "text_scores": scores.astype(np.float32),
        "box_deltas": rng.normal(0, 0.2, (1, ANCHORS * 4, rows, columns)).astype(np.float32),
        "side_offsets": rng.uniform(-1, 1, shape).astype(np.float32),
    }
    # steps that the loop does not have are tested above
    common = {key: value for key, value in values.items() if key not in ("min_height", "line_nms", "normalize_scores")}
    arguments = {**common, "box_thresh": 0.5, "oriented": oriented, "side_refinement": side_refinement}
    post = CTPNPostProcess(**arguments, max_strips=int(rng.integers(1, 300)))
    (found,) = post(*(made[name] for name in post.reads), np.array([[rows * 16, columns * 16, 1, 1]]))
    expected = [(quad, score) for quad, score in benchmark["loop"](post, made) if area(quad) >= 1]
    assert len(found) == len(expected)
    benchmark["check_same"](by_score(zip(found.polys, found.scores)), by_score(expected))


def area(quad: np.ndarray) -> float:
    after = np.roll(quad, -1, axis=0)
    return abs(float((quad[:, 0] * after[:, 1] - quad[:, 1] * after[:, 0]).sum())) / 2


def by_score(found):
    """Means of equal scores may differ in the last digit, so their order may too."""
    return sorted(found, key=lambda line: (-round(line[1], 6), *np.round(line[0], 2).reshape(-1)))


def test_scores_scaled_to_the_whole_range():
    strips = row(range(0, 4), score=0.8) + row(range(10, 14), score=0.9)
    assert lines(strips, **TIANZHI).scores == [1.0]  # scaled to 0 and 1
    assert lines(row(range(4), score=0.8), **TIANZHI).scores == pytest.approx([0.8])  # equal scores stay


def test_of_lines_one_upon_the_other_the_best_remains():
    # Strips of both lines overlap by less than connect_nms, the lines by more than line_nms.
    strips = row(range(0, 10), 10, 40, 0.95) + row(range(0, 10), 32, 62, 0.9)
    assert len(lines(strips, box_thresh=0.7)) == 2
    found = lines(strips, box_thresh=0.7, line_nms=0.15)
    assert found.scores == pytest.approx([0.95]) and found.rejections == {"repeated line": 1}


def test_low_strips_are_left_out():
    strips = row(range(4), 20, 26)
    assert len(lines(strips)) == 1
    assert len(lines(strips, min_height=8)) == 0


def test_best_first():
    scores = np.array([0.5, 0.9, np.nan, 0.7, 0.9, 0.7, 0.7])
    assert best_first(scores, 0.5, 10).tolist() == [1, 4, 3, 5, 6]
    assert best_first(scores, 0.5, 3).tolist() == [1, 4, 3]


def test_a_map_in_pixels_of_the_image():
    post = CTPNPostProcess()
    made = {name: values[0] for name, values in outputs(row([3], 20, 36)).items()}
    text_map = post.text_map(made)
    assert text_map.shape == SIZE
    assert text_map[20, 50] == pytest.approx(0.95) and np.count_nonzero(text_map) == 256


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score_thresh": 1.5}, "score_thresh: expected 0 to 1, got 1.5"),
        ({"proposal_nms": 0.0, "max_gap": 0}, "proposal_nms: expected 0.01 to 1, got 0.0; max_gap: expected 1 to inf"),
        ({"anchor_heights": []}, "anchor_heights: expected heights"),
    ],
)
def test_values_outside_their_ranges(options, message):
    with pytest.raises(ConfigError, match=message):
        CTPNPostProcess(**options)


def test_outputs_of_another_detector():
    with pytest.raises(DataError, match="expected text_scores .N, 10, R, C.*got .1, 14, 6, 20"):
        lines([], anchor_heights="paper")
    with pytest.raises(DataError, match="got .1, 14, 6, 20., .1, 14, 6, 20."):
        CTPNPostProcess()(np.zeros((1, 14, 6, 20)), np.zeros((1, 14, 6, 20)), WHOLE)


def test_names_of_outputs():
    assert POSTPROCESSES.get("CTPNPostProcess") is CTPNPostProcess
    assert CTPNPostProcess.declare({"side_refinement": True})["reads"][-1] == "side_offsets"
    assert CTPNPostProcess().reads == ("text_scores", "box_deltas")
