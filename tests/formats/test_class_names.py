"""Names of classes, listed or counted."""

from mindocr.formats.class_names import class_names


def test_a_number_stands_for_numbers():
    assert class_names(3) == ["0", "1", "2"]
    assert class_names([0, "180"]) == ["0", "180"]
