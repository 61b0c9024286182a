"""``mindocr convert-weights``."""

from __future__ import annotations

import argparse

_SOURCES = ("torch-db", "torchvision", "mmocr", "paddle", "onnx", "paddle-inference", "model-zoo")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the project, its weights file, and the checkpoint to write."""
    add = parser.add_argument
    add("--from", dest="source", required=True, choices=_SOURCES,
        help="project that the weights come from; see docs/weights.md")  # fmt: skip
    add("--to", choices=["mindspore"], default="mindspore", help="framework to convert to")
    add("--input", required=True,
        help="weights file of that project: .pth, .pt, .pdparams, .safetensors or .onnx; of paddle-inference the "
        "folder with inference.pdmodel or inference.json, and inference.pdiparams")  # fmt: skip
    add("--output", required=True, help="checkpoint to write: .ckpt or .safetensors")
    add("--model", metavar="NAME_OR_CONFIG",
        help="named model or YAML file that the weights must fit; default: detected from the weights")  # fmt: skip
    add("--dictionary", metavar="FILE",
        help="of an ONNX file or a network of Paddle that holds none: its character dictionary, one character a line; "
        "default: ppocr_keys_v1.txt in the same folder")  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Convert, and print a summary."""
    from mindocr.engine.export.weights_converter import convert_file

    print(convert_file(args.source, args.input, args.output, args.model, args.dictionary).summary())
