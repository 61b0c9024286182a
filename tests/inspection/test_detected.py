"""Labels of a data set against what a detector finds."""

import json

import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.inspection.detected import compare_labels
from mindocr.inspection.survey import Source


def text(x, word="a"):
    return {"transcription": word, "points": [[x, 0], [x + 40, 0], [x + 40, 10], [x, 10]]}


def line(*boxes):
    return [np.array([[x, 0], [x + w, 0], [x + w, 10], [x, 10]], np.float32) for x, w in boxes]


@pytest.fixture
def source(tmp_path):
    lines = [f"{i}.jpg\t{json.dumps([text(0), text(50), text(200, '###')])}\n" for i in range(9)]
    (tmp_path / "labels.txt").write_text("".join(lines), encoding="utf-8")
    return Source("train", tmp_path / "images", tmp_path / "labels.txt")


def test_images_are_spread_over_the_label_file_and_ignored_texts_do_not_count(source):
    seen = []

    def find(path):
        seen.append(path)
        return line((0, 90), (200, 40))

    result = compare_labels(source, find, 3)
    assert [path.name for path in seen] == ["0.jpg", "4.jpg", "8.jpg"] and seen[0].parent == source.folder
    assert (result.images, result.counts.joined, result.counts.texts) == (3, 6, 6)
    first, warning = result.lines()
    assert first.startswith(f"{source.file}, 3 images and the detector: of 6 texts 0 are hit, 6 lie in a box")
    assert warning.startswith(f"warning: {source.file}: the labels are finer than what the network finds")


def test_where_both_agree_there_is_no_warning(source):
    result = compare_labels(source, lambda path: line((0, 40), (50, 40)), 100)
    assert (result.images, result.counts.hit, len(result.lines())) == (9, 18, 1)


def test_a_line_that_is_no_label(source):
    source.file.write_text("no tab\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"labels\.txt:1"):
        compare_labels(source, lambda path: [], 5)
