"""Sizes and shares by hand, the recommended input size, settings from a recipe, and several processes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from small_sets import GOOD, SmallSet, details, found, jpeg, look, picture, text

from mindocr.errors import ConfigError, DataError
from mindocr.inspection.duplicates import MOST_BITS, similar_groups
from mindocr.inspection.images import ImageFacts, appearance
from mindocr.inspection.polygons import measure
from mindocr.inspection.settings import Settings, places_of, settings_of
from mindocr.inspection.statistics import recommend, statistics_of
from mindocr.inspection.summary import findings_of
from mindocr.inspection.survey import inspect


def turned(points, degrees):
    angle = math.radians(degrees)
    return np.array(points) @ np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_measure_of_a_rectangle_is_exact(degrees) -> None:
    """100 x 40 shrunk by D = A (1 - r^2) / L = 4000 * 0.84 / 280 = 12 on each side leaves 40 - 24 = 16 pixels."""
    size = measure(turned([[0, 0], [100, 0], [100, 40], [0, 40]], degrees), 0.4, True)
    assert size[:2] == pytest.approx((40, 100)) and size.kernel == pytest.approx(16)
    box = {0: 40, 30: 40 * math.cos(math.pi / 6) + 100 * math.sin(math.pi / 6), 90: 40}[degrees]
    assert size.side == pytest.approx(box) and size.corners == 4 and size.counts


def test_measure_of_a_curve_is_that_along_it() -> None:
    """Half a ring of radii 80 and 100 is a band of 20 x 90 pi."""
    angles = np.linspace(0, math.pi, 60)
    rim = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    size = measure(np.concatenate([100 * rim, 80 * rim[::-1]]), 0.4, False)
    assert size[:2] == pytest.approx((20, 90 * math.pi), rel=2e-3)
    assert measure(50 * np.concatenate([rim, -rim]), 0.4, True).thickness == pytest.approx(25 * math.pi, rel=1e-3)


def test_numbers_of_a_small_set(small_set: SmallSet) -> None:
    wide = [[10, 150], [210, 150], [210, 160], [10, 160]]  # 200 x 10
    small_set.add(text(), text(wide), text(wide, "###"), text([[0, 0], [0, 0], [0, 0]]))
    small_set.add(text(GOOD, "*"), content=jpeg(picture(7, (100, 200))))
    small_set.add(content=b"")
    numbers = statistics_of(look(small_set), "train")
    assert (numbers.images, numbers.texts, numbers.ignored, numbers.ignored_share) == (2, 6, 2, 1 / 3)
    assert numbers.image_sizes == [((320, 240), 1), ((200, 100), 1)] and numbers.kinds_of_size == 2
    assert numbers.corners == {4: 4}
    assert numbers.height_percentiles == [11.5, 17.5, 25.0, 32.5, 38.5]  # between 10 and 40
    labels = numbers.height.labels()
    assert {labels[i]: count for i, count in enumerate(numbers.height.counted) if count} == {"10-12": 1, "32-48": 1}
    assert {labels[i]: count for i, count in enumerate(numbers.height.ignored) if count} == {"10-12": 1, "32-48": 1}
    shapes = dict(zip(numbers.aspect.labels(), numbers.aspect.counted))
    assert {label: count for label, count in shapes.items() if count} == {"2-3": 1, "20+": 1}
    crowds = dict(zip(numbers.texts_per_image.labels(), numbers.texts_per_image.counted))
    assert {label: count for label, count in crowds.items() if count} == {"1": 1, "3-4": 1}


def test_recommended_size_by_hand() -> None:
    """A text of 100 x 10 keeps 10 - 2 * 1000 * 0.84 / 220 = 2.3636 pixels: it needs the scale 4 / 2.3636 = 1.692."""
    large = measure(np.array([[0, 0], [200, 0], [200, 100], [0, 100]]), 0.4, True)
    small = measure(np.array([[0, 0], [100, 0], [100, 10], [0, 10]]), 0.4, True)
    advice = recommend([large] * 19 + [small], (700, 1000), Settings())
    assert advice.size == (64, 96)  # 19 of 20 are large: max(8 / 100, 4 / 44) = 0.0909, times 700 and 1000
    assert advice.crop == (96, 96)  # not larger than the image
    advice = recommend([large] * 18 + [small] * 2, (700, 1000), Settings())
    assert advice.size == (1216, 1696)  # 1184.6 and 1692.3
    assert advice.crop == (352, 352)  # 200 pixels at 1.692
    assert "90% of" not in " ".join(advice.steps) and "95% of the texts need a scale of at most 1.69." in advice.steps
    assert advice.table == [(0.5, (352, 512), 0.9), (0.75, (544, 768), 0.9), (1.0, (704, 1024), 0.9),
                           (1.5, (1056, 1504), 0.9), (2.0, (1408, 2016), 1.0)]  # fmt: skip
    recipe = settings_of(TRAIN, {"transform_pipeline": [{"DetResize": {"target_size": [1400, 1500]}}]})
    crop, steps = recommend([large] * 18 + [small] * 2, (700, 1000), recipe, "test")[1:3]
    assert (
        crop is None and steps[-1] == "With the recipe's resize, the scale is 1.5: 90.0% of the texts are large enough."
    )
    tiny = measure(np.array([[0, 0], [9, 0], [9, 2], [0, 2]]), 0.4, True)
    advice = recommend([tiny], (100, 100), Settings())
    assert advice.size == (224, 224) and any("above 2 it only blurs, so 2 is used" in step for step in advice.steps)


def test_no_text_that_counts_no_recommendation(small_set: SmallSet) -> None:
    small_set.add(text(GOOD, "###"))
    numbers = statistics_of(look(small_set), "train")
    assert numbers.input_size is None and numbers.height_percentiles == [] and numbers.ignored_share == 1


TRAIN = {
    "type": "DetDataset",
    "transform_pipeline": [
        {"DecodeImage": {"ignore_orientation": True}}, "DetLabelEncode", {"ValidatePolygons": None},
        {"RandomScale": {"scale_range": [0.5, 3]}}, {"RandomCropWithBBox": {"crop_size": [640, 320]}},
        {"DetResize": {"target_size": [64, 640], "keep_ratio": False}},
        {"ShrinkBinaryMap": {"min_text_size": 6, "shrink_ratio": 0.55}},
    ],
}  # fmt: skip


def test_settings_of_a_recipe() -> None:
    recipe = settings_of(TRAIN, {"transform_pipeline": [{"DetResize": {"limit_type": "max", "limit_side_len": 320}}]})
    assert (recipe.shrink_ratio, recipe.min_text_size, recipe.ignore_orientation) == (0.55, 6, True)
    assert recipe.scales("train", 128, 320) == (2.0, 0.5)
    assert recipe.scales("test", 320, 640) == (0.5, 0.5)
    assert settings_of({}, None) == Settings() and Settings().scales("test", 10, 20) == (1.0, 1.0)


def test_settings_out_of_range() -> None:
    with pytest.raises(ConfigError, match=r"shrink_ratio must be in \(0, 1\], got 0"):
        Settings(shrink_ratio=0)
    with pytest.raises(ConfigError, match="min_text_size must not be negative, got -1"):
        Settings(min_text_size=-1)


def test_sizes_are_those_after_the_resize(small_set: SmallSet) -> None:
    """GOOD is 100 x 40 of 320 x 240; at 64 x 640 it is 200 x 10.7 pixels."""
    small_set.add()
    resize = settings_of(TRAIN, None).train_resize
    assert found(look(small_set, train_resize=resize, min_text_size=10)) == {}
    assert details(look(small_set, train_resize=resize, min_text_size=11), "below_filter") == [
        "10.7 pixels; the filter is 11"
    ]


def test_places_of_a_recipe(small_set: SmallSet) -> None:
    small_set.add()
    root = small_set.file.parent
    spec = {**TRAIN, "dataset_root": str(root), "data_dir": ["train"] * 2, "label_file": ["train_gt.txt"] * 2}
    assert places_of(spec, "train") == [(root / "train", root / "train_gt.txt")] * 2
    with pytest.raises(ConfigError, match="eval.dataset.type: PredictDataset has no label file to check"):
        places_of({**spec, "type": "PredictDataset"}, "eval")
    with pytest.raises(DataError, match="no such label file"):
        places_of({**spec, "label_file": ["none.txt"] * 2}, "train")


def test_two_processes_find_what_one_does(small_set: SmallSet, other_set: SmallSet) -> None:
    for i in range(40):
        small_set.add(text(GOOD[::-1] if i % 7 == 0 else GOOD))
        other_set.add(content=b"" if i % 9 == 0 else None)
    sources = [small_set.source, other_set.source]
    one, two = (inspect(sources, Settings(), workers, progress=False) for workers in (1, 2))
    numbers = {part: statistics_of(one, part) for part in ("train", "test")}
    assert json.dumps(findings_of(one, numbers)) == json.dumps(findings_of(two, numbers))
    assert one.facts == two.facts and one.measures == two.measures
    assert len(one.of_kind("counter_clockwise")) == 6 and len(one.of_kind("undecodable_image", "test")) == 5


def test_hash_search_agrees_with_all_pairs() -> None:
    """Groups found by bytes of hashes are the same as from comparing all pairs."""
    rng = np.random.default_rng(1)
    centres = rng.integers(0, 2, (30, 64))
    bits = centres[rng.integers(0, 30, 300)] ^ (rng.random((300, 64)) < 0.05)
    thumb = appearance(picture(1))[1]
    facts = [ImageFacts((1, 1), look=int("".join(map(str, row)), 2), thumb=thumb) for row in bits.tolist()]
    near = (bits[:, None] != bits[None]).sum(axis=2) <= MOST_BITS
    reach = near
    for _ in range(9):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    expected = {tuple(np.flatnonzero(row).tolist()) for row in reach if row.sum() > 1}
    assert {tuple(group) for group in similar_groups(facts)} == expected and len(expected) >= 20
    others = [fact._replace(thumb=appearance(picture(i))[1]) for i, fact in enumerate(facts)]
    assert similar_groups(others) == []
