"""Checkpoints: whole or not at all, the best and the latest kept, state restored."""

from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn

from mindocr.engine import checkpoints
from mindocr.engine.checkpoints import CheckpointKeeper, save
from mindocr.errors import CheckpointError, UserError


def network(value=1.0):
    cell = nn.Dense(2, 1, weight_init="ones")
    cell.weight.set_data(ms.Tensor(np.full((1, 2), value, np.float32)))
    return cell


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def value(path):
    return float(ms.load_checkpoint(str(path))["weight"].asnumpy()[0, 0])


def test_a_saved_file_is_readable_and_alone(tmp_path):
    save(network(3).get_parameters(), tmp_path / "a.ckpt")
    save(network(4).get_parameters(), tmp_path / "a.ckpt")
    assert names(tmp_path) == ["a.ckpt"]
    assert value(tmp_path / "a.ckpt") == 4
    assert (tmp_path / "a.ckpt").stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    save(network(3).get_parameters(), tmp_path / "a.ckpt")

    def fail(entries, path, crc_check):
        Path(path).write_bytes(b"half")
        Path(path).with_suffix(".tmp").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints.ms, "save_checkpoint", fail)
    with pytest.raises(UserError, match="cannot write '.*a.ckpt': the disk is full; free some space"):
        save(network(4).get_parameters(), tmp_path / "a.ckpt")
    assert names(tmp_path) == ["a.ckpt"]
    assert value(tmp_path / "a.ckpt") == 3


def test_the_best_the_top_and_the_latest_stay(tmp_path):
    keeper = CheckpointKeeper(tmp_path, latest=2, top=2)
    scores = [0.5, 0.9, 0.1, 0.7, None, 0.2]
    best = [keeper.keep(network(epoch), epoch, score) for epoch, score in enumerate(scores, 1)]
    assert best == [True, True, False, False, False, False]
    assert names(tmp_path) == ["best.ckpt", "epoch_0002.ckpt", "epoch_0004.ckpt", "epoch_0005.ckpt", "epoch_0006.ckpt"]
    assert value(tmp_path / "best.ckpt") == 2
    assert (keeper.best, keeper.best_epoch) == (0.9, 2)


def test_a_score_of_zero_can_be_the_best(tmp_path):
    assert CheckpointKeeper(tmp_path).keep(network(), 1, 0.0)


def test_state_comes_back(tmp_path):
    keeper = CheckpointKeeper(tmp_path)
    keeper.keep(network(), 3, 0.25)
    keeper.save_state(network(7), {"epoch": 3, "steps": 30})
    fresh, other = CheckpointKeeper(tmp_path), network(0)
    progress = fresh.load_state(other, tmp_path / checkpoints.STATE)
    assert (progress["epoch"], progress["steps"], fresh.best, fresh.best_epoch) == (3, 30, 0.25, 3)
    assert other.weight.asnumpy().tolist() == [[7, 7]]


def test_weights_alone_are_not_a_state(tmp_path):
    save(network().get_parameters(), tmp_path / "a.ckpt")
    with pytest.raises(CheckpointError, match="holds weights only.*model.pretrained"):
        CheckpointKeeper(tmp_path).load_state(network(), tmp_path / "a.ckpt")


def test_the_state_of_another_model_is_refused(tmp_path):
    CheckpointKeeper(tmp_path).save_state(network(), {"epoch": 1})
    with pytest.raises(CheckpointError, match="another model or optimizer: 1 entries do not fit, such as 'weight'"):
        CheckpointKeeper(tmp_path).load_state(nn.Dense(3, 1), tmp_path / checkpoints.STATE)
