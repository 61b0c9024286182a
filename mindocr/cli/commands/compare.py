"""``mindocr compare``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mindocr.cli.commands.score import add_formats, formats_of
from mindocr.errors import ConfigError, DataError
from mindocr.formats import benchmarks
from mindocr.metrics.det_metric import DetMetric
from mindocr.report.compare import SHOWN, Comparison, Evaluated, compare
from mindocr.report.compare_runs import find_evaluation, read_facts, read_images, settings_file, with_pictures
from mindocr.utils import files

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
        "--report", type=Path, metavar="DIR", help="folder for compare.html: both detections on the images that changed"
    )
    add("--report_images", type=int, metavar="N", help="number of images shown on the page, largest change first")
    add("--json", type=Path, help="file to write the scores and their differences to")


def run(args: argparse.Namespace) -> None:
    """Print scores, differences and the settings that differ; write the files if requested.

    Raises:
        UserError: something is no evaluation, or the two cannot be compared.
    """
    if args.gt and not args.protocol:
        raise ConfigError("--gt: needs --protocol, the rules by which results in files are scored, such as icdar2015")
    read = _from_files if args.gt else _from_evaluation
    comparison = compare(read(args, args.first), read(args, args.second))
    rows = [_summary(comparison)]
    if args.json:
        files.write_text(args.json, json.dumps(_as_json(comparison), indent=2) + "\n")
    if args.report:
        from mindocr.report.compare_page import write_comparison

        rows.append(f"page: {write_comparison(args.report, comparison, args.report_images)}")
    print("\n".join(rows))  # at the end: a reader such as head may close the pipe


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
    from dataclasses import replace

    from mindocr.config.yaml_io import read_yaml
    from mindocr.metrics.score import make_metric

    folder = find_evaluation(path)
    if folder is None:
        what = "no evaluation" if path.exists() else "no such file or folder"
        raise DataError(
            f"{path}: {what}; an evaluation has per_image.jsonl in this folder or in its folder eval. 'mindocr eval' "
            "writes it (evaluate again if an earlier version did not). For results in files, add --gt and --protocol"
        )
    cases, file = read_images(folder), settings_file(folder)
    settings = (read_yaml(file) if file else None) or {}
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
        str(path), metric.protocol_name, metric.protocol, _pictured(cases, args.image_dir), settings, facts
    )


def _metric_of(settings: Any, folder: Path) -> DetMetric:
    section = settings.get("metric") if isinstance(settings, dict) else None
    if not isinstance(section, dict):
        raise DataError(
            f"{folder}: no config.yaml with a metric section says by which protocol it was scored; set --protocol"
        )
    return DetMetric(**{key: value for key, value in section.items() if key in ("protocol", "protocol_args")})


def _pictured(cases: list[Any], image_dir: Path | None) -> list[Any]:
    from dataclasses import replace

    from mindocr.formats.datasets.images import index_images

    if image_dir:
        files_by_name = index_images(image_dir)
        cases = [replace(case, image=str(files_by_name.get(Path(case.image).stem, case.image))) for case in cases]
    return with_pictures(cases)


def _summary(comparison: Comparison) -> str:
    first, second = comparison.first, comparison.second
    rows = [f"first:  {first.name}", f"second: {second.name}"]
    rows += [f"{first.protocol_name}, {len(first.cases)} images, 95 % interval of the difference"]
    rows += [
        f"{each.name:<10} {each.first:.4f} -> {each.second:.4f}  {each.change:+.4f}  "
        f"({each.low:+.4f} to {each.high:+.4f})"
        for each in comparison.differences
    ]
    changes = comparison.changes()
    rows.append(f"{sum(c > 0 for c in changes)} images better, {sum(c < 0 for c in changes)} worse")
    order = sorted(range(len(changes)), key=lambda i: (-abs(changes[i]), i))
    moved = [i for i in order if changes[i]]
    rows += [f"  {changes[i]:+.3f}  {first.cases[i].image}" for i in moved[:LISTED]]
    rows += [f"  and {len(moved) - LISTED} more"] if len(moved) > LISTED else []
    rows += [f"{key}: {a!r} -> {b!r}" for key, a, b in comparison.settings]
    for side, names in ((first, comparison.only_first), (second, comparison.only_second)):
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            few = ", ".join(names[:SHOWN]) + more
            rows.append(f"warning: {len(names)} images only in {side.name} are left out: {few}")
    return "\n".join(rows)


def _as_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "first": comparison.first.name,
        "second": comparison.second.name,
        "protocol": comparison.first.protocol_name,
        "images": len(comparison.first.cases),
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
        "by_image": [
            {"image": case.image, "change": change}
            for case, change in zip(comparison.first.cases, comparison.changes())
        ],
    }
