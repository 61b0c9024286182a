"""``mindocr score``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.formats import benchmarks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rules, truth and results, and what to write."""
    add, known = parser.add_argument, tuple(benchmarks.READERS)
    add("--protocol", required=True, help="icdar2015, ctw1500 or another; see docs/metrics.md")
    add("--protocol_args", nargs="+", default=[], metavar="KEY=VALUE", help="such as rule=icdar2013")
    add("--gt", required=True, type=Path, help="truth: label file, JSON lines, folder or zip of text files")
    add("--det", required=True, type=Path, help="results, likewise")
    add("--gt_format", choices=known, help="whose text files --gt holds; default: those of the protocol's data set")
    add("--det_format", choices=known, help="likewise; in those of totaltext y stands first, of ctw1500 x")
    add("--workers", type=int, metavar="N", help="processes; default: chosen by the number of images")
    add("--json", type=Path, help="file to write the scores to")
    add("--report", type=Path, metavar="DIR", help="folder for report.html: what is missed, and why")
    add("--report_images", type=int, metavar="N", help="number of images shown there, worst first")
    add("--image_dir", type=Path, help="folder of the images, to see the outlines on them in the report")


def run(args: argparse.Namespace) -> None:
    """Print the scores, and write them and the report where asked for."""
    from mindocr.metrics.score import make_metric, score

    metric = make_metric(args.protocol, args.protocol_args)
    default = metric.protocol.file_format
    formats: dict[benchmarks.Role, str] = {"gt": args.gt_format or default, "det": args.det_format or default}
    pairs, missing = benchmarks.read_pairs(args.gt, args.det, formats, metric.protocol.takes_rotated_boxes)
    result = score(pairs, missing, metric, workers=args.workers)
    print(result)
    if args.json:
        args.json.write_text(result.as_json(), encoding="utf-8")
    if args.report:
        from mindocr.report.collect import cases_of
        from mindocr.report.page import write_page

        cases = cases_of(pairs, metric.images, args.image_dir)
        facts = {"truth": args.gt, "results": args.det, "without results": f"{len(missing)} images"}
        print(f"report: {write_page(args.report, cases, metric, facts, args.report_images)}")
