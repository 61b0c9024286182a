"""Jobs on ModelArts: data and weights are copied in from object storage before a run, results are copied out after it.

The flags are MindOCR's. The library that copies, ``moxing``, is part of ModelArts; it is imported only when needed.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from mindocr.config import Config, load_config
from mindocr.config.check import check_for
from mindocr.config.overrides import apply_overrides
from mindocr.config.yaml_io import parse_yaml
from mindocr.engine.runtime.rank_watchdog import start_time
from mindocr.errors import UserError

CACHE_VARIABLE = "MINDOCR_CACHE"
_RANK_VARIABLES = ("OMPI_COMM_WORLD_RANK", "RANK_ID", "MS_NODE_ID")
_URLS = ("data_url", "multi_data_url", "ckpt_url", "pretrain_url", "train_url")
_ROOT = Path(__file__).resolve().parents[3]

logger = logging.getLogger(__name__)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add MindOCR's flags for ModelArts, ``--device_target`` among them."""
    group = parser.add_argument_group("ModelArts")
    group.add_argument(
        "--enable_modelarts", type=_truth, nargs="?", const=True, default=False, metavar="True|False",
        help="copy data and weights in before the run, and results out after it",
    )  # fmt: skip
    group.add_argument("--device_target", help="the same as -o system.device_target=...")
    group.add_argument("--data_url", default="", help="folder to copy into dataset_root")
    group.add_argument(
        "--multi_data_url", default="", help="several folders, [{'dataset_url': URL}, ...]; replaces --data_url"
    )
    group.add_argument("--ckpt_url", default="", help="checkpoint file to copy in")
    group.add_argument("--pretrain_url", default="", help="the same as [{'model_url': URL}]; replaces --ckpt_url")
    group.add_argument("--train_url", default="", help="folder to copy train.ckpt_save_dir to at the end")


def run_job(
    args: argparse.Namespace, run: Callable[[Config], object], weights_key: str, command: str | None = None
) -> None:
    """Run with the configuration that the command line names, on ModelArts if ``--enable_modelarts`` is set.

    The data go to ``$MINDOCR_CACHE/data`` (``/cache/data``), which becomes ``dataset_root``, the weights to ``ckpt``
    beside it. Of several ranks on a host, one copies and the others wait. Rank 0 copies the results out, also after a
    failed run.

    Args:
        args: parsed arguments; ``config_parser`` and :func:`add_flags` define them.
        run: training or evaluation.
        weights_key: dotted key that receives the path of weights copied in.
        command: ``train`` or ``eval``; problems in sections that it does not use are only named. None = it uses all.

    Raises:
        UserError: a mistake in the configuration or the flags, no ``moxing``, or a copy that failed.
    """
    overrides = [*args.opt]
    if args.device_target:
        overrides.append(_override("system.device_target", args.device_target))
    if not args.enable_modelarts:
        if given := [f"--{name}" for name in _URLS if getattr(args, name)]:
            logger.warning("%s: no effect without --enable_modelarts True", ", ".join(given))
        run(load_config(args.config, overrides, command))
        return
    path = _find_config(args.config)
    config = load_config(path, overrides, command)  # before the copying, which may take hours
    file = _moxing()
    values = apply_overrides(config.model_dump(), _copy_in(args, config, weights_key, file))
    config, _ = check_for(command, values, path)
    try:
        run(config)
    except BaseException:
        try:
            _copy_out(args, config, file)
        except UserError as error:
            logger.error("%s", error)
        raise
    _copy_out(args, config, file)


