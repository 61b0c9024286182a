"""Files of an evaluation: scores with their origin, predictions, and a line of JSON for each image.

``eval`` in ``train.ckpt_save_dir`` holds the newest results. When another checkpoint, other data or other settings are
evaluated, the results there are set aside first, in ``eval/<checkpoint>-<id>``, where the id is the same for equal
evaluations. So no evaluation overwrites another one.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.config import Config
from mindocr.engine.train.provenance import describe_data, hash_of
from mindocr.predictions.base import Prediction, write_predictions
from mindocr.utils import files

SCORES, IMAGES, ABOUT = "scores.json", "per_image.jsonl", "evaluated"
ALSO = "also"  # scores of the further data sets of eval.also
SETTINGS = "config.yaml"  # the settings that the scores belong to, for 'mindocr compare'
_MORE = (SETTINGS, "why_zero.png", "report.html")

logger = logging.getLogger(__name__)


def describe(config: Config, dataset: Any, views: str = "") -> dict[str, Any]:
    """Origin of the scores, for the key ``evaluated`` of scores.json: weights, data, settings, time.

    ``id`` is the same for equal weights, data, and settings that scores depend on.

    Args:
        config: its ``eval`` section has been evaluated.
        dataset: the data of that section.
        views: in which views the network looked at each image; empty = once, as the configuration resizes it.
    """
    assert config.eval is not None
    values = json.loads(json.dumps(config.model_dump()))
    weights, data = Path(str(config.eval.ckpt_load_path)), describe_data(dataset)
    digest = files.hash_file(weights)
    settings = {key: values[key] for key in ("model", "postprocess", "metric")}
    settings.update(pipeline=values["eval"]["dataset"], amp_level_infer=values["system"]["amp_level_infer"])
    if views:
        settings["views"] = views
    return {
        "id": hash_of([digest, data["sha256"], hash_of(settings)])[:8],
        "checkpoint": str(weights),
        "checkpoint_sha256": digest,
        "images": data["images"],
        "label_files": data["label_files"],
        "config_sha256": hash_of(values),
        **({"views": views} if views else {}),
        "date": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def image_line(image: str, truth: Mapping[str, Any], found: Prediction, result: Any) -> str:
    """One line of ``per_image.jsonl``, without the line break.

    Its keys are ``image``, ``truth`` (the columns that the metric reads, and those that say what was looked at),
    ``found`` (:meth:`Prediction.to_json`), and the fields of the metric's result for the image, for detection
    ``counts``, ``pairs`` and others; a result that has no fields is under ``result``.

    Args:
        image: its file.
        truth: column name -> value for this image.
        found: the prediction.
        result: what ``judge`` of the metric returned for this image.
    """
    judged = _plain(result)
    more = judged if isinstance(judged, dict) else {"result": judged}
    line = {"image": image, "truth": _plain(truth), "found": found.to_json(), **more}
    return json.dumps(line, ensure_ascii=False)


def write_results(evaluation: Any, about: Mapping[str, Any], folder: Path) -> None:
    """Write the files, and set aside those of an evaluation with another ``id``.

    Args:
        evaluation: an :class:`~mindocr.engine.evaluate.evaluator.Evaluation`.
        about: see :func:`describe`.
        folder: for the files.
    """
    folder.mkdir(parents=True, exist_ok=True)  # a training run that has started since may have set it aside
    found = f"{evaluation.kind.entries_key}.txt"
    set_aside(folder, str(about["id"]), (SCORES, IMAGES, found, *_MORE))
    write_predictions(evaluation.predictions, folder / found)
    files.write_text(folder / IMAGES, "".join(f"{line}\n" for line in evaluation.image_lines))
    further = {name: other.scores for name, other in evaluation.also.items()}
    scores = {**evaluation.scores, **({ALSO: further} if further else {}), ABOUT: about}
    files.write_text(folder / SCORES, json.dumps(scores, indent=2) + "\n")


def set_aside(folder: Path, own: str, names: tuple[str, ...]) -> Path | None:
    """Move the results of another evaluation to a subfolder; returns it, or None where there were none.

    Args:
        folder: where the results are.
        own: id of the evaluation whose results come next; its own earlier results are replaced.
        names: files to move.
    """
    scores = folder / SCORES
    if not scores.is_file():
        return None
    try:
        about = json.loads(scores.read_text(encoding="utf-8"))[ABOUT]
        id_, name = str(about["id"]), f"{Path(about['checkpoint']).stem}-{about['id']}"
    except (ValueError, KeyError, TypeError):  # written by an earlier version
        id_, name = "", f"earlier-{time.strftime('%Y%m%d-%H%M%S', time.localtime(scores.stat().st_mtime))}"
    if id_ == own:
        return None
    target = folder / name
    target.mkdir(exist_ok=True)
    for path in (folder / each for each in names):
        if path.is_file():
            path.replace(target / path.name)
    logger.warning("the results of another evaluation, that were in %s, are now in %s", folder, target)
    return target


def _plain(value: Any) -> Any:
    """A value in the types of JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple | set):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)
