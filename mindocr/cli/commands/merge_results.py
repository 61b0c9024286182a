"""``mindocr merge-results``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.cli.options import positive
from mindocr.errors import ConfigError
from mindocr.formats import benchmarks
from mindocr.utils import files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the results, how they are merged, and the ground truth."""
    add = parser.add_argument
    add("results", nargs="+", type=Path, help="results with scores of two or more detectors or scales, of the same "
        "images, in the forms that 'mindocr score' reads")  # fmt: skip
    add("--output", required=True, type=Path, metavar="FILE",
        help="merged results: JSON lines if it ends in .jsonl, otherwise a label file with scores")  # fmt: skip
    add("--top_k", type=positive, default=3, help="polygons of which a mean is taken (default: 3)")
    add("--iou", type=float, default=0.5, help="IoU from which polygons are the same text (default: 0.5)")
    add("--min_score", type=float, default=0.36,
        help="lowest score of a merged text: the mean over the results, 0 where one does not have it (default: 0.36)",
    )  # fmt: skip
    add("--min_votes", type=positive, default=1, metavar="N",
        help="keep only texts that are in at least N of the results (default: 1)")  # fmt: skip
    add("--gt", type=Path, help="ground truth; prints the scores of all results and of the merged ones")
    add("--protocol", default="icdar2015", help="rules of the scores, see docs/metrics.md (default: icdar2015)")
    add("--protocol_args", nargs="+", default=[], metavar="KEY=VALUE", help="such as rule=icdar2013")
    add("--gt_format", choices=tuple(benchmarks.READERS), help="data set whose format --gt has")
    add("--det_format", choices=tuple(benchmarks.READERS), help="data set whose format the results have")


def run(args: argparse.Namespace) -> None:
    """Merge, write the file, and print the scores if there is ground truth.

    Raises:
        UserError: the results cannot be merged, or a setting is out of range.
    """
    from mindocr.formats.merge_results import read_results, result_lines
    from mindocr.metrics.score import make_metric
    from mindocr.postprocess.voting import Voting, merge_polygons

    voting = Voting(args.top_k, args.iou, min_score=args.min_score, min_votes=args.min_votes)
    if args.min_votes > len(args.results):
        raise ConfigError(f"--min_votes: {args.min_votes} of {len(args.results)} results cannot have a text")
    metric = make_metric(args.protocol, args.protocol_args)
    if args.gt and metric.protocol.compares_texts:
        raise ConfigError(f"--protocol: {args.protocol} compares texts, which merged results do not have")
    together = read_results(args.results, args.det_format or metric.protocol.file_format)
    merged: dict[str, Any] = {}
    for image in together[0]:
        found = [results[image] for results in together]
        polys, scores = merge_polygons(
            [poly for each in found for poly in each.polys],
            [score for each in found for score in each.scores or ()],
            [number for number, each in enumerate(found) for _ in each.polys],
            len(found),
            voting,
        )
        merged[image] = [np.round(poly, 1) for poly in polys], scores  # as in the file, which is scored
    names = {image: each.image for image, each in together[0].items()}
    as_json = args.output.suffix.lower() == ".jsonl"
    files.write_text(args.output, result_lines(merged, names, as_json=as_json), old="report")
    texts = sum(len(polys) for polys, _ in merged.values())
    counts = ", ".join(str(sum(len(each.polys) for each in results.values())) for results in together)
    print(f"{texts} texts from {counts} in {len(merged)} images: {args.output}")
    if args.gt:
        outlines = {
            image: benchmarks.Outlines(str(args.output), list(polys), [False] * len(polys), list(scores))
            for image, (polys, scores) in merged.items()
        }
        labelled = zip([*map(str, args.results), "merged"], [*together, outlines])
        print("\n".join(_table(args, metric, dict(labelled))))


def _table(args: argparse.Namespace, metric: Any, results: Mapping[str, Mapping[str, benchmarks.Outlines]]) -> Any:
    """Recall, precision and f-score of each of the results, one line each."""
    from mindocr.metrics.score import score

    truth = benchmarks.read_outlines(
        args.gt, "gt", args.gt_format or metric.protocol.file_format, metric.protocol.takes_rotated_boxes
    )
    yield f"{args.protocol}: recall, precision, f-score (95 % interval)"
    for name, outlines in results.items():
        pairs, missing = benchmarks.pair_images(truth, outlines)
        found = score(pairs, missing, metric)
        low, high = found.interval["f_score"]
        yield f"{found.recall:.4f}  {found.precision:.4f}  {found.f_score:.4f} ({low:.4f} to {high:.4f})  {name}"
