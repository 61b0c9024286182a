"""The final layer of a recogniser for another dictionary."""

import numpy as np
import pytest

from mindocr.models.dictionary_transfer import match_classes

OLD = ["", "a", "b", "c", " "]
WEIGHT = np.array([[9, 9], [1, 0], [2, 0], [3, 4], [6, 0]], np.float32)
BIAS = np.array([-5, 1, 2, 3, 6], np.float32)


def test_rows_move_with_their_characters_and_new_ones_start_from_the_mean():
    transfer = match_classes(OLD, ["", "c", "é", "a", " "])
    assert transfer.rows.tolist() == [0, 3, -1, 1, 4]
    assert transfer.added == ("é",) and transfer.dropped == ("b",)
    # mean of a, b, c and the space, without the blank: ((1 + 2 + 3 + 6) / 4, 4 / 4)
    assert transfer.apply(WEIGHT).tolist() == [[9, 9], [3, 4], [3, 1], [1, 0], [6, 0]]
    assert transfer.apply(BIAS).tolist() == [-5, 3, 3, 1, 6]
    assert transfer.apply(BIAS).dtype == np.float32
    assert transfer.summary() == (
        "3 characters keep their rows of the final layer, and so does the blank; 1 are new and start from the mean of "
        "the old ones ('é'); 1 are not in the new dictionary any more ('b')"
    )


def test_the_same_dictionary_changes_nothing():
    transfer = match_classes(OLD, OLD)
    assert transfer.is_identity and np.array_equal(transfer.apply(WEIGHT), WEIGHT)
    assert not match_classes(OLD, ["", "b", "a", "c", " "]).is_identity
    assert not match_classes(OLD, OLD[:3]).is_identity


def test_of_two_classes_of_a_character_the_last_one_counts_as_in_decoding():
    transfer = match_classes(["", " ", "a", " "], ["", "a", " "])
    assert transfer.rows.tolist() == [0, 2, 3]


def test_both_lists_begin_with_the_blank():
    with pytest.raises(ValueError, match=r"the new classes must begin with the blank, got \['a'\]"):
        match_classes(OLD, ["a"])
