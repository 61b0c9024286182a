"""The entries of ``train.loggers``."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from mindocr.config.check import check
from mindocr.config.compat import upgrade
from mindocr.config.loggers import logger_problems
from mindocr.errors import ConfigError


def problems(entries: Any) -> list[tuple[str, str]]:
    return logger_problems({"train": {"loggers": entries}})


@pytest.mark.parametrize(
    "entries",
    [
        [],
        ["csv", "curves", "tensorboard"],
        [{"name": "csv"}, {"name": "wandb", "project": "texts", "mode": "offline"}],
        ["my_logger:MyLogger", {"name": "my.package.loggers:Other", "anything": [1, 2]}],
    ],
)
def test_good_entries(entries: list[Any]) -> None:
    assert problems(entries) == []


@pytest.mark.parametrize(
    ("entry", "place", "text"),
    [
        ("csvs", "train.loggers[1]", "unknown logger 'csvs' (did you mean 'csv'?); known: csv, curves, tensorboard"),
        ("my_logger.MyLogger", "train.loggers[1]", "for your own logger write 'module:Class'"),
        ("my-logger:MyLogger", "train.loggers[1]", "unknown logger 'my-logger:MyLogger'"),
        ("curves", "train.loggers[1]", "'curves' is listed twice; keep one of the two"),
        (3, "train.loggers[1]", "expected the name of a logger, or a mapping with 'name' and arguments, got 3"),
        ({"project": "a"}, "train.loggers[1]", "expected the name of a logger, or a mapping with 'name' and arguments"),
        ({"name": "wandb", "projct": "a"}, "train.loggers[1].projct", "wandb has no argument 'projct' (did you mean"),
        ({"name": "wandb", "mode": "of"}, "train.loggers[1].mode", "Input should be 'online', 'offline' or 'disabled'"),
        ({"name": "csv", "folder": "a"}, "train.loggers[1].folder", "csv has no argument 'folder'"),
    ],
)
def test_one_mistake_one_line(entry: Any, place: str, text: str) -> None:
    ((found, message),) = problems(["curves", entry])
    assert found == place
    assert text in message


def test_reading_a_configuration_imports_nothing_that_it_names(raw: dict[str, Any]) -> None:
    raw["train"]["loggers"] = ["antigravity:Logger"]
    assert check(raw, "f.yaml").train.loggers == ["antigravity:Logger"]
    assert "antigravity" not in sys.modules


def test_problems_of_loggers_stand_among_the_others(raw: dict[str, Any]) -> None:
    raw["train"]["loggers"] = ["csvs"]
    raw["system"]["mode"] = 3
    with pytest.raises(
        ConfigError, match=r"2 problems\n  system.mode: .*\n  train.loggers\[0\]: unknown logger 'csvs'"
    ):
        check(raw, "f.yaml")
    raw["train"]["loggers"] = "csv"
    with pytest.raises(ConfigError, match="train.loggers: expected a list, got 'csv'"):
        check(raw, "f.yaml")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"tensorboard": True}, ["csv", "curves", "tensorboard"]),
        ({"tensorboard": True, "loggers": ["csv"]}, ["csv", "tensorboard"]),
        ({"tensorboard": True, "loggers": ["tensorboard"]}, ["tensorboard"]),
        ({"tensorboard": False, "loggers": []}, []),
    ],
)
def test_the_old_key_adds_a_logger(old: dict[str, Any], new: list[str]) -> None:
    assert upgrade({"train": old}) == ({"train": {"loggers": new}}, [], [])


def test_the_old_key_takes_true_or_false() -> None:
    (problem,) = upgrade({"train": {"tensorboard": 1}}).problems
    assert problem == ("train.tensorboard", "expected True or False, got 1; better, add 'tensorboard' to train.loggers")
    assert upgrade({"train": {"tensorboard": False}}).values == {"train": {}}
