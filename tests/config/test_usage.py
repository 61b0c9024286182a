"""What is wrong in a section stops the commands that use it, and only those."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.cli.main import run_command
from mindocr.config import load_config
from mindocr.config.check import check, check_for
from mindocr.config.usage import USES, uses
from mindocr.config.yaml_io import dump_yaml
from mindocr.errors import ConfigError


def write(folder: Path, values: dict[str, Any]) -> Path:
    path = folder / "flat.yaml"
    path.write_text(dump_yaml(values), encoding="utf-8")
    return path


def put(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    *above, last = key.split(".")
    for name in above:
        values = values[name]
    values[last] = value
    return values


BROKEN_OP = [{"DecodeImage": None}, {"GridResize": {"factor": 32}}]


@pytest.mark.parametrize(
    ("key", "value", "stopped"),
    [
        ("predict.loader.batch_size", 0, {"predict"}),
        ("predict.bogus", 1, {"predict"}),
        ("predict.dataset.bogus", 1, {"predict"}),
        ("predict.dataset.transform_pipeline", BROKEN_OP, {"predict", "export --is_dynamic_shape"}),
        ("eval.loader.batch_size", 0, {"eval", "train"}),
        ("eval.dataset.transform_pipeline", BROKEN_OP, {"eval", "train", "check-data"}),
        ("metric.bogus", 1, {"eval", "train"}),
        ("scheduler.bogus", 1, {"train"}),
        ("scheduler.min_lr", 5.0, {"train"}),
        ("scheduler.lr", "high", {"train"}),
        ("optimizer.opt", "sdg", {"train"}),
        ("loss.bogus", 1, {"train"}),
        ("train.loader.batch_size", 0, {"train"}),
        ("train.dataset.bogus", 1, {"train", "check-data"}),
        ("train.ckpt_save_dir", 3, {"eval", "train"}),
        ("model.bogus", 1, {"eval", "export --is_dynamic_shape", "predict", "train"}),
    ],
)  # fmt: skip
def test_a_problem_stops_the_commands_that_use_its_section(
    raw: dict[str, Any], key: str, value: Any, stopped: set[str]
) -> None:
    put(raw, key, value)
    with pytest.raises(ConfigError, match=r"f.yaml: 1 problem\n"):
        check(raw, "f.yaml")
    for command in ("train", "eval", "predict", "export --is_dynamic_shape", "check-data"):
        if command in stopped:
            with pytest.raises(ConfigError, match=f"f.yaml: 1 problem\n  {key}"):
                check_for(command, raw, "f.yaml")
            continue
        config, elsewhere = check_for(command, raw, "f.yaml")
        ((path, _),) = elsewhere
        assert path.startswith(key)
        assert config.model.backbone == raw["model"]["backbone"] or key.startswith("model.")


def test_one_warning_names_what_is_not_used(
    raw: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw["predict"]["loader"]["batch_size"] = 0
    raw["predict"]["dataset"]["bogus"] = 1
    path = write(tmp_path, raw)
    with caplog.at_level(logging.WARNING, logger="mindocr"):
        load_config(path, command="train")
    (message,) = caplog.messages
    head, *lines = message.splitlines()
    assert head == f"{path}: 2 problems in sections that 'train' does not use"
    assert lines[0] == "  predict.loader.batch_size: expected a number of at least 1, got 0"
    assert lines[1].startswith("  predict.dataset.bogus: PredictDataset has no argument 'bogus'")


def test_evaluation_is_not_used_without_val_while_train(raw: dict[str, Any], tmp_path: Path) -> None:
    raw["system"]["val_while_train"] = False
    raw["eval"]["dataset"]["output_columns"] = ["image", "bogus"]
    raw["eval"]["loader"]["bogus"] = 1
    del raw["metric"]
    path = write(tmp_path, raw)
    config = load_config(path, command="train")
    assert config.eval is None and config.train.loader.batch_size == 10
    with pytest.raises(ConfigError, match="3 problems"):
        load_config(path, command="eval")
    assert load_config(path, command="predict").predict is not None


def test_a_used_key_of_a_section_with_problems_is_kept(raw: dict[str, Any], tmp_path: Path) -> None:
    raw["train"] = {"ckpt_save_dir": "here", "loader": {"batch_size": "many"}, "dataset": None}
    raw["eval"]["loader"] = {"bogus": 1}
    raw["eval"]["ckpt_load_path"] = "best.ckpt"
    path = write(tmp_path, raw)
    predicting = load_config(path, command="predict")
    assert predicting.eval is not None and predicting.eval.ckpt_load_path == "best.ckpt"
    raw["eval"]["loader"] = {}
    assert load_config(write(tmp_path, raw), command="eval").train.ckpt_save_dir == "here"


def test_sections_for_training_may_be_absent_elsewhere(raw: dict[str, Any], tmp_path: Path) -> None:
    for section in ("train", "loss", "scheduler", "optimizer"):
        del raw[section]
    path = write(tmp_path, raw)
    assert load_config(path, command="eval").eval is not None
    with pytest.raises(
        ConfigError, match=r"loss: required\n  scheduler: required\n  optimizer: required\n  train: requ"
    ):
        load_config(path, command="train")


def test_a_misspelt_section_stops_every_command(raw: dict[str, Any]) -> None:
    raw["predct"] = {}
    for command in USES:
        with pytest.raises(ConfigError, match="predct: unknown key"):
            check_for(command, raw, "f.yaml")


def test_check_config_names_the_commands(
    raw: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw["predict"]["loader"]["bogus"] = 1
    path = write(tmp_path, raw)
    assert run_command("check-config", [str(path)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{path}: OK\n"
    assert told.err == (
        f"{path}: 1 problem, none of which stops training\n  predict.loader.bogus: unknown key 'bogus'; known: "
        "num_workers, prefetch, batch_size (stops only: predict)\n"
    )
    raw["scheduler"]["bogus"] = 1
    assert run_command("check-config", [str(write(tmp_path, raw))]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"{path}: 2 problems\n  scheduler.bogus: unknown key")
    assert told.err.count("(stops only: predict)") == 1


@given(st.sampled_from(sorted(USES)), st.text("abz.[0]", min_size=1, max_size=12))
def test_any_path_is_judged(command: str, path: str) -> None:
    for section in ("predict", "train"):
        whole = f"{section}.{path}"
        whole_section_used = section in USES[command]
        assert uses(command, whole, {}) or not whole_section_used
    assert uses(None, path, {}) and uses(command, f"bogus.{path}", {})
