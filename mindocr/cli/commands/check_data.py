"""``mindocr check-data``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mindocr.cli.named_weights import find_named
from mindocr.cli.options import add_config, positive
from mindocr.config import Config, load_config
from mindocr.data.datasets.sources import pair_up
from mindocr.errors import ConfigError
from mindocr.inspection import text_lines
from mindocr.inspection.detected import Compared, compare_labels
from mindocr.inspection.files import make_place, write_whole
from mindocr.inspection.fix import check_output, write_fixed
from mindocr.inspection.overrides import size_overrides
from mindocr.inspection.page import place_of_page, write_page
from mindocr.inspection.settings import Settings, places_of, settings_of
from mindocr.inspection.statistics import statistics_of
from mindocr.inspection.summary import findings_of, summary
from mindocr.inspection.survey import PARTS, Source, inspect

EXIT_FOUND_ERRORS = 1

Recipe = tuple[Mapping[str, Any], Mapping[str, Any] | None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the data to check, as label files or a recipe, and the files to write."""
    add_config(parser, required=False)
    add = parser.add_argument
    add("--label_file", nargs="+", metavar="FILE", help="label files of the training set; replace those of the recipe")
    add("--data_dir", nargs="+", metavar="DIR", help="folders to which the image paths in them are relative")
    add("--test_label_file", nargs="+", metavar="FILE", help="label files of the test set, compared with training")
    add("--test_data_dir", nargs="+", metavar="DIR", help="folders to which the image paths in them are relative")
    add("--shrink_ratio", type=float, help="shrink ratio of DBNet's binary map (default: the recipe's, else 0.4)")
    add("--min_text_size", type=float, help="smallest text in training, pixels (default: the recipe's, else 8)")
    add("--report", type=Path, metavar="PATH", help="HTML report to write, a file or a folder")
    add("--json", type=Path, metavar="FILE", help="file to write all findings to")
    add("--pictures", type=int, default=6, help="pictures in the report for each kind of problem (default 6)")
    add("--report_images", type=int, default=24, metavar="N",
        help="images shown in the report with their labels, with or without problems (default 24)")  # fmt: skip
    add("--fix", action="store_true", help="write repaired label files to --output")
    add("--output", type=Path, metavar="PATH", help="repaired label file; a folder if there are several label files")
    add("--overwrite", action="store_true", help="allow --output to replace files, even the label file itself")
    add("--model", metavar="NAME_OR_FILE",
        help="also compare the labels with what a detector finds, such as ppocr-v3 or a checkpoint: words or "
        "lines?")  # fmt: skip
    add("--model_images", type=positive, default=50, metavar="N",
        help="images of each label file that the detector looks at (50)")  # fmt: skip
    add("--workers", type=int, help="processes (default and maximum: one for each CPU)")


def run(args: argparse.Namespace) -> int:
    """Check the data that the arguments or the recipe name, and report the problems.

    Returns:
        The exit code: 1 if a problem was found that stops training, else 0.

    Raises:
        ConfigError: arguments that do not fit together.
        DataError: a label file or a folder is missing or empty, or a file cannot be written.
    """
    for name in ("pictures", "report_images"):
        if getattr(args, name) < 0:
            raise ConfigError(f"--{name}: expected a number from 0, got {getattr(args, name)}")
    config = _config(args)
    if config is not None and not args.label_file and config.train.dataset.get("type") in text_lines.TYPES:
        return _check_lines(config, args)
    recipe = None if config is None else (config.train.dataset, config.eval.dataset if config.eval else None)
    sources = _sources(args, recipe)
    outputs = _outputs(args, sources)
    for path in (args.json, args.report and place_of_page(args.report)):
        if path:
            make_place(path)
    inspection = inspect(sources, _settings(args, recipe), args.workers)
    parts = [part for part in PARTS if any(source.part == part for source in sources)]
    statistics = {part: statistics_of(inspection, part) for part in parts}
    datasets = {section: dataset for section, dataset in zip(("train", "eval"), recipe or ()) if dataset}
    overrides = size_overrides(datasets, statistics)
    print(summary(inspection, statistics, overrides))
    compared = _compare(args.model, sources, args.model_images) if args.model else {}
    print("".join(f"{line}\n" for each in compared.values() for line in each.lines()), end="")
    if args.json:
        found = findings_of(inspection, statistics, overrides)
        if compared:
            found["granularity"] = {str(file): each.counts.as_json() for file, each in compared.items()}
        write_whole(args.json, json.dumps(found, indent=1) + "\n")
    if args.report:
        page = write_page(args.report, inspection, statistics, args.pictures, args.report_images, overrides)
        print(f"page: {page}")
    for source, output in zip(sources, outputs):
        print(write_fixed(inspection, source.file, output, args.overwrite))
    return EXIT_FOUND_ERRORS if inspection.has_errors else 0


