"""``mindocr infer``."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the model file, and the output folder."""
    parser.add_argument("--input_images_dir", required=True, help="image, folder of images, or glob")
    parser.add_argument("--det_model_path", required=True, help="MindIR file written by 'mindocr export'")
    parser.add_argument(
        "--det_model_name_or_config", required=True,
        help="YAML file with the resizing, and with the post-processing if the MindIR file holds none",
    )  # fmt: skip
    parser.add_argument("--res_save_dir", default="./inference_results", help="folder for pictures and results")


def run(args: argparse.Namespace) -> None:
    """Predict every image with the exported file and draw the results."""
    from mindocr.inference import predict

    finder = predict.from_mindir(args.det_model_path, args.det_model_name_or_config)
    predict.run(finder, args.input_images_dir, args.res_save_dir)
