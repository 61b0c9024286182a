"""Why a recogniser scores near 0: each cause with statistics that show it, and none for a good network."""

from __future__ import annotations

import numpy as np
import pytest

from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics, WeightStatistics
from mindocr.engine.diagnose.zero_score.recognition import RecognitionHealth
from mindocr.postprocess.ctc import CTCDecode
from mindocr.predictions.text import Text
from mindocr.registry import HEALTH_CHECKS

TRAINED = WeightStatistics(norms=3, untouched=0)
WORDS = ["exit", "street", "market", "hotel", "parking", "station"]


def causes(pairs: list[tuple[str, str]], characters: str = "", weights=TRAINED, run=None, outputs=None) -> list[str]:
    postprocess = CTCDecode(characters=characters) if characters else None
    health = RecognitionHealth(postprocess)
    for truth, found in pairs:
        health.add_image("a.png", outputs or {"probs": np.ones((4, 3))}, Text(found), {"text": truth})
    found = health.find_causes(weights, run)
    assert all(cause.numbers and cause.remedy for cause in found)
    return [cause.name for cause in found]


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda word: "", "nothing read"),
        (lambda word: "the", "one text for all"),
        (lambda word: "".join(chr(ord(c) + 1) for c in word), "another dictionary"),
        (str.upper, "case"),
        (lambda word: f"{word[0]}.{word[1:]}", "spaces and punctuation"),
    ],
)
def test_each_cause(read, name):
    assert causes([(word, read(word)) for word in WORDS]) == [name]


def test_a_dictionary_of_another_language():
    assert causes([("出口", "x"), ("入口の", "y"), ("exit", "exit")], characters="exit") == [
        "characters outside the dictionary"
    ]


def test_no_cause_for_a_good_or_a_random_network():
    assert causes([(word, word) for word in WORDS]) == []
    rng = np.random.default_rng(0)
    noise = ["".join(rng.choice(list("abcdefgh"), len(word))) for word in WORDS]
    assert causes(list(zip(WORDS, noise))) == []
    assert causes([]) == []


def test_causes_of_any_task_come_first():
    fresh = WeightStatistics(norms=3, untouched=3)
    assert causes([(word, "") for word in WORDS], weights=fresh) == ["weights not loaded", "nothing read"]
    run = RunStatistics(updates=5, dropped=0, highest_lr=0.1, moved=0.1, from_scratch=True)
    assert causes([(word, "") for word in WORDS], run=run) == ["few updates", "nothing read"]


def test_outputs_that_are_not_finite():
    assert causes([("a", "")], outputs={"probs": np.array([np.nan])}) == ["not finite"]


def test_an_evaluation_forgets_the_one_before():
    health = HEALTH_CHECKS.build({"name": Text.health_check}, postprocess=None)
    health.add_image("a", {"probs": np.array([np.inf])}, Text(""), {"text": "a"})
    health.begin_evaluation()
    assert (health.texts, health.broken) == ([], 0)
