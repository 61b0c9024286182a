"""``mindocr read``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mindocr.cli import mindocr_flags
from mindocr.cli.options import add_buckets, add_dpi, add_runtime, add_views, positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the images, the weights, the output folder, and MindOCR's flags."""
    add = parser.add_argument
    add("images", nargs="*", help="images, folders of images, or globs")
    add("--image_dir", help="image, folder of images, or glob, as MindOCR names it")
    add("--weights", default="ppocr-v6-small", metavar="NAME",
        help="released weights: ppocr-v6-small (default), ppocr-v4, ppocr-v3 or ppocr-v2")  # fmt: skip
    add("--offline", action="store_true",
        help="do not download weights that are not on this machine; the same as MINDOCR_OFFLINE=1")  # fmt: skip
    add("--detector", "--det_model_dir", metavar="FILE",
        help="checkpoint of a detector that replaces that of --weights")  # fmt: skip
    add("--recogniser", "--rec_model_dir", metavar="FILE",
        help="checkpoint of a recogniser that replaces that of --weights")  # fmt: skip
    add("--cls_weights", "--cls_model_dir", metavar="NAME_OR_FILE",
        help="turn lines that are upside down before they are read: ppocr-cls, or the checkpoint of a direction "
        "classifier (default: lines are read as they are)")  # fmt: skip
    add("--det_algorithm", metavar="NAME",
        help="named detector that replaces that of --weights, such as DB; --detector is its checkpoint")  # fmt: skip
    add("--det_limit_side_len", type=positive, help="side length that det_limit_type limits, pixels")
    add("--det_limit_type", choices=["min", "max"], help="which side is limited (default: max)")
    add("--recursive", action="store_true", help="search the subfolders of folders too")
    add("--output", "--draw_img_save_dir", type=Path, metavar="DIR",
        help="folder for the results and a picture of each image")  # fmt: skip
    add("--resume", action="store_true",
        help="continue the run in --output: images that it has read are not read again")  # fmt: skip
    add("--level", choices=["line", "word", "character"], default="line",
        help="what the results have polygons of: lines (default), words, or characters")  # fmt: skip
    add("--result_format", choices=["jsonl", "labels", "mindocr", "ppocrlabel", "text", "pdf"], default="jsonl",
        help="jsonl: read_results.jsonl (default); labels: read_results.txt, a label file with the texts; mindocr: "
        "system_results.txt as MindOCR writes it; ppocrlabel: Label.txt; text: a text file for each image; pdf: a "
        "searchable PDF of each image or document")  # fmt: skip
    mindocr_flags.add_switch(parser, "--visualize_output", "write the pictures (default: True)", default=True)
    mindocr_flags.add_switch(parser, "--save_crop_res", "write a crop of each text (default: False)")
    add("--crop_res_save_dir", type=Path, default=Path("./output"), help="folder for the crops (default: ./output)")
    add("--drop_score", type=float, default=0.5, help="lines read with a lower confidence are left out (default: 0.5)")
    add("--batch_size", "--rec_batch_num", type=positive, default=6,
        help="crops that the recogniser takes at once (default: 6)")  # fmt: skip
    add_views(parser)
    add_dpi(parser)
    add_runtime(parser)
    add_buckets(parser)
    mindocr_flags.add_switch(parser, "--warmup", "read the first image once before, so that times exclude compilation")
    mindocr_flags.add_translated_flags(parser, "read")
    mindocr_flags.add_ignored_flags(parser, "read")


def run(args: argparse.Namespace) -> int:
    """Read every image."""
    from mindocr.errors import UserError
    from mindocr.inference.buckets import wanted_buckets
    from mindocr.reading.reader import TextReader
    from mindocr.reading.run import images_of, read_images
    from mindocr.reading.weights import forbid_network
    from mindocr.utils.logs import start_logging

    start_logging()
    mindocr_flags.warn_ignored(args, "mindocr read takes networks and dictionaries from --weights or checkpoints")
    sources = [*args.images, *([args.image_dir] if args.image_dir else [])]
    if not sources:
        raise UserError("no images are given: name images, folders or globs, or one of them as --image_dir")
    buckets = wanted_buckets(args.buckets)
    images_of(sources, args.recursive)  # a wrong path is an error before weights are downloaded
    if args.offline:
        forbid_network()
    reader = TextReader(
        args.weights, detector=args.det_algorithm or args.detector, recogniser=args.recogniser,
        classifier=args.cls_weights, drop_score=args.drop_score, batch_size=args.batch_size, level=args.level,
        detection=_detection(args), runtime=args.runtime, threads=args.threads,
    )  # fmt: skip
    return read_images(
        reader, sources, sys.stdout, args.output, form=args.result_format, draw=args.visualize_output,
        recursive=args.recursive, resume=args.resume, crops=args.crop_res_save_dir if args.save_crop_res else None,
        **({"dpi": args.dpi} if args.dpi else {}), buckets=buckets, warmup=bool(args.warmup),
    )  # fmt: skip


def _detection(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of the detector."""
    options: dict[str, Any] = {}
    if args.det_algorithm and args.detector:
        options["ckpt"] = args.detector
    if args.det_limit_side_len or args.det_limit_type:
        options |= {"limit_side_len": args.det_limit_side_len or 960, "limit_type": args.det_limit_type or "max"}
    views = {"tile": args.tile, "scales": args.scales, "flip": args.flip, "merge": args.merge_maps}
    usual: dict[str, Any] = {"tile": "off", "scales": [1.0], "flip": False, "merge": "mean"}
    options |= {key: value for key, value in views.items() if value != usual[key]}
    values = mindocr_flags.values(args, "read")
    if values:
        options["postprocess"] = {key.removeprefix("postprocess."): value for key, value in values.items()}
    return options
