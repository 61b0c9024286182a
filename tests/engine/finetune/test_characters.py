"""Labels with characters that the dictionary of the weights lacks."""

from pathlib import Path

import pytest

from mindocr.engine.finetune.characters import check_characters
from mindocr.engine.finetune.split import Labelled
from mindocr.engine.finetune.start import Start
from mindocr.errors import UserError
from mindocr.formats.dictionary import read_dictionary

START = Start(Path("rec.ckpt"), "rec", "recipe", {}, ["a", "b"])


def labelled(*texts):
    return Labelled([Path()], [Path("labels.txt")], "rec", [len(texts)], [list(texts)], ["labels"])


def check(tmp_path, *texts, dictionary=None, unknown="error"):
    return check_characters(START, labelled(*texts), labelled("a b"), dictionary, unknown, tmp_path)


def test_characters_that_the_dictionary_lacks_are_counted(tmp_path):
    with pytest.raises(UserError, match=r"2 characters of the labels, in 2 texts, are not .*: 'é' 3, 'ß' 1; add them"):
        check(tmp_path, "éé a", "ßé", "ab")


def test_such_texts_may_be_left_out(tmp_path, caplog):
    assert check(tmp_path, "é", unknown="skip") is None
    assert "these texts are left out of the training" in caplog.text


def test_the_dictionary_is_extended(tmp_path):
    file = check(tmp_path, "éß", dictionary="extend")
    assert read_dictionary(file) == ["a", "b", "ß", "é"]
    assert check(tmp_path, "ab", dictionary="extend") is None


def test_a_dictionary_of_the_user(tmp_path):
    (tmp_path / "mine.txt").write_text("a\nb\né\n", encoding="utf-8")
    mine = str(tmp_path / "mine.txt")
    assert check(tmp_path, "é", dictionary=mine) == mine
    with pytest.raises(UserError, match="'ü' 1"):
        check(tmp_path, "ü", dictionary=mine)
