"""Texts of generated lines: their characters, their length, and where pieces of a running text are cut."""

import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.synthetic.texts import LETTERS_AND_DIGITS, TextOptions, Texts
from mindocr.synthetic.words import LATIN


def drawn(count: int = 200, **options) -> list[str]:
    texts, rng = Texts(TextOptions(**options)), np.random.default_rng(1)
    return [texts.draw(rng) for _ in range(count)]


def test_words_have_the_wanted_length_and_characters():
    found = drawn(length=(3, 8), characters="abcdefghijklmnopqrstuvwxyz")
    assert all(3 <= len(text) <= 8 and text.islower() and text.isalpha() for text in found)
    assert len(set(found)) > 100
    assert "open" in drawn(3000, characters="abcdefghijklmnopqrstuvwxyz")  # OPEN and Open in the other case
    assert {c for text in drawn(3000) for c in text} <= set(LATIN)


def test_lines_of_several_words_end_where_the_length_ends():
    found = drawn(words=(2, 3), length=(4, 12))
    assert all(4 <= len(text) <= 12 and text == " ".join(text.split()) for text in found)
    assert {len(text.split()) for text in found} == {1, 2, 3}  # 1: the second word would have been too long


def test_random_strings_use_every_character_evenly():
    found = drawn(2000, source="random", length=(4, 6), words=(1, 2))
    assert {len(text) for text in found} == {4, 5, 6}
    letters = [c for text in found for c in text if c != " "]
    counts = [letters.count(c) for c in LETTERS_AND_DIGITS]
    assert min(counts) > 0.6 * np.mean(counts) and set(letters) == set(LETTERS_AND_DIGITS)
    assert sum(" " in text for text in found) == pytest.approx(1000, abs=100)
    assert not any(text.startswith(" ") or text.endswith(" ") or "  " in text for text in found)


@pytest.fixture
def entries(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("New York\r\nSão  Paulo\n\nÜnye\nLlanfairpwllgwyngyll\n東京\n", encoding="utf-8")
    return str(path)


def test_entries_of_a_list_are_whole(entries):
    found = set(drawn(source="list", text_file=entries, length=(1, 10)))
    assert found == {"New York", "São Paulo", "Ünye", "東京"}  # the long one is left out


def test_characters_outside_the_dictionary_are_left_out_and_counted(entries):
    texts = Texts(TextOptions("list", entries, "abcdefghijklmnopqrstuvwxyz", length=(1, 10)))
    rng = np.random.default_rng(0)
    assert {texts.draw(rng) for _ in range(100)} == {"new york", "so paulo", "nye"}
    assert texts.left_out == {"ã": 1, "Ü": 1, "東": 1, "京": 1}


def test_restricted_texts_have_only_drawable_characters(entries):
    texts = Texts(TextOptions("list", entries, length=(1, 10)))
    texts.restrict(frozenset("NewYorkn"))
    assert texts.characters == set("NewYorkn")
    rng = np.random.default_rng(0)
    assert {texts.draw(rng) for _ in range(100)} == {"New York", "o o", "nYe"}  # São Paulo: "o" of both words
    with pytest.raises(DataError, match="none of the texts can be drawn"):
        texts.restrict(frozenset("z"))


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("It was the best of times,\nit was   the worst of times.", encoding="utf-8")
    return str(path)


def test_pieces_of_a_text_are_whole_words_in_its_order(corpus):
    text = "It was the best of times, it was the worst of times."
    found = drawn(300, source="corpus", text_file=corpus, length=(5, 12))
    assert all(5 <= len(piece) <= 12 and f" {piece} " in f" {text} " for piece in found)
    assert {"It was the", "worst of", "of times,"} <= set(found)


def test_text_without_spaces_is_cut_anywhere(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("天地玄黄宇宙洪荒日月盈昃辰宿列张" * 3, encoding="utf-8")
    found = drawn(300, source="corpus", text_file=str(path), length=(2, 5))
    assert {len(piece) for piece in found} == {2, 3, 4, 5}
    assert len({piece[0] for piece in found}) == 16


@pytest.mark.parametrize(("options", "message"), [
    ({"source": "song"}, "source: expected words, random, list, corpus, got 'song'"),
    ({"source": "list"}, "source list: expected a text_file"),
    ({"text_file": "x"}, "source words reads no text_file"),
    ({"length": (0, 3)}, r"length: expected two whole numbers, 1 <= smallest <= largest, got \[0, 3\]"),
    ({"words": (2, 1)}, r"words: expected two whole numbers, .+ got \[2, 1\]"),
    ({"source": "corpus", "text_file": "no/such"}, "text_file: no/such cannot be read"),
    ({"characters": "\t"}, "characters: no text that can be drawn"),
    ({"length": (90, 99)}, "source words: 1000 draws gave no text of 90 to 99 characters"),
])  # fmt: skip
def test_mistakes_are_told(options, message):
    with pytest.raises(DataError, match=message):
        drawn(1, **options)


def test_files_without_a_usable_text_are_told(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"caf\xe9\n")
    with pytest.raises(DataError, match=r"list\.txt is not UTF-8 \(byte 3\)"):
        drawn(1, source="list", text_file=str(path))
    path.write_text("Llanfairpwllgwyngyll\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"list\.txt has no text of at most 8 characters of the dictionary"):
        drawn(1, source="list", text_file=str(path), length=(1, 8))
