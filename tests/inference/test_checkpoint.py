"""Checkpoints: which file of a folder, and which network it is for."""

import pytest

from mindocr.engine.train import checkpoints
from mindocr.errors import CheckpointError, ConfigError
from mindocr.inference.checkpoint import find_weights, open_file
from mindocr.inference.pipeline import default_pipeline
from mindocr.inference.runner import open_runner


def test_weights_are_found_in_a_folder(tmp_path):
    with pytest.raises(CheckpointError, match="holds 0 checkpoints"):
        find_weights(tmp_path)
    (tmp_path / "one.ckpt").touch()
    assert find_weights(tmp_path).name == "one.ckpt"
    (tmp_path / "two.ckpt").touch()
    with pytest.raises(CheckpointError, match="holds 2 checkpoints; expected one, or one named best.ckpt"):
        find_weights(tmp_path)
    (tmp_path / "best.ckpt").touch()
    assert find_weights(tmp_path).name == "best.ckpt"
    assert find_weights(tmp_path / "x.ckpt") == tmp_path / "x.ckpt"


def test_a_checkpoint_brings_its_configuration(recipe):
    for model in (recipe.ckpt, recipe.ckpt.parent, recipe.path):
        runner = open_runner(model)
        assert runner.input_size == (-1, -1)
        assert runner.output_names == ("prob",)
        assert runner.metadata["postprocess"] == recipe.config.postprocess
        assert runner.metadata["pipeline"] == recipe.config.predict.dataset["transform_pipeline"]


def test_a_configuration_counts_in_place_of_the_stored_one(recipe):
    other = recipe.path.with_name("other.yaml")
    other.write_text(f"base: {recipe.path.name}\npostprocess: {{box_thresh: 0.25}}\n", encoding="utf-8")
    assert open_runner(recipe.ckpt, config=other).metadata["postprocess"]["box_thresh"] == 0.25
    assert open_runner(other, ckpt=recipe.ckpt).metadata["postprocess"]["box_thresh"] == 0.25


def test_a_checkpoint_that_says_nothing_needs_a_configuration(recipe, tmp_path):
    from mindocr.models import read_checkpoint

    weights = {name: value for name, value in read_checkpoint(recipe.ckpt).items() if not name.startswith("mindocr.")}
    checkpoints.save(weights, tmp_path / "bare.ckpt")
    with pytest.raises(CheckpointError, match="bare.ckpt: no configuration is stored.*pass the YAML file"):
        open_file(tmp_path / "bare.ckpt")
    assert open_file(tmp_path / "bare.ckpt", recipe.path).output_names == ("prob",)


def test_weights_of_a_named_model_are_recognised(tmp_path):
    from mindocr.models import build_model

    checkpoints.save(build_model("dbnet_ppocrv3").get_parameters(), tmp_path / "mobile.ckpt")
    for runner in (open_file(tmp_path / "mobile.ckpt"), open_runner("dbnet_ppocrv3", ckpt=tmp_path / "mobile.ckpt"),
                   open_runner("DB_PPOCRv3", ckpt=tmp_path)):  # fmt: skip
        assert runner.metadata["model"] == "dbnet_ppocrv3"
        assert runner.metadata["pipeline"] == default_pipeline(736, "min", blue_first=True)


def test_a_stored_configuration_that_cannot_be_built_is_named(recipe, monkeypatch):
    from mindocr.registry import BACKBONES

    monkeypatch.delitem(BACKBONES._classes, "tiny_for_tests")
    with pytest.raises(ConfigError, match=r"best.ckpt \(the configuration stored in it\): 1 problem\n.*tiny_for_tests"):
        open_file(recipe.ckpt)


def test_missing_weights_and_sections_are_named(recipe):
    other = recipe.path.with_name("other.yaml")
    text = "eval: {ckpt_load_path: null}\npredict: {ckpt_load_path: null}\n"
    other.write_text(f"base: {recipe.path.name}\n{text}", encoding="utf-8")
    with pytest.raises(ConfigError, match="predict.ckpt_load_path: required for prediction"):
        open_runner(other)
    text = "postprocess: null\nmetric: null\nsystem: {val_while_train: False}\n"
    other.write_text(f"base: {recipe.path.name}\n{text}", encoding="utf-8")
    with pytest.raises(ConfigError, match="postprocess: prediction needs this section"):
        open_runner(other)
