"""``mindocr compare``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mindocr.cli import compared_texts
from mindocr.cli.commands.score import add_formats, formats_of
from mindocr.config.yaml_io import read_yaml
from mindocr.errors import ConfigError, DataError
from mindocr.formats import benchmarks
from mindocr.metrics.det_metric import DetMetric
from mindocr.report.compare import DetectionComparison, Evaluated, compare
from mindocr.report.compare_runs import (
    find_evaluation,
    found_in,
    holds_texts,
    read_facts,
    read_images,
    settings_file,
    with_pictures,
)
from mindocr.report.paired import Comparison, few
from mindocr.report.recognition.compare import ReadTexts, compare_texts
from mindocr.utils import files
from mindocr.utils.printable import printable

DETECTIONS = "detections.txt"  # of an evaluation
LISTED = 20  # images that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the two evaluations, how results in files are scored, and the files to write."""
    add = parser.add_argument
    add("first", type=Path, help="folder of a run or of its evaluation; with --gt, results as for 'mindocr score'")
    add("second", type=Path, help="the other one; differences are second minus first")
    add("--gt", type=Path, help="ground truth of results in files")
    add("--protocol", help="score both by these rules, icdar2015 or another; needed with --gt")
    add_formats(parser)
    add("--image_dir", type=Path, help="folder of the images, for the page")
    add(
        "--report",
        type=Path,
        metavar="DIR",
        help="folder for compare.html: what both found in the images, or read in the texts, that changed",
    )
    add(
        "--report_images",
        type=int,
        metavar="N",
        help="number of images, or of texts, shown with pictures, largest change first",
    )
    add("--json", type=Path, help="file to write the scores and their differences to")


def run(args: argparse.Namespace) -> None:
    """Print scores, differences and the settings that differ; write the files if requested.

    Raises:
        UserError: something is no evaluation, or the two cannot be compared.
    """
    if args.gt and not args.protocol:
        raise ConfigError("--gt: needs --protocol, the rules by which results in files are scored, such as icdar2015")
    if not args.gt and _are_texts(args):
        texts = compare_texts(_from_text_evaluation(args, args.first), _from_text_evaluation(args, args.second))
        rows, details = compared_texts.rows(texts), compared_texts.details(texts)
        _tell(args, texts, rows, details, compared_texts.write_page)
    else:
        read = _from_files if args.gt else _from_evaluation
        images = compare(read(args, args.first), read(args, args.second))
        _tell(args, images, _rows(images), _details(images), _write_page)


def _are_texts(args: argparse.Namespace) -> bool:
    """Whether the two are evaluations of recognisers."""
    texts = [path for path in (args.first, args.second) if holds_texts(_evaluation(path))]
    if len(texts) == 1:
        raise DataError(f"{texts[0]} is an evaluation of text recognition, the other one of text detection")
    if texts and args.protocol:
        raise ConfigError(
            f"--protocol {args.protocol}: is for detections; texts are compared by the metric's own rules"
        )
    return bool(texts)


def _evaluation(path: Path) -> Path:
    folder = find_evaluation(path)
    if folder is None:
        what = "no evaluation" if path.exists() else "no such file or folder"
        raise DataError(
            f"{path}: {what}; an evaluation has per_image.jsonl in this folder or in its folder eval. 'mindocr eval' "
            "writes it (evaluate again if an earlier version did not). For results in files, add --gt and --protocol"
        )
    return folder


def _from_files(args: argparse.Namespace, path: Path) -> Evaluated:
    """Results in files, or the detections of an evaluation, scored anew."""
    from mindocr.metrics.score import make_metric, score
    from mindocr.report.collect import judged_images_of

    folder = find_evaluation(path) if path.is_dir() else None
    metric = make_metric(args.protocol, args.protocol_args)
    results = folder / DETECTIONS if folder else path
    pairs, missing = benchmarks.read_pairs(
        args.gt, results, formats_of(args, metric.protocol.file_format), metric.protocol.takes_rotated_boxes,
        metric.protocol.compares_texts,
    )  # fmt: skip
    score(pairs, missing, metric)
    cases = judged_images_of(pairs, metric.images, args.image_dir)
    facts = {"without results": f"{len(missing)} images"} if missing else {}
    return Evaluated(str(path), metric.protocol_name, metric.protocol, cases, {}, facts)


