"""The training loop: what it writes, that it repeats, resumes, stops and skips."""

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.engine.evaluate import evaluator
from mindocr.engine.train import step_inputs, trainer
from mindocr.errors import CheckpointError, ConfigError, DataError, UserError
from mindocr.models.ckpt_entries import RUN_ENTRY
from mindocr.models.weights import read_checkpoint


def names(folder):
    return {p.name for p in folder.iterdir()}


def test_a_run_leaves_checkpoints_configuration_table_curves_and_log(tiny_config):
    config = tiny_config("train.ckpt_max_keep=1")
    result = trainer.run(config)
    assert (result.epochs, result.steps, len(result.losses)) == (2, 12, 12)
    assert np.isfinite(result.losses).all()
    assert set(result.scores) >= {"recall", "precision", "f-score", "counts"}
    files = names(result.folder)
    assert files >= {"best.ckpt", "epoch_0002.ckpt", "train_state.ckpt", "performance.csv", "curves.png", "log_0.txt"}
    assert load_config(result.folder / "config.yaml") == config
    with (result.folder / "performance.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["6", "12"]
    assert float(rows[0]["loss"]) == pytest.approx(np.mean(result.losses[:6]), rel=1e-6)
    parts = sum(float(rows[0][name]) for name in ("bce", "l1", "dice"))
    assert parts == pytest.approx(float(rows[0]["loss"]), rel=1e-4)
    assert 0 <= float(rows[0]["wait_share"]) <= 1
    log = (result.folder / "log_0.txt").read_text(encoding="utf-8")
    assert "checkpoints, performance.csv and curves.png are in" in log
    # the interval is 10: steps 6, 10 and 12 of the run, with means over 6, 4 and 2 steps
    lines = re.findall(r"epoch (\d)/2, step (\d)/6: loss ([\d.]+) .*lr \S+, [\d.]+ img/s, waiting \d+ %, .* left", log)
    assert [line[:2] for line in lines] == [("1", "6"), ("2", "4"), ("2", "6")]
    means = [np.mean(part) for part in (result.losses[:6], result.losses[6:10], result.losses[10:])]
    assert [float(line[2]) for line in lines] == pytest.approx(means, abs=6e-4)
    assert len(re.findall(r"epoch \d/2: recall .* on 5 images in [\d.]+ s \(.*saved as ", log)) == 2
    assert f"mindocr eval -c {result.folder}/config.yaml -o eval.ckpt_load_path={result.folder}/best.ckpt\n" in log


@pytest.mark.slow
def test_the_same_recipe_seed_and_data_give_identical_losses(tiny_config):
    first = trainer.run(tiny_config(folder="a"))
    again = trainer.run(tiny_config("train.loader.num_workers=2", folder="b"))
    other = trainer.run(tiny_config("system.seed=7", folder="c"))
    assert first.losses == again.losses
    assert first.losses != other.losses


@pytest.mark.slow
def test_training_lowers_the_loss(tiny_config):
    longer = ("scheduler.num_epochs=12", "scheduler.lr=0.005", "system.val_while_train=False")
    losses = trainer.run(tiny_config(*longer)).losses
    assert np.mean(losses[-12:]) < 0.8 * np.mean(losses[:12])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "extra"), [(12, ()), (9, ("train.ema=True", "loss_scaler={type: dynamic, loss_scale: 8.0}"))]
)
def test_a_resumed_run_goes_on_as_if_never_stopped(tiny_config, stop, extra):
    whole = trainer.run(tiny_config("scheduler.num_epochs=4", *extra, folder="whole"))
    trainer.run(tiny_config("scheduler.num_epochs=4", f"train.max_steps={stop}", *extra, folder="parts"))
    rest = trainer.run(tiny_config("scheduler.num_epochs=4", "train.resume=auto", *extra, folder="parts"))
    assert rest.losses == whole.losses[stop:]
    assert rest.scores == whole.scores
    table = (rest.folder / "performance.csv").read_text(encoding="utf-8")
    assert [line.split(",")[0] for line in table.splitlines()] == ["epoch", "1", "2", "3", "4"]


@pytest.mark.slow
def test_resume_needs_a_training_state_and_tells_what_has_changed(tiny_config, tmp_path):
    trainer.run(tiny_config("scheduler.num_epochs=1", "train.resume=auto"))
    with pytest.raises(CheckpointError, match="no.such.ckpt"):
        trainer.run(tiny_config(f"train.resume={tmp_path / 'no.such.ckpt'}"))
    with pytest.raises(CheckpointError, match="comes from epochs of 6 batches, now they have 4"):
        trainer.run(tiny_config("train.resume=auto", "train.loader.batch_size=3"))
    with pytest.raises(CheckpointError, match="holds weights only"):
        trainer.run(tiny_config(f"train.resume={tmp_path / 'run' / 'epoch_0001.ckpt'}"))
    changed = ("model.pretrained=no/such.ckpt", "optimizer.eps=1e-7")
    folder = trainer.run(tiny_config("scheduler.num_epochs=1", "train.resume=auto", *changed)).folder
    log = (folder / "log_0.txt").read_text(encoding="utf-8")
    assert "pretrained weights are not loaded: the saved state contains the weights" in log
    assert "not the same run any more" in log
    assert "optimizer.eps: 1e-08 -> 1e-07" in log


