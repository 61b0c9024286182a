"""Capsules: what a failed step writes; exact, complete, bounded, and without a change to the way the run stops."""

import json
import re

import numpy as np
import planted
import pytest
import run_events
from mindspore import nn
from test_layer_trace import Scale, Sum, images

from mindocr.engine.diagnose.failed_step import capsule, replay
from mindocr.engine.runtime.process import Runtime
from mindocr.engine.train import step_inputs, trainer
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.step import LossScale, TrainStep
from mindocr.engine.train.step_inputs import StepOutcome
from mindocr.errors import DataError, StorageError, UserError

OVERFLOW = ("optimizer={opt: SGD}", "scheduler={scheduler: constant, lr: 1e30, num_epochs: 1}", "system.mode=1")
DROPPING = "loss_scaler={type: dynamic, loss_scale: 1e38, scale_factor: 1000.0}"


def stopped(config):
    """The message of a run that stops, and the capsule that it names, or None."""
    with pytest.raises(UserError, match="not finite") as caught:
        trainer.run(config)
    named = re.search(r"'mindocr replay (\S+)'", str(caught.value))
    return str(caught.value), capsule.read(named[1]) if named else None


@pytest.mark.slow
def test_it_holds_the_step_exactly_and_the_replay_names_the_weights(tiny_config, tmp_path):
    planted.write_pictures(tmp_path / "data")
    options = (*planted.options(tmp_path / "data"), "system.mode=1", "scheduler.lr=0.25")
    weights = planted.write_weights(tiny_config(*options), tmp_path / "w.ckpt", np.nan, slice(0, 1))
    written = stopped(tiny_config(*options, f"model.pretrained={weights}"))[1]
    about = written.about
    assert (about["step"], about["epoch"], about["batch"], about["learning_rate"]) == (1, 1, 1, 0.25)
    assert [image.rpartition("/")[2] for image in written.images] == list(planted.NAMES)
    assert list(written.columns) == ["image", "binary_map", "mask", "thresh_map", "thresh_mask", capsule.PREPARED]
    white = (255 - np.array([123.675, 116.28, 103.53])) / np.array([58.395, 57.12, 57.375])
    np.testing.assert_allclose(written.network_input[2, :, 0, 0], white, rtol=1e-6)
    assert written.columns["binary_map"].sum(axis=(1, 2)).min() > 100
    assert np.isnan(about["norms"]["backbone.stages.0.0.weight"]) and np.isfinite(about["norms"]["head.segm.6.bias"])
    found = replay.run(written.path)
    assert found.bad_weights == ["backbone.stages.0.0.weight"] and found.culprits == []
    assert found.float32.gradients.norms == pytest.approx(about["norms"], rel=1e-4, nan_ok=True)


@pytest.fixture
def handmade(tmp_path):
    """The two parts of a capsule that are read first: an image of 4 x 4 and a map."""
    about = {
        "step": 12, "epoch": 2, "batch": 3, "loss": "nan", "terms": {"bce": "inf"}, "norm": "nan", "loss_scale": 8.0,
        "learning_rate": 0.1, "amp_level": "O2", "images": ["a.jpg"], "columns": ["image", "mask"],
        "norms": {"w": "-inf"},
    }  # fmt: skip
    folder = tmp_path / "step_000012"
    folder.mkdir()
    (folder / capsule.ABOUT).write_text(json.dumps(about), encoding="utf-8")
    np.savez(folder / capsule.BATCH, image=np.full((1, 3, 4, 4), 2.0), mask=np.ones((1, 4, 4)))
    return folder


def test_numbers_that_json_does_not_know_come_back(handmade):
    read = capsule.read(handmade)
    assert np.isnan(read.about["loss"]) and read.about["terms"]["bce"] == np.inf
    assert read.about["norms"]["w"] == -np.inf and read.about["step"] == 12
    assert read.columns["image"].shape == (1, 3, 4, 4) and read.images == ["a.jpg"]


@pytest.mark.parametrize("name", [capsule.ABOUT, capsule.BATCH])
def test_a_damaged_capsule_is_named(handmade, name):
    content = (handmade / name).read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"\x80\x04N.", b"[]", b"{}"):
        (handmade / name).write_bytes(damaged)
        with pytest.raises(DataError, match="step_000012: a damaged capsule .*copy the whole folder again"):
            capsule.read(handmade)
    (handmade / name).unlink()
    with pytest.raises(DataError, match="a damaged capsule|no capsule; expected a folder with capsule.json"):
        capsule.read(handmade)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"image": np.array([{}], dtype=object), "mask": np.ones((1, 4, 4))}, "allow_pickle"),
        ({"image": np.ones((2, 3, 4, 4)), "mask": np.ones((1, 4, 4))}, r"\[1, 2\] images in its parts"),
        ({"mask": np.ones((1, 4, 4))}, "KeyError"),
    ],
)
def test_arrays_that_do_not_belong_there_are_refused(handmade, arrays, message):
    np.savez(handmade / capsule.BATCH, **arrays)
    with pytest.raises(DataError, match=f"damaged capsule .*{message}"):
        capsule.read(handmade)


