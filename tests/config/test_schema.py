"""Fixed sections: strictness, defaults, ranges, round trip through the saved file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mindocr.config import Config, load_config, save_config
from mindocr.config.wording import field_paths, section_of


def test_every_key_says_what_it_means() -> None:
    leaves = [(path, field) for path, field in field_paths() if section_of(field.annotation) is None]
    assert len(leaves) > 60
    assert [path for path, field in leaves if not field.description] == []


def test_defaults(raw: dict[str, Any]) -> None:
    for section in ("system", "loss_scaler"):
        del raw[section]
    raw["train"] = {"dataset": raw["train"]["dataset"], "loader": {"batch_size": 3}}
    config = Config.model_validate(raw)
    assert (config.system.val_start_epoch, config.system.val_interval, config.system.device_target) == (1, 1, "auto")
    assert (config.train.ckpt_save_dir, config.train.ema_decay, config.train.max_steps) == ("./tmp_det", 0.9999, None)
    assert (config.loss_scaler.type, config.loss_scaler.loss_scale) == ("static", 1.0)
    assert (config.train.loader.shuffle, config.eval.loader.num_workers, config.eval.loader.batch_size) == (True, 2, 1)


def test_sections_are_frozen(raw: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Config.model_validate(raw).system.seed = 1


@pytest.mark.parametrize(
    ("given_name", "name"), [("sgd", "SGD"), ("ADAMW", "AdamW"), ("adam", "Adam"), ("Momentum", "momentum")]
)
def test_optimizers_in_any_case(raw: dict[str, Any], given_name: str, name: str) -> None:
    raw["optimizer"]["opt"] = given_name
    assert Config.model_validate(raw).optimizer.opt == name


def test_types_are_strict_but_whole_numbers_are_numbers(raw: dict[str, Any]) -> None:
    raw["scheduler"]["lr"] = 1
    assert Config.model_validate(raw).scheduler.lr == 1.0
    for path, value in (("lr", "0.1"), ("num_epochs", 1.5), ("num_epochs", True)):
        with pytest.raises(pydantic.ValidationError):
            Config.model_validate({**raw, "scheduler": {**raw["scheduler"], path: value}})


# What can name a file: a YAML file holds neither NUL nor half a surrogate pair.
paths = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    lr=st.floats(1e-12, 1e6),
    seed=st.integers(0, 2**32 - 1),
    folder=paths.filter(bool),
    pretrained=st.none() | st.booleans() | paths,
    milestones=st.lists(st.floats(0, 1e5)),
)
def test_saved_configuration_loads_equal(raw, tmp_path, lr, seed, folder, pretrained, milestones) -> None:
    raw["scheduler"] |= {"lr": lr, "milestones": milestones}
    raw["system"]["seed"] = seed
    raw["train"]["ckpt_save_dir"] = folder
    raw["model"]["pretrained"] = pretrained
    config = Config.model_validate(raw)
    save_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == config
    assert list(tmp_path.iterdir()) == [tmp_path / "config.yaml"]


def test_saved_file_says_what_it_is(raw: dict[str, Any], tmp_path: Path) -> None:
    save_config(Config.model_validate(raw), tmp_path / "config.yaml")
    text = (tmp_path / "config.yaml").read_text()
    assert text.startswith("# Resolved configuration, written by mindocr")
    assert "base:" not in text
