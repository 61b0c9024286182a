"""The score without a class of errors: computed by hand, and by fixing the errors and scoring again."""

import numpy as np
import pytest
from rectangles import rect

from mindocr.metrics.det_metric import DetMetric
from mindocr.report.diagnosis import LABEL, MERGED, NOTHING, SPLIT, UNCLIP, diagnose
from mindocr.report.remedies import counts_without, remedies


def test_counts_by_hand():
    counts = {"images": 2, "matched": 6, "gt_care": 10, "det_care": 8}
    # four texts more are found, by four detections; three false positives are gone
    assert counts_without(counts, NOTHING, 4, 3) == {"images": 2, "matched": 10, "gt_care": 10, "det_care": 9}
    # two suspect texts and one suspect detection no longer count
    assert counts_without(counts, LABEL, 2, 1) == {"images": 2, "matched": 6, "gt_care": 8, "det_care": 7}
    deteval = {"images": 1, "recall_sum": 2.8, "precision_sum": 3.4, "gt_care": 5, "det_care": 6}
    assert counts_without(deteval, SPLIT, 1, 2) == {
        "images": 1, "recall_sum": 3.8, "precision_sum": 4.4, "gt_care": 5, "det_care": 5,
    }  # fmt: skip
    assert counts["matched"] == 6, "the counts given stay as they are"


def test_rows_by_hand(judged):
    """Four texts: one found, two merged, one missed; and a false positive. Recall 1/4, precision 1/3, f-score 2/7."""
    words = [rect(0, 0, 45, 20), rect(55, 0, 100, 20), rect(0, 40, 100, 60), rect(0, 80, 100, 100)]
    judged(words, [rect(0, 0, 100, 20), words[2], rect(200, 100, 300, 120)])
    rows = {row.tag: row for row in remedies(diagnose(judged.cases, judged.metric.protocol), judged.metric.counts,
                                             judged.metric.protocol)}  # fmt: skip
    assert judged.metric.result()["f-score"] == pytest.approx(2 / 7)
    assert rows[MERGED][1:3] == (2, 1)
    assert rows[MERGED].f_score == pytest.approx(2 * 3 / (4 + 4))  # 3 of 4 texts by 4 detections
    assert rows[NOTHING][1:3] == (1, 1)
    assert rows[NOTHING].f_score == pytest.approx(2 * 2 / (4 + 3))  # 2 of 4 texts by 3 detections
    assert rows[MERGED].gain == pytest.approx(3 / 4 - 2 / 7)
    assert list(rows) == [MERGED, NOTHING], "what brings most stands first"


@pytest.mark.parametrize("protocol", ["icdar2015", "totaltext_pascal", "ctw1500", "td500", "icdar2013_deteval",
                                      "totaltext_deteval"])  # fmt: skip
@pytest.mark.parametrize("tag", [UNCLIP, SPLIT, MERGED, NOTHING])
def test_mending_a_class_and_scoring_again_gives_that_score(judged, protocol, tag):
    judged.use(protocol)
    judged([rect(0, 0, 100, 20), rect(0, 50, 100, 70)], [rect(0, 0, 100, 20), rect(13, 54, 87, 65)])
    judged([rect(0, 0, 100, 20), rect(0, 50, 100, 70)], [rect(0, 50, 36, 70), rect(64, 50, 99, 70)])
    judged([rect(0, 0, 45, 20), rect(100, 0, 145, 20)], [rect(-30, -10, 175, 50)])
    judged([rect(0, 0, 45, 20)], [rect(0, 0, 45, 20), rect(200, 100, 300, 120)])
    found = diagnose(judged.cases, judged.metric.protocol)
    again = DetMetric(protocol=protocol)
    for case, each in zip(judged.cases, found):
        gone = [i for i, alarm in each.alarms.items() if alarm.tag == tag]
        kept = [poly for i, poly in enumerate(case.found) if i not in gone]
        new = [case.truth[i] for i, miss in each.misses.items() if miss.tag == tag]
        again.update([*kept, *new], case.truth, case.ignore)
    row = [row for row in remedies(found, judged.metric.counts, judged.metric.protocol) if row.tag == tag]
    if not row:  # such a protocol has no such error: it credits splits, or merges
        assert again.result() == judged.metric.result()
        return
    assert row[0].f_score == pytest.approx(again.result()["f-score"], abs=1e-12)
    assert row[0].gain == pytest.approx(again.result()["f-score"] - judged.metric.result()["f-score"], abs=1e-12)


@pytest.mark.parametrize(
    ("protocol", "split", "merged"),
    [
        # recall (0.8 + 2 + 2) / 5 and precision (1.6 + 1 + 2) / 5; without the split 1 and 1; without the merge 4.8 / 5
        # and 5.6 / 6
        ("icdar2013_deteval", 0.0604, 0.0069),
        # 4.4 / 5 and 4.4 / 5; without the split 4.6 / 5 and 3.8 / 4; without the merge 4.8 / 5 and 5.6 / 6
        ("totaltext_deteval", 0.0548, 0.0665),
    ],
)
def test_matches_of_several_by_hand(judged, protocol, split, merged):
    """The gain is that of an evaluation in which each of these texts has its own detection."""
    judged.use(protocol)
    word, words = rect(0, 0, 99, 19), [rect(0, 40, 49, 59), rect(60, 40, 99, 59)]
    judged([word, *words], [rect(0, 0, 49, 19), rect(50, 0, 99, 19), rect(0, 40, 99, 59)])
    judged(words, words)
    rows = remedies(diagnose(judged.cases, judged.metric.protocol), judged.metric.counts, judged.metric.protocol,
                    judged.cases)  # fmt: skip
    by_tag = {row.tag: row for row in rows}
    assert [by_tag[tag][1:3] + (by_tag[tag].shared,) for tag in (SPLIT, MERGED)] == [(0, 0, 1), (0, 0, 1)]
    assert by_tag[SPLIT].gain == pytest.approx(split, abs=1e-4)
    assert by_tag[MERGED].gain == pytest.approx(merged, abs=1e-4)


def test_nothing_wrong_nothing_to_mend(judged):
    judged([rect(0, 0, 100, 20)], [rect(0, 0, 100, 20)])
    assert remedies(diagnose(judged.cases, judged.metric.protocol), judged.metric.counts, judged.metric.protocol) == []


def test_classes_together_cover_all_mistakes(judged):
    rng = np.random.default_rng(3)
    for _ in range(30):
        boxes = [rect(x, y, x + w, y + h) for x, y, w, h in rng.integers((0, 0, 10, 5), (300, 150, 100, 40), (10, 4))]
        judged(boxes[:7], [box + rng.normal(0, 5, (4, 2)) for box in boxes[2:]])
    rows = remedies(diagnose(judged.cases, judged.metric.protocol), judged.metric.counts, judged.metric.protocol)
    counts = judged.metric.counts
    assert sum(row.misses for row in rows) == counts["gt_care"] - counts["matched"]
    assert sum(row.alarms for row in rows) == counts["det_care"] - counts["matched"]
    assert [row.gain for row in rows] == sorted((row.gain for row in rows), reverse=True)
