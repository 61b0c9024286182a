"""The page on the differences from MindOCR: it follows its table, and the table follows the code."""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mindocr.cli.differences import page, read_table, subject_of
from mindocr.config.compat import known_keys, upgrade
from mindocr.config.parts import fits
from mindocr.config.schema import Optimizer, Scheduler
from mindocr.config.wording import field_paths
from mindocr.data.transforms.load import DecodeImage
from mindocr.data.transforms.resize import DetResize
from mindocr.errors import ConfigError
from mindocr.registry import BACKBONES, HEADS, LOSSES, METRICS, NECKS, POSTPROCESSES, TRANSFORMS
from mindocr.scheduler import build_schedule

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/differences_from_mindocr.md"
TABLE = read_table(PAGE.with_suffix(".yaml"))
ROWS = [row for section in TABLE["sections"] for row in section["rows"]]
REGISTRIES = (BACKBONES, NECKS, HEADS, LOSSES, POSTPROCESSES, METRICS, TRANSFORMS)
REFUSED = next(section for section in TABLE["sections"] if "refused" in section["title"])["rows"]


def subjects(kind: str, rows: list[dict[str, str]] = ROWS) -> list[str]:
    return [subject for found, subject in map(subject_of, rows) if found == kind]


def stored(path: str) -> Any:
    return json.loads((ROOT / "tests" / path).read_text(encoding="utf-8"))


# --- what the code says ---


def default_of(section: Any, key: str) -> str:
    return f"{section.model_fields[key].default:g}"


def argument_default(part: str, key: str) -> str:
    cls = next(registry.get(part) for registry in REGISTRIES if part in registry)
    return str(inspect.signature(cls.__init__).parameters[key].default)  # type: ignore[misc]


def last_rate(name: str) -> list[str]:
    """Our last rate, and MindOCR's, which must stand in the column of MindOCR."""
    rates = stored("scheduler/golden/mindocr_rates.json")
    section = Scheduler.model_validate(rates["sections"][name])
    return [f"{build_schedule(section, rates['steps_per_epoch'])[-1]:.5f}", f"MindOCR: {rates['rates'][name][-1]:.5f}"]


def milestones() -> list[str]:
    rates = stored("scheduler/golden/mindocr_rates.json")
    section = Scheduler.model_validate(rates["sections"]["multi-step"])
    ours, theirs = build_schedule(section, rates["steps_per_epoch"]), np.array(rates["rates"]["multi-step"])
    falls = [[step for step in range(1, len(each)) if each[step] < each[step - 1]] for each in (ours, theirs)]
    assert falls[0] == falls[1]
    return [
        f"Milestones {' and '.join(map(str, section.milestones))}".replace(".0", ""),
        " and ".join(map(str, falls[0])),
    ]


def warmup_start() -> list[str]:
    section = Scheduler(scheduler="constant", lr=0.1, num_epochs=10, warmup_epochs=3)
    return [str(float(build_schedule(section, 7)[0]))]


def accumulation() -> list[str]:
    section = Scheduler(scheduler="constant", lr=1.0, num_epochs=20, warmup_epochs=10)
    texts = [", ".join(f"{rate:.1f}" for rate in build_schedule(section, 1, n)[:3]) for n in (2, 1)]
    return [texts[0], f"MindOCR: {texts[1]}"]


def first_steps(opt: str, gradients: list[float], **settings: Any) -> list[float]:
    """A weight of 1 after each step with rate 0.1."""
    import mindspore as ms

    from mindocr.optim import build_optimizer

    weight = ms.Parameter(ms.Tensor([1.0], ms.float32), name="w")
    section = Optimizer.model_validate({"opt": opt, **settings})
    optimizer = build_optimizer([weight], section, np.array([0.1]))
    found = []
    for gradient in gradients:
        optimizer((ms.Tensor([gradient], ms.float32),))
        found.append(float(weight.asnumpy()[0]))
    return found


def adan() -> list[str]:
    theirs = [step[0] for step in stored("optim/golden/mindocr_steps.json")["steps"]["adan"][:2]]
    texts = [", ".join(f"{value:.5f}" for value in values) for values in (first_steps("Adan", [0.5, -0.2]), theirs)]
    return [texts[0], f"MindOCR: {texts[1]}"]


def nesterov() -> list[str]:
    return [f"here {first_steps('nesterov', [0.5])[0]:.3f}"]


def spared(filter_bias_and_bn: bool) -> list[str]:
    from mindocr.optim import group_parameters

    names = [name for name in stored("models/golden/dbnet_resnet50.json") if "moving_" not in name]
    parameters: Any = [SimpleNamespace(name=name) for name in names]
    groups = group_parameters(parameters, 1e-4, filter_bias_and_bn)
    count = sum(len(group["params"]) for group in groups if group.get("weight_decay") == 0)
    by_name = sum("beta" in name or "gamma" in name for name in names)  # MindSpore's default
    return [f"{count} of {len(names)}", *([] if filter_bias_and_bn else [f"MindOCR: {by_name} of {len(names)}"])]


