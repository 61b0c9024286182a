"""Several ranks: real processes, started by mpirun and by msrun."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from runs import reader_options, write_test_lines

from mindocr.synthetic import SceneOptions, SetPlan, write_set

pytestmark = pytest.mark.slow

SIDE = 96
MSRUN = Path(sys.executable).with_name("msrun")
RECIPE = "configs/det/dbnet/db_r18_synthetic.yaml"
SHORT = (
    "train.loader.num_workers=0",
    "eval.loader.num_workers=0",
    "scheduler.num_epochs=1",
    "scheduler.warmup_epochs=0",
    "train.max_steps=3",
)
needs_mpirun = pytest.mark.skipif(shutil.which("mpirun") is None, reason="mpirun is not installed (openmpi-bin)")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ranks") / "data"
    options = SceneOptions(image_size=(SIDE, SIDE), difficulty="easy")
    write_set(SetPlan(folder, train=12, test=5, options=options, seed=3, progress=False))
    write_test_lines(folder / "lines", 5)
    return folder


def settings(data: Path, folder: Path, *more: str) -> list[str]:
    return [
        f"train.dataset.dataset_root={data}",
        f"eval.dataset.dataset_root={data}",
        f"train.ckpt_save_dir={folder}",
        "model.backbone={name: SmallBackbone}",
        "model.neck.out_channels=16",
        f"train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[{SIDE}, {SIDE}]",
        f"eval.dataset.transform_pipeline.DetResize.target_size=[{SIDE}, {SIDE}]",
        "postprocess.box_thresh=0.1",
        "postprocess.binary_thresh=0.1",
        *SHORT,
        *more,
    ]


def reader_settings(data: Path, folder: Path, *more: str) -> list[str]:
    small = [word for word in reader_options() if not word.startswith("train.loader.batch_size")]
    return [*small, f"eval.dataset.dataset_root={data / 'lines'}", f"train.ckpt_save_dir={folder}", *SHORT, *more]


def mpirun(ranks: int) -> list[str]:
    return ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(ranks), sys.executable]


def msrun(ranks: int, port: int, logs: Path) -> list[str]:
    options = [f"--worker_num={ranks}", f"--local_worker_num={ranks}", f"--master_port={port}", "--join=True"]
    return [str(MSRUN), *options, f"--log_dir={logs}", "python"]


def start(launcher: list[str], repo_root: Path, *words: object) -> subprocess.Popen:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    # msrun starts the first python that it finds
    programs = f"{MSRUN.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "GLOG_v": "3", "PATH": programs}
    return subprocess.Popen([*launcher, *map(str, words)], cwd=repo_root, env=environment, **pipes)


def run(launcher: list[str], repo_root: Path, *words: object) -> str:
    process = start(launcher, repo_root, *words)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output[-3000:]
    return output


def weights(path: Path) -> dict[str, np.ndarray]:
    stored = ms.load_checkpoint(str(path))
    return {name: value.asnumpy() for name, value in stored.items() if not name.startswith("mindocr.")}


JOB = "tests/e2e/ranks_job.py"
_NETWORK = "{backbone: {name: SmallBackbone}, neck: {name: DBFPN, out_channels: 16}, head: {name: DBHead}}"
_TERMS = ", ".join(f"{{loss: {{name: {loss}}}, networks: [{names}]}}" for loss, names in (
    ("MeanSquares", "one"), ("MeanSquares", "two"), ("DMLLoss", "one, two")))  # fmt: skip
SEVERAL = [  # two networks that learn from each other; all their losses are means over pixels and images
    "model.backbone=null", "model.neck=null", "model.head=null", "model.use=one",
    f"model.networks={{one: {_NETWORK}, two: {_NETWORK}}}", f"loss={{name: CombinedLoss, terms: [{_TERMS}]}}",
]  # fmt: skip
# Score of the task -> its recipe, and what makes it small
TASKS = {
    "f-score": (RECIPE, settings),
    "acc": ("configs/rec/crnn/crnn_small_synthetic.yaml", reader_settings),
}


@needs_mpirun
@pytest.mark.parametrize("batch_norm", ["frozen", "synchronised", "frozen, two networks"])
def test_two_ranks_at_batch_2_train_what_one_rank_trains_at_batch_4(repo_root, data, tmp_path, batch_norm):
    common = ["loss={name: MeanSquares}", "system.val_while_train=False", *["freeze"] * ("frozen" in batch_norm)]
    if "two networks" in batch_norm:
        common += SEVERAL
    one = settings(data, tmp_path / "one", *common, "train.loader.batch_size=4")
    two = settings(data, tmp_path / "two", *common, "train.loader.batch_size=2", "system.distribute=True")
    if batch_norm == "synchronised":
        two.append("system.sync_batch_norm=True")
    run([sys.executable], repo_root, JOB, RECIPE, *one)
    run(mpirun(2), repo_root, JOB, RECIPE, *two)
    alone, together = (weights(tmp_path / folder / "epoch_0001.ckpt") for folder in ("one", "two"))
    assert alone.keys() == together.keys()
    assert max(float(np.abs(alone[name] - together[name]).max()) for name in alone) < 1e-5
    (single,) = losses(tmp_path / "one", 1)
    np.testing.assert_allclose(np.mean(losses(tmp_path / "two", 2), axis=0), single, rtol=1e-5)
    assert single[2] < single[0], "three steps must have changed something"


@pytest.mark.parametrize("score", TASKS)
def test_ranks_of_msrun_share_the_images_of_an_evaluation(repo_root, data, tmp_path, score):
    """With the loss and BatchNorm per rank, as in a recipe; then one process evaluates the checkpoint of rank 0."""
    recipe, small = TASKS[score]
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    folder = tmp_path / "two"
    run(msrun(2, port, tmp_path / "logs"), repo_root, JOB, recipe,
        *small(data, folder, "train.loader.batch_size=2", "system.distribute=True"))  # fmt: skip
    assert {"log_0.txt", "log_1.txt", "performance.csv", "best.ckpt"} <= {path.name for path in folder.iterdir()}
    with (folder / "performance.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    scores = [json.loads((folder / f"losses_{rank}.json").read_text())["scores"] for rank in (0, 1)]
    assert scores[0] == scores[1]
    assert scores[0]["counts"]["images"] == 5
    run([sys.executable], repo_root, JOB, recipe, "evaluate", *small(data, folder),
        f"eval.ckpt_load_path={folder / 'best.ckpt'}")  # fmt: skip
    alone = json.loads((folder / "eval/scores.json").read_text(encoding="utf-8"))
    assert alone.pop("evaluated")["images"] == 5 and alone == scores[0]
    assert float(row[score]) == pytest.approx(alone[score])


@needs_mpirun
def test_a_killed_rank_ends_the_job_within_a_minute_and_is_named(repo_root, data, tmp_path):
    folder = tmp_path / "two"
    more = ["train.max_steps=5000", "scheduler.num_epochs=5000", "system.val_while_train=False"]
    overrides = settings(data, folder, *more, "train.loader.batch_size=2", "system.distribute=True")
    process = start(mpirun(2), repo_root, JOB, RECIPE, *overrides)
    try:
        deadline = time.monotonic() + 150
        while not (folder / "train_state.ckpt").exists():
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0][-3000:]
            time.sleep(0.2)
        (victim,) = [pid for pid in descendants(process.pid) if rank_of(pid) == "1"]
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
    finally:
        for pid in descendants(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.kill()
    assert time.monotonic() - killed < 60
    assert process.returncode != 0
    assert f"rank 1 (process {victim}) is gone" in output
    assert f"Its last line in {folder / 'log_1.txt'}: " in output
    assert "Traceback" not in output
    time.sleep(1.0)
    assert left_over(str(folder)) == []


def losses(folder: Path, ranks: int) -> list[list[float]]:
    return [json.loads((folder / f"losses_{rank}.json").read_text())["losses"] for rank in range(ranks)]


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def rank_of(pid: int) -> str | None:
    """The rank of a process of Open MPI; None for the scheduler, the watch and the launcher."""
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    variables = dict(word.partition(b"=")[::2] for word in words)
    return variables.get(b"OMPI_COMM_WORLD_RANK", b"").decode() if JOB.encode() in command else None


def left_over(mark: str) -> list[str]:
    """Command lines of living processes that mention ``mark``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if mark.encode() in words and path.parent.name != str(os.getpid()):
            found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found
