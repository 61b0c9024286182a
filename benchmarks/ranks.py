"""Seconds per training step on one rank and on two ranks of this machine, and the gradient bytes averaged in each step.

    python benchmarks/ranks.py [--steps 8] [--size 160] [--json]

Trains the recipe of the demo on generated images with mpirun, or with msrun if mpirun is not installed: one rank with
batch size 2, then two ranks with batch size 1, so that an update uses two images in both cases. Prints a table, with
--json also one JSON line.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.synthetic import SceneOptions, SetPlan, write_set

ROOT = Path(__file__).resolve().parents[1]
RECIPE = "configs/det/dbnet/db_r18_synthetic.yaml"


def launcher(ranks: int, logs: Path) -> list[str]:
    """The command that starts this many ranks; empty for one."""
    if ranks == 1:
        return []
    if shutil.which("mpirun"):
        return ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(ranks)]
    msrun = Path(sys.executable).with_name("msrun")
    return [str(msrun), f"--worker_num={ranks}", f"--local_worker_num={ranks}", "--join=True", f"--log_dir={logs}"]


def measure(ranks: int, data: Path, folder: Path, steps: int, size: int) -> float:
    """Seconds per step in the second epoch, after compilation."""
    settings = [
        f"train.dataset.dataset_root={data}",
        f"train.ckpt_save_dir={folder}",
        f"train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[{size}, {size}]",
        f"train.loader.batch_size={2 // ranks}",
        "train.loader.num_workers=0",
        "system.val_while_train=False",
        "scheduler.num_epochs=2",
        "scheduler.warmup_epochs=0",
        f"system.distribute={ranks > 1}",
    ]
    command = [*launcher(ranks, folder / "logs"), sys.executable, "tools/train.py", "-c", RECIPE, "-o", *settings]
    quiet = {**os.environ, "GLOG_v": "3"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"training on {ranks} ranks failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    with (folder / "performance.csv").open(encoding="utf-8", newline="") as file:
        return float(list(csv.DictReader(file))[-1]["seconds"]) / steps


def gradient_bytes(folder: Path) -> int:
    """Bytes of the trained weights, which is the size of one all-reduce."""
    import mindspore as ms

    weights = ms.load_checkpoint(str(next(folder.glob("epoch_*.ckpt"))))
    return sum(value.size * value.itemsize for name, value in weights.items() if "moving_" not in name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=8, help="steps that are timed")
    parser.add_argument("--size", type=int, default=160, help="side of the training crops in pixels")
    parser.add_argument("--json", action="store_true", help="also print one JSON line")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        options = SceneOptions(image_size=(args.size, args.size), difficulty="easy")
        write_set(SetPlan(data, train=2 * args.steps, test=2, options=options, seed=1, progress=False))
        seconds = {n: measure(n, data, Path(temporary) / f"ranks_{n}", args.steps, args.size) for n in (1, 2)}
        volume = gradient_bytes(Path(temporary) / "ranks_1")
    for ranks, value in seconds.items():
        print(f"{ranks} rank{'s' * (ranks > 1)} at batch {2 // ranks}: {1000 * value:.0f} ms per step")
    print(f"averaged in every step: {volume / 2**20:.1f} MiB")
    if args.json:
        figures = {"ms_per_step": {str(n): round(1000 * s, 1) for n, s in seconds.items()}, "gradient_bytes": volume}
        print(json.dumps({"cores": os.cpu_count(), **figures}))


if __name__ == "__main__":
    main()
