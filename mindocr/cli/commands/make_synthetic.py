"""``mindocr make-synthetic``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.synthetic.options import DIFFICULTIES, LabelStyle, SceneOptions
from mindocr.synthetic.writer import SetPlan, write_set


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: number and look of the images, and the output folder."""
    add = parser.add_argument
    add("--output_dir", type=Path, required=True, help="folder to fill")
    add("--train", type=int, default=1500, help="training images (default 1500)")
    add("--test", type=int, default=200, help="test images, 0 for none (default 200)")
    add("--image_size", type=int, nargs=2, default=(320, 320), metavar=("H", "W"), help="pixels (default 320 320)")
    add("--seed", type=int, default=0, help="random seed; equal seeds give equal sets (default 0)")
    add("--workers", type=int, default=2, help="processes (default 2); the set does not depend on it")
    add("--curved", type=float, default=0.2, help="share of curved signs, 0 to 1 (default 0.2)")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--polygons", action="store_true", help="label every word with 8 to 14 points")
    shape.add_argument("--quads_only", action="store_true", help="label every word, curved or not, with 4 points")
    add("--difficulty", choices=tuple(DIFFICULTIES), default="normal", help="default normal")
    add("--font_dir", type=Path, help="your fonts (.ttf, .otf, .ttc), used in addition to the built-in ones")
    add("--background_dir", type=Path, help="photographs without text, used as backgrounds")
    add("--overwrite", action="store_true", help="replace a set that this command wrote to the folder before")


def run(args: argparse.Namespace) -> None:
    """Generate the set and print its contents.

    Raises:
        DataError: see ``write_set``.
    """
    labels: LabelStyle = "polygons" if args.polygons else "quads" if args.quads_only else "mixed"
    plan = SetPlan(
        output_dir=args.output_dir,
        train=args.train,
        test=args.test,
        options=SceneOptions(tuple(args.image_size), args.curved, labels, args.difficulty),
        seed=args.seed,
        workers=args.workers,
        font_dir=args.font_dir,
        background_dir=args.background_dir,
        overwrite=args.overwrite,
    )
    note = write_set(plan, command=args.command_line)
    for split, content in note["content"].items():
        heights = " / ".join(f"{height:g}" for height in content["height_percentiles_5_50_95"])
        print(
            f"{split}: {content['images']} images, {content['words']} words ({content['ignored']} ignored, "
            f"{content['curved']} curved); letter height in pixels (5 / 50 / 95 %): {heights or '-'}"
        )
    print(f"written to {args.output_dir}; look at {args.output_dir / 'preview.jpg'}")
