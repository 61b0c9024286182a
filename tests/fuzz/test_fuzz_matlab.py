"""MATLAB files of Total-Text and SynthText, damaged."""

import io

import numpy as np
import pytest
from mutations import cut, flip, noise, pick
from scipy.io import savemat
from test_fuzz_annotations import lay_out

from mindocr.formats import datasets


def cells(*values):
    found = np.empty((1, len(values)), dtype=object)
    for i, value in enumerate(values):
        found[0, i] = value
    return found


def total_text(compress=True):
    row = [np.array([[1]]), np.array([[10, 60, 60, 10]]), np.array([[1]]), np.array([[20, 20, 50, 50]]), "Oak", "c"]
    table = np.empty((2, 6), dtype=object)
    table[0], table[1] = row, [*row[:4], "#", "#"]
    return saved({"polygt": table}, compress)


def synth_text(compress=True):
    boxes = np.array([[[10, 60, 60, 10], [20, 20, 50, 50]]], dtype=np.float32).transpose(1, 2, 0)
    content = {"imnames": cells("img_1.jpg"), "wordBB": cells(boxes), "txt": cells(np.array(["word"]))}
    return saved({**content, "charBB": cells(boxes)}, compress)


def saved(content, compress):
    file = io.BytesIO()
    savemat(file, content, do_compression=compress)
    return file.getvalue()


def convert(arena, dataset, content):
    name = "poly_gt_img_1.mat" if dataset == "totaltext" else "./gt.mat"
    images, labels = lay_out(arena, name, content)
    return lambda: datasets.convert(dataset, images, labels, arena.out / "gt.txt")


def prepare(rng, arena):
    dataset, make = pick(rng, (("totaltext", total_text), ("synthtext", synth_text)))
    content = make(bool(rng.random() < 0.3))
    chance = rng.random()
    if chance < 0.85:
        head = int(pick(rng, (130, 200, 400, len(content))))
        return convert(arena, dataset, flip(content[:head], rng) + content[head:])
    return convert(arena, dataset, pick(rng, (cut, noise))(content, rng))


@pytest.mark.parametrize(("dataset", "make"), [("totaltext", total_text), ("synthtext", synth_text)])
def test_sound_files_are_converted(accepted, dataset, make):
    accepted(lambda arena: convert(arena, dataset, make()))


def test_damaged_files(fuzz):
    outcomes = fuzz("matlab", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_boxes_that_lie_nowhere(accepted, value):
    boxes = np.full((2, 4, 1), value)
    content = {"imnames": cells("img_1.jpg"), "wordBB": cells(boxes), "txt": cells(np.array(["word"]))}
    accepted(lambda arena: convert(arena, "synthtext", saved(content, True)))