def _from_evaluation(args: argparse.Namespace, path: Path) -> Evaluated:
    """An evaluation that was written by 'mindocr eval', with its own scores unless --protocol asks for others."""
    from mindocr.metrics.score import make_metric

    folder = _evaluation(path)
    cases, settings = read_images(folder), _settings(folder)
    if args.protocol:
        metric = make_metric(args.protocol, args.protocol_args)
        if metric.protocol.compares_texts:
            raise ConfigError(
                f"--protocol: {args.protocol} compares texts, which the evaluation of a detector does not have; name "
                "results in files, with --gt"
            )
        results = metric.update_many([(case.found, case.truth, case.ignore) for case in cases])
        cases = [replace(case, result=result) for case, result in zip(cases, results)]
    else:
        metric = _metric_of(settings, folder)
    facts = {**read_facts(folder), "folder": folder}
    return Evaluated(
        str(path),
        metric.protocol_name,
        metric.protocol,
        with_pictures(found_in(args.image_dir, cases) if args.image_dir else cases),
        settings,
        facts,
    )


def _from_text_evaluation(args: argparse.Namespace, path: Path) -> ReadTexts:
    folder = _evaluation(path)
    return compared_texts.read(str(path), folder, _settings(folder), args.image_dir)


def _settings(folder: Path) -> dict[str, Any]:
    """The configuration of an evaluation; empty if there is none."""
    file = settings_file(folder)
    settings = read_yaml(file) if file else None
    return settings if isinstance(settings, dict) else {}


def _metric_of(settings: dict[str, Any], folder: Path) -> DetMetric:
    section = settings.get("metric")
    if not isinstance(section, dict):
        raise DataError(
            f"{folder}: no config.yaml with a metric section says by which protocol it was scored; set --protocol"
        )
    return DetMetric(**{key: value for key, value in section.items() if key in ("protocol", "protocol_args")})


def _tell(
    args: argparse.Namespace, comparison: Comparison[Any], rows: Sequence[str], details: dict[str, Any], write_page: Any
) -> None:
    """Print and write a comparison: what both kinds have, and the rows and the JSON members of its own kind."""
    first, second = comparison.first, comparison.second
    width = max(10, *(len(each.name) for each in comparison.differences))
    said = [f"first:  {first.name}", f"second: {second.name}", f"{rows[0]}, 95 % interval of the difference"]
    said += [
        f"{each.name:<{width}} {each.first:.4f} -> {each.second:.4f}  {each.change:+.4f}  "
        f"({each.low:+.4f} to {each.high:+.4f})"
        for each in comparison.differences
    ]
    said += [*rows[1:], *(f"{key}: {a!r} -> {b!r}" for key, a, b in comparison.settings)]
    for side, names in ((first, comparison.only_first), (second, comparison.only_second)):
        if names:
            said.append(f"warning: {len(names)} images only in {side.name} are left out: {few(names)}")
    if args.json:
        files.write_text(args.json, json.dumps({**_as_json(comparison), **details}, indent=2) + "\n")
    if args.report:
        said.append(f"page: {write_page(args.report, comparison, args.report_images)}")
    print("\n".join(said))  # at the end: a reader such as head may close the pipe


def _rows(comparison: DetectionComparison) -> list[str]:
    """What was compared, and the images that changed."""
    first, changes = comparison.first, comparison.changes()
    order = sorted(range(len(changes)), key=lambda i: (-abs(changes[i]), i))
    moved = [i for i in order if changes[i]]
    return [
        f"{first.protocol_name}, {len(first.cases)} images",
        f"{sum(c > 0 for c in changes)} images better, {sum(c < 0 for c in changes)} worse",
        *(f"  {changes[i]:+.3f}  {printable(first.cases[i].image)}" for i in moved[:LISTED]),
        *([f"  and {len(moved) - LISTED} more"] if len(moved) > LISTED else []),
    ]


def _details(comparison: DetectionComparison) -> dict[str, Any]:
    cases = comparison.first.cases
    return {
        "protocol": comparison.first.protocol_name,
        "images": len(cases),
        "by_image": [{"image": case.image, "change": change} for case, change in zip(cases, comparison.changes())],
    }


def _write_page(folder: Path, comparison: DetectionComparison, limit: int | None) -> Path:
    from mindocr.report.compare_page import write_comparison

    return write_comparison(folder, comparison, limit)


def _as_json(comparison: Comparison[Any]) -> dict[str, Any]:
    return {
        "first": comparison.first.name,
        "second": comparison.second.name,
        "scores": {
            each.name: {
                "first": each.first,
                "second": each.second,
                "change": each.change,
                "interval": [each.low, each.high],
            }
            for each in comparison.differences
        },
        "settings": {key: [a, b] for key, a, b in comparison.settings},
        "only_first": list(comparison.only_first),
        "only_second": list(comparison.only_second),
    }