@pytest.mark.slow
def test_accumulation_makes_fewer_updates(tiny_config):
    result = trainer.run(tiny_config("train.gradient_accumulation_steps=3", "system.val_while_train=False"))
    assert result.steps == 12
    table = (result.folder / "performance.csv").read_text(encoding="utf-8").splitlines()
    assert table[-1].split(",")[1] == "4"


@pytest.mark.slow
def test_max_steps_stops_early_and_still_evaluates(tiny_config):
    options = ("train.max_steps=2", "system.val_start_epoch=100", "train.resume=auto")
    result = trainer.run(tiny_config(*options))
    assert result.steps == 2
    assert result.scores is not None
    again = trainer.run(tiny_config(*options))
    assert (again.steps, again.losses) == (2, [])
    log = (result.folder / "log_0.txt").read_text(encoding="utf-8")
    assert "system.val_start_epoch: 100 is after the last epoch, 2; the run is evaluated once" in log
    assert "train.max_steps: 2 updates are done, and nothing is left to train" in log
    assert log.rstrip().splitlines()[-3].endswith("to find text with it:")


def test_a_run_without_a_single_update_ends_before_the_network_is_built(tiny_config):
    with pytest.raises(ConfigError, match=r"12 batches in all \(2 epochs of 6\), 13 are needed for one update"):
        trainer.run(tiny_config("train.gradient_accumulation_steps=13"))


