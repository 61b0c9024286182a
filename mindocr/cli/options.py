"""Options that several commands share."""

from __future__ import annotations

import argparse
from typing import Any


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


def add_views(parser: argparse.ArgumentParser) -> None:
    """Add ``--tile``, ``--scales``, ``--flip`` and ``--merge_maps``: in which views a detector looks at an image."""
    add = parser.add_argument
    add("--tile", default="off", metavar="auto|off|SIZE",
        help="cut large images into overlapping tiles, so that small texts keep their size: auto, or the side of a "
        "tile in pixels (default: off, the whole image is resized)")  # fmt: skip
    add("--scales", type=float, nargs="+", default=[1.0], metavar="FACTOR",
        help="resize the image by each of these factors and merge the probability maps (default: 1)")  # fmt: skip
    add("--flip", action="store_true", help="run each view mirrored too, and merge the probability maps")
    add("--merge_maps", choices=["mean", "max"], default="mean",
        help="how the maps of scales and mirrored views are merged (default: mean)")  # fmt: skip


def views_of(args: argparse.Namespace) -> Any:
    """The arguments of :func:`add_views` as :class:`~mindocr.inference.view_options.ViewOptions`.

    Raises:
        UserError: a value is out of range.
    """
    from mindocr.inference.view_options import ViewOptions

    return ViewOptions(args.tile, args.scales, args.flip, args.merge_maps)


def add_dpi(parser: argparse.ArgumentParser) -> None:
    """Add ``--dpi``, the resolution of PDF pages."""
    parser.add_argument("--dpi", type=positive, metavar="N",
                        help="pixels per inch at which pages of PDF files are rendered (default: 200)")  # fmt: skip


def add_runtime(parser: argparse.ArgumentParser, *, threads: bool = True) -> None:
    """Add ``--runtime``, and ``--threads`` unless the command only runs networks of MindSpore."""
    choices = ["auto", "mindspore", "onnxruntime", "mindspore_lite"]
    parser.add_argument(
        "--runtime", choices=choices, default="auto",
        help="what runs the networks; auto (default): released weights run in onnxruntime on a CPU where it is "
        "installed, else in MindSpore; a model file runs in what its kind needs",
    )  # fmt: skip
    if threads:
        parser.add_argument(
            "--threads", type=positive, metavar="N",
            help="CPU threads of onnxruntime or MindSpore Lite (default: all usable CPUs)",
        )  # fmt: skip


def add_buckets(parser: argparse.ArgumentParser) -> None:
    """Add ``--buckets``."""
    parser.add_argument(
        "--buckets", metavar="auto|off|HxW,...",
        help="sizes that the network sees, so that few graphs are compiled: auto = at most 6 that fit the images; or "
        "height x width of each; images are padded to them (default: auto on Ascend, else off)",
    )  # fmt: skip
