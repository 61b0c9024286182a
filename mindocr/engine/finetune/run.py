"""The complete fine-tuning: split, configuration, scores before, training, scores after, files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.config import Config, save_config
from mindocr.engine.export import checkpoint_file
from mindocr.engine.finetune.between import find_better
from mindocr.engine.finetune.characters import check_characters
from mindocr.engine.finetune.directions import with_directions
from mindocr.engine.finetune.outcome import Outcome
from mindocr.engine.finetune.settings import Limits, build_config
from mindocr.engine.finetune.split import TRAINING, VALIDATION, Labelled, read_labelled, split
from mindocr.engine.finetune.start import Start, read_start
from mindocr.engine.fit.run import ValidationFit, fit_validation
from mindocr.engine.runtime import build, process
from mindocr.engine.train import trainer
from mindocr.engine.train.loggers.csv import read_rows
from mindocr.engine.train.next_commands import Started
from mindocr.errors import UserError
from mindocr.images.read import read_file
from mindocr.inference import dictionary as dictionaries
from mindocr.inference import metadata
from mindocr.inference.recogniser import TextRecogniser
from mindocr.metrics.granularity import Granularity, compare_images
from mindocr.models.ckpt_entries import MODEL_KEY, SETTINGS_ENTRY
from mindocr.postprocess.fitting.judged_images import load_judged_image
from mindocr.registry import DATASETS, METRICS, POSTPROCESSES
from mindocr.utils.files import hash_bytes

SETTINGS, FINAL, WEIGHTS = "finetune.yaml", "config.yaml", "finetuned.ckpt"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Images and labels as the user names them; label files of one data set may be several.

    Attributes:
        images, labels: to train on, and to validate with unless those are given.
        val_images, val_labels: to validate with.
        val_share: share of the images that is held out for validation where none are given.
        second_images, second_labels: other images, on which the score is followed, too.
    """

    images: Sequence[str]
    labels: Sequence[str]
    val_images: Sequence[str] = ()
    val_labels: Sequence[str] = ()
    val_share: float = 0.15
    second_images: Sequence[str] = ()
    second_labels: Sequence[str] = ()


@dataclass(frozen=True)
class Options:
    """How to fine-tune.

    Attributes:
        task: ``det`` or ``rec``; None = that of the weights.
        limits: when the training ends.
        dictionary: file of a recogniser's characters; ``extend`` = those of the weights and the ones of the labels that
            they lack; None = those of the weights.
        unknown: what to do with labels that have characters outside the dictionary: ``error``, or ``skip`` these texts.
        overrides: as after ``-o``.
    """

    task: str | None = None
    limits: Limits = field(default_factory=Limits)
    dictionary: str | None = None
    unknown: str = "error"
    overrides: Sequence[str] = ()


def run(ckpt: Path, data: Data, folder: Path, options: Options, started: Started | None = None) -> Outcome:
    """Fine-tune a checkpoint.

    Args:
        ckpt: the weights to start from.
        folder: for all files.
        started: how the user starts our commands.

    Raises:
        UserError: the weights, the labels or the settings cannot be used.
    """
    start = read_start(ckpt, options.task)
    folder = process.prepare_output(folder, key="--output")
    process.start_logging()
    training, validation = _images(start, data, folder)
    second = _second(start, data)
    dictionary = None
    if start.task == "rec":
        training, validation = _upright(start, training, validation, folder / "labels")
        dictionary = check_characters(start, training, validation, options.dictionary, options.unknown, folder)
    elif options.dictionary is not None:
        raise UserError("--dictionary: a detector reads no characters; leave it out")
    config = build_config(start, training, validation, second, folder, options.limits, options.overrides, dictionary)
    _refuse_shared(config)
    logger.info("settings: %s", start.recipe)
    before, granularity = None, {}
    if start.task == "det":
        before = fit_validation(config, start.ckpt, folder / "maps")
        if before is not None:
            granularity = look_at_granularity(before, validation)
            config = with_postprocess(config, before.fitted)
    save_config(config, folder / SETTINGS)
    logger.info("configuration: %s; 'mindocr train -c' repeats the training with it", folder / SETTINGS)
    result = trainer.run(config, started or Started())
    best = trained = result.folder / f"best.{config.train.ckpt_format}"
    between = None
    if result.best_epoch > 0 and result.best is not None:
        between = find_better(config, trained, result.best, trained.with_stem("between"))
        best = trained if between is None else between.ckpt
    after = fit_validation(config, best, folder / "maps") if before is not None else None
    final = config if after is None else with_postprocess(config, after.fitted)
    save_config(_with_weights(final, folder / WEIGHTS), folder / FINAL)
    # The checkpoint holds the characters of a recogniser, as that of the run does.
    _write_weights(dictionaries.complete(final, trained, "best.ckpt"), best, folder / WEIGHTS)
    if between is not None:
        between.ckpt.unlink()  # finetuned.ckpt has these weights
    outcome = Outcome(
        folder, start.task, str(start.ckpt), sum(training.images), sum(validation.images), read_rows(result.folder),
        result.best_epoch, METRICS.build(config.metric or {}).main_indicator, before, after, granularity,
        tuple(second), data.val_labels != (), started or Started(), between,
    )  # fmt: skip
    outcome.write()
    return outcome


