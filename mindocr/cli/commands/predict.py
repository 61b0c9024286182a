"""``mindocr predict``."""

from __future__ import annotations

import argparse

from mindocr.cli.options import add_config, positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the detector, and the output folder."""
    add_config(parser, required=False)
    parser.add_argument("--image_dir", help="image, folder of images, or glob (default: predict.dataset.data_dir)")
    parser.add_argument("--det_algorithm", default="DB", help="DB, DB++, DB_R18, DB_MV3 or DB_PPOCRv3; not with -c")
    parser.add_argument("--det_model_dir", help="checkpoint, or folder with a checkpoint")
    parser.add_argument(
        "--draw_img_save_dir",
        help="folder for pictures and results (default: predict.output_save_dir, else ./inference_results)",
    )
    parser.add_argument("--det_limit_side_len", type=int, help="side length that det_limit_type limits, pixels")
    parser.add_argument("--det_limit_type", choices=["min", "max"], default="max", help="which side is limited")
    parser.add_argument("--batch_size", type=positive, help="images in a batch (default: predict.loader.batch_size)")


def run(args: argparse.Namespace) -> None:
    """Predict every image and draw the results."""
    from mindocr.config import load_config
    from mindocr.errors import ConfigError
    from mindocr.inference import predict
    from mindocr.utils.logs import start_logging

    start_logging()
    if args.opt and not args.config:
        raise ConfigError("-o: overrides need a configuration to override; add -c FILE")
    config = load_config(args.config, args.opt, "predict") if args.config else None
    task = predict.plan(config.predict if config else None, args.image_dir, args.draw_img_save_dir, args.batch_size)
    finder = predict.choose(
        config, args.det_algorithm, args.det_model_dir, args.det_limit_side_len, args.det_limit_type
    )
    predict.run(finder, task.dataset, task.folder, **task.loader)
