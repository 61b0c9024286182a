"""Our recipes have the published settings, key by key; intended differences are listed with their reasons."""

from __future__ import annotations

import functools
import inspect
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from published_recipes import REFERENCE, Facts, flatten, read_facts, write_flat

from mindocr.config import load_config
from mindocr.config.parts import OPEN_PARTS
from mindocr.config.wording import field_paths
from mindocr.registry import TRANSFORMS

ROOT = Path(__file__).resolve().parents[2]

RECIPES = (
    "db_mobilenetv3_icdar15",
    "db_mobilenetv3_icdar15_8p",
    "db_mobilenetv3_ppocrv3",
    "db_r18_ctw1500",
    "db_r18_icdar15",
    "db_r18_mlt2017",
    "db_r18_synthtext",
    "db_r18_td500",
    "db_r18_totaltext",
    "db_r50_ctw1500",
    "db_r50_icdar15",
    "db_r50_icdar15_8p",
    "db_r50_mlt2017",
    "db_r50_synthtext",
    "db_r50_td500",
    "db_r50_totaltext",
    "dbpp_r50_icdar15",
    "dbpp_r50_icdar15_8p",
    "dbpp_r50_icdar15_910",
)
GENERAL = ("db_r50_general", "dbpp_r50_general")  # published without their settings


class Difference(NamedTuple):
    """A difference from the published settings: the recipes and the key (both patterns), and the reason."""

    recipes: str
    key: str
    reason: str


DIFFERENCES = (
    Difference(".*", r".*\.(net_input|label)_column_index", "columns are chosen by name"),
    Difference(".*", r".*\.use_minddata", "there is one data pipeline"),
    Difference(".*", r"(eval|predict)\.dataset_sink_mode", "only training has a queue"),
    Difference(".*", r"(eval|predict)\.loader\.(shuffle|drop_remainder)", "every image is taken, in order"),
    Difference(
        "(?!db_mobilenetv3_ppocrv3).*",
        r"eval\.dataset\.transform_pipeline\.DetResize\.limit_type",
        "without effect, because target_size is given",
    ),
    Difference("db_r50_icdar15_8p", r"optimizer\.filter_bias_and_bn", "without effect, because weight_decay is 0"),
    Difference(
        r"db_r\d+_(ctw1500|td500|totaltext)",
        r"metric\.protocol",
        "the data set's own; MindOCR scores every data set by one rule of its own",
    ),
    Difference(
        r"db_r\d+_(mlt2017|td500|totaltext)",
        r"train\.dataset\.transform_pipeline\.DecodeImage\.ignore_orientation",
        "labels stand on the pictures as stored; MindOCR heeds that in evaluation and turns the pictures in training",
    ),
    Difference(
        "db_mobilenetv3_ppocrv3",
        r"train\.dataset\.transform_pipeline\.NormalizeImage\.bgr_to_rgb",
        "MindOCR trains on red, green, blue and evaluates on blue, green, red, which is what the weights know",
    ),
)
PROTOCOLS = {
    "icdar15": "icdar2015", "mlt2017": "icdar2015", "general": "icdar2015", "ppocrv3": "icdar2015",
    "totaltext": "totaltext_deteval", "ctw1500": "ctw1500", "td500": "td500",
}  # fmt: skip


@pytest.fixture(scope="module")
def facts(shared_dir: Path) -> dict[str, Facts]:
    return read_facts((shared_dir / "specs/recipes.md").read_text(encoding="utf-8"))


@functools.cache
def ours(name: str) -> Facts:
    """Our recipe, key by key."""
    return flatten(load_config(ROOT / f"configs/det/dbnet/{name}.yaml").model_dump())


SCHEMA = {path: field for path, field in field_paths() if not field.is_required()}


def default_of(key: str, recipe: Facts) -> Any:
    """The value of a key that a recipe does not set: a default of the schema, of an op, or of another part."""
    if key in SCHEMA:
        return SCHEMA[key].get_default(call_default_factory=True)
    above, _, argument = key.rpartition(".")
    place, _, op = above.rpartition(".")
    if place.endswith(".transform_pipeline"):
        return argument_default(TRANSFORMS.get(op), argument)
    for part in OPEN_PARTS:
        chosen = recipe.get(f"{part.path}.{part.selector}")
        if part.path == above and chosen:
            return argument_default(part.registry.get(chosen), argument)
    return "absent"


def argument_default(cls: type, argument: str) -> Any:
    parameter = inspect.signature(cls).parameters.get(argument)
    return "absent" if parameter is None or parameter.default is parameter.empty else parameter.default


