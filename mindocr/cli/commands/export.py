"""``mindocr export``."""

from __future__ import annotations

import argparse

FORMATS = ("MINDIR", "ONNX", "AIR", "SAFETENSORS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the model, the format, its input size, the output folder, and what to compare on."""
    add = parser.add_argument
    add("--model_name_or_config", help="named model, or YAML file with a model section (default: the settings that the "
        "checkpoint holds)")  # fmt: skip
    add(
        "--data_shape",
        nargs=2,
        type=int,
        metavar=("H", "W"),
        help="input size in pixels; of detectors multiples of 32 (default: 736 1280, or that of the text lines)",
    )
    add("--local_ckpt_path", help="checkpoint; default: released weights, or eval.ckpt_load_path of the YAML file")
    add("--is_dynamic_shape", nargs="?", const="True", default="False", choices=["True", "False"],
        help="accept any batch and image size; ONNX files always do")  # fmt: skip
    add("--file_format", type=str.upper, choices=FORMATS, default="MINDIR",
        help="MINDIR (default); ONNX; AIR, only on Ascend; SAFETENSORS: the weights with their settings")  # fmt: skip
    add("--model_type", choices=["det", "rec", "cls"], help="task of the model; it must be the model's own")
    add("--save_dir", default=".", help="folder for the file")
    add("--verify_images", metavar="PATH", help="folder, image or pattern to compare on (default: generated images)")
    add("--verify_data", metavar="FILE", help="label file; the scores of checkpoint and file are compared on it, too")
    add("--verify_data_dir", metavar="DIR", help="folder of its images (default: that of the label file)")


def run(args: argparse.Namespace) -> None:
    """Export the model."""
    from mindocr.engine.export import exporter

    exporter.run(
        args.model_name_or_config,
        tuple(args.data_shape) if args.data_shape else None,
        args.save_dir,
        ckpt=args.local_ckpt_path,
        dynamic=args.is_dynamic_shape == "True",
        file_format=args.file_format,
        task=args.model_type,
        verify_images=args.verify_images,
        verify_data=args.verify_data,
        verify_data_dir=args.verify_data_dir,
    )
