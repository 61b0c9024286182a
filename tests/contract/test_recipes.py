"""Our recipes give the published settings, key by key; what differs on purpose is listed with its reason."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from mindocr.config import load_config
from mindocr.config.merge import op_arguments, op_name
from mindocr.config.wording import field_paths
from mindocr.config.yaml_io import dump_yaml

Facts = dict[str, Any]

RECIPES = (
    "db_mobilenetv3_icdar15",
    "db_mobilenetv3_icdar15_8p",
    "db_r18_icdar15",
    "db_r50_icdar15",
    "db_r50_icdar15_8p",
    "dbpp_r50_icdar15_910",
)
REFERENCE = "db_r50_icdar15"

# Key, as a pattern -> why ours differs or need not say it.
DIFFERENCES = {
    r".*\.(net_input|label)_column_index": "columns are chosen by name",
    r".*\.use_minddata": "there is one data pipeline",
    r"predict\.dataset_sink_mode": "prediction has no queue",
    r"eval\.dataset\.transform_pipeline\.DetResize\.divisor": "32 is the default of DetResize",
    r"eval\.dataset\.transform_pipeline\.DetResize\.limit_type": "without effect, because target_size is given",
}
DIFFERENCES_OF = {
    "db_r50_icdar15_8p": {
        r"optimizer\.filter_bias_and_bn": "without effect, because weight_decay is 0",
    },
}


def value_of(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def read_facts(text: str) -> dict[str, Facts]:
    """Every recipe of recipes.md as {dotted key: value}; ops by name, their order under ``transform_pipeline``."""
    reference, differences = text.split("\n## 1.")[1].split("\n## 2.")
    facts: Facts = {}
    for key, value in re.findall(r"^- `([^`]+)` = `([^`]+)`$", reference, re.M):
        op = re.fullmatch(r"(.+\.transform_pipeline)\[\d+\]\.(\w+)(\.\w+)?", key)
        if op is None:
            facts[key] = value_of(value)
            continue
        names = facts.setdefault(op[1], [])
        if op[2] not in names:
            names.append(op[2])
        if op[3]:
            facts[f"{op[1]}.{op[2]}{op[3]}"] = value_of(value)
    recipes = {REFERENCE: facts}
    for block in differences.split("\n### ")[1:]:
        recipe = {k: list(v) if isinstance(v, list) else v for k, v in facts.items() if not k.startswith("predict.")}
        recipe |= {key: value_of(value) for key, value in re.findall(r"^- `([^`]+)` = `([^`]+)`$", block, re.M)}
        for line in re.findall(r"^- absent: (.+)$", block, re.M):
            for key in re.findall(r"`([^`]+)`", line):
                recipe.pop(key, None)
                _forget_op_without_arguments(recipe, key)
        if "no eval, metric, postprocess section" in block:
            recipe = {k: v for k, v in recipe.items() if k.split(".")[0] not in ("eval", "metric", "postprocess")}
            recipe["train.dataset.transform_pipeline"].remove("DetLabelEncode")
            del recipe["train.gradient_accumulation_steps"]
        recipes[block.split("\n")[0].strip()] = recipe
    return recipes


def _forget_op_without_arguments(recipe: Facts, removed: str) -> None:
    """An op all of whose arguments are absent is absent."""
    op = re.fullmatch(r"(.+\.transform_pipeline)\.(\w+)\.\w+", removed)
    if op and op[2] in recipe[op[1]] and not any(key.startswith(f"{op[1]}.{op[2]}.") for key in recipe):
        recipe[op[1]].remove(op[2])


def flatten(values: Any, path: str = "") -> Facts:
    if path.endswith(".transform_pipeline"):
        flat: Facts = {path: [op_name(op) for op in values]}
        for op in values:
            flat |= {f"{path}.{op_name(op)}.{key}": value for key, value in op_arguments(op).items()}
        return flat
    if isinstance(values, dict):
        flat = {}
        for key, value in values.items():
            flat |= flatten(value, f"{path}.{key}" if path else key)
        return flat
    return {path: values}


@pytest.fixture(scope="module")
def facts(shared_dir: Path) -> dict[str, Facts]:
    return read_facts((shared_dir / "specs/recipes.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def defaults() -> Facts:
    return {
        path: field.get_default(call_default_factory=True) for path, field in field_paths() if not field.is_required()
    }


def test_the_facts_are_read(facts: dict[str, Facts]) -> None:
    assert len(facts) >= 18
    assert len(facts[REFERENCE]) > 110
    assert facts[REFERENCE]["train.dataset.transform_pipeline"][4:6] == ["RandomRotate", "RandomScale"]
    assert facts["db_r50_icdar15_8p"]["scheduler.min_lr"] == 1e-5
    assert "optimizer.momentum" not in facts["db_r50_icdar15_8p"]


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_has_the_published_settings(
    name: str, facts: dict[str, Facts], defaults: Facts, repo_root: Path
) -> None:
    wanted = facts[name]
    ours = flatten(load_config(repo_root / f"configs/det/dbnet/{name}.yaml").model_dump())
    if name != REFERENCE:
        ours = {key: value for key, value in ours.items() if not key.startswith("predict.")}
    allowed = {**DIFFERENCES, **DIFFERENCES_OF.get(name, {})}
    wrong = {}
    for key in {*wanted, *ours}:
        if any(re.fullmatch(pattern, key) for pattern in allowed):
            continue
        expected = wanted[key] if key in wanted else defaults.get(key, "absent")
        if ours.get(key, "absent") != expected:
            wrong[key] = {"published": expected, "ours": ours.get(key, "absent")}
    assert wrong == {}


def test_every_difference_is_still_one(facts: dict[str, Facts], repo_root: Path) -> None:
    """A reason that no recipe needs any more must leave the list."""
    keys = set()
    for name in RECIPES:
        ours = flatten(load_config(repo_root / f"configs/det/dbnet/{name}.yaml").model_dump())
        keys |= {key for key in {*facts[name], *ours} if facts[name].get(key, "absent") != ours.get(key, "absent")}
    patterns = [*DIFFERENCES, *(pattern for own in DIFFERENCES_OF.values() for pattern in own)]
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, key) for key in keys)] == []


def write_flat(facts: Facts, path: Path) -> Path:
    """The facts as one flat file, as MindOCR has it."""
    flat: dict[str, Any] = {}
    for key, value in facts.items():
        *above, last = key.split(".")
        if "transform_pipeline" in above:
            continue
        section = flat
        for step in above:
            section = section.setdefault(step, {})
        section[last] = value
        if last == "transform_pipeline":
            section[last] = [{name: _arguments(facts, f"{key}.{name}.") or None} for name in value]
    path.write_text(dump_yaml(flat), encoding="utf-8")
    return path


def _arguments(facts: Facts, prefix: str) -> Facts:
    return {key.removeprefix(prefix): value for key, value in facts.items() if key.startswith(prefix)}


def test_flat_file_of_the_reference_means_our_recipe(facts: dict[str, Facts], repo_root: Path, tmp_path: Path) -> None:
    flat = write_flat(facts[REFERENCE], tmp_path / "flat.yaml")
    assert load_config(flat) == load_config(repo_root / f"configs/det/dbnet/{REFERENCE}.yaml")


def test_mindocrs_flat_files_load_unchanged(facts: dict[str, Facts], tmp_path: Path) -> None:
    names = [name for name in facts if facts[name]["model.head.name"] == "DBHead"]
    assert len(names) >= 17
    for name in names:
        config = load_config(write_flat(facts[name], tmp_path / f"{name}.yaml"))
        assert config.scheduler.num_epochs == facts[name]["scheduler.num_epochs"]
        assert (config.eval is None) == name.endswith("synthtext")
