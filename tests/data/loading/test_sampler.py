"""Samplers: the default order, which must not change, and batches of user-defined samplers."""

from dataclasses import dataclass

import numpy as np
import pytest

from mindocr.data.loading.loader import Loader
from mindocr.data.loading.sampler import Sampler
from mindocr.errors import ConfigError, DataError
from mindocr.registry import SAMPLERS

# (images, batch size, rank, world, drop_remainder, refill, shuffle), epoch, batches, and replacements for skipped
# samples of each; seed 5. Stored when the order was part of the loader, so that runs from that time can be resumed.
GOLDEN = [
    ((10, 4, 0, 1, True, True, True), 0, [[7, 6, 1, 3], [2, 4, 0, 9]], [[2, 4, 0, 9, 5, 8], [5, 8, 7, 6, 1, 3]]),
    ((10, 4, 0, 1, True, True, True), 3, [[9, 1, 0, 3], [4, 2, 7, 8]], [[4, 2, 7, 8, 6, 5], [6, 5, 9, 1, 0, 3]]),
    ((10, 4, 0, 1, False, False, False), 0, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], [[], [], []]),
    ((10, 4, 0, 1, False, False, False), 3, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], [[], [], []]),
    ((10, 4, 0, 1, False, True, True), 0, [[7, 6, 1, 3], [2, 4, 0, 9], [5, 8]],
     [[2, 4, 0, 9, 5, 8], [5, 8, 7, 6, 1, 3], [7, 6, 1, 3, 2, 4, 0, 9]]),
    ((10, 4, 0, 1, False, True, True), 3, [[9, 1, 0, 3], [4, 2, 7, 8], [6, 5]],
     [[4, 2, 7, 8, 6, 5], [6, 5, 9, 1, 0, 3], [9, 1, 0, 3, 4, 2, 7, 8]]),
    ((11, 2, 1, 3, True, True, True), 0, [[7, 2]], [[0]]),
    ((11, 2, 1, 3, True, True, True), 3, [[8, 3]], [[4]]),
    ((11, 2, 1, 3, False, True, True), 0, [[7, 2], [0, 8]], [[0, 8], [7, 2]]),
    ((11, 2, 1, 3, False, True, True), 3, [[8, 3], [4, 5]], [[4, 5], [8, 3]]),
    ((11, 2, 2, 3, False, True, True), 0, [[1, 4], [9, 1]], [[9, 1], [1, 4]]),
    ((11, 2, 2, 3, False, True, True), 3, [[7, 10], [2, 7]], [[2, 7], [7, 10]]),
    ((11, 2, 2, 3, False, False, True), 0, [[1, 4], [9]], [[], []]),
    ((11, 2, 2, 3, False, False, True), 3, [[7, 10], [2]], [[], []]),
    ((7, 3, 0, 2, True, False, False), 0, [[0, 2, 4]], [[]]),
    ((7, 3, 0, 2, True, False, False), 3, [[0, 2, 4]], [[]]),
    ((5, 1, 1, 2, False, True, True), 0, [[3], [2], [3]], [[2, 3], [3, 3], [3, 2]]),
    ((5, 1, 1, 2, False, True, True), 3, [[1], [0], [1]], [[0, 1], [1, 1], [1, 0]]),
]  # fmt: skip


@dataclass
class Lines:
    """Text lines of different widths: sample i is (1, width of i, 2), filled with i."""

    widths: list[int]
    bad: tuple[int, ...] = ()
    on_error: str = "skip"

    def __len__(self):
        return len(self.widths)

    def describe(self, index):
        return f"line {index}"

    def get(self, index, epoch=0):
        if index in self.bad:
            raise DataError(f"line {index} is broken")
        return {"image": np.full((1, self.widths[index], 2), index, np.float32), "index": np.int64(index)}


class PaddedLines(Lines):
    """As above, with batches padded to their widest line."""

    def collate(self, samples):
        width = max(sample["image"].shape[1] for sample in samples)
        pads = [((0, 0), (0, width - sample["image"].shape[1]), (0, 0)) for sample in samples]
        return {
            "image": [np.pad(sample["image"], pad) for sample, pad in zip(samples, pads)],
            "index": np.array([sample["index"] for sample in samples]),
            "widths": [sample["image"].shape[1] for sample in samples],
        }


