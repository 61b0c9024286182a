"""``mindocr infer``."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from mindocr.cli import mindocr_flags
from mindocr.cli.mindocr_flags import add_switch
from mindocr.cli.mindocr_models import RECIPES
from mindocr.cli.options import add_buckets, add_dpi, add_runtime, add_views, views_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the model file, the output, and MindOCR's flags."""
    add = parser.add_argument
    add("--input_images_dir", required=True, help="image, folder of images, or glob")
    add("--recursive", action="store_true", default=None, help="search the subfolders of --input_images_dir too")
    add(
        "--on_error",
        choices=["skip", "stop"],
        help="skip: leave out images that cannot be read and list them at the end (default); stop: end at the first",
    )
    add(
        "--det_model_path",
        required=True,
        help="MindIR file written by 'mindocr export', ONNX file, or file of MindSpore Lite's converter_lite",
    )
    add(
        "--det_model_name_or_config",
        help="named model, recipe or YAML file with the resizing, and with the post-processing if the model file holds "
        "none (default: the settings in the model file)",
    )
    add("--res_save_dir", default="./inference_results", help="folder for results and pictures")
    add("--vis_det_save_dir", help="another folder for the pictures")
    add("--crop_save_dir", help="folder for a crop of each text (default: no crops)")
    add(
        "--result_format",
        choices=["labels", "mindocr", "jsonl", "icdar"],
        help="labels: det_results.txt, a label file with scores (default); mindocr: det_results.txt as MindOCR writes "
        "it; jsonl: det_results.jsonl; icdar: a folder with res_<image>.txt. det_results.json is always written",
    )
    add_switch(parser, "--result_contain_score", "False: the same as --result_format mindocr, which has no scores")
    add_switch(parser, "--show_log", "show log lines on the screen (default: True); False: only warnings")
    add("--save_log_dir", help="folder for a log file (default: no file)")
    add_views(parser)
    add_dpi(parser)
    add_runtime(parser)
    add_buckets(parser)
    mindocr_flags.add_translated_flags(parser, "infer")
    mindocr_flags.add_ignored_flags(parser, "infer")


def run(args: argparse.Namespace) -> int:
    """Predict every image with the exported file and write the results; returns 1 if images were left out."""
    from mindocr.inference import predict
    from mindocr.inference.buckets import wanted_buckets

    _start_logging(args)
    mindocr_flags.warn_ignored(args, "mindocr infer finds text and does not read it, and has --runtime for the runtime")
    overrides, views = mindocr_flags.overrides(args, "infer"), views_of(args)
    name, form = args.det_model_name_or_config, _result_format(args)
    key = "--det_model_name_or_config"
    config = predict.load_settings(name, overrides, key=key, aliases=RECIPES) if name is not None else None
    system = predict.algorithm_config("DB", overrides).system
    buckets = wanted_buckets(args.buckets)
    finder = predict.from_exported(
        args.det_model_path, config, system if overrides else None, args.runtime, args.threads
    )  # fmt: skip
    if args.dpi:
        finder.use_dpi(args.dpi)
    finder.use_views(views)
    source = {"data_dir": args.input_images_dir, "recursive": args.recursive, "on_error": args.on_error}
    outcome = predict.run(
        finder,
        {key: value for key, value in source.items() if value is not None},
        args.res_save_dir,
        result_format=form,
        pictures=args.vis_det_save_dir,
        crops=args.crop_save_dir,
        buckets=buckets,
    )
    return outcome.exit_code


def _start_logging(args: argparse.Namespace) -> None:
    from mindocr.utils.folders import prepare_output
    from mindocr.utils.logs import start_logging

    folder = prepare_output(args.save_log_dir, key="--save_log_dir") if args.save_log_dir else None
    start_logging(folder)
    if args.show_log is False:
        for handler in logging.getLogger("mindocr").handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.setLevel(logging.WARNING)


def _result_format(args: argparse.Namespace) -> Any:
    from mindocr.errors import ConfigError

    if args.result_format is None:
        return "mindocr" if args.result_contain_score is False else "labels"
    has_scores = args.result_format in ("labels", "jsonl")
    if args.result_contain_score not in (None, has_scores):
        raise ConfigError(
            f"--result_contain_score {args.result_contain_score}: the results of --result_format {args.result_format} "
            f"have {'always' if has_scores else 'no'} scores; give one of the two"
        )
    return args.result_format
