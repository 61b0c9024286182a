"""The published recipes, read from the list of their settings, and flat files written from them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from mindocr.config.merge import op_arguments, op_name
from mindocr.config.yaml_io import dump_yaml

Facts = dict[str, Any]

REFERENCE = "db_r50_icdar15"


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
    """An op is absent if all its arguments are absent."""
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


def write_flat(facts: Facts, path: Path) -> Path:
    """The settings as one flat file in the form of MindOCR."""
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