def disagreements(name: str, published: Facts) -> dict[str, tuple[Any, Any]]:
    """Key -> (published, ours), where they are not the same."""
    mine = ours(name)
    if name != REFERENCE:
        mine = {key: value for key, value in mine.items() if key.split(".")[0] != "predict"}
    pairs = {}
    for key in {*published, *mine}:
        pair = tuple(facts[key] if key in facts else default_of(key, mine) for facts in (published, mine))
        if pair[0] != pair[1]:
            pairs[key] = pair
    return pairs


def test_every_published_recipe_is_here(facts: dict[str, Facts]) -> None:
    assert sorted(facts) == sorted(RECIPES)


def test_the_facts_are_read(facts: dict[str, Facts]) -> None:
    assert len(facts[REFERENCE]) > 110
    assert facts[REFERENCE]["train.dataset.transform_pipeline"][4:6] == ["RandomRotate", "RandomScale"]
    assert facts["db_r50_icdar15_8p"]["scheduler.min_lr"] == 1e-5
    assert "optimizer.momentum" not in facts["db_r50_icdar15_8p"]
    assert "RandomRotate" not in facts["db_r18_ctw1500"]["train.dataset.transform_pipeline"]
    assert not [key for key in facts["db_r18_synthtext"] if key.startswith(("eval", "metric", "postprocess"))]


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_has_the_published_settings(name: str, facts: dict[str, Facts]) -> None:
    allowed = [difference.key for difference in DIFFERENCES if re.fullmatch(difference.recipes, name)]
    found = disagreements(name, facts[name])
    assert {key: pair for key, pair in found.items() if not any(re.fullmatch(rule, key) for rule in allowed)} == {}


def test_every_difference_is_still_one(facts: dict[str, Facts]) -> None:
    """A reason that no recipe needs any more must be removed from the list."""
    found = [(name, key) for name in RECIPES for key in disagreements(name, facts[name])]
    unused = [
        rule
        for rule in DIFFERENCES
        if not any(re.fullmatch(rule.recipes, name) and re.fullmatch(rule.key, key) for name, key in found)
    ]
    assert unused == []


@pytest.mark.parametrize("name", [*RECIPES, *GENERAL])
def test_recipe_is_scored_as_its_data_set_is(name: str) -> None:
    data = name.split("_")[2]
    protocol = ours(name).get("metric.protocol", default_of("metric.protocol", ours(name)))
    assert protocol == PROTOCOLS.get(data, "absent"), "SynthText alone is not scored"


def test_general_recipes_take_twelve_sets_of_both_languages() -> None:
    for name in GENERAL:
        recipe = ours(name)
        for section, count in (("train", 12), ("eval", 4)):
            keys = [f"{section}.dataset.{key}" for key in ("data_dir", "label_file", "sample_ratio")]
            assert [len(recipe[key]) for key in keys] == [count] * 3
        assert {"ctw", "lsvt", "rctw17", "textocr"} < {path.split("/")[0] for path in recipe["train.dataset.data_dir"]}
        train, held_out = (set(recipe[f"{section}.dataset.label_file"]) for section in ("train", "eval"))
        assert not train & held_out


def test_recipes_are_those_of_the_reference_table(shared_dir: Path) -> None:
    """Network, devices, batch size and first weights of every row of product.md."""
    text = (shared_dir / "specs/product.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|[^|]+\| (.+?) \| (\d+)x(\d+) \| (\w*) ?\|.+\| (db\w+) \|$", text, re.M)
    assert len(rows) == 18
    assert {row[-1] for row in rows} <= {*RECIPES, *GENERAL}
    for model, cards, batch, weights, name in rows:
        recipe = ours(name)
        backbone = recipe["model.backbone.name"].removeprefix("det_").replace("_", "")
        assert backbone in model.lower().replace("-", "")
        assert recipe.get("model.neck.use_asf", False) == model.startswith("DBNet++")
        assert (recipe["system.distribute"], recipe["train.loader.batch_size"]) == (cards != "1", int(batch))
        assert (bool(recipe["model.backbone.pretrained"]), bool(recipe["model.pretrained"])) == (
            weights == "ImageNet",
            weights != "ImageNet",
        )


def test_flat_file_of_the_reference_means_our_recipe(facts: dict[str, Facts], tmp_path: Path) -> None:
    flat = write_flat(facts[REFERENCE], tmp_path / "flat.yaml")
    assert load_config(flat) == load_config(ROOT / f"configs/det/dbnet/{REFERENCE}.yaml")


@pytest.mark.parametrize("name", RECIPES)
def test_mindocrs_flat_file_loads_unchanged(name: str, facts: dict[str, Facts], tmp_path: Path) -> None:
    config = load_config(write_flat(facts[name], tmp_path / f"{name}.yaml"))
    assert config.scheduler.num_epochs == facts[name]["scheduler.num_epochs"]
    assert (config.eval is None) == name.endswith("synthtext")