def _copy_in(args: argparse.Namespace, config: Config, weights_key: str, file: Any) -> list[str]:
    """Copy data and weights in; returns the overrides that point to the copies."""
    cache = Path(os.environ.get(CACHE_VARIABLE) or "/cache")
    data, weights = cache / "data", cache / "ckpt"
    data_flag = "multi_data_url" if args.multi_data_url else "data_url"
    weights_flag = "pretrain_url" if args.pretrain_url else "ckpt_url"
    sources = _urls(args, data_flag, "dataset_url")
    checkpoints = _urls(args, weights_flag, "model_url")[:1]
    with _once_on_this_host(cache, [*sources, *checkpoints]) as is_mine:
        if is_mine:
            for folder in (data, weights):
                folder.mkdir(parents=True, exist_ok=True)
            for source in sources:
                _copy(file.copy_parallel, source, str(data), f"--{data_flag}")
            for source in checkpoints:
                _copy(file.copy, source, str(weights / _name(source)), f"--{weights_flag}")
    overrides = [_override(weights_key, str(weights / _name(source))) for source in checkpoints]
    if sources:
        sections = [section for section in ("train", "eval") if getattr(config, section) is not None]
        overrides += [_override(f"{section}.dataset.dataset_root", str(data)) for section in sections]
    return overrides


def _copy_out(args: argparse.Namespace, config: Config, file: Any) -> None:
    folder = Path(config.train.ckpt_save_dir)
    if args.train_url and folder.is_dir() and _is_main(config):
        _copy(file.copy_parallel, str(folder), args.train_url, "--train_url")


@contextmanager
def _once_on_this_host(cache: Path, sources: Sequence[str]) -> Iterator[bool]:
    """Lock the cache; yields True where no running process has copied these sources there already."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".copied").open("a+", encoding="utf-8") as note:
        fcntl.flock(note, fcntl.LOCK_EX)
        is_mine = not _is_copied(note, sources)
        yield is_mine
        if is_mine:
            note.truncate(0)
            json.dump([os.getpid(), start_time(os.getpid()), list(sources)], note)


def _is_copied(note: TextIO, sources: Sequence[str]) -> bool:
    note.seek(0)
    text = note.read()
    if not text:
        return False
    pid, began, theirs = json.loads(text)
    return theirs == list(sources) and start_time(pid) == began


def _urls(args: argparse.Namespace, flag: str, key: str) -> list[str]:
    """URLs of a flag: one URL, a list of URLs, or a list of mappings with a URL under ``key``."""
    text = getattr(args, flag)
    if not text.startswith("["):
        return [text] if text else []
    items = [item.get(key) if isinstance(item, dict) else item for item in parse_yaml(text, f"--{flag}")]
    urls = [item for item in items if isinstance(item, str) and item]
    if len(urls) != len(items):
        raise UserError(f"--{flag}: expected a URL or a list such as [{{'{key}': URL}}], got {text}")
    return urls


def _copy(copy: Callable[[str, str], object], source: str, target: str, flag: str) -> None:
    logger.info("%s: copying %s to %s", flag, source, target)
    try:
        copy(source, target)
    except Exception as error:  # the storage library may raise anything
        raise UserError(
            f"{flag}: cannot copy {source} to {target} ({error}); check the address and the access rights"
        ) from error


def _moxing() -> Any:
    try:
        return importlib.import_module("moxing").file
    except ImportError as error:
        raise UserError(
            f"--enable_modelarts: the library 'moxing' cannot be imported ({error}); ModelArts' images have it. "
            "Elsewhere, leave the flag out and set local paths with -o"
        ) from None


def _override(key: str, value: str) -> str:
    """The override ``key=value``; the value may contain any character."""
    return f"{key}={json.dumps(value)}"


def _find_config(path: str) -> str:
    """ModelArts starts jobs in another folder, so a path may also be relative to the project."""
    beside = _ROOT / path
    return str(beside) if not Path(path).exists() and beside.exists() else path


def _is_main(config: Config) -> bool:
    ranks = [os.environ[name] for name in _RANK_VARIABLES if name in os.environ]
    return not config.system.distribute or not ranks or int(ranks[0]) == 0


def _name(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def _truth(text: str) -> bool:
    values = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"expected True or False, got '{text}'")
    return values[text.lower()]
