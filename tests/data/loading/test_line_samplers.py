"""Batches of one image size each: several scales, and buckets of widths."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lmdb_files import write_lmdb

from mindocr.data.datasets.lmdb import LMDBDataset
from mindocr.data.datasets.recognition import RecDataset, WordsOfDetDataset
from mindocr.data.loading.line_samplers import (
    MultiScaleSampler,
    Shape,
    WidthBucketSampler,
    choose_widths,
    describe_shapes,
)
from mindocr.data.loading.loader import Loader
from mindocr.data.loading.sampler import DistributedSampler
from mindocr.errors import ConfigError, DataError

LINE = [
    "DecodeImage",
    "CropTextLine",
    {"ResizeTextLine": {"height": 48}},
    "NormalizeImage",
    "ToCHWImage",
    "PadTextLine",
]


class Ratios:
    """Text lines of given aspect ratios."""

    def __init__(self, ratios):
        self.ratios = np.array(ratios, float)

    def __len__(self):
        return len(self.ratios)

    def aspect_ratios(self):
        return self.ratios


def multi(count, batch_size, **options):
    return MultiScaleSampler(Ratios([1.0] * count), batch_size, **options)


def buckets(ratios, batch_size, **options):
    return WidthBucketSampler(Ratios(ratios), batch_size, **options)


kinds = st.sampled_from(["multi", "buckets"])


@given(kinds, st.integers(1, 200), st.integers(1, 9), st.integers(1, 3), st.booleans(), st.booleans(), st.booleans())
def test_batches_are_full_fixed_in_number_and_shared_by_the_ranks(kind, count, size, world, drop, by_area, shuffle):
    ratios = np.random.default_rng(count).uniform(0.2, 9, count)
    make = {"multi": multi, "buckets": lambda n, *rest, **options: buckets(ratios, *rest, **options)}[kind]
    options = {"world": world, "drop_remainder": drop, "by_area": by_area, "shuffle": shuffle, "seed": 3}
    ranks = [make(count, size, rank=rank, **options) for rank in range(world)]
    for epoch in (0, 5):
        each = [sampler.batches(epoch) for sampler in ranks]
        sizes = [sampler.image_sizes(epoch) for sampler in ranks]
        assert {len(batches) for batches in each} == {len(ranks[0])} and all(found == sizes[0] for found in sizes)
        wanted = {shape.size: shape.batch_size for shape in ranks[0].shapes}
        assert all(len(batch) == wanted[at] for batches in each for batch, at in zip(batches, sizes[0]))
        used = np.concatenate([batch for batches in each for batch in batches] or [np.zeros(0, int)])
        left = np.concatenate([sampler.left_over(epoch) for sampler in ranks])
        assert sorted({*used.tolist(), *left.tolist()}) == list(range(count)) and not set(used) & set(left)
        if drop:
            assert len(set(used)) == len(used)
        else:
            assert not len(left)


def test_scales_and_batch_sizes_by_area():
    sampler = multi(10_000, 128, shuffle=True, drop_remainder=True, seed=1)
    assert sampler.shapes == [Shape((32, 320), 128), Shape((48, 320), 85), Shape((64, 320), 64)]
    counts = sampler.shape_counts()
    assert set(counts) == set(sampler.shapes) and all(number / len(sampler) > 0.2 for number in counts.values())
    orders = [sampler.image_sizes(epoch) for epoch in (0, 1)]
    assert sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1]
    assert [shape.batch_size for shape in multi(99, 8, by_area=False).shapes] == [8, 8, 8]
    assert describe_shapes(sampler).startswith(
        "batches have 3 shapes (h x w), each of which is compiled once: 128 images of 32 x 320 ("
    )
    assert describe_shapes(DistributedSampler(range(3))) == ""


def test_the_order_depends_on_seed_and_epoch_alone():
    for make in (
        lambda seed: multi(50, 4, shuffle=True, seed=seed),
        lambda seed: buckets(np.linspace(1, 8, 50), 4, shuffle=True, seed=seed),
    ):
        first, again, other = make(1), make(1), make(2)
        flat = [np.concatenate(sampler.batches(3)).tolist() for sampler in (first, again, other)]
        assert flat[0] == flat[1] != flat[2]
        first.batches(4)
        assert np.concatenate(first.batches(3)).tolist() == flat[0]


def test_a_line_is_in_the_narrowest_batch_that_holds_it():
    ratios = [1.0, 1.9, 2.0, 2.1, 4.0, 4.1, 9.0, np.inf]
    sampler = buckets(ratios, 1, height=50, widths=[200, 100, 300])
    found = {int(batch[0]): size for batch, size in zip(sampler.batches(0), sampler.image_sizes(0))}
    assert found == {0: (50, 100), 1: (50, 100), 2: (50, 100), 3: (50, 200), 4: (50, 200), 5: (50, 300), 6: (50, 300),
                     7: (50, 300)}  # fmt: skip


def test_lines_that_do_not_fill_a_batch_move_to_wider_ones():
    sampler = buckets([1, 1, 1, 3, 3, 3, 5, 5], 2, height=10, widths=[10, 30, 50])
    batches = dict(zip(map(tuple, map(np.ndarray.tolist, sampler.batches(0))), sampler.image_sizes(0)))
    assert batches == {(0, 1): (10, 10), (2, 3): (10, 30), (4, 5): (10, 30), (6, 7): (10, 50)}
    by_area = buckets([1] * 12 + [5] * 2, 2, height=10, widths=[10, 50], by_area=True)
    assert by_area.shapes == [Shape((10, 10), 10), Shape((10, 50), 2)]
    assert [len(batch) for batch in by_area.batches(0)] == [10, 2, 2]


def test_widths_with_the_least_padding():
    needed = np.array([20] * 50 + [100] * 20 + [110] * 5 + [300] * 2)
    assert choose_widths(needed, 1, 320) == [304]
    assert choose_widths(needed, 2, 320) == [112, 304] or choose_widths(needed, 2, 320) == [32, 304]
    assert choose_widths(needed, 3, 320) == [32, 112, 304] == choose_widths(needed, 9, 320)
    assert choose_widths(np.array([5]), 3, 8) == [8]


@given(st.lists(st.integers(1, 320), min_size=1, max_size=60), st.integers(1, 4))
def test_chosen_widths_are_the_best(needed, number):
    from itertools import combinations

    def cost(widths):
        return sum(min(width for width in widths if width >= each) for each in needed)

    chosen = choose_widths(np.array(needed), number, 320)
    assert len(chosen) <= number and chosen == sorted(chosen) and max(chosen) >= max(needed)
    grid = sorted({min(-(-each // 16) * 16, 320) for each in needed})
    if len(grid) <= 9:
        ways = [(*few, grid[-1]) for k in range(number) for few in combinations(grid[:-1], k)]
        assert cost(chosen) == min(map(cost, ways))


def test_padding_is_stated():
    sampler = buckets([2.0] * 30 + [6.0] * 10, 5, height=50, widths=[100, 300])
    assert sampler.padding() == pytest.approx((0.0, 0.5))
    assert describe_shapes(sampler).endswith("padding is 0% of the pixels, it would be 50% with one width")


@pytest.fixture
def folder(tmp_path):
    lines = []
    for i in range(20):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((24, 20 + 12 * (i % 10), 3), 200, np.uint8))
        lines.append(f"{i}.png\tt{i}\n")
    (tmp_path / "gt.txt").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def test_images_of_a_batch_have_its_size_in_workers_and_after_a_resume(folder):
    dataset = RecDataset(str(folder), str(folder / "gt.txt"), transform_pipeline=LINE, output_columns=["image", "text"])
    for sampler in (
        {"name": "WidthBucketSampler", "height": 32, "widths": [64, 160]},
        {"name": "MultiScaleSampler", "scales": [[32, 128], [48, 192]]},
    ):
        options = {"batch_size": 4, "shuffle": True, "drop_remainder": True, "sampler": sampler, "refill": True}
        loader = Loader(dataset, **options)
        shapes = [batch["image"].shape for batch in loader.epoch(2)]
        wanted = list(zip(map(len, loader.sampler.batches(2)), loader.sampler.image_sizes(2)))
        assert shapes == [(count, 3, h, w) for count, (h, w) in wanted] and len(set(shapes)) == 2
        with Loader(dataset, num_workers=1, **options) as other:
            texts = [list(batch["text"]) for batch in other.epoch(2)]
            again = [list(batch["text"]) for batch in other.epoch(2, start=2)]
        assert texts == [list(batch["text"]) for batch in loader.epoch(2)] and again == texts[2:]


def test_a_skipped_line_is_replaced_and_has_the_size_of_its_batch(folder):
    (folder / "3.png").write_bytes(b"\x89PNG broken")
    dataset = RecDataset(str(folder), str(folder / "gt.txt"), transform_pipeline=LINE, on_error="skip",
                         output_columns=["image"])  # fmt: skip
    sampler = {"name": "WidthBucketSampler", "height": 32, "widths": [64, 160]}
    loader = Loader(dataset, batch_size=4, shuffle=True, drop_remainder=True, sampler=sampler, refill=True)
    assert all(isinstance(batch["image"], np.ndarray) for batch in loader.epoch(0)) and len(loader.skipped) == 1


def test_aspect_ratios(folder, tmp_path, make_set, caplog):
    files = RecDataset(str(folder), str(folder / "gt.txt"))
    np.testing.assert_allclose(files.aspect_ratios()[:3], [20 / 24, 32 / 24, 44 / 24])
    write_lmdb(tmp_path / "lmdb", ["a", "b"], size=(10, 30))
    np.testing.assert_allclose(LMDBDataset(str(tmp_path / "lmdb")).aspect_ratios(), [3.0, 3.1])
    upright, flat = [[5, 5], [15, 5], [15, 45], [5, 45]], [[5, 5], [35, 5], [35, 15], [5, 15]]
    images, labels = make_set([("1.png", [(flat, "flat"), (upright, "turned")])])
    words = WordsOfDetDataset(str(images), str(labels), transform_pipeline=["DecodeImage", "CropTextLine"])
    shapes = [words[i]["image"].shape for i in range(2)]
    np.testing.assert_allclose(words.aspect_ratios(), [w / h for h, w, _ in shapes])
    (folder / "1.png").write_bytes(b"")
    assert np.isinf(files.aspect_ratios()).tolist() == [i == 1 for i in range(20)]
    assert "1 text line without a known size, treated as the widest" in caplog.text


def test_mistakes(folder):
    dataset = RecDataset(str(folder), str(folder / "gt.txt"), transform_pipeline=["DecodeImage"])
    with pytest.raises(ConfigError, match="MultiScaleSampler chooses the size of the images of each batch, but no op"):
        Loader(dataset, batch_size=2, sampler={"name": "MultiScaleSampler"})
    with pytest.raises(ConfigError, match=r"scales: expected pairs \[height, width\] in pixels, got \[\[32\]\]"):
        multi(3, 1, scales=[[32]])
    with pytest.raises(ConfigError, match="height, widths and max_width must be 1 or more, got 0, 4 and 320"):
        buckets([1.0], 1, height=0)
    with pytest.raises(ConfigError, match="range does not know the aspect ratios of its samples"):
        WidthBucketSampler(range(3))
    with pytest.raises(DataError, match="too few for one batch of 64"):
        Loader(RecDataset(str(folder), str(folder / "gt.txt"), transform_pipeline=LINE), batch_size=64,
               drop_remainder=True, sampler={"name": "WidthBucketSampler"})  # fmt: skip
