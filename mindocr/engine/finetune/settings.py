"""The configuration of a fine-tuning run: the recipe of the weights, with the user's data and limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.config import Config
from mindocr.config.check import check
from mindocr.config.merge import merge, op_name
from mindocr.config.overrides import apply_overrides
from mindocr.engine.finetune.split import Labelled
from mindocr.engine.finetune.start import Start
from mindocr.errors import UserError
from mindocr.formats.dictionary import TextClasses

DECODING = "DecodeImage"
OPEN_END = 1000  # epochs of a run that a time limit ends


@dataclass(frozen=True)
class Limits:
    """When the training ends; with neither, the recipe decides.

    Attributes:
        epochs: number of epochs.
        minutes: of training, with its evaluations.
    """

    epochs: int | None = None
    minutes: float | None = None


def build_config(
    start: Start, training: Labelled, validation: Labelled, second: Mapping[str, Labelled], folder: Path,
    limits: Limits = Limits(), overrides: Sequence[str] = (), dictionary: str | None = None,  # noqa: B008  it is frozen
) -> Config:  # fmt: skip
    """The checked configuration; the run's files go to ``train`` in ``folder``.

    Args:
        start: weights and recipe.
        second: further data sets by name, which are scored too.
        limits: when the training ends.
        overrides: of the user, as after ``-o``; they win over everything else.
        dictionary: file of another character dictionary.

    Raises:
        ConfigError: an override does not fit.
        UserError: a dictionary is given, and the weights have none; the run would not be validated.
    """
    values: dict[str, Any] = start.values
    changes: dict[str, Any] = {
        "train": {"ckpt_save_dir": str(folder / "train"), "dataset": training.dataset(start.task)},
        "eval": {
            "ckpt_load_path": str(folder / "train" / "best.ckpt"), "dataset": validation.dataset(start.task),
            "also": {name: labelled.dataset(start.task) for name, labelled in second.items()},
        },
        "predict": {"ckpt_load_path": str(folder / "train" / "best.ckpt")},
    }  # fmt: skip
    values = merge(_without_sources(values), changes)
    values["train"]["loader"] = {**values["train"]["loader"], "sampler": None}
    if dictionary is not None:
        values = _with_dictionary(values, start, dictionary)
    values = apply_overrides(_limited(values, limits), overrides)
    values = _with_fitting_batches(values, training, overrides)
    config = check(values, start.recipe)
    if not config.system.val_while_train:
        raise UserError("system.val_while_train=False: the best epoch is chosen by validation; leave this override out")
    return config


def _without_sources(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without what belongs to the data of the recipe, which another type of data set may not take.

    A recipe of generated images decodes none, so the first ops of its evaluation are put before its training.
    """
    kept = dict(values)
    for section in ("train", "eval"):
        dataset = {key: value for key, value in kept[section]["dataset"].items() if _stays(key)}
        kept[section] = {**kept[section], "dataset": dataset}
    pipelines = [list(kept[section]["dataset"]["transform_pipeline"]) for section in ("train", "eval")]
    names = [[op_name(op) for op in pipeline] for pipeline in pipelines]
    if DECODING not in names[0] and DECODING in names[1]:
        last = max(names[1].index(name) for name in (DECODING, "CropTextLine") if name in names[1])
        kept["train"]["dataset"]["transform_pipeline"] = [*pipelines[1][: last + 1], *pipelines[0]]
    return kept


def _stays(key: str) -> bool:
    return key in ("transform_pipeline", "output_columns", "on_error") or key.startswith("cache")


def _limited(values: dict[str, Any], limits: Limits) -> dict[str, Any]:
    scheduler = dict(values["scheduler"])
    if limits.epochs is not None:
        scheduler["num_epochs"] = limits.epochs
    if limits.minutes is not None:
        # How many epochs the time allows is not known before, so a curve would end too early or too late. The rate
        # stays, and the average of the weights does what the fall of the rate would do.
        values["train"] = {**values["train"], "max_minutes": float(limits.minutes), "ema": True, "ema_decay": 0.99}
        if limits.epochs is None:
            scheduler = {key: scheduler[key] for key in ("lr", "warmup_epochs") if key in scheduler}
            scheduler |= {"scheduler": "constant", "num_epochs": OPEN_END}
    return {**values, "scheduler": scheduler}


def _with_fitting_batches(values: dict[str, Any], training: Labelled, overrides: Sequence[str]) -> dict[str, Any]:
    """A batch has no more samples than there are; the user's own number stays."""
    if any(word.startswith("train.loader.batch_size") for word in overrides):
        return values
    kind = values["train"]["dataset"].get("type")
    samples = sum(map(len, training.texts)) if kind == "WordsOfDetDataset" else sum(training.images)
    loader = dict(values["train"]["loader"])
    loader["batch_size"] = max(min(int(loader["batch_size"]), math.ceil(samples / 2)), 1)
    return {**values, "train": {**values["train"], "loader": loader}}


def _with_dictionary(values: dict[str, Any], start: Start, dictionary: str) -> dict[str, Any]:
    section = dict(values.get("postprocess") or {})
    if not start.characters:
        raise UserError(f"--dictionary: {start.ckpt} is no recogniser with a character dictionary; leave it out")
    section.pop("characters", None)
    section["character_dict_path"] = dictionary
    classes = len(TextClasses(None, dictionary, bool(section.get("use_space_char", True))).classes)
    model = {**values["model"], "head": {**values["model"]["head"], "out_channels": classes}}
    return {**values, "postprocess": section, "model": model}
