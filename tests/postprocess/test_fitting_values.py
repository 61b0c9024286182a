"""Values of a post-processing that is fitted by trying all combinations on its outputs."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.errors import ConfigError
from mindocr.metrics.protocols import build_protocol
from mindocr.postprocess.fitting.values import CountOutputs, OutputsImage, best_values, value_settings
from mindocr.registry import POSTPROCESSES

SECTION = {"name": "CTPNPostProcess", "max_gap": 60}


def two_words(score: float = 0.95) -> OutputsImage:
    """Two words of four strips each, 48 pixels from the last strip of one to the first of the other."""
    scores = np.zeros((14, 6, 20), np.float32)
    scores[4, 1, 2:6] = scores[4, 1, 8:12] = score
    boxes = [(32, 16, 96, 32), (128, 16, 192, 32)]
    truth = [np.array([[a, b], [c, b], [c, d], [a, d]], float) for a, b, c, d in boxes]
    outputs = {"text_scores": scores, "box_deltas": np.zeros((28, 6, 20), np.float32)}
    return OutputsImage(outputs, {"shape_list": np.array([96.0, 320, 1, 1])}, truth, np.zeros(2, bool))


def test_combinations_begin_with_the_current_values():
    settings = value_settings(POSTPROCESSES.build({**SECTION, "box_thresh": 0.77}), ["score_thresh=0.5,0.7"])
    assert settings[0].arguments() == {"score_thresh": 0.7, "box_thresh": 0.77, "max_gap": 60}
    assert len(settings) == 2 * 6 * 4 and len(set(settings)) == len(settings)
    assert {each.arguments()["max_gap"] for each in settings} == {16, 32, 48, 60}


@pytest.mark.parametrize("word", ["max_gab=3", "max_gap", "max_gap=a"])
def test_words_that_are_no_values(word):
    with pytest.raises(ConfigError, match=f"--grid: expected KEY=VALUES such as box_thresh=0.7,0.8, got '{word}'"):
        value_settings(POSTPROCESSES.build(SECTION), [word])


def test_the_best_values_and_the_nearest_of_equal_ones():
    """Words that are connected over the gap do not match by IoU; a smaller gap separates them."""
    protocol = build_protocol("icdar2015")
    settings = value_settings(POSTPROCESSES.build(SECTION))
    counts = [CountOutputs(SECTION, settings, protocol)(each) for each in (two_words(), two_words(0.92))]
    assert counts[0].shape == (len(settings), 3)
    assert counts[0][0].tolist() == [0, 2, 1]  # one detection, which matches neither word
    best = best_values(counts, settings, protocol)
    assert best.arguments() == {"score_thresh": 0.7, "box_thresh": 0.9, "max_gap": 16}
