"""Run-length encodings of masks, decoded by hand-made examples, and outlines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindocr.formats.annotation_tools.masks import decode_brush, decode_coco, outline
from mindocr.geometry import area


def packed(values, runs=(3, 4, 8, 16)):
    """Bytes of Label Studio's brush: groups of equal values as repeated runs, others value by value."""
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in runs)
    at = 0
    while at < len(values):
        end = at + 1
        while end < min(len(values), at + 2 ** runs[-1]) and values[end] == values[at]:
            end += 1
        if end - at > 2:
            choice = next(i for i, size in enumerate(runs) if end - at <= 2**size)
            bits += f"1{choice:02b}{end - at - 1:0{runs[choice]}b}{values[at]:08b}"
        else:
            end = min(at + 2, len(values))
            bits += f"000{end - at - 1:0{runs[0]}b}" + "".join(f"{value:08b}" for value in values[at:end])
        at = end
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def test_brush_bits_written_by_hand():
    # 2 x 1 pixels = 8 values of 8 bits; sizes 3, 4, 8, 16; a run of four 0, then four values: 0, 0, 0, 255
    bits = "00000000000000000000000000001000001110010001101111111"
    bits += "10001100000000" + "00001100000000000000000000000011111111"
    bits += "0" * (-len(bits) % 8)
    content = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    assert decode_brush(content, 2, 1).tolist() == [[0, 1]]


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_brush_masks_come_back(w, h, data):
    mask = np.array(data.draw(st.lists(st.integers(0, 1), min_size=w * h, max_size=w * h))).reshape(h, w)
    values = np.repeat(mask.ravel() * 255, 4).tolist()
    np.testing.assert_array_equal(decode_brush(packed(values), w, h), mask)


@pytest.mark.parametrize(("content", "message"), [
    (packed([0] * 16), r"it has 16 values, an image of 2 x 1 pixels needs 8"),
    (packed([0] * 8)[:6], "it ends too early"),
    ([], "it ends too early"), ([0, 256], "its bytes are"), ("abc", "its bytes are"), (None, "its bytes are None"),
])  # fmt: skip
def test_malformed_brush_masks(content, message):
    with pytest.raises(ValueError, match=message):
        decode_brush(content, 2, 1)


def test_large_and_negative_numbers_in_the_text_of_coco():
    # 16 needs two characters: 16 + 32 (more follow) and 0; -1 is 31
    assert decode_coco({"size": [17, 2], "counts": "`02`0"}).sum() == 2  # 16, 2, 16
    mask = decode_coco({"size": [1, 7], "counts": "131O"})  # 1, 3, 1, 3 - 1
    assert mask.tolist() == [[0, 1, 1, 1, 0, 1, 1]]


@pytest.mark.parametrize(("content", "message"), [
    ({"size": [1, 5], "counts": "1"}, "its runs have 1 pixels, its size 5"),
    ({"size": [1, 5], "counts": "`"}, "end within"),
    ({"size": [1, 5], "counts": " "}, "its counts contain ' '"), ({"size": [1], "counts": [5]}, r"its size is \[1\]"),
    ({"size": [1, 5], "counts": [6, -1]}, "not run lengths"), ({"size": [1, 5], "counts": None}, "its counts are None"),
    ({"size": [2**20, 2**20], "counts": [1]}, "more than"), ({"size": [1, True], "counts": [1]}, "its size is"),
])  # fmt: skip
def test_malformed_masks_of_coco(content, message):
    with pytest.raises(ValueError, match=message):
        decode_coco(content)


def test_outlines_run_along_the_edges_of_pixels():
    mask = np.zeros((20, 30), np.uint8)
    assert outline(mask) == ([], 0)
    mask[3, 4] = 1
    assert outline(mask) == ([[4, 3], [5, 3], [5, 4], [4, 4]], 1)
    mask[10:15, 6:26] = 255
    points, parts = outline(mask)
    assert parts == 2 and sorted(points) == [[6, 10], [6, 15], [26, 10], [26, 15]]


def test_a_round_mask_has_few_points_and_its_area():
    y, x = np.mgrid[:200, :200]
    mask = (x - 100) ** 2 + (y - 100) ** 2 < 80**2
    points, _ = outline(mask)
    assert len(points) < 60 and abs(area(np.array(points, float)) / mask.sum() - 1) < 0.02
