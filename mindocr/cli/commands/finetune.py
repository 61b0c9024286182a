"""``mindocr finetune``."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from mindocr.cli.invocation import program
from mindocr.cli.named_weights import find_named
from mindocr.cli.options import add_overrides, positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the weights, the images with their labels, when to end, and where the results go."""
    add = parser.add_argument
    add("--model", required=True, metavar="NAME_OR_CKPT",
        help="released weights, such as ppocr-v3, or a checkpoint that 'mindocr train' or 'mindocr convert-weights' "
        "wrote")  # fmt: skip
    add("--images", required=True, nargs="+", metavar="DIR", help="folder of the images; one, or one a label file")
    add("--labels", required=True, nargs="+", metavar="FILE", help="label files of the images")
    add("--task", choices=["det", "rec"], help="what to train; needed with the name of released weights")
    add("--output", type=Path, default=Path("finetuned"), metavar="DIR", help="folder for all files (finetuned)")
    add("--val_images", nargs="+", default=[], metavar="DIR", help="folder of images to validate with")
    add("--val_labels", nargs="+", default=[], metavar="FILE",
        help="their label files (default: a share of --labels is held out)")  # fmt: skip
    add("--val_share", type=float, default=0.15, metavar="SHARE", help="share of the images that is held out (0.15)")
    add("--second_images", nargs="+", default=[], metavar="DIR", help="folder of other images to score, too")
    add("--second_labels", nargs="+", default=[], metavar="FILE",
        help="their label files: the score there shows what the network forgets")  # fmt: skip
    add("--epochs", type=positive, metavar="N", help="train so many epochs at most (default: the recipe's)")
    add("--minutes", type=float, metavar="M", help="train so many minutes at most, evaluations included")
    add("--dictionary", metavar="FILE|extend",
        help="characters of a recogniser; extend = those of the weights and the ones of the labels that they "
        "lack")  # fmt: skip
    add("--unknown", choices=["error", "skip"], default="error",
        help="texts with characters outside the dictionary: an error (default), or leave them out")  # fmt: skip
    add("--offline", action="store_true", help="do not download weights")
    add_overrides(parser)


def run(args: argparse.Namespace) -> None:
    """Fine-tune, and print the comparison."""
    from mindocr.engine.finetune.run import Data, Options
    from mindocr.engine.finetune.run import run as finetune
    from mindocr.engine.finetune.settings import Limits
    from mindocr.engine.train.next_commands import Started
    from mindocr.errors import UserError
    from mindocr.reading.weights import forbid_network
    from mindocr.utils.logs import start_logging

    start_logging()
    if args.minutes is not None and not 0 < args.minutes < float("inf"):
        raise UserError(f"--minutes: expected a number above 0, got {args.minutes}")
    if bool(args.val_labels) != bool(args.val_images) or bool(args.second_labels) != bool(args.second_images):
        raise UserError("--val_images and --val_labels belong together, and so do --second_images and --second_labels")
    if args.offline:
        forbid_network()
    ckpt, task = find_named(args.model, args.task, "mindspore")
    data = Data(args.images, args.labels, args.val_images, args.val_labels, args.val_share, args.second_images,
                args.second_labels)  # fmt: skip
    options = Options(task, Limits(args.epochs, args.minutes), args.dictionary, args.unknown, args.opt)
    typed = tuple(shlex.split(args.command_line)[2:])
    started = Started(program("finetune"), program("eval"), program("predict"), typed)
    print(finetune(ckpt, data, args.output, options, started))
