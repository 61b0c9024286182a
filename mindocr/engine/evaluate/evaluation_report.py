"""The report of an evaluation: which report belongs to the predictions, and what it states about the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mindocr.config import Config
from mindocr.config.check import check
from mindocr.config.compat import upgrade
from mindocr.config.overrides import apply_overrides
from mindocr.config.parts import present_parts
from mindocr.config.read import resolve
from mindocr.config.recipes import find_config
from mindocr.config.yaml_io import dump_yaml
from mindocr.errors import ConfigError, UserError
from mindocr.registry import REPORTS
from mindocr.report.page import shorten
from mindocr.report.setup import Setup
from mindocr.utils import files

_LONGEST, _SHOWN = 300, 40  # characters of a value in the summary

Source = tuple[str, Sequence[str]]  # the configuration and the overrides, as after -c and -o


def make_report(config: Config, postprocess: Any, metric: Any, source: Source | None = None) -> Any:
    """The report for the predictions of ``postprocess``; ``source`` says how the configuration was loaded.

    Raises:
        ConfigError: there is no report for such predictions, or it does not support the metric.
    """
    name = postprocess.gives.report
    if not name:
        raise ConfigError(f"--report: there is no report page for {postprocess.gives.__name__}; leave --report out")
    setup = _setup(config, source) if source else Setup(settings=config.model_dump())
    return REPORTS.build({"name": name}, postprocess=config.postprocess, metric=metric, setup=setup)


def _setup(config: Config, source: Source) -> Setup:
    """The command's configuration and overrides, and whether further overrides are valid with them."""
    path, overrides = source

    @cache
    def raw() -> dict[str, Any]:
        return resolve(find_config(path, quiet=True), overrides)

    def accepts(words: Sequence[str]) -> bool:
        try:
            upgraded = upgrade(apply_overrides(raw(), words))
            check(upgraded.values, path, upgraded.problems)
        except UserError:
            return False
        return True

    return Setup(path, overrides, config.model_dump(), accepts=accepts)


def facts(config: Config) -> dict[str, Any]:
    """What the page's summary states about the run: weights, network, data set, thresholds, hashes."""
    assert config.eval is not None  # it has just been run
    weights, data = Path(str(config.eval.ckpt_load_path)), config.eval.dataset
    parts = [spec["name"] for part, spec in present_parts(config.model_dump()) if part.path.startswith("model.")]
    return {
        "weights": f"{weights} (hash {shorten(files.hash_file(weights))})",
        "network": ", ".join(map(str, parts)),
        "data set": _settings({key: data.get(key) for key in ("type", "dataset_root", "data_dir", "label_file")}),
        "post-processing": _settings(config.postprocess or {}),
        "metric": _settings(config.metric or {}),
        "config hash": shorten(files.hash_bytes(dump_yaml(config.model_dump()).encode())),
    }


def _settings(part: Mapping[str, Any]) -> str:
    given = {key: _brief(value) for key, value in part.items() if value is not None}
    return ", ".join(value if key in ("name", "type") else f"{key} {value}" for key, value in given.items())


def _brief(value: Any) -> str:
    """A value for the summary; of a long one, such as the characters of a dictionary, the beginning and the length."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_SHOWN]}... ({len(value)})"
