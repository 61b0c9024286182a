"""``mindocr demo``: generate images, train, evaluate, export and predict, with the commands that a user would type."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

_RECIPE = "configs/det/dbnet/db_r18_synthetic.yaml"
_PACKAGES = Path(__file__).resolve().parents[3]  # the folder that holds mindocr/


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the output folder, the number of images, and overrides of the recipe."""
    add = parser.add_argument
    add("--output_dir", default="demo", help="folder for all files of the demo")
    add("--train", type=int, default=700, help="number of generated training images")
    add("--test", type=int, default=100, help="number of generated test images; training does not use them")
    add("-o", "--opt", nargs="+", default=[], metavar="KEY=VALUE", help="overrides of the recipe")


def run(args: argparse.Namespace) -> int:
    """Run the steps one after the other and print a table of scores and files.

    Returns:
        0, or the exit code of the step that failed.
    """
    out = Path(args.output_dir)
    data, train = out / "data", out / "train"
    best = train / "best.ckpt"
    shared = ["-c", _RECIPE, "-o", f"train.dataset.dataset_root={data}", f"eval.dataset.dataset_root={data}",
              f"train.ckpt_save_dir={train}", f"eval.ckpt_load_path={best}", *args.opt]  # fmt: skip
    steps = {
        "make data": ["make-synthetic", "--output_dir", data, "--train", args.train, "--test", args.test,
                      "--workers", 2, "--overwrite"],
        "train": ["train", *shared],
        "evaluate": ["eval", *shared],
        "export": ["export", "--model_name_or_config", train / "config.yaml", "--data_shape", 320, 320,
                   "--local_ckpt_path", best, "--is_dynamic_shape", "True", "--save_dir", out],
        "predict": ["predict", *shared, "--det_model_dir", best, "--image_dir", data / "test",
                    "--draw_img_save_dir", out / "predict"],
    }  # fmt: skip
    seconds = {}
    for name, words in steps.items():
        start = time.perf_counter()
        if code := _run_step([str(word) for word in words]):
            return code
        seconds[name] = time.perf_counter() - start
    print(_table(out, seconds))
    return 0


def _run_step(words: list[str]) -> int:
    """Print a command of ``mindocr`` and run it in a new process; returns its exit code."""
    print(f"\n$ mindocr {shlex.join(words)}", flush=True)
    path = os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "mindocr", *words]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


def _table(out: Path, seconds: dict[str, float]) -> str:
    """A table of times, scores and the paths of the files."""
    scores = json.loads((out / "train/eval/scores.json").read_text(encoding="utf-8"))
    rows = [(f"{name}, seconds", f"{value:.0f}") for name, value in {**seconds, "all": sum(seconds.values())}.items()]
    rows += [(f"{name} on test images", f"{scores[name]:.4f}") for name in ("recall", "precision", "f-score")]
    paths = {"training curves": "train/curves.png", "generated images, labels": "data/preview.jpg",
             "pictures of the detections": "predict", "exported model": "config.mindir"}  # fmt: skip
    rows += [(name, str(out / path)) for name, path in paths.items()]
    return "\n" + "\n".join(f"| {name:<31} | {value:<30} |" for name, value in rows)
