"""The report of an evaluation: which report belongs to the predictions, and what it states about the run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.config import Config
from mindocr.config.parts import present_parts
from mindocr.config.yaml_io import dump_yaml
from mindocr.errors import ConfigError
from mindocr.registry import REPORTS
from mindocr.report.page import shorten
from mindocr.utils import files


def make_report(config: Config, postprocess: Any, metric: Any) -> Any:
    """The report for the predictions of ``postprocess``.

    Raises:
        ConfigError: there is no report for such predictions, or it does not support the metric.
    """
    name = postprocess.gives.report
    if not name:
        raise ConfigError(f"--report: there is no report page for {postprocess.gives.__name__}; leave --report out")
    return REPORTS.build({"name": name}, postprocess=config.postprocess, metric=metric)


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
    given = {key: value for key, value in part.items() if value is not None}
    return ", ".join(str(value) if key in ("name", "type") else f"{key} {value}" for key, value in given.items())
