"""``mindocr demo``: generate images, train, evaluate, export and predict, with the commands that a user would type."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mindocr.cli.walkthrough import run_steps, table

_RECIPE = "configs/det/dbnet/db_r18_synthetic.yaml"


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
    code, seconds = run_steps(steps)
    if code == 0:
        print(table(seconds, _rows(out)))
    return code


def _rows(out: Path) -> list[tuple[str, str]]:
    """Scores and the paths of the files."""
    scores = json.loads((out / "train/eval/scores.json").read_text(encoding="utf-8"))
    rows = [(f"{name} on test images", f"{scores[name]:.4f}") for name in ("recall", "precision", "f-score")]
    paths = {"training curves": "train/curves.png", "generated images, labels": "data/preview.jpg",
             "pictures of the detections": "predict", "exported model": "config.mindir"}  # fmt: skip
    return rows + [(name, str(out / path)) for name, path in paths.items()]