def ema() -> list[str]:
    import mindspore as ms
    from mindspore import nn

    from mindocr.optim import EMA

    network = nn.Dense(1, 1, weight_init="zeros", has_bias=False)
    average = EMA(network, 0.9999)
    kept = []
    for update in (0, 1, 1000, 10000):
        ms.ops.assign(average.updates, ms.Tensor(float(update), ms.float32))
        ms.ops.assign(average.shadows[0], ms.ops.ones_like(average.shadows[0]))
        average()
        kept.append(float(average.shadows[0].asnumpy()[0, 0]))
    theirs = [0.9999 * (1 - math.exp(-update / 2000)) for update in (1, 2, 1000, 10000)]
    texts = [f"{a:.5f}, {b:.5f}, after 1000 updates {c:.5f}, after 10000 {d:.5f}" for a, b, c, d in (kept, theirs)]
    return [texts[0], f"MindOCR: {texts[1]}"]


def resize_sizes() -> list[str]:
    sizes = stored("data/transforms/golden/mindocr_sizes.json")
    position = sizes["images"].index([736, 1090])
    ours = [DetResize(**sizes["settings"][name]).new_size(736, 1090) for name in ("min", "max")]
    theirs = [sizes["sizes_and_ratios"][name][position][0] for name in ("min", "max")]
    texts = [f"{h} x {w}" for h, w in (*ours, *theirs)]
    return [
        *texts[:2],
        *(f"MindOCR: {text}" for text in texts[2:]),
        f"{len(sizes['images']) * len(sizes['settings'])} ",
    ]


def resize_padded() -> list[str]:
    sizes = stored("data/transforms/golden/mindocr_sizes.json")
    ratios = sizes["sizes_and_ratios"]["padded"][sizes["images"].index([500, 700])][1]
    h, w = DetResize(**sizes["settings"]["padded"]).new_size(500, 700)
    return [f"becomes {h} x {w}", f"MindOCR {round(500 * ratios[0])} x {round(700 * ratios[1])}"]


def first_maps() -> list[str]:
    import mindspore as ms

    head = HEADS.build({"name": "DBHead"}, in_channels=64)
    head.set_train()
    maps = head(ms.Tensor(np.random.default_rng(0).normal(size=(1, 64, 8, 8)).astype(np.float32)))
    prob, thresh = (float(each.asnumpy().mean()) for each in maps[:2])
    return [f"P = {prob:.1f}", f"T = {thresh:.1f}"]


def first_beta() -> list[str]:
    head = HEADS.build({"name": "DBHead"}, in_channels=64)
    values = {float(p.asnumpy().ravel()[0]) for p in head.get_parameters() if p.name.endswith("beta")}
    assert len(values) == 1
    return [f"{values.pop():.4f}"]


def overflow_limit() -> list[str]:
    guard = importlib.import_module("mindocr.engine.train.nonfinite_policy")
    return [f"{guard.MAX_DROPS_IN_A_ROW} in a row"]


CHECKS: dict[str, Callable[[], list[str]]] = {
    "default_min_lr": lambda: [default_of(Scheduler, "min_lr")],
    "default_warmup_epochs": lambda: [default_of(Scheduler, "warmup_epochs")],
    "default_eps": lambda: [f"{name} {Optimizer.model_validate({'opt': opt}).eps}"
                            for name, opt in (("RMSProp", "RMSProp"), ("Lamb", "lamb"), ("others", "adam"))],
    "default_betas": lambda: [],  # see test_defaults_of_the_betas
    "default_pretrained": lambda: [argument_default("det_resnet50", "pretrained")],
    "default_rsefpn": lambda: [argument_default("RSEFPN", "out_channels")],
    "polynomial_min_lr": lambda: last_rate("polynomial, min_lr"),
    "polynomial_decay_epochs": lambda: last_rate("polynomial, decay_epochs"),
    "exponential_min_lr": lambda: last_rate("exponential, min_lr"),
    "step_min_lr": lambda: last_rate("step, min_lr"),
    "multi_step_min_lr": lambda: last_rate("multi-step, min_lr"),
    "milestones": milestones,
    "warmup_start": warmup_start,
    "accumulation": accumulation,
    "adan": adan,
    "nesterov": nesterov,
    "spared_with_filter": lambda: spared(True),
    "spared_without_filter": lambda: spared(False),
    "ema": ema,
    "largest_image": lambda: [f"{DecodeImage().max_pixels} "],
    "resize_sizes": resize_sizes,
    "resize_padded": resize_padded,
    "first_maps": first_maps,
    "first_beta": first_beta,
    "overflow_limit": overflow_limit,
    "negative_ratio": lambda: [argument_default("DBLoss", "negative_ratio")],
    "approx_eps": lambda: [argument_default("DBPostprocess", "approx_eps")],
}  # fmt: skip


