"""Texts as classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.data.transforms.rec_label import RecLabelEncode
from mindocr.errors import ConfigError, DataError
from mindocr.formats.dictionary import TextClasses


def encode(text, **options):
    sample = RecLabelEncode(**{"max_text_len": 5, "characters": "ab", **options})({"text": text})
    return sample["text_seq"].tolist(), int(sample["text_length"])


def test_classes_follow_the_blank_and_the_space_is_the_last():
    assert encode("ba b") == ([2, 1, 3, 2, 0], 4)


def test_types_are_those_of_the_loss():
    sample = RecLabelEncode(3, characters=["x"])({"text": "x"})
    assert sample["text_seq"].dtype == sample["text_length"].dtype == np.int32 and sample["text_length"].shape == ()


def test_the_dictionary_may_be_a_file(tmp_path):
    (tmp_path / "keys.txt").write_text("b\na\n", encoding="utf-8")
    assert encode("ab", characters=None, character_dict_path=str(tmp_path / "keys.txt")) == ([2, 1, 0, 0, 0], 2)


def test_unknown_characters_may_be_dropped():
    assert encode("a?Ab", unknown="drop") == ([1, 2, 0, 0, 0], 2)
    assert encode("a?Ab", unknown="drop", lower=True) == ([1, 1, 2, 0, 0], 3)


@given(st.text(st.sampled_from("ab "), min_size=1, max_size=8))
def test_encoding_is_the_inverse_of_the_classes(text):
    sequence, length = encode(text, max_text_len=8)
    assert "".join(TextClasses("ab", None, True).classes[number] for number in sequence[:length]) == text
    assert not any(sequence[length:])


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a?b!?", {}, r"'a\?b!\?': the dictionary lacks '\?', '!'; use another dictionary"),
        ("ababab", {}, r"'ababab': 6 characters, above max_text_len 5; correct the text"),
        ("??", {"unknown": "drop"}, r"2 characters, none of them in the dictionary"),
        ("a b", {"use_space_char": False}, r"the dictionary lacks ' '"),
    ],
)
def test_a_text_that_cannot_be_encoded(text, options, message):
    with pytest.raises(DataError, match=message):
        encode(text, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_text_len": 0}, "max_text_len must be 1 or more, got 0"),
        ({"characters": "a", "character_dict_path": "k"}, "give either characters or character_dict_path, not both"),
        ({"characters": "aa"}, "RecLabelEncode: characters: 'a' stands on line 1 and on line 2"),
        ({"character_dict_path": "no/such/file"}, "RecLabelEncode: no/such/file: no character dictionary"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ConfigError, match=message):
        RecLabelEncode(**options)


def test_without_a_dictionary_nothing_is_encoded():
    with pytest.raises(ConfigError, match="no dictionary; set character_dict_path of the post-processing"):
        RecLabelEncode()({"text": "a"})
