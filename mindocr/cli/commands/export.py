"""``mindocr export``."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the detector, its input size, and the output folder."""
    add = parser.add_argument
    add("--model_name_or_config", required=True, help="named model, or YAML file with a model section")
    add(
        "--data_shape",
        nargs=2,
        type=int,
        default=[736, 1280],
        metavar=("H", "W"),
        help="input size in pixels, multiples of 32",
    )
    add("--local_ckpt_path", help="checkpoint; default: released weights, or eval.ckpt_load_path of the YAML file")
    add("--is_dynamic_shape", nargs="?", const="True", default="False", choices=["True", "False"],
        help="accept any batch and image size")  # fmt: skip
    add("--model_type", choices=["det"], default="det", help="task of the model")
    add("--save_dir", default=".", help="folder for the file")


def run(args: argparse.Namespace) -> None:
    """Export the detector."""
    from mindocr.engine.export import exporter

    exporter.run(args.model_name_or_config, tuple(args.data_shape), args.save_dir, ckpt=args.local_ckpt_path,
                 dynamic=args.is_dynamic_shape == "True")  # fmt: skip
