"""``mindocr predict``."""

from __future__ import annotations

import argparse
from typing import Any

from mindocr.cli import mindocr_flags
from mindocr.cli.mindocr_flags import add_switch
from mindocr.cli.options import add_buckets, add_config, add_dpi, add_runtime, add_views, positive, views_of

DEFAULT_SIDE = 960  # pixels, as in MindOCR


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the detector, the output, and MindOCR's flags."""
    add_config(parser, required=False)
    add = parser.add_argument
    add("--image_dir", help="image, folder of images, or glob (default: predict.dataset.data_dir)")
    add("--recursive", action="store_true", default=None, help="search the subfolders of --image_dir too")
    add(
        "--on_error",
        choices=["skip", "stop"],
        help="skip: leave out images that cannot be read and list them at the end (default); stop: end at the first",
    )
    add(
        "--det_algorithm",
        help="DB, DB++, DB_R18, DB_MV3 or DB_PPOCRv3; not with -c (default: the settings that --det_model_dir holds, "
        "else DB)",
    )
    add("--det_model_dir", help="checkpoint, or folder with a checkpoint")
    add("--det_limit_side_len", type=positive, help="side length that det_limit_type limits, pixels")
    add(
        "--det_limit_type",
        choices=["min", "max"],
        help=f"which side is limited (default: max); without --det_limit_side_len, to {DEFAULT_SIDE} pixels",
    )
    add("--batch_size", type=positive, help="images in a batch (default: predict.loader.batch_size)")
    add("--max_batch_size", type=positive, help="the same as --batch_size")
    add_runtime(parser, threads=False)
    add_buckets(parser)
    add_switch(parser, "--warmup", "run the network once before the images, so that times exclude its compilation")
    add(
        "--draw_img_save_dir",
        help="folder for pictures and results (default: predict.output_save_dir, else ./inference_results)",
    )
    add("--vis_det_save_dir", help="another folder for the pictures")
    add_switch(parser, "--visualize_output", "write a picture of each image (default: True)")
    add(
        "--result_format",
        choices=["labels", "mindocr", "jsonl", "icdar"],
        default="labels",
        help="labels: det_results.txt, a label file with scores (default); mindocr: det_results.txt as MindOCR writes "
        "it; jsonl: det_results.jsonl; icdar: a folder with res_<image>.txt. det_results.json is always written",
    )
    add_switch(parser, "--save_crop_res", "write a crop of each text (default: False)")
    add("--crop_res_save_dir", default="./output", help="folder for the crops (default: ./output)")
    add_views(parser)
    add_dpi(parser)
    mindocr_flags.add_translated_flags(parser, "predict")
    mindocr_flags.add_ignored_flags(parser, "predict")


def run(args: argparse.Namespace) -> int:
    """Predict every image and write the results; returns 1 if images were left out."""
    from mindocr.config import load_config
    from mindocr.inference import predict
    from mindocr.inference.buckets import wanted_buckets
    from mindocr.inference.runtimes import runtime_of
    from mindocr.utils.logs import start_logging

    start_logging()
    mindocr_flags.warn_ignored(args, "mindocr predict finds text and does not read it (mindocr read does)")
    batch_size = _one_batch_size(args)
    views = views_of(args)
    buckets = wanted_buckets(args.buckets)
    runtime_of(".ckpt", args.runtime, args.det_model_dir or args.config or args.det_algorithm or "DB")
    overrides = [*mindocr_flags.overrides(args, "predict"), *args.opt]
    algorithm = args.det_algorithm or "DB"
    alone = args.det_model_dir and not (args.config or args.det_algorithm)
    stored = predict.stored_config(args.det_model_dir, overrides) if alone else None
    config: Any
    if stored is not None:
        predict.logger.info("%s holds its settings; they are used", args.det_model_dir)
        model, config = stored
    elif args.config:
        config = load_config(args.config, overrides, "predict")
    else:
        config = predict.algorithm_config(algorithm, overrides)
    if args.config and args.det_algorithm:
        predict.logger.warning("--det_algorithm %s is not used: %s states the network", algorithm, args.config)
    task = predict.plan(
        config.predict, args.image_dir, args.draw_img_save_dir, batch_size,
        recursive=args.recursive, on_error=args.on_error,
    )  # fmt: skip
    if stored is not None:
        finder = predict.from_stored(args.det_model_dir, model, config, _limit(args))
    else:
        finder = predict.choose(config, algorithm, args.det_model_dir, _limit(args))
    if args.dpi:
        finder.use_dpi(args.dpi)
    finder.use_views(views, task.loader["batch_size"])
    outcome = predict.run(
        finder,
        task.dataset,
        task.folder,
        draw=args.visualize_output is not False,
        result_format=args.result_format,
        pictures=args.vis_det_save_dir,
        crops=args.crop_res_save_dir if args.save_crop_res else None,
        warmup=bool(args.warmup),
        buckets=buckets,
        **task.loader,
    )
    return outcome.exit_code


def _one_batch_size(args: argparse.Namespace) -> int | None:
    from mindocr.errors import ConfigError

    if args.batch_size and args.max_batch_size and args.batch_size != args.max_batch_size:
        raise ConfigError(
            f"--batch_size {args.batch_size} and --max_batch_size {args.max_batch_size} mean the same; give one"
        )
    return args.batch_size or args.max_batch_size


def _limit(args: argparse.Namespace) -> tuple[int, str] | None:
    if args.det_limit_side_len is None and args.det_limit_type is None:
        return None
    return args.det_limit_side_len or DEFAULT_SIDE, args.det_limit_type or "max"
