"""Scores of recognisers."""

import json
from itertools import permutations

import pytest

from mindocr.errors import ConfigError
from mindocr.metrics.interval import wilson
from mindocr.metrics.rec_metric import RecMetric
from mindocr.predictions.text import Text


def score(pairs, **options):
    metric = RecMetric(**options)
    metric.judge([Text(found) for found, _ in pairs], [[truth for _, truth in pairs]])
    return metric


PAIRS = [("Exit", "Exit"), ("exit", "EXIT"), ("No 5", "no.5!"), ("出口", "出 口"), ("abcd", "abxd")]


def test_by_hand():
    scores = score(PAIRS).result()
    assert [scores[name] for name in ("exact", "case_insensitive", "alphanumeric", "acc")] == [0.2, 0.4, 0.8, 0.6]
    # no5 against no.5!: 2 edits of 5 characters; abcd against abxd: 1 of 4
    assert scores["norm_edit_distance"] == pytest.approx((1 + 1 + 3 / 5 + 1 + 3 / 4) / 5)
    low, high = scores["interval"]["exact"]
    assert low < 0.2 < high
    assert scores["counts"]["images"] == 5 and scores["counts"]["exact"] == 1


@pytest.mark.parametrize(
    ("pair", "options", "right"),
    [
        (("exit", "EXIT"), {}, True),
        (("exit", "EXIT"), {"lower": False}, False),
        (("no5", "no 5"), {}, True),
        (("no5", "no 5"), {"ignore_space": False}, False),
        (("no5", "no.5"), {}, False),
        (("no5", "no.5"), {"ignore_symbol": True}, True),
        (("no5", "no.5"), {"characters": "no5"}, True),
        (("no5", "no.5"), {"characters": "no5", "filter_ood": False}, False),
        (("no.5", "no5"), {"characters": "no5"}, False),
        (("NO", "no"), {"characters": "no"}, True),
        (("é", "e\u0301"), {"characters": "é"}, True),
        (("", "!"), {}, False),
    ],
)
def test_options_of_acc(pair, options, right):
    assert score([pair], **options).result()["acc"] == right


def test_letters_of_every_script_count():
    scores = score([("出口A", "出-口a"), ("١٢", "١٣"), ("", "!?")]).result()
    assert scores["counts"]["alphanumeric"] == 2


def test_characters_outside_the_dictionary_are_counted_and_named():
    metric = score([("a", "aé"), ("b", "béé#"), ("a", "a b")], characters="ab")
    scores = metric.result()
    assert scores["counts"]["texts_outside_dictionary"] == 2
    assert scores["counts"]["characters_outside_dictionary"] == {"é": 3, "#": 1}
    line = metric.summary(scores)
    assert line.startswith("acc 0.6667 (0.2077 to 0.9385), exact 0.0000")
    assert line.endswith("(2 texts have characters that the dictionary lacks, removed from the truth for acc: 'é' 3, "
                         "'#' 1)")  # fmt: skip


def test_ranks_add_up_in_any_order():
    whole = score(PAIRS, characters="exitno").result()
    for order in permutations(range(3)):
        parts = [score(PAIRS[i::3], characters="exitno") for i in order]
        for other in parts[1:]:
            parts[0].merge(json.loads(json.dumps(other.counts)))
        assert json.dumps(parts[0].result()) == json.dumps(whole)
    with pytest.raises(ValueError, match="cannot add counts"):
        parts[0].merge({"images": 1})


def test_nothing_evaluated():
    scores = RecMetric().result()
    assert scores["acc"] == scores["norm_edit_distance"] == 0
    assert scores["interval"]["acc"] == scores["interval"]["norm_edit_distance"] == (0, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"main_indicator": "f-score"}, r"main_indicator: expected one of acc, exact, .*, got 'f-score'"),
        ({"characters": "a", "character_dict_path": "k"}, "give either characters or character_dict_path, not both"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ConfigError, match=message):
        RecMetric(**options)


def test_spaces_are_judged_on_their_own():
    metric = RecMetric()
    pairs = [
        ("FIREDEARTH", "FIRED EARTH"),  # lost
        ("a b c", "a b c"),  # both read
        ("n o", "no"),  # added
        ("a bx d", "a b d"),  # the first is read, the second stands elsewhere: "x" for it, and one added
        (" end ", "end"),  # at the ends
    ]
    metric.judge([Text(found) for found, _ in pairs], [[truth for _, truth in pairs]])
    scores = metric.result()
    # labels: 1 + 2 + 0 + 2; read: 0 + 2 + 1 + 2; of "a bx d" and "a b d" both spaces are aligned (the x is added)
    assert [scores["counts"][name] for name in ("spaces_in_labels", "spaces_read", "spaces_read_right")] == [5, 5, 4]
    assert scores["space_recall"] == pytest.approx(4 / 5) and scores["space_precision"] == pytest.approx(4 / 5)
    assert scores["interval"]["space_recall"] == wilson(4, 5)
    assert "space_recall 0.8000 (" in metric.summary(scores)


def test_scores_of_spaces_exist_only_where_there_are_spaces():
    metric = RecMetric()
    metric.judge([Text("n o")], [["no"]])
    assert "space_recall" not in metric.result() and "space" not in metric.summary(metric.result())
    metric.judge([Text("ab")], [["a b"]])
    metric.counts["spaces_read"] = 0
    scores = metric.result()
    assert scores["space_recall"] == 0 and "space_precision" not in scores
