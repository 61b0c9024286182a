"""MATLAB files: the same arrays as from SciPy, and an error for every damage."""

import io

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from mindocr.errors import DataError
from mindocr.formats.matlab import read_matlab


def cells(*values):
    found = np.empty((1, len(values)), dtype=object)
    for i, value in enumerate(values):
        found[0, i] = value
    return found


CONTENT = {
    "texts": cells(np.array(["ab ", "cde", "é店"]), np.array(["x"]), "", "line"),
    "numbers": cells(np.arange(24.0).reshape(2, 3, 4), np.int64(-5), np.array([True, False]), np.float32(1.5),
    np.zeros((0, 0))),
    "nested": cells(cells("q", cells(np.arange(300, dtype=np.uint8).reshape(20, 15))), np.array([[1e-300, np.nan]])),
    "plain": np.arange(6, dtype=np.int16).reshape(2, 3),
}  # fmt: skip


def written(path, compress, content=None):
    file = io.BytesIO()
    savemat(file, CONTENT if content is None else content, do_compression=compress)
    path.write_bytes(file.getvalue())
    return path


def assert_same(found, expected):
    assert found.shape == expected.shape and found.dtype.kind == expected.dtype.kind
    if found.dtype == object:
        for pair in zip(found.ravel(), expected.ravel()):
            assert_same(*pair)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("compress", [True, False])
def test_the_same_as_scipy(tmp_path, compress):
    file = written(tmp_path / "a.mat", compress)
    expected = loadmat(str(file))
    found = read_matlab(file, tuple(CONTENT), "anything")
    assert found.keys() == CONTENT.keys()
    for name, value in found.items():
        assert_same(value, expected[name])


def test_only_what_is_asked_for(tmp_path):
    file = written(tmp_path / "a.mat", True)
    assert list(read_matlab(file, ("plain", "absent"), "anything")) == ["plain"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"w": {"a": 1}}, "class 2, which no data set holds"),
        ({"w": np.array([[1 + 2j]])}, "class 6, which no data set holds"),
        ({"w": np.zeros((10_000, 10_000), np.uint8)}, "times its size once unpacked"),
    ],
)
def test_what_is_not_read(tmp_path, content, message):
    file = written(tmp_path / "a.mat", True, content)
    with pytest.raises(
        DataError, match=rf"a\.mat: cannot read this as a MATLAB 5 file .*{message}.*; expected a table"
    ):
        read_matlab(file, ("w",), "a table")


@pytest.mark.parametrize("compress", [True, False])
def test_every_cut_and_every_flip_is_survived(tmp_path, compress):
    whole = written(tmp_path / "a.mat", compress, {"w": cells("text", np.arange(3.0))}).read_bytes()
    file = tmp_path / "damaged.mat"
    outcomes = set()
    for position in range(128, len(whole)):
        for damaged in (whole[:position], whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :]):
            file.write_bytes(damaged)
            try:
                read_matlab(file, ("w",), "anything")
                outcomes.add("read")
            except DataError as error:
                assert str(error).startswith(f"{file}: ")
                outcomes.add("refused")
    assert outcomes == {"read", "refused"}
