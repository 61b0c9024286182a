"""A full disk: a small file system that is filled during the run."""

import subprocess

import pytest
from runs import Run, write_data

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("full") / "data")


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 24 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_run_goes_on_until_there_is_room_again(data, small_disk):
    run = Run(small_disk, data)
    assert run.finish("fill:7-12") == 0, run.messages[-1]
    said = run.messages[-1]
    assert "NOT SAVED: cannot write" in said
    assert "the disk is full; free some space" in said
    assert "the weights: saved again" in said
    assert "Traceback" not in said
    assert [name for name in run.files() if name.startswith(("best", "epoch"))] == [
        "best.ckpt", "epoch_0001.ckpt", "epoch_0003.ckpt",
    ]  # fmt: skip
    assert [row["epoch"] for row in run.table()] == ["1", "2", "3"]


@pytest.mark.parametrize(("option", "made"), [("continue", 15), ("stop", 10)])
def test_without_room_it_ends_with_code_3_and_the_last_good_state(data, small_disk, option, made):
    run = Run(small_disk, data, [f"train.on_save_error={option}"])
    assert run.finish("fill:7-99") == 3, run.messages[-1]
    assert run.steps() == list(range(1, made + 1))
    assert "the disk is full" in run.messages[-1].splitlines()[-1]
    assert "Traceback" not in run.messages[-1]
    assert not [name for name in run.files() if ".part" in name]
    (small_disk / "filler").unlink()
    run.options = [*run.options, "train.max_steps=6"]
    assert run.finish() == 0, run.messages[-1]
    assert run.steps()[made:] == [6]