def _compare(model: str, sources: Sequence[Source], number: int) -> dict[Path, Compared]:
    """Labels against what a detector finds, for each label file."""
    from mindocr.inference.detector import TextDetector

    detector = TextDetector(find_named(model, "det")[0])
    return {source.file: compare_labels(source, lambda path: detector(path).polygons, number) for source in sources}


def _check_lines(config: Config, args: argparse.Namespace) -> int:
    """Check the text lines of a recipe of recognition."""
    if args.fix or args.report:
        raise ConfigError(
            f"--{'fix' if args.fix else 'report'}: only for label files of detection; give them with --label_file and "
            "--data_dir"
        )
    from mindocr.inference import dictionary

    known = True
    try:
        config = dictionary.complete(config, dictionary.pretrained_of(config), "model.pretrained")
    except ConfigError as error:
        if "no character dictionary is given" not in str(error):
            raise
        known = False
    found = text_lines.check(config, known)
    print(text_lines.summary(found))
    if args.json:
        write_whole(args.json, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return EXIT_FOUND_ERRORS if found["errors"] else 0


def _config(args: argparse.Namespace) -> Config | None:
    """The recipe of ``-c``."""
    if args.config:
        return load_config(args.config, args.opt, "check-data")
    if args.opt:
        raise ConfigError("-o changes keys of a recipe; name the recipe with -c")
    return None


def _sources(args: argparse.Namespace, recipe: Recipe | None) -> list[Source]:
    given = {"train": (args.label_file, args.data_dir), "test": (args.test_label_file, args.test_data_dir)}
    sources = []
    for part, dataset, section in zip(PARTS, recipe or (None, None), ("train", "eval")):
        files, folders = given[part]
        if files or folders:
            if not (files and folders):
                prefix = "" if part == "train" else "test_"
                raise ConfigError(f"--{prefix}label_file and --{prefix}data_dir belong together; give both")
            pairs = [(folder, file) for folder, file, _ in pair_up("", folders, files, 1.0)]
        else:
            pairs = places_of(dataset, section) if dataset else []
        sources += [Source(part, folder, file) for folder, file in pairs]
    if not sources:
        raise ConfigError("nothing to check: give --label_file and --data_dir, or a recipe with -c")
    return sources


def _outputs(args: argparse.Namespace, sources: Sequence[Source]) -> list[Path]:
    """Paths of the repaired label files, checked before the long work begins; empty without ``--fix``."""
    if not args.fix:
        if args.output:
            raise ConfigError("--output is for repaired label files; add --fix")
        return []
    if not args.output:
        raise ConfigError("--fix needs --output, the label file to write; the original stays as it is")
    outputs = [args.output] if len(sources) == 1 else [args.output / source.file.name for source in sources]
    if len(set(outputs)) < len(outputs):
        raise ConfigError("--fix: several label files have one name; repair them one by one")
    for source, output in zip(sources, outputs):
        check_output(source.file, output, args.overwrite)
    return outputs


def _settings(args: argparse.Namespace, recipe: Recipe | None) -> Settings:
    settings = settings_of(*recipe) if recipe else Settings()
    given = {key: getattr(args, key) for key in ("shrink_ratio", "min_text_size") if getattr(args, key) is not None}
    return replace(settings, **given)
