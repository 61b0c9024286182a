"""The commands that follow a run."""

import re
import shlex
import sys

import cv2
import numpy as np
import pytest

from mindocr.cli.main import make_parser, run_command
from mindocr.config.overrides import parse_override
from mindocr.engine.train.next_commands import NextCommands, Started
from mindocr.utils.interrupts import Stopped


@pytest.fixture
def commands(tiny_config, tmp_path):
    """Builds the commands of a run in ``folder`` below tmp_path, in which ``files`` exist."""

    def make(*overrides, folder="my run", files=("config.yaml", "best.ckpt", "epoch_0002.ckpt"), **options):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name in files:
            (tmp_path / folder / name).touch()
        return NextCommands(tiny_config(*overrides, folder=folder), **options)

    return make


def parsed(command):
    """The parsed arguments of a command."""
    program, name, *words = shlex.split(command)
    assert program == "mindocr"
    return make_parser(name).parse_args(words)


def test_evaluation_and_prediction_take_the_best_weights(commands, tmp_path, tiny_data):
    evaluate, predict = commands().after_training(best=True, epoch=2)
    folder = tmp_path / "my run"
    assert evaluate == f"mindocr eval -c '{folder}/config.yaml' -o 'eval.ckpt_load_path={folder}/best.ckpt'"
    assert parsed(evaluate).opt == [f"eval.ckpt_load_path={folder}/best.ckpt"]
    asked = parsed(predict)
    assert (asked.config, asked.det_model_dir) == (f"{folder}/config.yaml", f"{folder}/best.ckpt")
    assert asked.image_dir == str(tiny_data / "test")


def test_without_scores_the_weights_of_the_last_epoch_are_taken(commands):
    made = commands("system.val_while_train=False", "eval=null", "predict.dataset.type=PredictDataset")
    (predict,) = made.after_training(best=False, epoch=2)
    assert parsed(predict).det_model_dir.endswith("my run/epoch_0002.ckpt")
    # the best weights of a run that was resumed into another folder are not here
    elsewhere = commands(folder="other", files=("config.yaml", "epoch_0003.ckpt"))
    assert "other/epoch_0003.ckpt" in elsewhere.after_training(best=True, epoch=3)[0]
    assert commands(folder="empty", files=("config.yaml",)).after_training(best=True, epoch=2) == []


@pytest.mark.parametrize("folder", ["it's: a {run}", "a run #3", "[x]", "run"])
def test_any_folder_can_be_pasted(commands, tmp_path, folder):
    evaluate, predict = commands(f"train.ckpt_save_dir={tmp_path / 'x'}", folder="x").after_training(True, 2)
    made = commands(folder="plain")
    section = made.config.train.model_copy(update={"ckpt_save_dir": folder})
    named = NextCommands(made.config.model_copy(update={"train": section}))
    (tmp_path / folder).mkdir(exist_ok=True)
    for name in ("config.yaml", "best.ckpt"):
        (tmp_path / folder / name).touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        evaluate, predict = named.after_training(True, 2)
    assert parse_override(parsed(evaluate).opt[0]) == (("eval", "ckpt_load_path"), f"{folder}/best.ckpt")
    assert parsed(predict).config == f"{folder}/config.yaml"
    assert parsed(named.resume()).config == f"{folder}/config.yaml"


def test_the_folder_of_images_holds_images(commands, tmp_path):
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    cv2.imwrite(str(photos / "deep/a.jpg"), np.zeros((8, 8, 3), np.uint8))
    below = f"eval.dataset={{type: DetDataset, dataset_root: {photos}, data_dir: deep, label_file: x}}"
    assert parsed(commands(below).after_training(True, 2)[1]).image_dir == str(photos / "deep")
    nested = f"eval.dataset={{type: DetDataset, dataset_root: {photos}, data_dir: [''], label_file: [x]}}"
    assert parsed(commands(nested).after_training(True, 2)[1]).image_dir.endswith("synthetic/train")
    (tmp_path / "eval.mindrecord").touch()  # a file, whose images prediction does not take
    record = f"eval.dataset={{mindrecord: True, type: DetDataset, dataset_root: {tmp_path}, data_dir: eval.mindrecord}}"
    assert parsed(commands(record).after_training(True, 2)[1]).image_dir.endswith("synthetic/train")


def test_resuming_repeats_what_was_typed(commands):
    typed = ("-c", "my recipe.yaml", "-o", "train.loader.batch_size=4")
    made = commands(started=Started(arguments=typed))
    assert made.resume() == ("mindocr train -c 'my recipe.yaml' -o train.loader.batch_size=4 -o train.resume=auto")
    assert parsed(made.resume("scheduler.num_epochs=9")).opt == [
        "train.loader.batch_size=4", "scheduler.num_epochs=9", "train.resume=auto",
    ]  # fmt: skip
    again = commands(started=Started("python tools/train.py", arguments=("-c", "a.yaml", "-o", "train.resume=auto")))
    assert again.resume() == "python tools/train.py -c a.yaml -o train.resume=auto"
    assert commands(ranks=2).on_all_ranks == " on each of the 2 ranks, with the launcher as before"
    assert again.on_all_ranks == ""


STOPPER = '''
import os
import signal

from mindocr.engine.train.observers import Observer

already = []


class Stopper(Observer):
    """Sends SIGTERM once, after two steps."""

    def on_step(self, event):
        if event.at.steps == 2 and not already:
            already.append(True)
            os.kill(os.getpid(), signal.SIGTERM)
'''


def run_typed(command):
    program, name, *words = shlex.split(command)
    assert program == "mindocr"
    return run_command(name, words)


@pytest.mark.slow
def test_the_printed_commands_work(tiny_config, tiny_data, tmp_path, repo_root, monkeypatch, capfd):
    """A run is stopped; then only commands that our messages print are run, as they are printed."""
    (tmp_path / "stopper.py").write_text(STOPPER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mindocr"])
    monkeypatch.chdir(tmp_path)
    words = [
        "-c", str(repo_root / "configs/det/dbnet/db_r18_synthetic.yaml"), "-o", "train.ckpt_save_dir=it's my run",
        f"train.dataset.dataset_root={tiny_data}", f"eval.dataset.dataset_root={tiny_data}",
        "model.backbone={name: tiny_for_tests}", "model.neck.out_channels=16", "eval.loader.num_workers=0",
        "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[160, 160]", "train.loader.num_workers=0",
        "eval.dataset.transform_pipeline.DetResize.target_size=[160, 160]", "scheduler.num_epochs=1",
        "train.loggers=[csv, stopper:Stopper]",
    ]  # fmt: skip
    with pytest.raises(Stopped, match=r"SIGTERM: stopped after step 2 \(epoch 1, batch 2\)") as stopped:
        run_command("train", words)
    capfd.readouterr()
    run_typed(str(stopped.value).splitlines()[-1])
    told = capfd.readouterr().err
    assert "resumed from it's my run/train_state.ckpt" in told and "done: 6 steps" in told
    follow = re.findall(r"^  (mindocr .*)$", told, re.M)
    assert [command.split()[1] for command in follow] == ["eval", "predict"]
    for command in follow:
        run_typed(command)
    assert (tmp_path / "it's my run/eval/scores.json").exists()
    assert "5 images" in capfd.readouterr().err
    run_typed(str(stopped.value).splitlines()[-1])
    told = capfd.readouterr().err
    assert "epoch 1 is done, and nothing is left to train" in told
    run_typed(re.findall(r"^  (mindocr train .*)$", told, re.M)[0])
    assert "done: 12 steps" in capfd.readouterr().err
