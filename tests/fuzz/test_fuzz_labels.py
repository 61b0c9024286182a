"""Label files: mutated lines, read as a data set and brought through the transforms of training."""

import json
import os

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import VALUES, pick, spoil, spoil_json

from mindocr.errors import DataError
from mindocr.formats.label_file import format_label_line, parse_label_line
from mindocr.registry import DATASETS

PIPELINE = [
    {"DecodeImage": {"img_mode": "RGB"}},
    "DetLabelEncode",
    {"RandomScale": {"scale_range": [0.5, 2.0]}},
    {"RandomRotate": {"degrees": [-10, 10]}},
    {"RandomCropWithBBox": {"crop_size": [64, 64]}},
    {"ShrinkBinaryMap": {}},
    {"BorderMap": {}},
]
TEXTS = [
    {"transcription": "word", "points": [[4, 4], [60, 4], [60, 30], [4, 30]]},
    {"transcription": "店 \"a\", 'b'", "points": [[10.5, 40], [50, 41.25], [49, 60], [30, 62], [10, 58]]},
    {"transcription": "###", "points": [[70, 5], [90, 5], [90, 20], [70, 20]], "score": 0.5},
]


def lines(rng):
    """A label file of three lines, one or more of them spoiled."""
    whole = [f"{name}\t{json.dumps(TEXTS, ensure_ascii=False)}\n".encode() for name in ("a.jpg", "a.jpg", "deep/b.png")]
    if rng.random() < 0.5:
        whole[rng.integers(3)] = b"a.jpg\t" + spoil_json(TEXTS, rng) + b"\n"
        return b"".join(whole)
    if rng.random() < 0.3:
        points = (rng.standard_normal((int(rng.integers(3, 40)), 2)) * 10.0 ** rng.integers(-3, 9)).tolist()
        spoiled = {"transcription": pick(rng, ("x", "", "*", "\udfff")), "points": points}
        return b"a.jpg\t" + json.dumps([TEXTS[0], spoiled]).encode() + b"\n"
    return spoil(b"".join(whole), rng)


def use(folder):
    """Read the data set and take every sample, as training would."""
    spec = {"type": "DetDataset", "dataset_root": str(folder), "data_dir": "images", "label_file": "gt.txt",
            "transform_pipeline": PIPELINE, "output_columns": ["image", "binary_map", "mask",
            "thresh_map"]}  # fmt: skip
    dataset = DATASETS.build(spec, key="type", is_train=True, seed=0)
    for index in range(min(len(dataset), 3)):
        sample = dataset.get(index)
        assert all(np.isfinite(sample[key]).all() for key in sample), "values that are not finite reach the network"


def prepare(rng, arena, content=None):
    (arena.inputs / "images/deep").mkdir(parents=True)
    picture = rng.integers(0, 255, (64, 96, 3), np.uint8)
    for name in ("a.jpg", "deep/b.png"):
        assert cv2.imwrite(str(arena.inputs / "images" / name), picture)
    os.mkfifo(arena.inputs / "images/pipe.jpg")
    (arena.inputs / "gt.txt").write_bytes(lines(rng) if content is None else content)
    return lambda: use(arena.inputs)


def test_mutated_label_files(fuzz):
    outcomes = fuzz("labels", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


def label(points, transcription="x"):
    return b"a.jpg\t" + json.dumps([{"transcription": transcription, "points": points}]).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a.jpg\t" + b"[" * 10_000 + b"]" * 10_000, "gt.txt:1"),
        (b'a.jpg\t[{"transcription": "", "points": ' + b"[" * 900 + b"]" * 900 + b"}]", "gt.txt:1"),
        (b"a\0.jpg\t[]\n", "a\0.jpg does not exist"),
        (b"deep\0er/a.jpg\t[]\n", "does not exist"),
        (b"a" * 5000 + b".jpg\t[]\n", "does not exist"),
        (b"../../secret.txt\t[]\n", "gt.txt"),
        (b"deep\t" + json.dumps(TEXTS).encode(), "images/deep: cannot read this image"),
        (b"/dev/zero\t" + json.dumps(TEXTS).encode(), "not a file but a pipe or a device"),
        (b"pipe.jpg\t" + json.dumps(TEXTS).encode(), "not a file but a pipe or a device"),
        (label([[float("nan"), 0], [1, 1], [2, 2]]), "finite"),
        (label([[10**400, 0], [1, 1], [2, 2]]), "finite"),
        (label([[1, 1], [9, 9]]), "at least 3 points"),
        (b"\xff\xfea\x00", "not UTF-8"),
    ],
)
def test_chosen_label_lines(refused, content, message):
    assert message in refused(lambda arena: prepare(np.random.default_rng(0), arena, content))


def test_windows_line_ends_and_a_byte_order_mark(accepted):
    text = "\ufeff" + "".join(f"a.jpg\t{json.dumps(TEXTS)}\r\n" for _ in range(2))
    accepted(lambda arena: prepare(np.random.default_rng(0), arena, text.encode()))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(VALUES[:14]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=13), inner, max_size=3),
    max_leaves=12,
)
texts = st.lists(st.fixed_dictionaries({"transcription": values, "points": values}), max_size=3)


@settings(max_examples=60)
@given(path=st.text(max_size=8), content=texts | values)
def test_a_line_is_read_back_or_refused(path, content):
    """Nothing that is read is written in a form that cannot be read; nothing else than DataError is raised."""
    try:
        name, items = parse_label_line(f"{path}\t{json.dumps(content)}", "gt.txt", 1)
        written = format_label_line(name, items)
    except DataError:
        return
    assert written.encode()
    assert parse_label_line(written, "gt.txt", 1) == (name, items)
