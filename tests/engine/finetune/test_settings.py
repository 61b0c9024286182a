"""The configuration of a fine-tuning run."""

from dataclasses import replace
from pathlib import Path

import pytest

from mindocr.config.compat import upgrade
from mindocr.config.read import resolve
from mindocr.engine.finetune.settings import OPEN_END, Limits, build_config
from mindocr.engine.finetune.split import Labelled
from mindocr.engine.finetune.start import Start
from mindocr.errors import ConfigError, UserError

RECIPES = sorted((Path(__file__).resolve().parents[3] / "configs/finetune/ppocr").glob("*.yaml"))


def start(name, task):
    (file,) = [each for each in RECIPES if each.stem == f"finetune_ppocr{name}"]
    values = upgrade(resolve(file)).values
    values["model"]["pretrained"] = "weights.ckpt"
    return Start(Path("weights.ckpt"), task, file.name, values, ["a", "b"])


def labelled(images, texts=(), form="det", name="labels"):
    return Labelled([Path("images")], [Path(f"{name}.txt")], form, [images], [list(texts)], [name])


def build(begin, *overrides, images=100, texts=("a",) * 400, second=None, limits=Limits(), dictionary=None):  # noqa: B008
    parts = labelled(images, texts), labelled(10, ("a",) * 40, name="val")
    return build_config(begin, *parts, second or {}, Path("out"), limits, overrides, dictionary)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_becomes_a_configuration(recipe):
    task = "det" if "_det_" in recipe.stem else "rec"
    dictionary = None
    config = build(start(recipe.stem.removeprefix("finetune_ppocr"), task), dictionary=dictionary)
    assert config.train.ckpt_save_dir == "out/train" and config.model.pretrained == "weights.ckpt"
    assert config.train.dataset["type"] == ("DetDataset" if task == "det" else "WordsOfDetDataset")
    assert config.eval.dataset["label_file"][0].endswith("/val.txt") and config.eval.dataset["dataset_root"] == ""
    assert config.system.val_before_train and config.train.patience and config.train.ema == (task == "rec")


def test_second_data_sets_are_scored_too():
    config = build(start("v3_det_mobile", "det"), second={"old": labelled(5, name="old")})
    assert config.eval.also["old"]["label_file"][0].endswith("/old.txt")
    assert "transform_pipeline" not in config.eval.also["old"]


def test_a_run_without_validation_is_refused():
    with pytest.raises(UserError, match="system.val_while_train=False: the best epoch is chosen by validation"):
        build(start("v3_det_mobile", "det"), "system.val_while_train=False")


def test_limits_of_time_and_epochs():
    begin = start("v3_det_mobile", "det")
    timed = build(begin, limits=Limits(minutes=30))
    assert (timed.train.max_minutes, timed.train.ema, timed.scheduler.scheduler) == (30.0, True, "constant")
    assert timed.scheduler.num_epochs == OPEN_END and timed.scheduler.lr == build(begin).scheduler.lr
    both = build(begin, limits=Limits(7, 30))
    assert (both.scheduler.num_epochs, both.scheduler.scheduler) == (7, "warmup_cosine_decay")
    assert build(begin, limits=Limits(7)).train.max_minutes is None


def test_a_batch_is_not_larger_than_the_data_and_the_users_number_stays():
    begin = start("v3_rec_mobile", "rec")
    assert build(begin).train.loader.batch_size == 32
    assert build(begin, texts=("a",) * 10).train.loader.batch_size == 5
    assert build(begin, "train.loader.batch_size=9", texts=("a",) * 10).train.loader.batch_size == 9
    with pytest.raises(ConfigError, match="bath_size"):
        build(begin, "train.loader.bath_size=9")


def test_another_dictionary_changes_the_number_of_classes(tmp_path):
    (tmp_path / "mine.txt").write_text("a\nb\nc\n", encoding="utf-8")
    config = build(start("v3_rec_mobile", "rec"), dictionary=str(tmp_path / "mine.txt"))
    assert config.model.head["out_channels"] == 5  # the blank, three characters, the space
    assert config.postprocess["character_dict_path"] == str(tmp_path / "mine.txt")
    without = replace(start("v3_rec_mobile", "rec"), characters=[])
    with pytest.raises(UserError, match="is no recogniser with a character dictionary"):
        build(without, dictionary=str(tmp_path / "mine.txt"))
