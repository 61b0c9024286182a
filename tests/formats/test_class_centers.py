"""The file of class centers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.formats.class_centers import ClassCenters, hash_of, read_centers, write_centers


def test_what_is_written_is_read(tmp_path: Path):
    path = tmp_path / "centers.npz"
    given = ClassCenters(np.arange(6, dtype=np.float32).reshape(3, 2), np.array([4, 0, 1]), hash_of(["", "a", "b"]))
    write_centers(path, given)
    found = read_centers(path)
    assert found.dictionary == given.dictionary and found.counts.tolist() == [4, 0, 1]
    assert np.array_equal(found.centers, given.centers) and found.centers.dtype == np.float32


def test_the_hash_depends_on_the_order_and_on_the_limits_of_the_characters():
    lists = (["", "a", "b"], ["", "b", "a"], ["", "ab"], ["", "a", "b", " "])
    assert len({hash_of(each) for each in lists}) == len(lists)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"centers": np.zeros((2, 2))}, "holds no class centers .*counts.*export-centers"),
        ({"centers": np.zeros((2, 2)), "counts": np.zeros(3), "dictionary": "x"}, r"expected centers \(C, F\)"),
        ({"centers": np.full((2, 2), np.nan), "counts": np.zeros(2), "dictionary": "x"}, "all finite"),
        ({"centers": np.zeros((2, 2)), "counts": np.array([-1, 2]), "dictionary": "x"}, "at least 0"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, arrays, message):
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(DataError, match=f"other.npz: .*{message}"):
        read_centers(tmp_path / "other.npz")


def test_other_files_are_refused(tmp_path: Path):
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(DataError, match="text.npz: holds no class centers"):
        read_centers(tmp_path / "text.npz")
    np.save(tmp_path / "plain.npy", np.zeros(3))
    with pytest.raises(DataError, match="plain.npy: holds no class centers"):
        read_centers(tmp_path / "plain.npy")
    np.savez(tmp_path / "code.npz", centers=np.array([{}], object), counts=np.zeros(1), dictionary="x")
    with pytest.raises(DataError, match="code.npz: holds no class centers"):
        read_centers(tmp_path / "code.npz")
