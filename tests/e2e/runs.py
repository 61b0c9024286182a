"""Small training runs in separate processes, and their files for comparison."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mindocr.models.weights import read_checkpoint
from mindocr.synthetic import SceneOptions, SetPlan, write_set
from mindocr.synthetic.line import LineOptions
from mindocr.synthetic.line_writer import LineSetPlan, write_lines
from mindocr.synthetic.texts import TextOptions

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECIPE = "configs/det/dbnet/db_r18_synthetic.yaml"
RECIPES = {"det": RECIPE, "rec": "configs/rec/crnn/crnn_small_synthetic.yaml"}
SIDE = 96
TIMES = ("images_per_s", "wait_share", "seconds")


@dataclass
class Run:
    """A run of 5 batches an epoch in ``folder``, in as many processes as it takes.

    Attributes:
        options: overrides of the recipe besides the small ones.
        ranks: processes of one start.
        task: ``det``, or ``rec``: a recogniser on lines that are generated while training.
    """

    folder: Path
    data: Path
    options: Sequence[str] = ()
    ranks: int = 1
    port: int = 8118
    messages: list[str] = field(default_factory=list)
    task: str = "det"

    def command(self, kill: str = "none") -> list[str]:
        """The command that starts or resumes the run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        script, notes = HERE / "killable_training.py", self.folder / "notes"
        child = [sys.executable, str(script), str(notes), kill, RECIPES[self.task], "-o"]
        child += [
            f"eval.dataset.dataset_root={self.data}",
            f"train.ckpt_save_dir={self.folder / 'out'}",
            *(reader_options() if self.task == "rec" else self._detector_options()),
            "train.loader.num_workers=0",
            "eval.loader.num_workers=0",
            "eval.loader.batch_size=1",
            "scheduler.num_epochs=3",
            "scheduler.warmup_epochs=1",
            "train.ckpt_top_k=2",
            "train.resume=auto",
            *self.options,
        ]
        if self.ranks == 1:
            return child
        launcher = [sys.executable, "-m", "mindspore.parallel.cluster.run", f"--master_port={self.port}"]
        launcher += [f"--worker_num={self.ranks}", f"--local_worker_num={self.ranks}", "--join=True"]
        # msrun puts the word python before the script by itself.
        return [*launcher, f"--log_dir={self.folder / 'msrun'}", *child[1:], "system.distribute=True"]

    def _detector_options(self) -> list[str]:
        return [
            f"train.dataset.dataset_root={self.data}",
            "model.backbone={name: tiny_for_tests}",
            "model.neck.out_channels=16",
            f"train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[{SIDE}, {SIDE}]",
            f"eval.dataset.transform_pipeline.DetResize.target_size=[{SIDE}, {SIDE}]",
        ]

    @staticmethod
    def environment() -> dict[str, str]:
        """Variables of the processes."""
        path = os.pathsep.join((str(ROOT), str(ROOT / "tests/engine")))
        programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        return {**os.environ, "GLOG_v": "3", "PYTHONUNBUFFERED": "1", "PYTHONPATH": path, "PATH": programs}

    def start(self, kill: str = "none") -> subprocess.Popen:
        """Start it and return at once."""
        return subprocess.Popen(
            self.command(kill), cwd=ROOT, env=self.environment(), text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def finish(self, kill: str = "none", timeout: float = 300) -> int:
        """Start it and wait for its end; returns the exit code, minus the signal's number where one ended it."""
        return self.wait(self.start(kill), timeout)

    def wait(self, process: subprocess.Popen, timeout: float = 300) -> int:
        """Wait for the end of a started process and keep its output."""
        output, _ = process.communicate(timeout=timeout)
        self.messages.append(output)
        return process.returncode

    def steps(self) -> list[int]:
        """Numbers of all steps made so far, in order; those made again after a kill appear again."""
        path = self.folder / "notes"
        return [int(line.split()[0]) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def losses(self, rank: int = 0) -> dict[int, set[str]]:
        """Step -> its losses, exactly; a repeated step with the same loss appears once."""
        found: dict[int, set[str]] = {}
        for line in (self.folder / (f"notes.{rank}" if rank else "notes")).read_text(encoding="utf-8").splitlines():
            step, loss = line.split()
            found.setdefault(int(step), set()).add(loss)
        return found

    def table(self) -> list[dict[str, str]]:
        """performance.csv without the measured times."""
        with (self.folder / "out/performance.csv").open(encoding="utf-8") as file:
            return [{k: v for k, v in row.items() if k not in TIMES} for row in csv.DictReader(file)]

    def files(self) -> list[str]:
        """Names of the files that the run has written."""
        return sorted(p.name for p in (self.folder / "out").iterdir() if not p.name.startswith("log_"))

    def weights(self, stem: str) -> dict[str, np.ndarray]:
        """Every parameter in a checkpoint; other entries are left out."""
        path = next((self.folder / "out").glob(f"{stem}.[cs]*"))
        return {name: p.asnumpy() for name, p in read_checkpoint(path).items() if not name.startswith("mindocr.")}


def differences(one: Run, other: Run) -> list[str]:
    """Everything in which two runs differ; empty when losses, weights, state, table and files are the same."""
    found = [f"losses of step {step}" for step, losses in one.losses().items() if losses != other.losses().get(step)]
    if set(one.losses()) != set(other.losses()):
        found.append("steps")
    if one.table() != other.table():
        found.append("table")
    if one.files() != other.files():
        return [*found, f"files: {one.files()} and {other.files()}"]
    for stem in sorted({name.split(".")[0] for name in one.files() if name.endswith((".ckpt", ".safetensors"))}):
        ours, theirs = one.weights(stem), other.weights(stem)
        same = set(ours) == set(theirs) and all(np.array_equal(ours[name], theirs[name]) for name in ours)
        found += [] if same else [stem]
    return found


def reader_options() -> list[str]:
    """Overrides that make the recipe of a recogniser small: 20 generated lines an epoch in batches of 4."""
    return [
        "train.dataset.number=20",
        "train.dataset.difficulty=easy",
        "train.loader.batch_size=4",
        "model.backbone.width=0.0625",
        "model.neck.hidden_size=8",
        *(f"{part}.dataset.transform_pipeline.ResizeTextLine.max_width=64" for part in ("train", "eval")),
        *(f"{part}.dataset.transform_pipeline.PadTextLine.min_width=64" for part in ("train", "eval")),
    ]


def write_test_lines(folder: Path, count: int = 3) -> Path:
    """Lines to evaluate a recogniser on."""
    texts = TextOptions(length=(3, 6), characters="abcdefghij")
    options = LineOptions(32, "easy")
    write_lines(LineSetPlan(folder, train=0, test=count, options=options, texts=texts, seed=1, progress=False))
    return folder


def write_data(folder: Path) -> Path:
    """Eleven training and three test images."""
    options = SceneOptions(image_size=(SIDE, SIDE), difficulty="easy")
    write_set(SetPlan(folder, train=11, test=3, options=options, seed=1, progress=False))
    return folder
