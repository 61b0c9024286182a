"""Options that several commands share."""

from __future__ import annotations

import argparse


def add_config(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add ``-c FILE`` (also ``-c=FILE``, ``--config FILE``), as ``config``, and ``-o key=value ...``, as ``opt``.

    Args:
        required: whether the command needs a configuration.
    """
    parser.add_argument(
        "-c", "--config", required=required, metavar="FILE",
        help="configuration: a YAML file, or the name of a recipe that 'mindocr recipes' lists",
    )  # fmt: skip
    add_overrides(parser)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Add ``-o key=value ...``, which may be given several times, as ``opt``."""
    parser.add_argument(
        "-o", "--opt", nargs="+", action="extend", default=[], metavar="KEY=VALUE",
        help="override keys of the configuration, such as train.loader.batch_size=4",
    )  # fmt: skip


def positive(text: str) -> int:
    """A whole number from 1, for ``type=`` of an option."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got '{text}'")
    return int(text)
