"""Words and characters of a line from its time steps."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mindocr.predictions.text import Character, Text
from mindocr.reading.words import END, characters_of, words_of


def line(text, steps, total=20, spaces=None, **options):
    """Each character at one time step, with a confidence of 0.1 for each step of its number."""
    spaces = spaces or {}
    read = [Character(sign, step, step + 1, step / 100, spaces.get(step, 0.0)) for sign, step in zip(text, steps)]
    return Text(text, 0.9, read, total, **options)


# A line of 100 x 20 pixels with 20 time steps: a step is a quarter of its height, and the letters are two steps apart,
# so they are 0.5 heights wide.
AB_CD = line("ab cd", [2, 4, 6, 8, 10])


def test_words_end_half_a_letter_beyond_their_outer_middles():
    first, second = words_of(AB_CD, 5)
    assert (first.text, second.text) == ("ab", "cd")
    # middle of b: 4.5 steps = 1.125 heights, + 0.25 = 1.375 of 5; the first word begins with the line
    assert (first.left, first.right) == pytest.approx((0, 1.375 / 5))
    assert (second.left, second.right) == pytest.approx(((2.125 - 0.25) / 5, (2.625 + 0.25) / 5))
    assert first.confidence == pytest.approx(0.03) and second.confidence == pytest.approx(0.09)


def test_padding_does_not_count():
    padded = line("ab cd", [2, 4, 6, 8, 10], total=40, filled=0.5)
    assert words_of(padded, 5) == words_of(AB_CD, 5)


def test_characters_do_not_overlap_and_leave_out_the_space():
    spans = characters_of(AB_CD, 5)
    assert [each.text for each in spans] == ["a", "b", "c", "d"]
    # a and b are half a letter wide to each side: from 0 (END) to 0.875, and from there to 1.375
    assert [(each.left * 5, each.right * 5) for each in spans[:2]] == [
        pytest.approx((0, 0.875)), pytest.approx((0.875, 1.375)),
    ]  # fmt: skip
    assert spans[3].confidence == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("steps", "spaces", "words"),
    [
        ([2, 4, 6, 8], {}, ["abcd"]),
        ([2, 4, 6, 8], {6: 0.05}, ["ab", "cd"]),  # the recogniser took a space into account
        ([2, 4, 6, 8], {6: 0.01}, ["abcd"]),
        ([2, 4, 10, 12], {}, ["abcd"]),  # a gap of two letters
        ([2, 4, 11, 13], {}, ["ab", "cd"]),  # of two and a half
    ],
)
def test_words_without_a_space_between_them(steps, spaces, words):
    assert [each.text for each in words_of(line("abcd", steps, spaces=spaces), 5)] == words


def test_chinese_stays_together_up_to_a_gap():
    """A Chinese character is as wide as two letters, so its distances are no gaps between letters."""
    texts = [each.text for each in words_of(line("营业9:00", [2, 6, 9, 11, 13, 15]), 5)]
    assert texts == ["营业9:00"]
    assert [each.text for each in words_of(line("营业时间", [2, 6, 16, 19]), 5)] == ["营业", "时间"]
    assert [each.text for each in characters_of(line("营业", [2, 6]), 5)] == ["营", "业"]


def test_a_single_character():
    (word,) = words_of(line("a", [10]), 5)
    assert (word.left, word.right) == pytest.approx(((2.625 - 0.225) / 5, (2.625 + 0.225) / 5))


@pytest.mark.parametrize("text", [Text(), Text("", 0.0, [], 20), line(" ", [3]), line("  ", [3, 5])])
def test_nothing_but_spaces(text):
    assert words_of(text, 5) == characters_of(text, 5) == []


def test_a_text_whose_network_has_no_time_steps():
    assert words_of(Text("abc", 0.9), 5) == []


CROWDED = [("a", 0, 0.0), ("i", 0, 0.0625), ("文", 0, 0.0), ("a", 3, 0.0), ("a", 2, 0.0)]


@example(CROWDED, 1.0, 1.0)  # the i has no room between its neighbours
@given(
    st.lists(st.tuples(st.sampled_from("aiMW 文"), st.integers(0, 3), st.floats(0, 0.1)), min_size=1, max_size=40),
    st.floats(0.05, 60),
    st.floats(0.3, 1.2),
)
def test_any_line_gives_ordered_words_inside_it(signs, ratio, filled):
    read, step = [], 0
    for sign, pause, space in signs:
        read.append(Character(sign, step + pause, step + pause + 1, 0.5, space))
        step += pause + 1
    text = Text("".join(sign for sign, _, _ in signs), 0.5, read, step, filled)
    for spans in (words_of(text, ratio), characters_of(text, ratio)):
        assert "".join(each.text for each in spans) == text.text.replace(" ", "")
        edges = np.array([(each.left, each.right) for each in spans]).reshape(-1, 2)
        assert ((edges >= 0) & (edges <= 1)).all() and (edges[:, 0] <= edges[:, 1]).all()
        assert (edges[1:, 0] >= edges[:-1, 1] - 1e-9).all()


def test_the_last_word_reaches_to_the_end_of_the_line():
    far, near = line("ab", [2, 4], total=12), line("ab", [2, 4], total=6)
    assert words_of(far, 3)[0].right == pytest.approx(1.375 / 3)
    assert END > 1.5 - 1.375 and words_of(near, 1.5)[0].right == 1
