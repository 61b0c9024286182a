"""``mindocr predict``."""

from __future__ import annotations

import argparse

from mindocr.cli.options import add_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the detector, and the output folder."""
    add_config(parser, required=False)
    parser.add_argument("--image_dir", required=True, help="image, folder of images, or glob")
    parser.add_argument("--det_algorithm", default="DB", help="DB, DB++, DB_R18, DB_MV3 or DB_PPOCRv3; not with -c")
    parser.add_argument("--det_model_dir", help="checkpoint, or folder with a checkpoint")
    parser.add_argument("--draw_img_save_dir", default="./inference_results", help="folder for pictures and results")
    parser.add_argument("--det_limit_side_len", type=int, help="side length that det_limit_type limits, pixels")
    parser.add_argument("--det_limit_type", choices=["min", "max"], default="max", help="which side is limited")
    parser.add_argument("--batch_size", type=int, default=1, help="images in a batch")


def run(args: argparse.Namespace) -> None:
    """Predict every image and draw the results."""
    from mindocr.inference import predict

    finder = predict.choose(args.config, args.opt, args.det_algorithm, args.det_model_dir,
                              args.det_limit_side_len, args.det_limit_type)  # fmt: skip
    predict.run(finder, args.image_dir, args.draw_img_save_dir, batch_size=args.batch_size)
