"""Several runs in one folder, one after the other: nothing of an earlier one is lost."""

import logging

import pytest

from mindocr.engine.evaluate import evaluator
from mindocr.engine.runtime import process
from mindocr.engine.train import resume, run_folder, trainer
from mindocr.errors import DataError, UserError
from mindocr.utils.folder_lock import LOCK_NAME, locked
from mindocr.utils.logs import start_logging

SHORT = ("scheduler.num_epochs=1", "train.max_steps=1")


def contents(folder):
    """Path -> content of every file below."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def earlier(folder):
    return sorted(path for path in folder.iterdir() if path.name.startswith("earlier_"))


@pytest.mark.slow
def test_a_new_run_sets_aside_the_earlier_one_and_a_resumed_run_does_not(tiny_config, tmp_path):
    folder = trainer.run(tiny_config(*SHORT)).folder
    evaluator.run(tiny_config(*SHORT))
    assert LOCK_NAME not in contents(folder)
    (folder / "notes.txt").write_text("mine")
    first = contents(folder)

    with pytest.raises(DataError, match="no such label file"):
        trainer.run(tiny_config(*SHORT, "train.dataset.label_file=no.txt"))
    after = contents(folder)
    assert after.pop("log_0.txt").startswith(first["log_0.txt"])
    assert after == {name: content for name, content in first.items() if name != "log_0.txt"}  # a mistake moves nothing
    first = contents(folder)

    trainer.run(tiny_config(*SHORT, "train.ckpt_format=safetensors", "system.val_while_train=False"))
    (one,) = earlier(folder)
    assert {f"{one.name}/{name}": content for name, content in first.items() if name != "notes.txt"}.items() <= (
        contents(folder).items()
    )
    top = {path.name for path in folder.iterdir()}
    assert top == {
        one.name, "notes.txt", "config.yaml", "log_0.txt", "performance.csv", "curves.png", "epoch_0001.safetensors",
        "train_state.safetensors",
    }  # fmt: skip
    log = (folder / "log_0.txt").read_text(encoding="utf-8")
    assert f"{folder} holds an earlier run; moved to {one}: best.ckpt, config.yaml, " in log
    assert log.rstrip().endswith(f"the earlier run of {folder} is in {one}; its state is train_state.ckpt")
    assert "12 images" in log and log.count("done: 1 step in ") == 1

    resumed = ("train.ckpt_format=safetensors", "system.val_while_train=False", "train.max_steps=3")
    assert trainer.run(tiny_config(*SHORT, *resumed, "train.resume=auto")).steps == 3
    assert earlier(folder) == [one]

    state = f"train.resume={one / 'train_state.ckpt'}"
    result = trainer.run(tiny_config("scheduler.num_epochs=2", "train.max_steps=8", state))
    assert result.steps == 8
    assert len(earlier(folder)) == 2
    assert contents(one) == {name: content for name, content in first.items() if name != "notes.txt"}
    table = (folder / "performance.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in table] == ["epoch", "1", "2"]


@pytest.fixture
def logged(tmp_path):
    yield lambda rank=0: (tmp_path / f"log_{rank}.txt").read_text(encoding="utf-8")
    start_logging()


def test_the_log_of_another_run_is_not_written_to(tmp_path, logged, caplog):
    with locked(tmp_path, "key"):
        process.start_logging(tmp_path, held=True)
        resume.logger.warning("a line of the second run")
        with pytest.raises(UserError, match="in use by another run"), run_folder.claimed(tmp_path, process.ALONE):
            pass
        resume.logger.warning("another line")
    assert not (tmp_path / "log_0.txt").exists()


def test_lines_before_the_rank_is_known_reach_its_own_file(tmp_path, logged):
    process.start_logging(tmp_path, held=True)
    resume.logger.warning("first line")
    process.start_logging(tmp_path, 1, held=True)
    resume.logger.warning("second line")
    assert list(tmp_path.iterdir()) == []
    with run_folder.claimed(tmp_path, process.ALONE):
        resume.logger.warning("third line")
    assert [line.split(" W ")[1] for line in logged(1).splitlines()] == ["first line", "second line", "third line"]
    assert not (tmp_path / "log_0.txt").exists()


def test_auto_names_the_earlier_run_of_an_empty_folder(tmp_path, caplog, monkeypatch):
    (tmp_path / "earlier_2026-01-01_00-00-00").mkdir()
    (tmp_path / "earlier_2026-01-01_00-00-00/train_state.ckpt").write_bytes(b"a state")
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    with caplog.at_level("INFO", logger="mindocr"):
        assert resume.find("auto", tmp_path) is None
    assert caplog.messages[0].endswith(
        f"a new run begins; to continue an earlier one, use train.resume={tmp_path}/earlier_2026-01-01_00-00-00/"
        "train_state.ckpt"
    )
