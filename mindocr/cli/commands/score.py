"""``mindocr score``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.formats import benchmarks
from mindocr.utils import files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the protocol, ground truth and results, and the files to write."""
    add, known = parser.add_argument, tuple(benchmarks.READERS)
    add("--protocol", required=True, help="icdar2015, ctw1500 or another; see docs/metrics.md")
    add("--protocol_args", nargs="+", default=[], metavar="KEY=VALUE", help="such as rule=icdar2013")
    add("--gt", required=True, type=Path, help="ground truth: label file, JSON lines, folder or zip of text files")
    add("--det", required=True, type=Path, help="results, in one of the same forms")
    add("--gt_format", choices=known, help="data set whose format --gt has; default: the one of the protocol")
    add(
        "--det_format",
        choices=known,
        help="data set whose format --det has; totaltext: y before x, ctw1500: x before y",
    )
    add("--workers", type=int, metavar="N", help="processes; default: depends on the number of images")
    add("--json", type=Path, help="file to write the scores to")
    add(
        "--report", type=Path, metavar="DIR", help="folder for report.html: missed texts, false positives, their causes"
    )
    add("--report_images", type=int, metavar="N", help="number of images shown in the report, worst first")
    add("--image_dir", type=Path, help="folder of the images; the report then draws the polygons on them")


def run(args: argparse.Namespace) -> None:
    """Print the scores; write them and the report if requested."""
    from mindocr.metrics.score import make_metric, score

    metric = make_metric(args.protocol, args.protocol_args)
    default = metric.protocol.file_format
    formats: dict[benchmarks.Role, str] = {"gt": args.gt_format or default, "det": args.det_format or default}
    pairs, missing = benchmarks.read_pairs(args.gt, args.det, formats, metric.protocol.takes_rotated_boxes)
    result = score(pairs, missing, metric, workers=args.workers)
    print(result)
    if args.json:
        files.write_text(args.json, result.as_json(), old="report")
    if args.report:
        from mindocr.report.collect import judged_images_of
        from mindocr.report.page import write_page

        cases = judged_images_of(pairs, metric.images, args.image_dir)
        facts = {"ground truth": args.gt, "results": args.det, "without results": f"{len(missing)} images"}
        print(f"report: {write_page(args.report, cases, metric, facts, args.report_images)}")
