"""Names of the files for an image."""

import os

from hypothesis import given
from hypothesis import strategies as st

from mindocr.inference.output_names import OutputNames


def names_of(paths, roots=()):
    names = OutputNames(roots)
    return [names.name_of(path) for path in paths]


def test_equal_names_get_numbers_and_numbers_that_are_names_too():
    assert names_of(["x/a.png", "y/a.png", "y/a_2.png", "z/a.jpg", "z/a_2.jpg"]) == [
        "a",
        "a_2",
        "a_2_2",
        "a_3",
        "a_2_3",
    ]


def test_a_search_with_subfolders_keeps_them():
    paths = ["in/a.png", "in/s/a.png", "in/s/a.jpg", "other/t/b.png", "../far/c.png"]
    assert names_of(paths, ["in", "other"]) == ["a", "s/a", "s/a_2", "t/b", "c"]
    assert names_of(["a.png", "s/a.png", "../far/c.png"], ["."]) == ["a", "s/a", "c"]


def test_a_long_name_leaves_room_for_endings():
    for letter in ("a", "茶", "\udcff"):
        (name,) = names_of([f"{letter * 240}.png"])
        assert len(os.fsencode(name)) <= 220
    assert names_of(["a" * 230 + "1.png", "a" * 230 + "2.png"])[1].endswith("_2")


@given(st.lists(st.sampled_from(["a", "a_2", "a_2_2", "a_3", "b"]), max_size=30))
def test_names_are_different(stems):
    names = names_of([f"{i}/{stem}.png" for i, stem in enumerate(stems)])
    assert len(set(names)) == len(names)
