"""RecConAug: which lines are appended, and what the joined sample holds."""

import cv2
import numpy as np
import pytest

from mindocr.data.datasets.recognition import RecDataset
from mindocr.data.transforms.rec_con_aug import RecConAug
from mindocr.errors import ConfigError


def line(text, h, w, value=0, encoded=None):
    sample = {"image": np.full((h, w, 3), value, np.uint8), "text": text}
    if encoded is not None:
        sequence = np.zeros(10, np.int32)
        sequence[: len(encoded)] = encoded
        sample.update(text_seq=sequence, text_length=np.array(len(encoded), np.int32))
    return sample


def join(op, first, *further):
    return op.apply({**first, "further": further}, True)


OP = RecConAug(image_shape=[48, 320], max_text_length=10)


def test_lines_are_scaled_and_appended_on_the_right():
    joined = join(OP, line("ab", 24, 30, 10), line("cde", 96, 100, 20), line("f", 48, 21, 30))
    assert joined["text"] == "abcdef" and joined["image"].shape == (48, 60 + 50 + 21, 3)
    assert joined["image"][5, [0, 59, 60, 109, 110, 130], 0].tolist() == [10, 10, 20, 20, 30, 30]


def test_a_line_alone_keeps_its_size():
    first = line("ab", 24, 30)
    assert OP.apply({**first, "further": ()}, False)["image"] is first["image"]
    for too_much in (line("c" * 9, 48, 10), line("c", 48, 261)):
        assert join(OP, first, too_much)["image"] is first["image"]
    wide = line("ab", 24, 200)
    assert join(OP, wide, line("c", 48, 10))["text"] == "ab"


def test_nothing_is_appended_behind_a_line_that_does_not_fit():
    first, short = line("ab", 48, 30), line("c", 48, 30)
    assert join(OP, first, short, line("d" * 8, 48, 30))["text"] == "abc"
    assert join(OP, first, line("d" * 9, 48, 30), short)["text"] == "ab"
    limit = line("c" * 8, 48, 290)
    joined = join(OP, first, limit)  # exactly 10 characters and 320 pixels
    assert joined["text"] == "ab" + "c" * 8 and joined["image"].shape == (48, 320, 3)


def test_encoded_texts_are_joined():
    first, second = line("aXb", 48, 30, encoded=[1, 2]), line("c", 48, 30, encoded=[3])
    joined = join(OP, first, second)
    assert joined["text_seq"].tolist() == [1, 2, 3] + [0] * 7 and joined["text_length"] == 3
    assert joined["text_length"].dtype == joined["text_seq"].dtype == np.int32
    assert first["text_seq"].tolist() == [1, 2] + [0] * 8
    # the room of the sequence is a limit, too
    assert join(RecConAug(max_text_length=99), first, line("c", 48, 9, encoded=[3] * 9))["text"] == "aXb"


def test_further_lines_are_read_only_when_they_are_needed():
    read = []

    class Watched(tuple):
        def __iter__(self):
            for each in tuple.__iter__(self):
                read.append(each["text"])
                yield each

    further = Watched([line("c" * 9, 48, 30), line("d", 48, 30)])
    OP.apply({**line("ab", 48, 30), "further": further}, False)
    assert read == []
    OP.apply({**line("ab", 48, 30), "further": further}, True)
    assert read == ["c" * 9]


def test_in_a_data_set(tmp_path):
    lines = []
    for i, text in enumerate(["ab", "c", "d", "eé"]):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((24, 20, 3), 50 * (i + 1), np.uint8))
        lines.append(f"{i}.png\t{text}\n")
    (tmp_path / "gt.txt").write_text("".join(lines), encoding="utf-8")
    ops = ["DecodeImage", {"RecLabelEncode": {"max_text_len": 6, "characters": "abcde", "unknown": "drop"}}]
    ops += [{"RecConAug": {"prob": 1.0, "ext_data_num": 1}}, {"ResizeTextLine": {"height": 24}}]
    dataset = RecDataset(str(tmp_path), str(tmp_path / "gt.txt"), transform_pipeline=ops)
    found = [dataset.get(i, epoch) for epoch in range(8) for i in range(4)]
    letters = dict(zip("abcde", range(1, 6)))
    for sample in found:
        known = [letters[c] for c in sample["text"] if c in letters]
        assert sample["image"].shape == (24, 40, 3) and sample["text_seq"][: len(known)].tolist() == known
        assert sample["text_length"] == len(known) >= 2
        halves = [text for text in ("ab", "c", "d", "eé") if sample["text"].endswith(text)]
        assert int(sample["image"][0, 39, 0]) == 50 * (["ab", "c", "d", "eé"].index(halves[0]) + 1)
    assert len({sample["text"] for sample in found}) > 8


def test_the_share_of_joined_lines(rng):
    assert sum(OP.draw(rng, {}) for _ in range(1000)) == pytest.approx(500, abs=60)
    assert not any(RecConAug(prob=0.0).draw(rng, {}) for _ in range(50))
    assert OP.further_samples == 2


def test_wrong_arguments():
    with pytest.raises(ConfigError, match=r"image_shape must be \[height, width\] in pixels, got \[48\]"):
        RecConAug(image_shape=[48])
    with pytest.raises(ConfigError, match="max_text_length and ext_data_num must be 1 or more, got 0 and 2"):
        RecConAug(max_text_length=0)
    with pytest.raises(ConfigError, match="RecConAug: p must be a probability"):
        RecConAug(prob=1.5)
