"""``mindocr convert-weights``."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose weights, which file, and the checkpoint to write."""
    add = parser.add_argument
    add("--from", dest="source", required=True, choices=["torch-db", "torchvision", "mmocr", "paddle"],
        help="project that the weights come from; see docs/weights.md")  # fmt: skip
    add("--to", choices=["mindspore"], default="mindspore", help="framework to convert to")
    add("--input", required=True, help="its file: .pth, .pt, .pdparams or .safetensors")
    add("--output", required=True, help="checkpoint to write: .ckpt or .safetensors")
    add("--model", metavar="NAME_OR_CONFIG",
        help="named model or YAML file that the weights must fit; default: by the weights")  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Convert, and print what was converted."""
    from mindocr.engine.export.weights_converter import convert_file

    print(convert_file(args.source, args.input, args.output, args.model).summary())
