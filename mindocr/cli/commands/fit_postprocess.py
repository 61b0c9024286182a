"""``mindocr fit-postprocess``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.cli.options import add_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the checkpoint, the images, the values to try, and the output files."""
    add_config(parser)
    add = parser.add_argument
    add("--ckpt", required=True, help="checkpoint that computes the probability maps")
    add("--split", choices=["val", "train-holdout", "test"], default="val", help="images to fit on; test is refused")
    add("--val_data_dir", help="folder of the images of --split val, relative to eval.dataset.dataset_root")
    add("--val_label_file", help="label file of these images, relative to eval.dataset.dataset_root")
    add("--holdout", type=float, default=0.1, help="share of the training images for --split train-holdout")
    add("--seed", type=int, default=0, help="random seed that chooses the images of --holdout")
    add("--grid", nargs="+", default=[], metavar="KEY=VALUES", help="values to try: box_thresh=0.4:0.8:0.05")
    add("--constant_ratio", action="store_true", help="do not try expansion ratios that depend on the text height")
    add("--workers", type=int, metavar="N", help="processes; default: one for each CPU")
    add("--folder", type=Path, help="folder for maps and results; default: fit in train.ckpt_save_dir")
    add("--output", type=Path, help="YAML overlay to write; default: fitted.yaml in that folder")


def run(args: argparse.Namespace) -> None:
    """Fit, and print the table of results."""
    from mindocr.config import load_config
    from mindocr.engine.fit.run import Options
    from mindocr.engine.fit.run import run as fit
    from mindocr.engine.fit.splits import Split

    split = Split(args.split, args.val_data_dir, args.val_label_file, args.holdout, args.seed)
    options = Options(split, args.grid, not args.constant_ratio, args.workers, args.folder, args.output)
    command = "fit-postprocess --split train-holdout" if args.split == "train-holdout" else "fit-postprocess"
    print(fit(load_config(args.config, args.opt, command), args.ckpt, options))