def _images(start: Start, data: Data, folder: Path) -> tuple[Labelled, Labelled]:
    """The images to train on and those to validate with; label files that are made go to ``labels`` in the folder."""
    labelled = read_labelled(data.images, data.labels, start.task, "--labels")
    if data.val_labels:
        validation = read_labelled(data.val_images, data.val_labels, start.task, "--val_labels")
        logger.info("%d images to train on; validation: the %d images of --val_labels", sum(labelled.images),
                    sum(validation.images))  # fmt: skip
        return labelled, validation
    labels = folder / "labels"
    labels.mkdir(parents=True, exist_ok=True)
    training, validation = split(labelled, data.val_share, 0, labels)
    logger.info(
        "validation: %d of the %d training images are held out, the same in every run (label files in %s); training "
        "does not see them, and no test image is among them unless it is among your training images",
        sum(validation.images), sum(labelled.images), labels,
    )  # fmt: skip
    return training, validation


def _upright(start: Start, training: Labelled, validation: Labelled, labels: Path) -> tuple[Labelled, Labelled]:
    """Both parts with polygons that begin at the top left corner of their text, see :func:`with_directions`."""

    @cache
    def recogniser() -> TextRecogniser:
        return TextRecogniser(start.ckpt)

    first, second = (
        with_directions(part, recogniser, labels, title)
        for part, title in ((training, TRAINING), (validation, VALIDATION))
    )
    return first, second


def _second(start: Start, data: Data) -> dict[str, Labelled]:
    """The further data sets, each with its label file as its name."""
    if not data.second_labels:
        return {}
    labelled = read_labelled(data.second_images, data.second_labels, start.task, "--second_labels")
    found: dict[str, Labelled] = {}
    for i, name in enumerate(labelled.names):
        found[name] = Labelled(
            [labelled.folders[i]], [labelled.files[i]], labelled.form, [labelled.images[i]], [labelled.texts[i]], [name]
        )
    return found


def _refuse_shared(config: Config) -> None:
    """No image may be both trained on and validated with; compared by content."""
    assert config.eval is not None
    seen: list[dict[str, str]] = []
    for section in (config.train.dataset, config.eval.dataset):
        plain = {**section, "transform_pipeline": [], "output_columns": ["img_path"]}
        records = DATASETS.build(plain, key="type", is_train=False, seed=0).records
        seen.append({hash_bytes(read_file(path)): path for path in {record.img_path for record in records}})
    shared = set(seen[0]) & set(seen[1])
    if shared:
        ours, theirs = (each[min(shared)] for each in seen)
        raise UserError(
            f"{len(shared)} images to validate with are also among those to train on, such as {theirs}, the same image "
            f"as {ours}; a score on them would mean nothing: remove the copies ('mindocr check-data' lists them)"
        )


def look_at_granularity(fit: ValidationFit, validation: Labelled) -> dict[str, Granularity]:
    """Compare the labels of the validation images with what the untouched network finds, for each label file.

    The fitted settings are used, so that a wrong threshold is not taken for a difference. The result is logged.
    """
    images = [(case.truth, case.ignore, found) for case, found in _found(fit)]
    if len(images) != sum(validation.images):  # images were skipped, so it is not known whose are which
        result = {"all label files": compare_images(images)}
    else:
        ends = np.cumsum(validation.images).tolist()
        result = {
            name: compare_images(images[end - number : end])
            for name, end, number in zip(validation.names, ends, validation.images)
        }
    for name, each in result.items():
        logger.info("labels and the untouched network, %s: %s", name, each.describe())
        if each.advice():
            logger.warning("%s: %s", name, each.advice())
    verdicts = {name: each.verdict for name, each in result.items() if each.texts}
    if len(set(verdicts.values())) > 1:
        listed = ", ".join(f"{name}: {verdict}" for name, verdict in verdicts.items())
        logger.warning(
            "the label files do not agree in what one text is, and the network cannot learn both: %s", listed
        )
    return result


def _found(fit: ValidationFit) -> list[tuple[Any, Sequence[np.ndarray]]]:
    postprocess = POSTPROCESSES.build({"name": "DBPostprocess", **fit.fitted.arguments()})
    pairs = []
    for file in fit.files:
        case = load_judged_image(file)
        (found,) = postprocess([case.prob], case.shape[None])
        pairs.append((case, found.polys))
    return pairs


def with_postprocess(config: Config, setting: Any) -> Config:
    """The configuration with fitted settings."""
    section = {**(config.postprocess or {}), **setting.arguments()}
    return config.model_copy(update={"postprocess": {k: v for k, v in section.items() if v is not None}})


def _with_weights(config: Config, weights: Path) -> Config:
    """The configuration that evaluates these weights and predicts with them."""
    update = {"ckpt_load_path": str(weights)}
    assert config.eval is not None and config.predict is not None  # written for the run
    sections = {"eval": config.eval.model_copy(update=update), "predict": config.predict.model_copy(update=update)}
    return config.model_copy(update=sections)


def _write_weights(config: Config, best: Path, output: Path) -> None:
    """Write the best weights with all that prediction needs, so that the file alone is enough."""
    network = build.network(config, training=False, ckpt=best)
    values = config.model_dump()
    model = {**values["model"], "pretrained": None}
    checkpoint_file.write(network, output, {SETTINGS_ENTRY: {**metadata.of_sections(values), MODEL_KEY: model}})
