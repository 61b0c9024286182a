"""``mindocr check-config``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mindocr.cli.differences import write_page
from mindocr.cli.options import add_overrides
from mindocr.config.check import format_problems
from mindocr.config.load import inspect_config
from mindocr.config.reference import write_documents
from mindocr.config.short_run import run_notes
from mindocr.errors import ConfigError, UserError

EXIT_FOUND_PROBLEMS = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the files, ``-o``, and the documents to write."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="configurations to check, or names of recipes")
    parser.add_argument(
        "-c", "--config", action="append", default=[], metavar="FILE", help="the same, as other commands take it"
    )
    add_overrides(parser)
    parser.add_argument("--schema", metavar="OUT.json", help="write the JSON schema for editors")
    parser.add_argument("--reference", metavar="OUT.md", help="write the reference of all keys")
    parser.add_argument(
        "--differences", type=Path, metavar="OUT.md", help="write the page on MindOCR from the table OUT.yaml beside it"
    )


def run(args: argparse.Namespace) -> int:
    """Write the documents and check the files; returns exit code 1 if a file has problems."""
    files = [*args.files, *args.config]
    if not (files or args.schema or args.reference or args.differences):
        raise ConfigError("nothing to check: name at least one FILE")
    write_documents(args.schema, args.reference)
    if args.differences:
        write_page(args.differences)
    return check_files(files, args.opt)


def check_files(paths: Sequence[str], overrides: Sequence[str] = ()) -> int:
    """Check configurations: one OK line for each valid file on stdout, all problems of the others on stderr.

    A problem that does not stop training is a warning, which names the commands that it stops.
    Below the OK line are the settings that do not fit into the number of epochs, and what training does instead.

    Returns:
        The exit code: 0 if all files are valid, else 1.
    """
    code = 0
    for path in paths:
        try:
            config, problems = inspect_config(path, overrides)
        except UserError as error:
            print(error, file=sys.stderr)
            code = EXIT_FOUND_PROBLEMS
            continue
        if problems:
            lines = [(p.path, p.text if "train" in p.stops else f"{p.text} (stops only: {', '.join(p.stops)})")
                     for p in problems]  # fmt: skip
            print(format_problems(path, lines, "" if config is None else ", none of which stops training"),
                  file=sys.stderr)  # fmt: skip
        if config is None:
            code = EXIT_FOUND_PROBLEMS
        else:
            print("\n  ".join([f"{path}: OK", *run_notes(config)]))
    return code