@pytest.mark.slow
def test_evaluation_follows_its_start_and_interval(tiny_config):
    result = trainer.run(tiny_config("scheduler.num_epochs=6", "system.val_start_epoch=2", "system.val_interval=3"))
    with (result.folder / "performance.csv").open(encoding="utf-8") as file:
        assert [row["epoch"] for row in csv.DictReader(file) if row["f-score"]] == ["2", "5", "6"]


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "mode"), [*((name, 0) for name in ("SGD", "momentum", "Adam")), ("AdamW", 1)])
def test_every_optimizer_and_both_modes(tiny_config, optimizer, mode):
    options = f"optimizer={{opt: {optimizer}, weight_decay: 1e-4, filter_bias_and_bn: True}}"
    result = trainer.run(
        tiny_config(options, f"system.mode={mode}", "train.max_steps=2", "system.val_while_train=False")
    )
    assert np.isfinite(result.losses).all()


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["NAdam", "rmsprop", "adagrad", "LAMB", "lion", "Adan"])
def test_an_optimizer_resumes_exactly_with_average_accumulation_and_loss_scale(tiny_config, optimizer):
    def run(folder, *more):
        options = f"optimizer={{opt: {optimizer}, weight_decay: 1e-4, filter_bias_and_bn: True}}"
        extras = (
            "train.ema=True",
            "train.gradient_accumulation_steps=2",
            "loss_scaler={type: dynamic, loss_scale: 8.0}",
        )
        return trainer.run(
            tiny_config(
                options, *extras, "system.val_while_train=False", "scheduler.num_epochs=2", *more, folder=folder
            )
        )

    whole = run("whole")
    run("cut", "train.max_steps=2")
    resumed = run("cut", "train.resume=auto")
    assert np.isfinite(whole.losses).all()
    assert resumed.losses == whole.losses[-len(resumed.losses) :]
    wanted, got = (read_checkpoint(result.folder / "epoch_0002.ckpt") for result in (whole, resumed))
    assert wanted.pop(RUN_ENTRY) is not None and got.pop(RUN_ENTRY) is not None  # it names the folder of the run
    for name, value in wanted.items():
        np.testing.assert_array_equal(got[name].asnumpy(), value.asnumpy(), err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("level", ["O1", "O2", "O3"])
def test_mixed_precision_trains(tiny_config, level):
    scaler = "loss_scaler={type: dynamic, loss_scale: 64.0}"
    result = trainer.run(
        tiny_config(f"system.amp_level={level}", scaler, "train.max_steps=3", "system.val_while_train=False")
    )
    full = trainer.run(tiny_config("train.max_steps=3", "system.val_while_train=False", folder="full"))
    np.testing.assert_allclose(result.losses, full.losses, rtol=0.05)


def test_a_loss_that_is_not_finite_stops_the_run_and_names_step_terms_and_images(tiny_config):
    config = tiny_config("optimizer={opt: SGD}", "scheduler={scheduler: constant, lr: 1e30, num_epochs: 1}")
    with pytest.raises(UserError, match=r"not finite at step \d \(epoch 1\).*bce.*images: .*\.jpg.*Lower scheduler.lr"):
        trainer.run(config)
    log = Path(config.train.ckpt_save_dir, "log_0.txt").read_text(encoding="utf-8")
    assert "E the run ends with an error: the loss or its gradient is not finite at step" in log


@pytest.mark.slow
def test_a_scaler_drops_overflowing_updates_and_counts_them(tiny_config, caplog):
    scaler = "loss_scaler={type: dynamic, loss_scale: 1e38, scale_factor: 1000.0}"
    result = trainer.run(tiny_config(scaler, "system.val_while_train=False", "scheduler.num_epochs=1"))
    rows = list(csv.DictReader((result.folder / "performance.csv").open(encoding="utf-8")))
    assert 0 < int(rows[0]["updates_dropped"]) < 6
    assert int(rows[0]["step"]) == 6 - int(rows[0]["updates_dropped"])


def damaged(tiny_data, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_data, folder)
    victim = sorted((folder / "train").iterdir())[3]
    victim.write_bytes(b"not a picture")
    return folder, victim


def test_a_bad_image_stops_the_run_and_is_named(tiny_config, tiny_data, tmp_path):
    folder, victim = damaged(tiny_data, tmp_path)
    with pytest.raises(DataError, match=victim.name):
        trainer.run(tiny_config(f"train.dataset.dataset_root={folder}", "system.val_while_train=False"))


@pytest.mark.slow
def test_a_bad_image_can_be_skipped_and_is_listed_at_the_end(tiny_config, tiny_data, tmp_path):
    folder, victim = damaged(tiny_data, tmp_path)
    result = trainer.run(
        tiny_config(
            f"train.dataset.dataset_root={folder}", "train.dataset.on_error=skip", "system.val_while_train=False"
        )
    )
    assert (len(result.skipped), result.steps) == (1, 12)
    log = (result.folder / "log_0.txt").read_text(encoding="utf-8")
    assert victim.name in log.split("1 image was skipped:")[1]


def test_a_folder_that_cannot_be_written_is_named_before_the_work(tiny_config, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UserError, match="train.ckpt_save_dir: cannot write to '.*file/run'"):
        trainer.run(tiny_config(f"train.ckpt_save_dir={tmp_path / 'file' / 'run'}"))


def test_a_disk_too_full_for_the_checkpoints_is_told_before_the_work(tiny_config, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(UserError, match="0 MiB free, .* MiB are needed; free some space"):
        trainer.run(tiny_config())


def test_distribute_without_a_launcher_says_how_to_launch(tiny_config):
    with pytest.raises(ConfigError, match="started alone; start it with 'msrun"):
        trainer.run(tiny_config("system.distribute=True"))


@pytest.mark.slow
def test_evaluation_of_the_best_checkpoint_repeats_its_score_at_any_batch_size(tiny_config):
    result = trainer.run(
        tiny_config("scheduler.num_epochs=10", "postprocess.box_thresh=0.3", "system.val_start_epoch=10")
    )
    scores = [
        evaluator.run(tiny_config("postprocess.box_thresh=0.3", f"eval.loader.batch_size={size}")).scores
        for size in (1, 2, 5)
    ]
    assert scores[0] == scores[1] == scores[2] == result.scores
    saved = json.loads((result.folder / "eval/scores.json").read_text(encoding="utf-8"))
    assert saved["counts"] == scores[0]["counts"]
    assert len((result.folder / "eval/detections.txt").read_text(encoding="utf-8").splitlines()) == 5


def test_evaluation_without_a_checkpoint_says_which_key(tiny_config):
    with pytest.raises(CheckpointError, match="best.ckpt"):
        evaluator.run(tiny_config())
    with pytest.raises(ConfigError, match="eval.ckpt_load_path: required"):
        evaluator.run(tiny_config("eval.ckpt_load_path=null"))


@pytest.mark.slow
def test_sink_mode_hands_every_batch_to_the_device_queue(tiny_config, monkeypatch):
    """The queue itself exists on Ascend only; here a stand-in takes the batches out of the real data set."""
    queues = []

    def data_sink(step, dataset, sink_size):
        rows = dataset.create_tuple_iterator(num_epochs=1)
        queues.append((dataset.get_col_names(), sink_size))
        return lambda: step(*next(rows))

    plain = trainer.run(tiny_config("system.val_while_train=False", folder="plain"))
    monkeypatch.setattr(step_inputs.ms, "data_sink", data_sink)
    start = trainer.process.start
    monkeypatch.setattr(trainer.process, "start", lambda system: replace(start(system), device="Ascend"))
    sunk = trainer.run(tiny_config("system.val_while_train=False", "train.dataset_sink_mode=True", folder="sunk"))
    assert queues == [(["image", "binary_map", "mask", "thresh_map", "thresh_mask"], 1)]
    assert sunk.losses == plain.losses


@pytest.mark.slow
def test_normalising_on_the_device_changes_no_loss(tiny_config):
    losses = {}
    for there in (True, False):
        config = tiny_config(f"train.normalize_on_device={there}", "train.max_steps=3", folder=f"device_{there}")
        losses[there] = trainer.run(config).losses
    assert len(losses[True]) == 3
    np.testing.assert_allclose(losses[True], losses[False], rtol=1e-4)
