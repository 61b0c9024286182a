"""SynthText: cleaning of its word boxes, as a .mat file and as label lines."""

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from mindocr.errors import ConfigError, DataError
from mindocr.formats import datasets
from mindocr.formats.datasets.synthtext import are_clean, clean_box
from mindocr.formats.synthtext_mat import read_synthtext

A = [[-5, 10], [20, 10], [20, 30], [-5, 30]]
B = [[150, 0], [170, 0], [170, 9], [150, 9]]
C = [[40, 40], [60, 60], [60, 40], [40, 60]]
D = [[99, 5], [120, 5], [120, 15], [99, 15]]
KEPT = [[[0, 10], [20, 10], [20, 30], [0, 30]], [[40, 40], [60, 40], [60, 60], [40, 60]]]


def cells(*values):
    array = np.empty((1, len(values)), dtype=object)
    array[0, :] = [None] * len(values)
    for i, value in enumerate(values):
        array[0, i] = value
    return array


@pytest.fixture
def published(raw_set):
    """Four images: with four words, with one word, with none after cleaning, and a missing one."""
    raw_set.draw("8/ballet_1_0.jpg", "8/ballet_1_1.jpg", "9/b_0.jpg", size=(80, 100))
    names = ["8/ballet_1_0.jpg", "8/ballet_1_1.jpg", "9/b_0.jpg", "9/lost.jpg"]
    one = np.array(C, dtype=np.float64).T
    savemat(raw_set.labels / "gt.mat", {
        "imnames": cells(*(np.array([name]) for name in names)),
        "wordBB": cells(np.array([A, B, C, D], dtype=np.float64).T, one, np.array([B, D], dtype=np.float64).T, one),
        "charBB": cells(*(np.zeros((2, 4, i + 1)) for i in range(4))),
        "txt": cells(np.array(["a b ", "c\n d"]), np.array(["word"]), np.array(["b\nd"]), np.array(["x"])),
    })  # fmt: skip
    return raw_set


def test_boxes_are_cleaned():
    boxes = [clean_box(np.array(box, dtype=np.float64), 100, 80) for box in (A, B, C, D)]
    assert boxes == [(KEPT[0], False), (None, False), (KEPT[1], True), (None, False)]
    full = np.array([[-1, 0], [99, 0], [99, 79], [-1, 79]], dtype=np.float64)
    assert clean_box(full, 100, 80) == (None, False)
    assert clean_box(full, 101, 80)[0] is not None
    past_the_corner = np.array([[-20, 10], [10, -20], [8, -22], [-22, 8]], dtype=np.float64)
    assert clean_box(past_the_corner, 100, 80) == (None, False)


def test_the_quick_look_agrees_with_the_thorough_one():
    rng = np.random.default_rng(1)
    upright = np.array([[0, 0], [40, 0], [40, 20], [0, 20]]) + rng.uniform(-30, 110, (300, 1, 2))
    boxes = upright + rng.normal(0, 6, upright.shape)
    quick = are_clean(boxes, 100, 80)
    assert 20 < quick.sum() < 280
    for box, fine in zip(boxes, quick):
        assert not fine or clean_box(box, 100, 80) == (box.tolist(), False)
    assert not are_clean(np.array([A, B, C, D, C[::-1]], dtype=np.float64), 100, 80).any()
    assert are_clean(np.zeros((0, 4, 2)), 100, 80).shape == (0,)


def test_label_lines(published):
    lines, report = published.convert("synthtext", "gt.mat")
    assert lines == [
        ("8/ballet_1_0.jpg", [("a", KEPT[0]), ("c", KEPT[1])]),
        ("8/ballet_1_1.jpg", [("word", KEPT[1])]),
        ("9/b_0.jpg", []),
    ]
    assert (report.texts, report.repaired, report.dropped, report.missing) == (3, 2, 4, 1)


def test_processed_mat(published):
    output = published.folder / "out/gt_processed.mat"
    report = datasets.convert("synthtext", published.images, published.labels / "gt.mat", output)
    assert (report.images, report.texts, report.repaired, report.dropped, report.missing) == (3, 3, 2, 4, 1)
    content = loadmat(output)
    assert [content[key].shape for key in ("imnames", "wordBB", "txt", "charBB")] == [(1, 3)] * 4
    names = [np.ravel(cell)[0] for cell in content["imnames"][0]]
    assert names == ["8/ballet_1_0.jpg", "8/ballet_1_1.jpg", "9/b_0.jpg"]
    assert content["wordBB"][0][0].shape == (2, 4, 2)
    assert content["wordBB"][0][2].size == 0
    assert [text.strip() for text in content["txt"][0][0]] == ["a", "c"]
    records = read_synthtext(output, published.images)
    assert [record.content[1] for record in records] == [["a", "c"], ["word"], []]
    assert records[0].content[0].tolist() == KEPT
    assert records[1].content[0].tolist() == KEPT[1:]
    assert records[2].content[0].shape == (0, 4, 2)


def test_equal_counts_stay_objects(raw_set):
    raw_set.draw("1/a.jpg", "1/b.jpg", size=(80, 100))
    quad = np.array([A, C], dtype=np.float64).T
    savemat(raw_set.labels / "gt.mat", {
        "imnames": cells(np.array(["1/a.jpg"]), np.array(["1/b.jpg"])),
        "wordBB": cells(quad, quad),
        "txt": cells(*[np.array(["a", "b"])] * 2),
    })  # fmt: skip
    output = raw_set.folder / "gt_processed.mat"
    datasets.convert("synthtext", raw_set.images, raw_set.labels / "gt.mat", output)
    assert [record.content[1] for record in read_synthtext(output, raw_set.images)] == [["a", "b"]] * 2


def test_mistakes(published):
    output = published.folder / "a.mat"
    with pytest.raises(DataError, match="set --label_dir to the file gt.mat"):
        published.convert("synthtext")
    with pytest.raises(DataError, match="9/lost.jpg: no such image; annotation left out"):
        datasets.convert("synthtext", published.images, published.labels / "gt.mat", output, strict=True)
    with pytest.raises(DataError, match="labels: none of the annotated images is in this folder"):
        datasets.convert("synthtext", published.labels, published.labels / "gt.mat", output)
    with pytest.raises(ConfigError, match="only synthtext is converted to a .mat file"):
        datasets.convert("ic15", published.images, published.labels, output)
    (published.labels / "broken.mat").write_bytes(b"x" * 200)
    with pytest.raises(DataError, match="broken.mat: cannot read this as a MATLAB 5 file .*; expected SynthText's"):
        published.convert("synthtext", "broken.mat")
    assert not list(published.folder.rglob("*.part"))
    name = "../../secret.jpg"
    savemat(published.labels / "out.mat", {"imnames": cells(np.array([name])), "wordBB": cells(np.array(C).T * 1.0),
                                           "txt": cells(np.array(["x"]))})  # fmt: skip
    with pytest.raises(DataError, match="out.mat:1: the image name './../../secret.jpg' is outside the folder"):
        published.convert("synthtext", "out.mat")
