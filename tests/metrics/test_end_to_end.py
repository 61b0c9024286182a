"""End-to-end recognition and word spotting of ICDAR 2015: cases by hand, the benchmark's numbers, properties."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from mindocr.errors import ConfigError
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.end_to_end import MISREAD
from mindocr.metrics.protocols import build_protocol
from mindocr.metrics.protocols.icdar2015_word_spotting import clean
from mindocr.registry import METRICS

E2E, SPOTTING = "icdar2015_e2e", "icdar2015_word_spotting"
NAMES = {E2E: "end_to_end", SPOTTING: "word_spotting"}
WORD = np.array([[0, 0], [100, 0], [100, 40], [0, 40]], dtype=np.float64)
ALPHABET = "abZ9é-!?.:,*\"()·[]/' sS×"


def evaluate(protocol: str, truth: list[tuple], found: list[tuple], ignore: list[bool] | None = None):
    """Result of one image; texts are (text, x offset in pixels) of words of 100 x 40 pixels."""
    metric = DetMetric(protocol=protocol)
    return metric.update(
        [WORD + (x, 0) for _, x in found],
        [WORD + (x, 0) for _, x in truth],
        ignore or [False] * len(truth),
        [text for text, _ in found],
        [text for text, _ in truth],
    )


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("protocol", [E2E, SPOTTING])
@pytest.mark.parametrize("folder", ["icdar2015_e2e", "icdar2015_e2e_hand_cases"])
def test_the_numbers_of_the_benchmarks_script(shared_dir, protocol, folder):
    place = shared_dir / "data/metric_fixtures" / folder
    expected = json.loads((place / "expected.json").read_text(encoding="utf-8"))["results"][NAMES[protocol]]
    metric = DetMetric(protocol=protocol)
    pairs = list(zip(lines(place / "gt.jsonl"), lines(place / "det.jsonl"), strict=True))
    metric.update_many([
        ([np.array(p, float) for p in det["polygons"]], [np.array(p, float) for p in gt["polygons"]], gt["ignore"],
         det["texts"], gt["texts"])
        for gt, det in pairs
    ])  # fmt: skip
    result = metric.result()
    assert [result[name] for name in ("recall", "precision", "f-score")] == pytest.approx(
        [expected[name] for name in ("recall", "precision", "hmean")], abs=1e-6
    )
    assert result["counts"] == {
        "images": len(pairs), **{name: expected[name] for name in ("matched", "gt_care", "det_care")}
    }  # fmt: skip
    if (place / "per_image.jsonl").is_file():
        for image, line in zip(metric.images, lines(place / "per_image.jsonl"), strict=True):
            case = line[NAMES[protocol]]
            wanted = {"matched": int(case["correct"]), "gt_care": case["gt_care"], "det_care": case["det_care"]}
            assert image.counts == wanted, line


def test_a_pair_read_wrong_takes_both_places():
    """The second detection has the right text, but the first one fits as well and comes first."""
    result = evaluate(E2E, [("EXIT", 0)], [("EX1T", 10), ("exit", 0)])
    assert result.counts == {"matched": 0, "gt_care": 1, "det_care": 2}
    assert (result.pairs, result.groups) == ([], [(MISREAD, [0], [0])])
    assert (result.recall, result.precision) == (0, 0)
    other_way = evaluate(E2E, [("EXIT", 0)], [("exit", 0), ("EX1T", 10)])
    assert (other_way.pairs, other_way.recall, other_way.precision) == ([(0, 0)], 1, 0.5)


def test_word_spotting_sets_detections_of_numbers_aside():
    truth, found = [("ROOM", 0), ("12:30", 200)], [("room", 0), ("12:30", 200)]
    spotted = evaluate(SPOTTING, truth, found)
    assert spotted.counts == {"matched": 1, "gt_care": 1, "det_care": 1}
    assert (spotted.gt_dontcare, spotted.det_dontcare) == ([1], [1])
    assert evaluate(E2E, truth, found).counts == {"matched": 2, "gt_care": 2, "det_care": 2}


def test_ignored_texts_never_count():
    result = evaluate(E2E, [("###", 0), ("A", 200)], [("###", 0), ("a", 200)], [True, False])
    assert result.counts == {"matched": 1, "gt_care": 1, "det_care": 1}


@pytest.mark.parametrize("protocol", [E2E, SPOTTING])
def test_images_without_texts(protocol):
    assert evaluate(protocol, [], []).precision == 1
    alarm = evaluate(protocol, [], [("EXIT", 0)])
    assert (alarm.recall, alarm.precision, alarm.counts["det_care"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("Ben's", "Ben"), ("-Ben's", "Ben"), ("-CO-OP-", "CO-OP"), ("(-word-)", "-word-"), ("a/b", "a b"), ("'s", ""),
     ("", ""), ("!?", "")],
)  # fmt: skip
def test_cleaning(text, cleaned):
    assert clean(text) == cleaned


def random_text(rng: random.Random) -> str:
    return "".join(rng.choices(ALPHABET, k=rng.randrange(7)))


def test_properties_of_texts():
    """Case of either side never matters; the text itself always agrees end to end; only one sign may be missing."""
    rng = random.Random(0)
    read, spot = build_protocol(E2E), build_protocol(SPOTTING)
    for _ in range(3000):
        truth, found = random_text(rng), random_text(rng)
        for protocol in (read, spot):
            agrees = protocol.agree(truth, found)
            assert agrees == protocol.agree(truth.swapcase(), found) or "'" in truth, (truth, found)
            assert agrees == protocol.agree(truth, found.swapcase()), (truth, found)
        assert read.agree(truth, truth)
        if read.agree(truth, found):
            assert len(truth.upper()) - len(found.upper()) in (0, 1, 2), (truth, found)
        if spot.counts(truth):
            assert spot.agree(truth, clean(truth)) and not any(character.isdigit() for character in truth)


@pytest.mark.parametrize("protocol", [E2E, SPOTTING])
def test_properties_of_scores(protocol):
    """Never above detection alone; ranks that add their counts, and images in another order, give the same."""
    rng = random.Random(1)
    images = []
    for _ in range(30):
        truth = [(random_text(rng) or "word", 120 * i) for i in range(rng.randrange(5))]
        found = [(text if rng.random() < 0.6 else random_text(rng), x + rng.randrange(40)) for text, x in truth]
        rng.shuffle(found)
        polys = [[WORD + (x, 0) for _, x in side] for side in (found, truth)]
        texts = [[text for text, _ in side] for side in (found, truth)]
        images.append((*polys, [rng.random() < 0.2 for _ in truth], *texts))

    def total(chosen, name=protocol):
        metric = DetMetric(protocol=name)
        metric.update_many(chosen)
        return metric

    whole, (one, other) = total(images), (total(images[::2]), total(images[1::2]))
    one.merge(other.counts)
    assert one.result() == whole.result() == total(images[::-1]).result()
    detected = total(images, "icdar2015").counts
    assert 0 < whole.counts["matched"] < detected["matched"] and whole.counts["gt_care"] <= detected["gt_care"]
    paired = [len(image.pairs) + len(image.groups) for image in whole.images]
    if protocol == E2E:
        assert paired == [len(image.pairs) for image in total(images, "icdar2015").images]


def test_texts_are_needed():
    metric = DetMetric(protocol=E2E)
    with pytest.raises(ValueError, match="compares texts; got 1 ground-truth polygons, no texts"):
        metric.update([], [WORD], [False])
    with pytest.raises(ValueError, match="got 1 detected polygons, 2 texts"):
        metric.update([WORD], [WORD], [False], ["a", "b"], ["a"])
    assert metric.counts["images"] == 0


def test_a_recipe_of_a_detector_cannot_name_such_a_protocol():
    problems = METRICS.check("DetMetric", {"protocol": E2E})
    assert problems and "use 'mindocr score' on the results of 'mindocr read'" in str(problems)
    with pytest.raises(ConfigError, match="takes no|no argument"):
        build_protocol(E2E, {"rule": "any"})