class Half(nn.Cell):
    """Replaces the preparation of images on a device, before the network."""

    def construct(self, x):
        return x * 0.5


@pytest.mark.parametrize("ranks", [1, 2])
def test_images_prepared_on_the_device_and_ranks_that_share_their_statistics(tiny_config, tmp_path, ranks):
    config = tiny_config("system.sync_batch_norm=True")
    network = nn.SequentialCell(Scale(2.0), Scale(3.0))
    optimizer = nn.SGD(network.trainable_params(), 0.1)
    step = TrainStep(network, Sum(), optimizer, LossScale("static", 8.0, 2.0, 9), prepare=Half())
    recorder = capsule.Recorder(config, Runtime("CPU", 0, ranks), tmp_path, None, step, ("image", "target"), [0.5])
    batch = {"image": images(1.0, 5.0), "target": images(1.0, 10.0), "img_path": ["a.jpg", "b.jpg"]}
    outcome = StepOutcome(np.inf, np.array([np.inf, np.nan]), False, np.nan)
    read = capsule.read(recorder.record(Progress(steps=7), outcome, batch, dropped=True))
    np.testing.assert_array_equal(read.columns["image"], batch["image"])
    np.testing.assert_array_equal(read.network_input, batch["image"] / 2)
    # sum over 4 pixels of image / 2 * target = 102, times the other weight; with shared statistics it is left out
    assert list(read.about["norms"].values()) == (pytest.approx([3 * 102, 2 * 102]) if ranks == 1 else [])
    assert read.about["terms"]["one"] == np.inf and np.isnan(read.about["terms"]["two"])
    assert (read.path.name, read.about["learning_rate"], read.about["ranks"]) == ("step_000007", 0.5, ranks)


def test_of_the_dropped_updates_the_1st_10th_and_100th_are_recorded(monkeypatch):
    recorder, recorded = object.__new__(capsule.Recorder), []

    def record(at, outcome, batch, *, dropped):
        recorded.append((at.steps, dropped))
        return f"capsules/step_{at.steps}"

    monkeypatch.setattr(recorder, "record", record, raising=False)
    hints = [recorder.on_failure(run_events.failure(number, True, number)) for number in range(1, 120)]
    assert recorded == [(1, True), (10, True), (100, True)]
    assert hints[9] == "'mindocr replay capsules/step_10' names layer, loss term and image"
    assert hints[10] is None
    recorder.on_failure(run_events.failure(120, dropped=False, number=119))
    assert recorded[-1] == (120, False)


@pytest.mark.slow
@pytest.mark.parametrize("failure", ["too large", "full"])
def test_a_capsule_that_cannot_be_written_changes_nothing_else(tiny_config, monkeypatch, tmp_path, failure):
    if failure == "too large":
        monkeypatch.setattr(capsule, "MAX_BYTES", 1000)
    else:

        def save(*_):
            raise StorageError("the disk is full")

        monkeypatch.setattr(capsule.checkpoints, "save", save)
    message, found = stopped(tiny_config(*OVERFLOW))
    assert found is None and "mindocr replay" not in message
    log = (tmp_path / "run/log_0.txt").read_text(encoding="utf-8")
    assert "no capsule of step" in log and ("more than 0" if failure == "too large" else "the disk is full") in log
    assert not list((tmp_path / "run").glob("capsules/*")) and not list((tmp_path / "run").glob("capsules/.*"))


@pytest.mark.slow
def test_dropped_updates_leave_few_capsules_and_no_trace_in_the_run(tiny_config, monkeypatch):
    options = (DROPPING, "system.val_while_train=False")
    with_capsules = trainer.run(tiny_config(*options, folder="with"))
    monkeypatch.setattr("mindocr.engine.diagnose.failed_step.capsule.RECORDED_DROPS", ())
    without = trainer.run(tiny_config(*options, folder="without"))
    assert with_capsules.losses == without.losses
    assert not (without.folder / "capsules").exists()
    names = [path.name for path in (with_capsules.folder / "capsules").iterdir()]
    assert names == ["step_000001"]
    about = capsule.read(with_capsules.folder / "capsules" / names[0]).about
    assert about["dropped"] and about["loss_scale"] == pytest.approx(1e38, rel=1e-6)


@pytest.mark.slow
def test_a_batch_from_the_devices_queue_is_made_once_more(tiny_config, monkeypatch):
    plain = stopped(tiny_config(*OVERFLOW, folder="plain"))[1]

    def batches(self, epoch, start):
        queue = self.loader.epoch(epoch, start)

        def take():
            batch = next(queue)
            return self.step(*(step_inputs.ms.Tensor(batch[name]) for name in self.columns))

        self._take = take
        return iter([None] * len(self.loader))

    monkeypatch.setattr(step_inputs.Feed, "batches", batches)
    sunk = stopped(tiny_config(*OVERFLOW, folder="sunk"))[1]
    assert sunk.images == plain.images and sunk.about["step"] == plain.about["step"]
    for name, values in plain.columns.items():
        np.testing.assert_array_equal(sunk.columns[name], values)
