"""Sums over images, merged ranks, and wrong arguments."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from mindocr.errors import ConfigError
from mindocr.metrics.det_metric import BLOCK, DetMetric
from mindocr.metrics.matching import ImageResult, MatchingProtocol, greedy_one_to_one
from mindocr.metrics.protocols import PROTOCOLS
from mindocr.registry import METRICS


def square(x: float, y: float, side: float = 10) -> np.ndarray:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], dtype=np.float32)


def test_counts_are_summed_before_dividing():
    metric = DetMetric()
    metric.update([square(0, 0)], [square(0, 0)], [False])
    metric.update([square(50, 50)], [square(0, 0), square(20, 0), square(40, 0)], np.zeros(3, dtype=bool))
    result = metric.result()
    assert result["recall"] == 0.25
    assert result["precision"] == 0.5
    assert result["f-score"] == pytest.approx(1 / 3)
    assert result["counts"] == {"images": 2, "matched": 1, "gt_care": 4, "det_care": 2}


def test_a_second_detection_of_the_same_word_costs_precision():
    metric = DetMetric()
    result = metric.update([square(1, 0), square(0, 0)], [square(0, 0)], [False])
    assert result.pairs == [(0, 0)]
    assert (result.recall, result.precision) == (1.0, 0.5)


def test_detections_in_ignored_regions_do_not_count():
    metric = DetMetric()
    result = metric.update([square(2, 2, side=5)], [square(0, 0), square(30, 0)], [True, False])
    assert result.det_dontcare == [0] and result.gt_dontcare == [0]
    assert metric.result()["counts"] == {"images": 1, "matched": 0, "gt_care": 1, "det_care": 0}


def test_the_order_of_images_and_the_number_of_ranks_do_not_matter():
    rng = np.random.default_rng(3)
    images = []
    for _ in range(12):
        truth = [square(*rng.uniform(0, 100, 2), side=20) for _ in range(5)]
        found = [poly + rng.normal(0, 3, 2).astype(np.float32) for poly in truth[:4]] + [square(200, 200)]
        images.append((found, truth, rng.random(5) < 0.3))
    alone, first, second = DetMetric(), DetMetric(), DetMetric()
    for i, image in enumerate(images):
        alone.update(*image)
        (first if i % 2 else second).update(*image)
    first.merge(second.counts)
    assert first.result() == alone.result()
    assert 0 < alone.result()["f-score"] < 1


def test_nothing_gives_zero_and_reset_forgets():
    metric = DetMetric()
    assert metric.result()["f-score"] == 0
    metric.update([square(0, 0)], [square(0, 0)], [False])
    assert metric.result()["f-score"] == 1
    assert len(metric.images) == 1
    metric.reset()
    assert metric.images == []
    assert metric.result()["counts"] == {"images": 0, "matched": 0, "gt_care": 0, "det_care": 0}


def test_images_without_words_or_detections():
    metric = DetMetric()
    assert (metric.update([], [], []).recall, metric.images[-1].precision) == (1, 1)
    assert (metric.update([square(0, 0)], [], []).recall, metric.images[-1].precision) == (1, 0)
    assert (metric.update([], [square(0, 0)], [False]).recall, metric.images[-1].precision) == (0, 0)


def test_polygons_of_different_lengths_meet():
    ring = [[np.cos(a) * 20 + 30, np.sin(a) * 20 + 30] for a in np.linspace(0, 6.2, 14)]
    metric = DetMetric()
    metric.update([np.array(ring), square(100, 100)], [square(100, 100), np.array(ring[::-1])], [False, False])
    assert metric.images[0].pairs == [(0, 1), (1, 0)]


def test_mistakes_are_named():
    metric = DetMetric()
    with pytest.raises(ValueError, match="1 ground-truth polygons but 2 ignore tags"):
        metric.update([], [square(0, 0)], [True, False])
    with pytest.raises(ValueError, match="NaN or infinite"):
        metric.update([square(np.nan, 0)], [square(0, 0)], [False])
    with pytest.raises(ValueError, match="cannot add counts"):
        metric.merge({"matched": 1})
    with pytest.raises(ConfigError, match="main_indicator: expected 'f-score', 'recall' or 'precision', got 'hmean'"):
        DetMetric(main_indicator="hmean")
    assert metric.result()["counts"]["images"] == 0, "a refused image is not counted"


def test_many_images_at_once_are_the_same_as_one_by_one():
    images = [([square(i % 7, 0), square(40, i)], [square(0, 0), square(40, 40)], [False, i % 3 == 0])
              for i in range(BLOCK + 5)]  # fmt: skip
    alone, together = DetMetric(), DetMetric()
    singles = [alone.update(*image) for image in images]
    assert together.update_many(images) == singles
    assert together.result() == alone.result()
    assert together.update_many([]) == []
    with pytest.raises(ValueError, match="1 ground-truth polygons but 2 ignore tags"):
        together.update_many([images[0], ([], [square(0, 0)], [True, False])])
    assert len(together.images) == len(images), "none of a refused list is added"


def test_several_processes_give_the_results_of_one():
    images = [([square(i % 7, 0), square(40, i)], [square(0, 0), square(40, 40)], [False, i % 3 == 0])
              for i in range(BLOCK + 5)]  # fmt: skip
    alone, together = DetMetric(protocol="totaltext_deteval"), DetMetric(protocol="totaltext_deteval")
    assert together.update_many(images, workers=2) == alone.update_many(images)
    assert together.result() == alone.result()
    assert 0 < alone.result()["f-score"] < 1
    broken = [*images, ([square(np.nan, 0)], [square(0, 0)], [False])]
    with pytest.raises(ValueError, match="NaN or infinite"):
        together.update_many(broken, workers=2)
    assert len(together.images) == len(images), "none of a refused list is added"


def test_every_protocol_of_detection_can_be_named_in_a_recipe():
    for name in PROTOCOLS.names():
        problems = METRICS.check("DetMetric", {"protocol": name, "protocol_args": {}})
        assert bool(problems) == PROTOCOLS.get(name).compares_texts, name
        assert DetMetric(protocol=name).protocol_name == name


def test_the_registry_knows_the_recipes_settings():
    check = partial(METRICS.check, "DetMetric")
    assert check({"main_indicator": "f-score"}) == []
    ((key, text),) = check({"protocol": "icdar1999"})
    assert key == "protocol" and "unknown protocol 'icdar1999'" in text and "known: ctw1500, " in text
    assert check({"protocol": 3}) == [("protocol", "Input should be a valid string, got 3")]
    assert check({"protocol": "ctw1500", "protocol_args": {"rule": "any_free"}}) == []
    ((key, text),) = check({"protocol": "ctw1500", "protocol_args": {"rule": "any"}})
    assert key == "protocol_args.rule" and text.startswith("Input should be 'best_iou' or 'any_free', got 'any'")
    ((key, text),) = check({"protocol_args": {"rule": "any_free"}})
    assert (key, text[:39]) == ("protocol_args.rule", "icdar2015 has no argument 'rule'; its a")
    with pytest.raises(ConfigError, match="metric.protocol_args.rule: icdar2015 has no argument 'rule'"):
        DetMetric(protocol_args={"rule": "any_free"})


def test_a_new_protocol_is_one_class(monkeypatch):
    class AnyTouch(MatchingProtocol):
        """A detection matches if it overlaps a text at all."""

        def __init__(self, least: float = 0.0) -> None:
            self.least = least

        def judge(self, image, overlap):
            pairs = greedy_one_to_one(overlap.iou > self.least)
            counts = {"matched": len(pairs), "gt_care": len(image.truth), "det_care": len(image.found)}
            return ImageResult(counts, *map(float, self.score(counts)), pairs)

    PROTOCOLS.names()  # loads the package first
    monkeypatch.setitem(PROTOCOLS._classes, "any_touch", AnyTouch)
    truth, found = [square(0, 0), square(100, 0)], [square(9, 9)]  # they share 1 of 199 pixels
    images = [(found, truth, [False, False])]
    for least, recall in ((0.004, 0.5), (0.006, 0.0)):  # 1 / 199 lies between
        metric = METRICS.build({"name": "DetMetric", "protocol": "any_touch", "protocol_args": {"least": least}})
        metric.update_many(images)
        assert (metric.protocol_name, metric.result()["recall"]) == ("any_touch", recall)
    assert METRICS.check("DetMetric", {"protocol": "any_tuoch"})[0][1].startswith(
        "unknown protocol 'any_tuoch' (did you mean 'any_touch'?)"
    )
