"""What is exported: a network with its weights, and what belongs to it besides them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.config import load_config
from mindocr.engine.evaluate.results import ABOUT, SCORES
from mindocr.errors import CheckpointError, UserError
from mindocr.inference import dictionary
from mindocr.inference.checkpoint import find_weights, stored_sections
from mindocr.inference.metadata import MODEL, PIPELINE, POSTPROCESS, TRAINING, of_sections
from mindocr.inference.pipeline import named
from mindocr.models.ckpt_entries import RUN_ENTRY, unpack
from mindocr.models.download import fetch_weights
from mindocr.models.file_kind import refusal
from mindocr.models.weights import read_checkpoint
from mindocr.models.zoo import get_model
from mindocr.registry import POSTPROCESSES
from mindocr.utils import files

_DEFAULT_SHAPE = (736, 1280)  # (h, w) of images in pixels


@dataclass(frozen=True)
class ExportSource:
    """A network to export.

    Attributes:
        name: of the files, without an ending.
        model: named model or ``model`` section.
        weights: checkpoint; None = the released weights of a named model.
        metadata: what the file will state, see :mod:`mindocr.inference.metadata`.
        task: ``det``, ``rec``, ``cls`` or another word; a label only.
        metric: ``metric`` section.
    """

    name: str
    model: str | Mapping[str, Any]
    weights: str | Path | None
    metadata: dict[str, Any]
    task: str
    metric: Mapping[str, Any] | None

    @property
    def section(self) -> Mapping[str, Any]:
        """The ``model`` section."""
        return get_model(self.model).spec if isinstance(self.model, str) else self.model

    @property
    def line_height(self) -> int | None:
        """Height in pixels of the text lines that the network takes; None for images of any height."""
        return self._of_op("ResizeTextLine", "height")

    @property
    def default_shape(self) -> tuple[int, int]:
        """(h, w) in pixels if none is given."""
        height = self.line_height
        return _DEFAULT_SHAPE if height is None else (height, self._of_op("PadTextLine", "min_width") or 320)

    def _of_op(self, op: str, argument: str) -> int | None:
        ops = dict(named(self.metadata.get(PIPELINE, ())))
        found = ops.get(op, {}).get(argument)
        return int(found) if found is not None else None


def find_source(model_name_or_config: str | None, ckpt: str | None, *, dynamic: bool) -> ExportSource:
    """Find out what the arguments of the command mean.

    Args:
        model_name_or_config: a named model or a YAML file; None takes the settings stored in the checkpoint.
        ckpt: checkpoint, a file or a folder.
        dynamic: whether images of any size will be accepted; else the pipeline is that of evaluation.

    Raises:
        UserError: the model or the weights cannot be used.
    """
    if model_name_or_config is None:
        return _stored(ckpt)
    name = Path(model_name_or_config).stem
    if Path(model_name_or_config).suffix not in (".yaml", ".yml"):
        if error := refusal(model_name_or_config, "a named model or a YAML file"):
            raise error
        released = {"checkpoint": get_model(model_name_or_config).weights.rpartition("/")[2]}
        metadata = {MODEL: model_name_or_config, TRAINING: _training(ckpt) if ckpt else released}
        return ExportSource(name, model_name_or_config, ckpt, metadata, "det", None)
    config = load_config(model_name_or_config, command="export --is_dynamic_shape" if dynamic else "export")
    weights = ckpt or (config.eval.ckpt_load_path if config.eval else None)
    if not weights:
        raise UserError(f"--local_ckpt_path: required, '{model_name_or_config}' names no eval.ckpt_load_path")
    config = dictionary.complete(config, weights, "--local_ckpt_path")
    values = config.model_dump()
    metadata = {**of_sections(values, fixed_size=not dynamic), TRAINING: _training(weights)}
    return ExportSource(name, values["model"], weights, metadata, config.model.type, values["metric"])


def _stored(ckpt: str | None) -> ExportSource:
    """The network that a checkpoint describes itself."""
    if ckpt is None:
        raise UserError(
            "--model_name_or_config: required: a named model or a YAML file; or give a checkpoint that holds its "
            "settings as --local_ckpt_path alone"
        )
    weights = find_weights(ckpt)
    sections = stored_sections(weights)
    if sections is None:
        raise CheckpointError(
            f"{weights}: this checkpoint holds no settings; give the YAML file that it was trained with as "
            "--model_name_or_config"
        )
    metadata = {**of_sections(sections), TRAINING: _training(weights)}
    return ExportSource(weights.stem, sections["model"], weights, metadata, sections["model"].get("type", "det"), None)


def metric_of(source: ExportSource) -> Mapping[str, Any]:
    """The ``metric`` section with which ``--verify_data`` scores; by default the usual one of the kind of results.

    Raises:
        UserError: there is none.
    """
    if source.metric is not None:
        return source.metric
    section = source.metadata.get(POSTPROCESS) or {}
    postprocess: Any = POSTPROCESSES.get(section["name"]) if "name" in section else None
    usual = postprocess.gives.metric if postprocess is not None else ""
    if not usual:
        raise UserError("--verify_data: no metric is known for the results of this model; export from a YAML file")
    return {"name": usual}


def _training(weights: str | Path) -> dict[str, Any]:
    """Where the weights come from: name and SHA-256 of the checkpoint, its run and its score, if known."""
    path = find_weights(fetch_weights(str(weights)))
    entries = read_checkpoint(path)
    about: dict[str, Any] = {"checkpoint": path.name, "sha256": files.hash_file(path)}
    if RUN_ENTRY in entries:
        run = unpack(entries[RUN_ENTRY])
        about |= {key: run[key] for key in ("started", "versions", "config_sha256") if key in run}
        about["data_sha256"] = run.get("data", {}).get("sha256")
    return about | _score(path.parent / "eval", about["sha256"])


def _score(folder: Path, digest: str) -> dict[str, Any]:
    """What the newest evaluation of these weights has found, if its results are in the folder of their run."""
    for file in (folder / SCORES, *sorted(folder.glob(f"*/{SCORES}"))):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            evaluated = found[ABOUT]
        except (OSError, ValueError, KeyError, TypeError):  # none, or of another program
            continue
        if evaluated.get("checkpoint_sha256") == digest:
            scores = {name: value for name, value in found.items() if isinstance(value, float)}
            return {"score": scores, "score_images": evaluated.get("images")}
    return {}
