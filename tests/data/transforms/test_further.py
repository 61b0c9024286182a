"""Ops that read further samples: what they get, from which seed, and what happens to broken ones."""

import cv2
import numpy as np
import pytest

from mindocr.data.datasets.recognition import RecDataset
from mindocr.data.loading.loader import Loader
from mindocr.data.transforms.further import FurtherSamples
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError, DataError
from mindocr.registry import TRANSFORMS


class JoinTwo:
    """Append the texts of up to two further samples, as many as are drawn."""

    reads = ("image", "text")
    writes = ("image", "text")
    further_samples = 2

    def draw(self, rng, sample):
        return int(rng.integers(3))

    def apply(self, sample, params):
        texts = [sample["text"], *(each["text"] for each in sample["further"][:params])]
        heights = [each["image"].shape[0] for each in sample["further"][:params]]
        assert set(heights) <= {8}  # the ops before this one have run
        return {**sample, "text": "+".join(texts)}


@pytest.fixture(autouse=True)
def op(monkeypatch):
    TRANSFORMS.names()
    monkeypatch.setitem(TRANSFORMS._classes, "JoinTwo", JoinTwo)


@pytest.fixture
def folder(tmp_path):
    lines = []
    for i in range(12):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((10, 20 + i, 3), 10 * i, np.uint8))
        lines.append(f"{i}.png\tt{i}\n")
    (tmp_path / "gt.txt").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def dataset(folder, ops=(), **options):
    line = ["DecodeImage", {"ResizeTextLine": {"height": 8}}, "JoinTwo", *ops]
    return RecDataset(str(folder), str(folder / "gt.txt"), transform_pipeline=line, seed=3, **options)


def test_further_samples_are_prepared_and_differ_by_sample_and_epoch(folder):
    lines = dataset(folder)
    texts = [[lines.get(i, epoch)["text"] for i in range(12)] for epoch in (0, 1)]
    joined = [text.split("+") for text in texts[0]]
    assert {len(parts) for parts in joined} == {1, 2, 3}
    assert [parts[0] for parts in joined] == [f"t{i}" for i in range(12)]
    assert len({part for parts in joined for part in parts[1:]}) > 4
    assert texts[0] != texts[1] and texts[0] == [dataset(folder).get(i)["text"] for i in range(12)]
    assert "further" not in lines.get(0)


def test_an_op_behind_does_not_change_the_further_samples(folder):
    with_more = dataset(folder, ["JoinTwo", {"RandomTurnTextLine": {"p": 0.5}}])
    for i in range(12):
        assert with_more.get(i)["text"].startswith(dataset(folder).get(i)["text"])


def test_workers_caches_and_resumed_epochs_give_the_same(folder):
    options = {"output_columns": ["text"]}
    with Loader(dataset(folder, **options), batch_size=4, shuffle=True, seed=3) as loader:
        here = [batch["text"] for batch in loader.epoch(2)]
    with Loader(dataset(folder, cache="ram", **options), batch_size=4, shuffle=True, seed=3, num_workers=1) as loader:
        there = [list(batch["text"]) for batch in loader.epoch(2)]
        resumed = [list(batch["text"]) for batch in loader.epoch(2, start=1)]
    assert here == there and resumed == here[1:]


def test_a_broken_further_sample_is_named_or_replaced(folder):
    for i in range(1, 12):
        (folder / f"{i}.png").write_bytes(b"\x89PNG nothing")
    strict = dataset(folder)
    for epoch in range(6):
        try:
            strict.get(0, epoch)
        except DataError as error:
            assert "0.png" not in str(error).replace("10.png", "") and str(error).count("listed in") == 1
            break
    else:
        pytest.fail("no broken sample was drawn")
    kind = dataset(folder, on_error="skip")
    texts = {kind.get(0, epoch)["text"] for epoch in range(6)}
    assert texts <= {"t0", "t0+t0", "t0+t0+t0"} and len(texts) > 1


def test_only_what_is_read_is_made():
    made = []
    further = FurtherSamples(3, lambda k: made.append(k) or {"text": str(k)})
    assert (len(further), made) == (3, [])
    assert [each["text"] for each in further[1:]] == ["1", "2"] and further[-1] is further[2]
    assert made == [1, 2]
    with pytest.raises(IndexError, match="further sample 3 of 3"):
        further[3]


def test_without_a_data_set_there_are_none(rng):
    pipeline = Pipeline(["JoinTwo"], None, ("image", "text"))
    with pytest.raises(ConfigError, match="JoinTwo: needs further samples of a data set"):
        pipeline({"image": np.zeros((8, 8, 3), np.uint8), "text": "a"}, rng)
