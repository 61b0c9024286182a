"""Checkpoints: complete or not at all, the best and the latest kept, state restored."""

from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn

from mindocr.engine.train import checkpoints, resume
from mindocr.engine.train.checkpoints import CheckpointKeeper, save
from mindocr.errors import CheckpointError, StorageError
from mindocr.models.ckpt_entries import unpack
from mindocr.models.weights import load_weights, read_checkpoint


def network(value=1.0):
    cell = nn.Dense(2, 1, weight_init="ones")
    cell.weight.set_data(ms.Tensor(np.full((1, 2), value, np.float32)))
    return cell


def weights(value=1.0):
    return network(value).parameters_dict()


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

    def fail(entries, path, **options):
        Path(path).write_bytes(b"half")
        Path(path).with_suffix(".tmp").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints.ms, "save_checkpoint", fail)
    with pytest.raises(StorageError, match="cannot write '.*a.ckpt': the disk is full; free some space"):
        save(network(4).get_parameters(), tmp_path / "a.ckpt")
    assert names(tmp_path) == ["a.ckpt"]
    assert value(tmp_path / "a.ckpt") == 3


@pytest.mark.parametrize("suffix", ["ckpt", "safetensors"])
def test_both_formats_carry_a_checksum_and_their_origin(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    save(network(3).get_parameters(), path, {checkpoints.RUN_ENTRY: {"seed": 1}})
    entries = read_checkpoint(path)
    assert entries["weight"].asnumpy().tolist() == [[3, 3]]
    assert unpack(entries[checkpoints.RUN_ENTRY]) == {"seed": 1}
    target = network(0)
    assert sorted(load_weights(target, path).loaded) == ["bias", "weight"]
    content = bytearray(path.read_bytes())
    place = content.index(np.float32(3).tobytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"a.{suffix}: damaged"):
        read_checkpoint(path)


def test_the_best_the_top_and_the_latest_stay(tmp_path):
    keeper = CheckpointKeeper(tmp_path, latest=2, top=2)
    scores = [0.5, 0.9, 0.1, 0.7, None, 0.2]
    best = [keeper.keep(weights(epoch), epoch, score) for epoch, score in enumerate(scores, 1)]
    assert best == [True, True, False, False, False, False]
    assert names(tmp_path) == ["best.ckpt", "epoch_0002.ckpt", "epoch_0004.ckpt", "epoch_0005.ckpt", "epoch_0006.ckpt"]
    assert value(tmp_path / "best.ckpt") == 2
    assert (keeper.best, keeper.best_epoch) == (0.9, 2)


def test_a_score_of_zero_can_be_the_best(tmp_path):
    assert CheckpointKeeper(tmp_path).keep(weights(), 1, 0.0)


def state(step):
    return {"ranks": [{"progress": {"steps": step}}]}


def steps_in(path):
    return unpack(read_checkpoint(path)[checkpoints.STATE_ENTRY])["ranks"][0]["progress"]["steps"]


def test_the_state_before_the_last_stays(tmp_path):
    keeper = CheckpointKeeper(tmp_path)
    for step in (1, 2, 3):
        keeper.save_state(network(step).get_parameters(), state(step))
    assert names(tmp_path) == ["train_state.ckpt", "train_state.previous.ckpt"]
    assert [steps_in(path) for path in checkpoints.states_in(tmp_path)] == [3, 2]


def test_a_damaged_state_never_replaces_the_good_one_before_it(tmp_path):
    keeper = CheckpointKeeper(tmp_path)
    for step in (1, 2):
        keeper.save_state(network(step).get_parameters(), state(step))
    (tmp_path / "train_state.ckpt").write_bytes(b"damaged")
    found = resume.find("auto", tmp_path)
    again = CheckpointKeeper(tmp_path)
    again.recall(found.state, found.path)
    again.save_state(network(3).get_parameters(), state(3))
    assert [steps_in(path) for path in checkpoints.states_in(tmp_path)] == [3, 1]


def test_best_score_and_list_come_back(tmp_path):
    keeper = CheckpointKeeper(tmp_path)
    keeper.keep(weights(), 3, 0.25)
    keeper.save_state(network().get_parameters(), {})
    fresh, path = CheckpointKeeper(tmp_path), keeper.path(checkpoints.STATE)
    fresh.recall(resume.find(str(path), tmp_path).state, path)
    assert (fresh.best, fresh.best_epoch, fresh.scores) == (0.25, 3, {3: 0.25})
