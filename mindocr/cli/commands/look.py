"""``mindocr look``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from mindocr.cli.options import add_config
from mindocr.config import load_config
from mindocr.errors import ConfigError
from mindocr.inference import dictionary
from mindocr.inspection.files import make_place
from mindocr.inspection.look import MOST_SAMPLES, look_at
from mindocr.inspection.sheet import check_output, write_sheet
from mindocr.registry import DATASETS

logger = logging.getLogger(__name__)

_NAMED = 3  # samples that were left out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the configuration, which samples to draw, and the file to write."""
    add_config(parser)
    add = parser.add_argument
    add("--number", type=int, default=20, help=f"samples to draw, 1 to {MOST_SAMPLES} (default 20)")
    add("--output", type=Path, default=Path("look.png"), metavar="FILE",
        help="picture (.png, .jpg) or page (.html) to write (default look.png)")  # fmt: skip
    add("--split", choices=("train", "eval"), default="train", help="train.dataset or eval.dataset (default train)")
    add("--seed", type=int, help="seed of the choice and of the random transforms (default: system.seed)")


def run(args: argparse.Namespace) -> None:
    """Draw samples as training or evaluation receives them, and print what was drawn.

    Raises:
        ConfigError: the configuration has no such data set, or an option is out of range.
        DataError: the data are missing or broken, or the file cannot be written.
    """
    check_output(args.output)
    if not 1 <= args.number <= MOST_SAMPLES:
        raise ConfigError(f"--number: expected 1 to {MOST_SAMPLES} samples, got {args.number}")
    if args.seed is not None and args.seed < 0:
        raise ConfigError(f"--seed: expected a whole number from 0, got {args.seed}")
    config = load_config(args.config, args.opt, f"look --split {args.split}")
    config = dictionary.complete(config, dictionary.pretrained_of(config), "model.pretrained")
    seed = config.system.seed if args.seed is None else args.seed
    section = config.train if args.split == "train" else config.eval
    if section is None:
        raise ConfigError(f"{args.config}: it has no section eval; use --split train")
    spec = dict(section.dataset)
    ops, columns = spec.get("transform_pipeline") or [], spec.get("output_columns") or []
    make_place(args.output)
    in_training = args.split == "train"
    dataset = DATASETS.build({**spec, "output_columns": None}, key="type", is_train=in_training, seed=seed)
    look = look_at(dataset, ops, columns, args.number, seed, polys_in_source=not in_training)
    for message in look.left_out[:_NAMED]:
        logger.warning("left out: %s", message)
    if len(look.left_out) > _NAMED:
        logger.warning("left out: %d more samples", len(look.left_out) - _NAMED)
    names = dict.fromkeys(name for view in look.views for name, _ in view.pictures)
    drawn = f"{len(look.views)} of {len(dataset)} samples of {args.split}.dataset"
    write_sheet(args.output, look.views, f"{drawn}, {args.config}")
    print(f"{args.output}: {drawn} after its transforms, each with {', '.join(names)}")
