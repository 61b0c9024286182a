"""``mindocr demo-read``: generate lines, train a recogniser, evaluate and export it, and read unseen lines.

The steps are the commands that a user would type.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from mindocr.cli.walkthrough import run_steps, table
from mindocr.config import load_config
from mindocr.formats.rec_label_file import read_rec_labels
from mindocr.images.read import read_image

_RECIPE = "configs/rec/crnn/crnn_small_synthetic.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the output folder, the number of test images, and overrides of the recipe."""
    add = parser.add_argument
    add("--output_dir", default="demo_read", help="folder for all files of the demo")
    add("--test", type=int, default=500, help="number of generated test lines; training does not use them")
    add("-o", "--opt", nargs="+", default=[], metavar="KEY=VALUE", help="overrides of the recipe")


def run(args: argparse.Namespace) -> int:
    """Run the steps one after the other, draw what was read, and print a table of scores and files.

    Returns:
        0, or the exit code of the step that failed.
    """
    out = Path(args.output_dir)
    data, train, read = out / "data", out / "train", out / "read"
    best, model = train / "best.ckpt", out / "best.onnx"
    shared = ["-c", _RECIPE, "-o", f"eval.dataset.dataset_root={data}", f"train.ckpt_save_dir={train}",
              f"eval.ckpt_load_path={best}", *args.opt]  # fmt: skip
    lines = load_config(_RECIPE, args.opt).train.dataset
    steps = {
        "make test lines": ["make-lines", "--output_dir", data, "--train", 0, "--test", args.test, "--height",
                            lines["height"], "--length", *lines["length"], "--characters", lines["characters"],
                            "--difficulty", lines["difficulty"], "--overwrite"],
        "train": ["train", *shared],
        "evaluate": ["eval", *shared],
        "export": ["export", "--local_ckpt_path", best, "--file_format", "ONNX", "--save_dir", out,
                   "--verify_images", data / "test"],
        "read": ["read-lines", "--image_dir", data / "test/0000[01]?.jpg", "--recogniser", model, "--output", read],
    }  # fmt: skip
    code, seconds = run_steps(steps)
    if code == 0:
        cv2.imwrite(str(out / "read.png"), _picture(data, read))
        print(table(seconds, _rows(out)))
    return code


def _rows(out: Path) -> list[tuple[str, str]]:
    """Scores and the paths of the files."""
    scores = json.loads((out / "train/eval/scores.json").read_text(encoding="utf-8"))
    names = {"acc": "lines read right, unseen", "norm_edit_distance": "1 - normalised edit distance"}
    rows = [(label, f"{scores[name]:.4f}") for name, label in names.items()]
    paths = {"training curves": "train/curves.png", "generated lines, labels": "data/preview.jpg",
             "lines and what was read": "read.png", "exported model": "best.onnx",
             "its certificate": "best.onnx.html"}  # fmt: skip
    return rows + [(name, str(out / path)) for name, path in paths.items()]


def _picture(data: Path, read: Path) -> np.ndarray:
    """(H, W, 3) uint8 BGR: the lines that were read, each with the text that was read; wrong ones in red."""
    truth = {name: text for _, name, text in read_rec_labels(data / "test_gt.txt")}
    tiles = []
    for row in (read / "rec_results.txt").read_text(encoding="utf-8").splitlines():
        path, text = row.split("\t")[:2]
        name = Path(path).name
        image = read_image(data / "test" / name)[..., ::-1]
        right = truth[name].lower() == text.lower()
        note = text if right else f"{text} ({truth[name]})"
        tile = np.full((image.shape[0] + 24, 240, 3), 255, np.uint8)
        tile[: image.shape[0], : min(image.shape[1], 240)] = image[:, :240]
        colour = (0, 110, 0) if right else (0, 0, 220)
        cv2.putText(tile, note, (2, image.shape[0] + 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
        tiles.append(tile)
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 5)
    return np.vstack([np.hstack(tiles[start : start + 5]) for start in range(0, len(tiles), 5)])
