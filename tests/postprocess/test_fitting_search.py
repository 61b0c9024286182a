"""The search over settings: the same counts as post-processing and metric one by one, and the optimum found."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mindocr.errors import ConfigError, DataError
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.matching import f_score
from mindocr.metrics.protocols import build_protocol
from mindocr.postprocess.db import DBPostprocess
from mindocr.postprocess.fitting.grid import DEFAULTS, Growth, around, make_grid, setting_of
from mindocr.postprocess.fitting.judged_images import load_judged_image, save_judged_image
from mindocr.postprocess.fitting.search import CountImage, JudgedImage, best_setting, count_image, region_heights

SIZE = (240, 320)


def rectangle(left: float, top: float, w: float, h: float) -> np.ndarray:
    return np.array([[left, top], [left + w, top], [left + w, top + h], [left, top + h]], dtype=np.float32)


def case(words: list[tuple[np.ndarray, float]], truth: list[np.ndarray]) -> JudgedImage:
    """A map with rectangles, each of one probability."""
    prob = np.zeros(SIZE, dtype=np.float32)
    for word, value in words:
        cv2.fillPoly(prob, [np.rint(word).astype(np.int32)], value)
    return JudgedImage(prob, np.array([*SIZE, 1, 1], dtype=np.float64), truth, np.zeros(len(truth), dtype=bool))


def noisy_case(seed: int) -> JudgedImage:
    """Blobs of every shape, and truths that some of them fit; the source image is half as wide."""
    rng = np.random.default_rng(seed)
    prob = cv2.GaussianBlur(rng.random((100, 140), dtype=np.float32), (0, 0), 2)
    prob = (prob - prob.min()) / np.ptp(prob)
    shape = np.array([100, 70, 1, 2.0])
    found = DBPostprocess(binary_thresh=0.45, box_thresh=0.5)(prob[None], shape[None])[0].polys
    truth = [poly + rng.normal(0, 1.5, 2).astype(np.float32) for poly in found] + [rectangle(5, 5, 20, 9)]
    return JudgedImage(prob, shape, truth, rng.random(len(truth)) < 0.3)


WIDE = [
    "binary_thresh=0.4,0.5",
    "box_thresh=0.4:0.7:0.1",
    "expand_ratio=1.2,1.8",
    "min_size=2,5",
    "box_type=quad,poly",
]


@pytest.mark.parametrize(
    ("protocol", "dilation"),
    [("icdar2015", False), ("icdar2015", True), ("totaltext_deteval", False), ("ctw1500", False),
     ("mindocr_compat", False)],
)  # fmt: skip
def test_counts_are_those_of_post_processing_and_metric_for_every_setting(protocol, dilation):
    now = DBPostprocess(binary_thresh=0.5, box_thresh=0.5, max_candidates=12, dilation=dilation)
    grid = make_grid(now, WIDE)
    grid = replace(grid, growth=(*grid.growth, Growth(1.5, ((3.0, 2.0), (6.0, 1.0)))))
    image = noisy_case(1)
    counts = count_image(image, grid, build_protocol(protocol))
    assert len(counts) == len(grid) == 2 * 2 * 4 * 3 * 4
    seen = set()
    for index in range(len(grid)):
        metric = DetMetric(protocol=protocol)
        post = DBPostprocess(**grid.setting(index).arguments(), max_candidates=12, dilation=dilation)
        (found,) = post(image.prob[None], image.shape[None])
        metric.update(found.polys, image.truth, image.ignore)
        expected = [metric.counts[name] for name in metric.protocol.count_names]
        assert counts[index].tolist() == pytest.approx(expected), grid.setting(index)
        seen.add(tuple(expected))
    assert len(seen) > 10, "settings must make a difference"


def test_a_threshold_between_words_and_false_alarms_is_found():
    words = [(rectangle(40, 30 + 50 * i, 120, 14), 0.75) for i in range(3)]
    alarms = [(rectangle(200, 30 + 50 * i, 90, 14), 0.55) for i in range(3)]
    post = DBPostprocess(box_thresh=0.5)
    truth = [rectangle(30, 20 + 50 * i, 140, 34) for i in range(3)]
    grid, protocol = make_grid(post), build_protocol("icdar2015")
    found = best_setting([count_image(case(words + alarms, truth), grid, protocol)], grid, protocol, setting_of(post))
    assert (found.recall, found.precision, found.f_score) == (1, 1, 1)
    assert found.setting == replace(setting_of(post), box_thresh=0.6), "the least change that does it"
    assert found.tried == len(grid) == 7 * 12 * 3 * 13


def test_low_and_high_texts_may_need_other_ratios():
    words = [(rectangle(60, 40, 200, 8), 0.9), (rectangle(60, 130, 200, 60), 0.9)]
    truth = [rectangle(60 - 15.5, 40 - 15.5, 231, 39), rectangle(60 - 6.5, 130 - 6.5, 213, 73)]
    post, protocol, image = DBPostprocess(), build_protocol("icdar2015"), case(words, truth)
    grid = make_grid(post, ["binary_thresh=0.3", "box_thresh=0.5", "min_size=3"])
    best = best_setting([count_image(image, grid, protocol)], grid, protocol, setting_of(post))
    assert best.f_score == 0.5
    low, high = sorted(region_heights(image, best.setting, grid).tolist())
    assert (low, high) == (pytest.approx(200 * 8 / 208, abs=0.01), pytest.approx(200 * 60 / 260, abs=0.01))
    finer = around(grid, best.setting, low, high)
    better = best_setting([count_image(image, finer, protocol)], finer, protocol, best.setting)
    assert better.f_score == 1
    (_, small), (_, large) = better.setting.growth.expand_by_height
    assert small > 1.6 and large < 1.4
    post = DBPostprocess(**better.setting.arguments())
    metric = DetMetric()
    metric.update(post(image.prob[None], image.shape[None])[0].polys, truth, [False, False])
    assert metric.result()["f-score"] == 1


def test_images_add_up():
    grid, protocol = make_grid(DBPostprocess(binary_thresh=0.5, box_thresh=0.5), WIDE), build_protocol("icdar2015")
    counts = [count_image(noisy_case(seed), grid, protocol) for seed in (1, 2, 3)]
    found = best_setting(iter(counts), grid, protocol, setting_of(DBPostprocess()))
    metric = DetMetric()
    for seed in (1, 2, 3):
        image = noisy_case(seed)
        polys = DBPostprocess(**found.setting.arguments())(image.prob[None], image.shape[None])[0].polys
        metric.update(polys, image.truth, image.ignore)
    assert metric.result()["f-score"] == pytest.approx(found.f_score)
    recall, precision = protocol.score(dict(zip(protocol.count_names, sum(counts).T)))
    assert found.f_score == pytest.approx(f_score(recall, precision).max())


def test_words_of_a_grid():
    grid = make_grid(DBPostprocess(box_type="poly", box_thresh=0.55), WIDE)
    assert grid.box_thresh == (0.4, 0.5, 0.55, 0.6, 0.7), "the present value is always tried"
    assert grid.binary_thresh == (0.3, 0.4, 0.5)
    assert grid.box_type == ("poly", "quad")
    assert [growth.expand_ratio for growth in grid.growth] == [1.5, 1.2, 1.8]
    assert grid.min_size == (2, 3, 5)
    assert len(make_grid(DBPostprocess())) > 3000
    assert set(DEFAULTS) == {"binary_thresh", "box_thresh", "expand_ratio", "min_size", "box_type"}
    by_height = DBPostprocess(expand_by_height=[[8, 1.8], [32, 1.5]])
    assert make_grid(by_height).growth[0] == Growth(1.5, ((8, 1.8), (32, 1.5)))
    assert setting_of(by_height).arguments()["expand_by_height"] == [[8, 1.8], [32, 1.5]]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("box_thresh", "expected KEY=VALUES"),
        ("boxthresh=1", r"got 'boxthresh=1' \(did you mean 'box_thresh'\?\); keys: binary_thresh"),
        ("box_thresh=0.1:0.5", "box_thresh: expected numbers as 0.4,0.5 or 0.4:0.6:0.1, got '0.1:0.5'"),
        ("box_thresh=0.1:0.5:0", "expected numbers as"),
        ("box_thresh=0:1:0.001", "'0:1:0.001' is 1001 values; expected 1 to 200"),
        ("box_thresh=60", "box_thresh: expected 0 to 1, got 60"),
        ("box_type=circle", "box_type: expected quad, poly or quad,poly, got 'circle'"),
    ],
)
def test_mistakes_in_a_grid(word, message):
    with pytest.raises(ConfigError, match=message):
        make_grid(DBPostprocess(), [word])


def test_cases_on_disk(tmp_path):
    image = noisy_case(4)
    save_judged_image(tmp_path / "0.npz", image)
    again = load_judged_image(tmp_path / "0.npz")
    assert np.abs(again.prob - image.prob).max() < 5e-4 and again.prob.dtype == np.float32
    assert all(np.array_equal(a, b) for a, b in zip(again.truth, image.truth))
    assert again.shape.tolist() == image.shape.tolist() and again.ignore.tolist() == image.ignore.tolist()
    empty = JudgedImage(image.prob, image.shape, [], np.zeros(0, dtype=bool))
    save_judged_image(tmp_path / "1.npz", empty)
    assert load_judged_image(tmp_path / "1.npz").truth == []
    grid, protocol = make_grid(DBPostprocess(), WIDE), build_protocol("icdar2015")
    from_disk = CountImage(grid, protocol, load_judged_image)(str(tmp_path / "0.npz"))
    assert np.array_equal(from_disk, count_image(again, grid, protocol))
    (tmp_path / "2.npz").write_bytes((tmp_path / "0.npz").read_bytes()[:100])
    with pytest.raises(DataError, match="2.npz: not a complete file of a probability map"):
        load_judged_image(tmp_path / "2.npz")
