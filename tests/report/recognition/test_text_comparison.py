"""Two evaluations of recognisers compared: differences and intervals by hand and by a plain loop, pairs, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from words import report_of

from mindocr.errors import DataError
from mindocr.metrics.score import RESAMPLES
from mindocr.report.recognition.compare import ReadTexts, compare_texts
from mindocr.report.recognition.compare_page import write_text_comparison


def side(name, *images, settings=None, **metric):
    """An evaluation; ``images`` are (file, pairs of truth and what was read)."""
    words = [word for image, pairs in images for word in report_of(pairs, image, **metric).words]
    return ReadTexts(name, words, settings or {})


def rows(comparison):
    return {row.name: row for row in comparison.differences}


@pytest.fixture
def both():
    """The first reads one text of each image; the second all of image 1 and none of image 2."""
    first = side("first", ("1.jpg", [("Exit", "Exit"), ("way", "wax")]), ("2.jpg", [("Hotel", "Hotel"), ("5", "S")]))
    second = side("second", ("1.jpg", [("Exit", "EXIT"), ("way", "way")]), ("2.jpg", [("Hotel", "H"), ("5", "S")]))
    return first, second


def test_differences_by_hand(both):
    result = compare_texts(*both)
    by_name = rows(result)
    assert by_name["acc"][1:4] == (0.5, 0.5, 0.0), "acc ignores the case"
    assert by_name["exact"][1:4] == (0.5, 0.25, -0.25)
    assert by_name["norm_edit_distance"][1:4] == pytest.approx(
        ((1 + 2 / 3 + 1 + 0) / 4, (1 + 1 + 1 / 5 + 0) / 4, (1 / 3 - 4 / 5) / 4)
    )
    # resamples hold the first image twice, the second twice, or both
    assert by_name["acc"][4:] == (-0.5, 0.5) and by_name["exact"][4:] == (-0.5, 0.0)
    assert "space_recall" not in by_name, "no label has a space"
    assert (result.images, result.accuracy, result.dictionaries_differ) == (2, "acc", False)
    assert (result.gained(), result.lost(), result.otherwise_changed()) == ([1], [2], [0])


def test_the_interval_equals_that_of_a_plain_loop():
    rng = np.random.default_rng(0)
    names = [f"{i}.jpg" for i in range(15)]
    truths = [["No 5"] + ["word"] * int(rng.integers(0, 4)) for _ in names]
    first, second = (
        side(name, *((image, [(text, text if rng.random() < share else text[:-1].replace(" ", "")) for text in own])
                     for image, own in zip(names, truths)))
        for name, share in (("a", 0.5), ("b", 0.7))
    )  # fmt: skip
    by_name = rows(compare_texts(first, second, seed=3))
    weights = np.random.default_rng(3).multinomial(15, np.full(15, 1 / 15), size=RESAMPLES)
    numbers = np.array([len(own) for own in truths])
    for name, of in (
        ("acc", lambda word: word.result.right["acc"]),
        ("norm_edit_distance", lambda word: word.result.similarity),
    ):
        sums = [
            np.array([sum(of(word) for word in each.words if word.image == image) for image in names])
            for each in (first, second)
        ]
        changes = [(weight @ sums[1] - weight @ sums[0]) / (weight @ numbers) for weight in weights]
        row = by_name[name]
        assert row.change == pytest.approx((sums[1].sum() - sums[0].sum()) / numbers.sum())
        assert (row.low, row.high) == pytest.approx(tuple(np.percentile(changes, [2.5, 97.5])))
    in_labels, read = 15, [sum(word.result.spaces[2] for word in each.words) for each in (first, second)]
    assert by_name["space_recall"][1:3] == (read[0] / in_labels, read[1] / in_labels)


def test_resamples_without_a_space_have_no_space_recall():
    first = side("first", ("1.jpg", [("a b", "ab")]), ("2.jpg", [("c", "c")]))
    second = side("second", ("1.jpg", [("a b", "a b")]), ("2.jpg", [("c", "c")]))
    assert rows(compare_texts(first, second))["space_recall"][1:] == (0, 1, 1, 1, 1)


def test_an_evaluation_compared_with_itself_does_not_differ(both):
    result = compare_texts(both[0], both[0])
    assert all((row.change, row.low, row.high) == (0, 0, 0) for row in result.differences)
    assert result.gained() == result.lost() == result.otherwise_changed() == []


def test_images_are_paired_by_name_and_texts_by_their_order(both):
    first, second = both
    moved = [replace(word, image=f"/elsewhere/{word.image}") for word in (*second.words[2:], *second.words[:2])]
    extra = replace(second.words[0], image="/elsewhere/more.jpg")
    result = compare_texts(first, replace(second, words=[*moved, extra]))
    assert [word.truth for word in result.second.words] == ["Exit", "way", "Hotel", "5"]
    assert result.differences == compare_texts(first, second).differences
    assert (result.only_first, result.only_second) == ([], ["/elsewhere/more.jpg"])


def test_the_main_score_of_both_decides_which_texts_are_right(both):
    exact = [replace(each, settings={"metric": {"main_indicator": "exact"}}) for each in both]
    result = compare_texts(*exact)
    assert (result.accuracy, result.lost()) == ("exact", [0, 2])
    assert compare_texts(exact[0], both[1]).accuracy == "acc"
    edits = [replace(each, settings={"metric": {"main_indicator": "norm_edit_distance"}}) for each in both]
    assert compare_texts(*edits).accuracy == "acc"


def test_what_cannot_be_compared(both):
    first, second = both
    elsewhere = replace(second, words=[replace(word, image="other.png") for word in second.words])
    with pytest.raises(DataError, match=r"no image in common: first has 1.jpg, 2.jpg, second has other.png; compare"):
        compare_texts(first, elsewhere)
    with pytest.raises(DataError, match="different labels: 1 of 2 images have other texts in first .* such as 2.jpg"):
        compare_texts(first, replace(second, words=second.words[:3]))
    with pytest.raises(DataError, match=r"different rules for acc .*metric.lower is True and False; evaluate both"):
        compare_texts(
            replace(first, settings={"metric": {"name": "RecMetric"}}),
            replace(second, settings={"metric": {"lower": False}}),
        )


def test_different_dictionaries_are_noticed(both):
    small = side("small", ("1.jpg", [("Exit", "EXIT"), ("way", "way")]), characters="exitwa")
    large = side("large", ("1.jpg", [("Exit", "EXIT"), ("way", "way")]), characters="exitway")
    result = compare_texts(small, large)
    assert result.dictionaries_differ and not compare_texts(large, large).dictionaries_differ


def test_the_page_says_what_is_missing(tmp_path, both):
    page = write_text_comparison(tmp_path, compare_texts(*both)).read_text(encoding="utf-8")
    assert "1 images could not be read" not in page and "2 images could not be read" in page
    assert "<h2>Right only in the second: 1</h2>" in page and "<h2>Otherwise changed: 1</h2>" in page
    assert page.count('<span class="faint">no picture</span>') == 3


def test_texts_on_the_page_are_escaped(tmp_path):
    first = side("<i>", ("<b>.jpg", [("<script>", "<script>")]))
    second = side("second", ("<b>.jpg", [("<script>", "<u>")]))
    page = write_text_comparison(tmp_path, compare_texts(first, second)).read_text(encoding="utf-8")
    assert "<script" not in page and "<i>" not in page and "<u>" not in page and "&lt;script&gt;" in page
