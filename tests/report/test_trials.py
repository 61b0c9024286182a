"""Other settings, tried on the same maps: the scores that an evaluation with each of them gives."""

import numpy as np
import pytest
from rectangles import rect

from mindocr.metrics.det_metric import DetMetric
from mindocr.predictions.detection import Detection
from mindocr.registry import POSTPROCESSES
from mindocr.report.collect import DetectionReport
from mindocr.report.trials import Trials, settings_to_try

SECTION = {"name": "DBPostprocess", "box_type": "quad", "box_thresh": 0.5}
SHAPE = np.array([64, 128, 1, 1], np.float32)


def two_words(gap: float) -> np.ndarray:
    """A map of two words with probability 0.9, and ``gap`` between them."""
    prob = np.zeros((1, 64, 128), np.float32)
    prob[0, 20:40, 10:50] = prob[0, 20:40, 58:100] = 0.9
    prob[0, 20:40, 50:58] = gap
    return prob


def test_each_trial_equals_an_evaluation_with_that_setting():
    images = [({"prob": two_words(gap)}, [rect(5, 15, 55, 45), rect(53, 15, 105, 45)]) for gap in (0.0, 0.35, 0.45)]
    metric = DetMetric()
    trials = Trials(SECTION, POSTPROCESSES.build(SECTION), metric.protocol)
    for outputs, truth in images:
        trials.add(outputs, {"shape_list": SHAPE}, truth, np.zeros(2, bool))
    results = trials.results()
    assert [(trial.key, trial.value) for trial in results] == [
        ("binary_thresh", 0.2), ("binary_thresh", 0.4), ("binary_thresh", 0.5), ("expand_ratio", 1.1),
        ("expand_ratio", 1.3), ("expand_ratio", 1.7), ("expand_ratio", 1.9), ("min_size", 5), ("min_size", 7),
        ("box_type", "poly"),
    ]  # fmt: skip
    for trial in results:
        again = DetMetric()
        make = POSTPROCESSES.build({**SECTION, trial.key: trial.value})
        for outputs, truth in images:
            again.update(make(outputs["prob"][None], SHAPE[None])[0].polys, truth, np.zeros(2, bool))
        expected = again.result()
        assert trial[2:] == pytest.approx((expected["recall"], expected["precision"], expected["f-score"]))
    by_value = {trial.value: trial.recall for trial in results if trial.key == "binary_thresh"}
    assert by_value == {0.2: pytest.approx(1 / 3), 0.4: pytest.approx(2 / 3), 0.5: 1.0}, "each gap parts its two words"


def test_values_stay_in_their_range_and_only_settings_that_act_are_tried():
    built = POSTPROCESSES.build({**SECTION, "binary_thresh": 0.1, "expand_by_height": [[8, 1.8], [32, 1.5]]})
    assert settings_to_try(built) == [
        ("binary_thresh", 0.2), ("binary_thresh", 0.3), ("min_size", 5), ("min_size", 7), ("box_type", "poly"),
    ]  # fmt: skip
    assert settings_to_try(object()) == []
    strips = POSTPROCESSES.build({"name": "CTPNPostProcess", "score_thresh": 0.9, "max_gap": 40})
    assert settings_to_try(strips) == [
        ("score_thresh", 0.6), ("score_thresh", 0.7), ("score_thresh", 0.8), ("max_gap", 8), ("max_gap", 24),
        ("max_gap", 56), ("max_gap", 72), ("min_overlap", 0.5), ("min_overlap", 0.6), ("min_overlap", 0.8),
        ("oriented", True),
    ]  # fmt: skip


def test_the_report_tries_settings_while_it_collects(tmp_path):
    metric = DetMetric()
    report = DetectionReport(SECTION, metric)
    truth = [rect(5, 15, 55, 45), rect(53, 15, 105, 45)]
    outputs = {"prob": two_words(0.35)}
    (found,) = POSTPROCESSES.build(SECTION)(outputs["prob"][None], SHAPE[None])
    result = metric.update(found.polys, truth, np.zeros(2, bool))
    columns = {"shape_list": SHAPE, "polys": truth, "ignore_tags": np.zeros(2, bool)}
    report.add("a.jpg", outputs, found, columns, result)
    page = report.write(tmp_path, {}).read_text(encoding="utf-8")
    assert isinstance(found, Detection) and len(found) == 1, "both words are one region"
    assert "With binary_thresh 0.4, all images and errors together: f-score 1.0000 instead of 0.0000" in page
    assert 'data-copy="-o postprocess.binary_thresh=0.4"' in page
    assert 'data-setting="postprocess.box_thresh"' in page
