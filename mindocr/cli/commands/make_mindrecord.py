"""``mindocr make-mindrecord``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.cli.options import add_config
from mindocr.config import load_config
from mindocr.data.mindrecord_writer import refuse_existing, write_mindrecord
from mindocr.errors import ConfigError
from mindocr.utils.wording import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the data set, as a configuration or as label files, and the file to write."""
    add_config(parser, required=False)
    add = parser.add_argument
    add("--output", type=Path, required=True, metavar="FILE", help="MindRecord to write, such as train.mindrecord")
    add("--split", choices=("train", "eval"), default="train", help="train.dataset or eval.dataset (default train)")
    add("--label_file", nargs="+", metavar="FILE", help="label files, in place of a configuration")
    add("--data_dir", nargs="+", metavar="DIR", help="folders to which the image paths in them are relative")
    add("--type", default="DetDataset", help="data set type of the label files (default DetDataset)")
    add("--shards", type=int, default=1, metavar="N", help="files to divide the images among (default 1)")


def run(args: argparse.Namespace) -> None:
    """Write a data set as a MindRecord, and print what was written and how it is read.

    Raises:
        ConfigError: arguments that do not fit together.
        DataError: the target exists, or the data are missing or broken.
        StorageError: the files cannot be written.
    """
    refuse_existing(args.output)
    spec = _section(args)
    images, samples = write_mindrecord(spec, args.output, args.shards)
    print(
        f"{args.output}: {count(images, 'image')} with {count(samples, 'sample')} of {spec['type']} in "
        f"{count(args.shards, 'file')}; to read it: dataset.mindrecord: True and dataset.data_dir: {args.output}"
    )


def _section(args: argparse.Namespace) -> Mapping[str, Any]:
    if args.label_file is None and args.data_dir is None:
        if args.config is None:
            raise ConfigError("expected --config FILE, or --label_file FILE with --data_dir DIR")
        config = load_config(args.config, args.opt, f"make-mindrecord --split {args.split}")
        section = config.train if args.split == "train" else config.eval
        if section is None:
            raise ConfigError(f"{args.config}: it has no section eval; use --split train")
        return section.dataset
    if args.label_file is None or args.data_dir is None:
        raise ConfigError("--label_file and --data_dir belong together: give both, with the same number of values")
    if args.config is not None:
        raise ConfigError("--config and --label_file exclude each other; give one of them")
    return {"type": args.type, "label_file": args.label_file, "data_dir": args.data_dir}
