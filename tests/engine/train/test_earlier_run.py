"""The files of an earlier run are set aside, whatever its format; those of the user stay."""

import logging
import os
import time

import pytest

from mindocr.engine.train import earlier_run
from mindocr.engine.train.earlier_run import continue_table, earlier_folders, set_aside
from mindocr.errors import UserError

OF_A_RUN = [
    "best.ckpt", "best.safetensors", "epoch_0001.safetensors", "epoch_12345.ckpt", "train_state.ckpt",
    "train_state.previous.ckpt", "train_state.earlier.ckpt", "performance.csv", "curves.png", "log_0.txt", "log_3.txt",
    "why_zero.png", "config.yaml", "tensorboard/events.out.tfevents.1", "wandb/run-1/x",
    "capsules/step_000001/capsule.json",
    "eval/scores.json", "eval/detections.txt", "fit/fit.json", "fit/maps/1.npz",
]  # fmt: skip
OF_THE_USER = [
    "notes.txt", "best.txt", "my_best.ckpt", "best.ckpt.bak", "epoch_1.pth", "log_best.txt", "recipe.yaml",
    "train_gt.txt",
    "data/gt.txt", "earlier_idea.txt", "logs/log_0.txt",
]  # fmt: skip
WHEN = time.mktime((2026, 2, 3, 4, 5, 6, 0, 0, -1))
NAME = "earlier_2026-02-03_04-05-06"


def fill(folder, names, when=WHEN):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# Resolved configuration, written by mindocr: x\n" if name == "config.yaml" else name)
        os.utime(path, (when, when))


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def heard(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)  # a run in this process may have set it
    caplog.set_level("INFO", logger="mindocr")
    return caplog


def test_everything_that_a_run_writes_is_moved_and_nothing_else(tmp_path, heard):
    fill(tmp_path, OF_A_RUN + OF_THE_USER)
    (tmp_path / "log_0.txt").write_text("a later start that failed")  # does not date the run
    assert set_aside(tmp_path) == tmp_path / NAME
    assert tree(tmp_path) == sorted([*OF_THE_USER, *(f"{NAME}/{name}" for name in OF_A_RUN)])
    (message,) = set(heard.messages)
    assert message.startswith(
        f"{tmp_path} holds an earlier run; moved to {tmp_path / NAME}: best.ckpt, best.safetensors"
    )
    assert message.endswith(f" and 12 more; to continue that run, use train.resume={tmp_path / NAME}/train_state.ckpt")


def test_the_last_line_names_the_subfolder(tmp_path):
    fill(tmp_path / NAME, ["best.ckpt", "train_state.ckpt", "train_state.previous.ckpt"])
    assert earlier_run.reminder(tmp_path / NAME) == (
        f"the earlier run of {tmp_path} is in {tmp_path / NAME}; its state is train_state.ckpt"
    )
    fill(tmp_path / "x" / NAME, ["config.yaml"])
    said = earlier_run.reminder(tmp_path / "x" / NAME)
    assert said == f"the files that were in {tmp_path / 'x'} before this run are in {tmp_path / 'x' / NAME}"


def test_a_third_run_makes_a_second_folder(tmp_path):
    for number, when in ((1, WHEN), (2, WHEN), (3, WHEN + 60)):
        fill(tmp_path, ["train_state.ckpt"], when)
        (tmp_path / "log_0.txt").write_text(str(number))
        set_aside(tmp_path)
    assert [folder.name for folder in earlier_folders(tmp_path)] == [
        "earlier_2026-02-03_04-06-06", f"{NAME}_2", NAME,
    ]  # fmt: skip
    assert [(folder / "log_0.txt").read_text() for folder in earlier_folders(tmp_path)] == ["3", "2", "1"]


@pytest.mark.parametrize(
    "names", [[], OF_THE_USER, ["log_0.txt", "config.yaml", "tensorboard/events"], ["eval/scores.json"]]
)
def test_what_has_no_result_stays(tmp_path, names, heard):
    fill(tmp_path, names)
    assert set_aside(tmp_path) is None
    assert tree(tmp_path) == sorted(names) and not heard.messages


def test_folders_of_the_user_with_the_name_of_ours_stay(tmp_path):
    fill(tmp_path, ["best.ckpt", "eval/img/1.jpg", "fit/shoes.txt", "capsules/blue.txt"])
    set_aside(tmp_path)
    assert tree(tmp_path) == ["capsules/blue.txt", f"{NAME}/best.ckpt", "eval/img/1.jpg", "fit/shoes.txt"]


def test_a_configuration_written_by_hand_is_not_replaced(tmp_path, heard):
    fill(tmp_path, ["notes.txt"])
    (tmp_path / "config.yaml").write_text("base: x.yaml\n")
    os.utime(tmp_path / "config.yaml", (WHEN, WHEN))
    set_aside(tmp_path)
    assert tree(tmp_path) == [f"{NAME}/config.yaml", "notes.txt"]
    assert set(heard.messages) == {
        f"{tmp_path} holds a config.yaml that no run has written; moved to {tmp_path / NAME}: config.yaml"
    }


def test_files_of_a_logger_of_the_user(tmp_path):
    fill(tmp_path, ["table.json", "other.json", "best.ckpt"])
    set_aside(tmp_path, ["table.json"])
    assert tree(tmp_path) == [f"{NAME}/best.ckpt", f"{NAME}/table.json", "other.json"]


def test_a_file_that_cannot_be_moved_stops_the_run_and_moves_nothing(tmp_path, monkeypatch):
    fill(tmp_path, ["best.ckpt", "config.yaml", "train_state.ckpt"])
    rename = earlier_run.Path.rename

    def refuse(path, target):
        if path.name == "train_state.ckpt":
            raise OSError(18, "Invalid cross-device link", str(path))
        return rename(path, target)

    monkeypatch.setattr(earlier_run.Path, "rename", refuse)
    message = (
        r"holds an earlier run, and its files cannot be set aside in 'earlier_2026.*' \(Invalid cross-device link: "
    )
    with pytest.raises(UserError, match=message):
        set_aside(tmp_path)
    assert tree(tmp_path) == ["best.ckpt", "config.yaml", "train_state.ckpt"]


def test_a_run_that_continues_elsewhere_keeps_its_table(tmp_path, heard):
    fill(tmp_path, ["a/performance.csv", "b/notes.txt", "c/performance.csv"])
    (tmp_path / "c/performance.csv").write_text("another run")
    continue_table(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b/performance.csv").read_text() == "a/performance.csv"
    assert heard.messages[0].endswith(f"weights that it has saved before, such as the best, stay in {tmp_path / 'a'}")
    continue_table(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c/performance.csv").read_text() == "another run"
