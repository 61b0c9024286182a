"""``mindocr score``."""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

from mindocr.errors import ConfigError
from mindocr.formats import benchmarks
from mindocr.formats.label_file import read_lines
from mindocr.utils import files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the protocol, ground truth and results, and the files to write."""
    add = parser.add_argument
    add("--protocol", required=True, help="icdar2015, ctw1500 or another; see docs/metrics.md")
    add("--gt", required=True, type=Path, help="ground truth: label file, JSON lines, folder or zip of text files")
    add("--det", required=True, type=Path, help="results, in one of the same forms")
    add_formats(parser)
    add("--workers", type=int, metavar="N", help="processes; default: depends on the number of images")
    add("--json", type=Path, help="file to write the scores to")
    add(
        "--report", type=Path, metavar="DIR", help="folder for report.html: missed texts, false positives, their causes"
    )
    add("--report_images", type=int, metavar="N", help="number of images shown in the report, worst first")
    add("--image_dir", type=Path, help="folder of the images; the report then draws the polygons on them")


def add_formats(parser: argparse.ArgumentParser) -> None:
    """Add the arguments on how files are read and scored: ``--protocol_args``, ``--gt_format``, ``--det_format``."""
    add, known = parser.add_argument, tuple(benchmarks.READERS)
    add("--protocol_args", nargs="+", default=[], metavar="KEY=VALUE", help="such as rule=icdar2013")
    add("--gt_format", choices=known, help="data set whose format --gt has; default: the one of the protocol")
    add(
        "--det_format",
        choices=known,
        help="data set whose format the results have; totaltext: y before x, ctw1500: x before y",
    )


def formats_of(args: argparse.Namespace, default: str) -> dict[benchmarks.Role, str]:
    """The formats that the arguments of :func:`add_formats` name, with that of the protocol as default."""
    return {"gt": args.gt_format or default, "det": args.det_format or default}


def run(args: argparse.Namespace) -> None:
    """Print the scores; write them and the report if requested."""
    from mindocr.metrics.score import make_metric, score

    metric = make_metric(args.protocol, args.protocol_args)
    if args.report and metric.protocol.compares_texts:
        raise ConfigError(
            f"--report: the page explains polygons, not texts; score by icdar2015 for it, instead of {args.protocol}"
        )
    pairs, missing = benchmarks.read_pairs(
        args.gt, args.det, formats_of(args, metric.protocol.file_format), metric.protocol.takes_rotated_boxes,
        metric.protocol.compares_texts,
    )  # fmt: skip
    result = score(pairs, missing, metric, workers=args.workers)
    print(result)
    if args.json:
        files.write_text(args.json, result.as_json(), old="report")
    if args.report:
        from mindocr.report.collect import judged_images_of
        from mindocr.report.page import write_page
        from mindocr.report.setup import Setup

        cases = judged_images_of(pairs, metric.images, args.image_dir)
        facts = {"ground truth": args.gt, "results": args.det, "without results": f"{len(missing)} images"}
        setup = Setup(labels=_labels(args.gt, args.image_dir))
        print(f"report: {write_page(args.report, cases, metric, facts, args.report_images, setup)}")


def _labels(gt: Path, image_dir: Path | None) -> tuple[Path, Path] | None:
    """Label file and folder for 'mindocr check-data', if the ground truth is a label file of images in that folder."""
    if image_dir is None or not gt.is_file() or zipfile.is_zipfile(gt):
        return None
    image, tab, _ = next((line for _, line in read_lines(gt)), "").partition("\t")
    return (gt, image_dir) if tab and (image_dir / image).is_file() else None
