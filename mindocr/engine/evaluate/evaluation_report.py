"""From a configuration to the report of its evaluation: what to collect on the way, what the page states."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.config import Config
from mindocr.config.yaml_io import dump_yaml
from mindocr.errors import ConfigError
from mindocr.metrics.det_metric import DetMetric
from mindocr.registry import POSTPROCESSES
from mindocr.report.collect import Collector
from mindocr.report.page import shorten, write_page
from mindocr.utils import files


def make_collector(config: Config, metric: Any) -> Collector:
    """A collector for an evaluation by ``config``, which also sees what lies below ``postprocess.box_thresh``.

    Raises:
        ConfigError: the metric does not tell which outlines match.
    """
    if not isinstance(metric, DetMetric):
        raise ConfigError(
            f"--report: needs metric.name DetMetric, which tells what matches; got {type(metric).__name__}"
        )
    postprocess = config.postprocess or {}
    has_threshold = hasattr(POSTPROCESSES.build(postprocess), "box_thresh")
    return Collector(POSTPROCESSES.build({**postprocess, "box_thresh": 0.0}) if has_threshold else None)


def write(config: Config, collector: Collector, metric: DetMetric, folder: Path, limit: int | None = None) -> Path:
    """Write the page of an evaluation that has ended; see :func:`mindocr.report.page.write_page`."""
    return write_page(folder, collector.cases, metric, facts(config, collector), limit)


def facts(config: Config, collector: Collector) -> dict[str, Any]:
    """What the page's summary states about the run: weights, network, data set, thresholds, hashes."""
    assert config.eval is not None  # it has just been run
    weights, data = Path(str(config.eval.ckpt_load_path)), config.eval.dataset
    parts = (config.model.backbone, config.model.neck, config.model.head)
    sizes = {tuple(round(side * scale) for side, scale in zip(case.size, case.ratio)) for case in collector.cases}
    shown = [f"{h} x {w}" for h, w in sorted(sizes)]
    return {
        "weights": f"{weights} (hash {shorten(files.hash_file(weights))})",
        "network": ", ".join(str(part["name"]) for part in parts if part),
        "network's image": ", ".join(shown[:4]) + (" and others" if len(shown) > 4 else ""),
        "data set": _settings({key: data.get(key) for key in ("type", "dataset_root", "data_dir", "label_file")}),
        "post-processing": _settings(config.postprocess or {}),
        "metric": _settings(config.metric or {}),
        "config hash": shorten(files.hash_bytes(dump_yaml(config.model_dump()).encode())),
    }


def _settings(part: Mapping[str, Any]) -> str:
    given = {key: value for key, value in part.items() if value is not None}
    return ", ".join(str(value) if key in ("name", "type") else f"{key} {value}" for key, value in given.items())