class WidthSampler(Sampler):
    """Batches of lines of similar widths, in a new random order in each epoch."""

    def __init__(self, dataset, batch_size, seed, rank, world, longest: int = 100):
        widths = np.minimum(dataset.widths, longest)
        self.groups = np.array_split(np.argsort(widths, kind="stable"), -(-len(widths) // batch_size))
        self.groups = self.groups[: len(self.groups) // world * world]
        self.seed, self.rank, self.world = seed, rank, world

    def __len__(self):
        return len(self.groups) // self.world

    def batches(self, epoch):
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.groups))
        return [self.groups[i].tolist() for i in order[self.rank :: self.world]]


class RestlessSampler(WidthSampler):
    """A different number of batches in every epoch."""

    def batches(self, epoch):
        return super().batches(epoch)[epoch:]


@pytest.fixture(autouse=True)
def samplers(monkeypatch):
    SAMPLERS.names()  # loads the package first
    for cls in (WidthSampler, RestlessSampler):
        monkeypatch.setitem(SAMPLERS._classes, cls.__name__, cls)


@pytest.mark.parametrize(("options", "epoch", "batches", "reserves"), GOLDEN)
def test_the_usual_order_is_as_ever(options, epoch, batches, reserves, monkeypatch):
    n, batch_size, rank, world, drop, refill, shuffle = options
    loader = Loader(
        Lines([3] * n), batch_size=batch_size, rank=rank, world=world, drop_remainder=drop, refill=refill,
        shuffle=shuffle, seed=5,
    )  # fmt: skip
    asked = []
    submit = loader._submit
    monkeypatch.setattr(
        loader,
        "_submit",
        lambda pool, *job: asked.append([job[0].tolist(), job[1].tolist()]) or submit(pool, *job),
    )
    served = [list(map(int, batch["index"])) for batch in loader.epoch(epoch)]
    assert served == batches and len(loader) == len(batches)
    assert [list(pair) for pair in zip(batches, reserves)] == asked


WIDTHS = [5, 40, 7, 90, 6, 41, 88, 8, 42, 91, 39, 5]
BY_WIDTH = [{0, 11, 4}, {2, 7, 10}, {1, 5, 8}, {6, 3, 9}]


def test_a_sampler_of_ones_own_forms_the_batches_and_a_data_set_pads_them():
    options = {"batch_size": 3, "sampler": {"name": "WidthSampler"}, "seed": 2}
    with Loader(PaddedLines(WIDTHS), **options) as loader:
        here = [list(loader.epoch(epoch)) for epoch in (0, 1)]
    with Loader(PaddedLines(WIDTHS), num_workers=1, **options) as loader:
        there = [{key: np.copy(batch[key]) for key in batch} for batch in loader.epoch(1)]
        resumed = [{key: np.copy(batch[key]) for key in batch} for batch in loader.epoch(1, start=2)]
    for batches in here:
        assert sorted(sorted(batch["index"].tolist()) for batch in batches) == sorted(map(sorted, BY_WIDTH))
    for batch in here[0]:
        widest = max(WIDTHS[i] for i in batch["index"])
        assert batch["image"].shape == (3, 1, widest, 2) and batch["image"].dtype == np.float32
        for image, i in zip(batch["image"], batch["index"]):
            assert (image[:, : WIDTHS[i]] == i).all() and not image[:, WIDTHS[i] :].any()
        assert batch["widths"] == [WIDTHS[i] for i in batch["index"]]
    orders = [[batch["index"].tolist() for batch in batches] for batches in (*here, there, resumed)]
    assert orders[0] != orders[1] == orders[2] and orders[3] == orders[1][2:]
    for ours, theirs in zip(here[1], there, strict=True):
        for key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key])


def test_without_a_rule_of_the_data_set_different_widths_stay_a_list():
    batch = next(iter(Loader(Lines(WIDTHS), batch_size=2).epoch()))
    assert [image.shape for image in batch["image"]] == [(1, 5, 2), (1, 40, 2)]


def test_objects_in_a_batch_do_not_travel_through_shared_memory():
    class Named(Lines):
        def collate(self, samples):
            return {"names": np.array([f"line {sample['index']}" for sample in samples], dtype=object)}

    batch = next(iter(Loader(Named([3, 3]), batch_size=2).epoch()))
    assert batch["names"].tolist() == ["line 0", "line 1"]


def test_a_skipped_sample_is_replaced_by_one_of_a_later_batch():
    dataset = PaddedLines(WIDTHS, bad=(5,))
    loader = Loader(dataset, batch_size=3, sampler={"name": "WidthSampler"}, seed=2, refill=True)
    served = [batch["index"].tolist() for batch in loader.epoch(0)]
    order = [batch.copy() for batch in loader.sampler.batches(0)]
    number = next(i for i, batch in enumerate(order) if 5 in batch)
    stand_in = [*order[number + 1 :], *order[:number]][0][0]
    order[number] = [i for i in order[number] if i != 5] + [stand_in]
    assert served == order
    assert loader.skipped == ["line 5 is broken"]


def test_ranks_share_the_batches_of_a_sampler():
    parts = [
        Loader(PaddedLines(WIDTHS), batch_size=3, sampler={"name": "WidthSampler"}, rank=rank, world=2)
        for rank in (0, 1)
    ]
    served = [{int(i) for batch in part.epoch(4) for i in batch["index"]} for part in parts]
    assert [len(part) for part in parts] == [2, 2]
    assert not served[0] & served[1] and served[0] | served[1] == set(range(12))


def test_mistakes():
    with pytest.raises(ConfigError, match="unknown sampler 'WidthSampeler' .did you mean 'WidthSampler'"):
        Loader(Lines(WIDTHS), sampler={"name": "WidthSampeler"})
    with pytest.raises(ConfigError, match="sampler.batch_size: DistributedSampler has no argument 'batch_size'"):
        Loader(Lines(WIDTHS), sampler={"name": "DistributedSampler", "batch_size": 3})
    loader = Loader(PaddedLines(WIDTHS), batch_size=3, sampler={"name": "RestlessSampler"})
    with pytest.raises(ValueError, match="RestlessSampler: 3 batches in epoch 1, but its length is 4"):
        list(loader.epoch(1))
