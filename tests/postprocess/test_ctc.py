"""Greedy CTC decoding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import ConfigError, DataError
from mindocr.postprocess.ctc import CTCDecode
from mindocr.predictions.text import Text


def distributions(*classes, count=4, sure=0.7):
    """(1, T, count): each step gives its class the probability ``sure`` and shares the rest."""
    probs = np.full((1, len(classes), count), (1 - sure) / (count - 1), np.float32)
    for step, best in enumerate(classes):
        probs[0, step, best] = sure
    return probs


def decode(*classes, **options):
    return CTCDecode(["a", "b"], **options)(distributions(*classes))[0]


def test_repeats_are_merged_and_blanks_dropped():
    text = decode(0, 1, 1, 0, 1, 2, 2, 3, 0)
    steps = [("a", 1, 3), ("a", 4, 5), ("b", 5, 7), (" ", 7, 8)]
    assert (text.text, text.total_steps, text.filled) == ("aab ", 9, 1)
    assert [each[:3] for each in text.characters] == steps
    assert text.spans()[1].tolist() == [4 / 9, 5 / 9]


def test_the_confidence_is_the_mean_of_the_first_step_of_each_character():
    probs = distributions(1, 1, 2)
    probs[0, 0] = [0.1, 0.9, 0, 0]
    probs[0, 1] = [0.4, 0.6, 0, 0]
    text = CTCDecode(["a", "b"])(probs)[0]
    assert text.confidence == pytest.approx((0.9 + 0.7) / 2)
    assert [each.confidence for each in text.characters] == pytest.approx([0.9, 0.7])


def test_nothing_but_blanks():
    assert decode(0, 0, 0) == Text("", 0.0, [], 3)


def test_no_lines():
    assert CTCDecode(["a", "b"])(np.zeros((0, 5, 4), np.float32)) == []


def test_the_dictionary_may_be_a_file(tmp_path):
    (tmp_path / "keys.txt").write_text("x\ny\n", encoding="utf-8")
    decoder = CTCDecode(character_dict_path=str(tmp_path / "keys.txt"), use_space_char=False)
    assert decoder(distributions(2, 1, count=3))[0].text == "yx"


@given(st.lists(st.integers(0, 3), max_size=30))
def test_decoding_is_that_of_a_loop(classes):
    text, before = "", 0
    for each in classes:
        if each != before and each:
            text += " ab "[each] if each < 3 else " "
        before = each
    probs = distributions(*classes) if classes else np.zeros((1, 0, 4), np.float32)
    assert CTCDecode(["a", "b"])(probs)[0].text == text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ConfigError, "give either characters or character_dict_path"),
        ({"characters": ["a"], "character_dict_path": "k"}, ConfigError, "give either"),
        ({"characters": ["a", "a"]}, DataError, "'a' stands on line 1 and on line 2"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        CTCDecode(**arguments)


def test_a_dictionary_of_another_network():
    with pytest.raises(ConfigError, match="the network has 7 classes, but the dictionary needs 4"):
        CTCDecode(["a", "b"])(distributions(1, count=7))