# --- the page and its table ---


def test_the_page_follows_its_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(TABLE), f"run: mindocr check-config --differences {PAGE.name}"


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_numbers_are_those_of_the_code(name: str) -> None:
    rows = [row for row in ROWS if row.get("check") == name]
    assert rows, f"no row names the check {name}"
    for number in CHECKS[name]():
        theirs = number.startswith("MindOCR: ")
        for row in rows:
            assert number.removeprefix("MindOCR: ") in row["mindocr" if theirs else "here"], row


def test_defaults_of_the_betas() -> None:
    for key in ("beta1", "beta2"):
        (row,) = [row for row in ROWS if row.get("key") == f"optimizer.{key}"]
        assert f"default {Optimizer().model_dump()[key]:g}" in row["here"]
        for opt in ("Adan", "Lion"):
            value = Optimizer.model_validate({"opt": opt}).model_dump()[key]
            assert (f"{opt} {value:g}" in row["here"]) is (value != Optimizer().model_dump()[key])


def test_every_check_exists() -> None:
    assert {row["check"] for row in ROWS if "check" in row} == set(CHECKS)


@pytest.mark.parametrize("key", known_keys())
def test_every_key_that_is_translated_has_a_row(key: str) -> None:
    assert any(fits(subject, key) for subject in subjects("key")), key


def test_the_list_of_translated_keys_is_complete() -> None:
    source = inspect.getsource(importlib.import_module("mindocr.config.compat"))
    keys = re.findall(r'_(?:take|move)\(result(?:\.values)?, "([\w.]+)"', source)
    assert len(keys) >= 6
    assert set(keys) <= set(known_keys())
    for key in known_keys():
        if key == "optimizer.no_weight_decay_params":
            continue
        values: dict[str, Any] = {}
        *above, last = key.split(".")
        section = values
        for name in above:
            section = section.setdefault(name, {})
        section[last] = False
        found: Any = upgrade(values).values
        for name in above:
            found = found.get(name, {})
        assert last not in found, key


def test_every_key_of_a_row_exists_and_every_key_of_ours_is_sorted_in() -> None:
    ours = {path for path, _ in field_paths()}
    same = TABLE["same_keys"].split()
    assert [key for key in same if key not in ours] == []
    for subject in subjects("key"):
        assert any(fits(subject, key) for key in (*ours, *known_keys(), "predict.dataset.output_columns")), subject
    both = [key for key in same if key in subjects("key")]
    assert both == []


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: subject_of(row)[1])
def test_what_is_called_refused_is_refused(row: dict[str, str]) -> None:
    kind, subject = subject_of(row)
    if kind == "key":
        assert upgrade({"train": {"dataset": {subject.rpartition(".")[2]: True}}}).problems
    elif kind == "part":
        assert not any(subject in registry for registry in REGISTRIES)
    else:
        part, _, argument = subject.partition(".")
        registry = next(registry for registry in REGISTRIES if part in registry)
        assert any(argument in text for _, text in registry.check(part, {argument: 1}))


def test_arguments_of_other_rows_exist() -> None:
    refused = subjects("argument", REFUSED)
    for subject in subjects("argument"):
        part, _, argument = subject.partition(".")
        registry = next(registry for registry in REGISTRIES if part in registry)
        known = inspect.signature(registry.get(part).__init__).parameters  # type: ignore[misc]
        assert (argument in known) is (subject not in refused), subject


@pytest.mark.parametrize("command", ["train", "eval", "export", "convert"])
def test_every_flag_of_a_command_has_a_row(command: str) -> None:
    module = importlib.import_module(f"mindocr.cli.commands.{command}")
    parser = argparse.ArgumentParser(add_help=False)
    module.add_arguments(parser)
    flags = {option for action in parser._actions for option in action.option_strings if option.startswith("--")}
    sections = {
        section["command"]: subjects("flag", section["rows"]) for section in TABLE["sections"] if "command" in section
    }
    listed = set(sections[command]) | (set(sections["train"]) - {"--profile-data"} if command == "eval" else set())
    assert flags == listed


def test_a_row_with_two_subjects_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    path.write_text("sections:\n- title: T\n  rows:\n  - {key: a, about: b, mindocr: c, here: d}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="section 'T': expected a row with one of key, argument, part, flag, about"):
        read_table(path)


def test_every_flag_of_the_table_of_flags_is_on_the_page() -> None:
    flags = pytest.importorskip("mindocr.cli.mindocr_flags").FLAGS
    text = PAGE.read_text(encoding="utf-8")
    assert [flag.name for flag in flags if f"`{flag.name}`" not in text] == []
