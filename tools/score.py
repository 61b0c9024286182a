"""Score any detector's results by a benchmark's rules: python tools/score.py --protocol P --gt GT --det DET."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import run_tool
from mindocr.formats import benchmarks
from mindocr.metrics.score import make_metric, score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add, known = parser.add_argument, tuple(benchmarks.READERS)
    add("--protocol", required=True, help="icdar2015, ctw1500 or another; see docs/metrics.md")
    add("--protocol_args", nargs="+", default=[], metavar="KEY=VALUE", help="such as rule=icdar2013")
    add("--gt", required=True, type=Path, help="truth: label file, JSON lines, folder or zip of text files")
    add("--det", required=True, type=Path, help="results, likewise")
    add("--gt_format", choices=known, help="whose text files --gt holds; default: those of the protocol's data set")
    add("--det_format", choices=known, help="likewise; in those of totaltext y stands first, of ctw1500 x")
    add("--workers", type=int, metavar="N", help="processes; default: as many as the number of images is worth")
    add("--json", type=Path, help="file to write the scores to")
    add("--report", type=Path, metavar="DIR", help="folder for report.html: what is missed, and why")
    add("--report_images", type=int, metavar="N", help="pictures of so many images there, the worst first")
    add("--image_dir", type=Path, help="folder of the images, to see the outlines on them in the report")
    args = parser.parse_args()
    metric = make_metric(args.protocol, args.protocol_args)
    default = metric.protocol.file_format
    formats = {"gt": args.gt_format or default, "det": args.det_format or default}
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


if __name__ == "__main__":
    run_tool(main)
