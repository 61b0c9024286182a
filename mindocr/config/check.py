"""Checks a configuration before anything is built and reports every problem in one message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pydantic

from mindocr.config.families import unknown_model
from mindocr.config.loggers import logger_problems
from mindocr.config.merge import merge
from mindocr.config.pairing import pairing_problems
from mindocr.config.parts import DATASET_PATHS, lookup, present_parts
from mindocr.config.schema import Config, PredictionConfig
from mindocr.config.usage import replaced, uses
from mindocr.config.wording import Problem, word_problems
from mindocr.errors import ConfigError
from mindocr.models.form import form_problems, weight_problems
from mindocr.registry import DATASETS

_LISTED, _LONGEST = 50, 1000  # problems in a message, characters of one


def check(raw: Mapping[str, Any], source: str, found: Iterable[Problem] = ()) -> Config:
    """Check a configuration whose keys have today's spelling.

    Args:
        raw: the merged configuration.
        source: its name in the message, such as the path of its file.
        found: problems that are known already and belong in the same message.

    Raises:
        ConfigError: the message is ``source: N problems``, then one line ``path: problem`` for each; or one sentence,
            if the configuration describes a model that this package does not have.
    """
    return check_for(None, raw, source, found)[0]


def check_for(
    command: str | None, raw: Mapping[str, Any], source: str, found: Iterable[Problem] = ()
) -> tuple[Config, list[Problem]]:
    """Check what a command uses of a configuration, see ``usage.py``.

    Args:
        command: such as ``train``; None = everything must be right.

    Returns:
        The configuration, and the problems that do not concern the command. Of the fixed sections with such a problem
        only the keys that the command uses are kept.

    Raises:
        ConfigError: as :func:`check`, for the problems that concern the command.
    """
    config, problems = examine(command, raw, source, found)
    elsewhere = [(path, text) for path, text in problems if not uses(command, path, raw, text)]
    stopping = [problem for problem in problems if problem not in elsewhere]
    if config is None or stopping:
        raise ConfigError(format_problems(source, stopping))
    return config, elsewhere


def examine(
    command: str | None, raw: Mapping[str, Any], source: str, found: Iterable[Problem] = ()
) -> tuple[Config | None, list[Problem]]:
    """All problems of a configuration, and what :func:`check_for` returns if none of them stops the command."""
    if sentence := unknown_model(raw):
        raise ConfigError(f"{source}: {sentence}")
    problems = [*found]
    config, usable = None, raw
    try:
        config = Config.model_validate(raw)
    except pydantic.ValidationError as error:
        wrong = word_problems(error)
        problems += wrong
        if command is not None and not any(uses(command, path, raw, text) for path, text in wrong):
            usable = replaced(raw, command, wrong)
            config = Config.model_validate(usable)
    problems += _part_problems(raw)
    problems += _further_problems(raw)
    for path in DATASET_PATHS:
        problems += _pipeline_problems(raw, path)
    reported = {path for path, _ in problems}
    problems += [problem for problem in _form_problems(raw) if problem[0] not in reported]
    problems += pairing_problems(raw)
    problems += logger_problems(raw)
    if command in (None, "train"):
        problems += _section_problems(raw)
        model = raw.get("model")
        found_here = weight_problems(model) if isinstance(model, Mapping) else []
        problems += [(f"model.{path}", text) for path, text in found_here]
    if config is not None and usable.get("scheduler") == raw.get("scheduler"):
        problems += _schedule_problems(config)
    return config, list(dict.fromkeys(problems))


def check_prediction(raw: Mapping[str, Any], source: str, found: Iterable[Problem] = ()) -> PredictionConfig:
    """Check the sections of a prediction with a named model; arguments as for :func:`check`.

    Raises:
        ConfigError: the message lists all problems.
    """
    problems = list(found)
    config = None
    try:
        config = PredictionConfig.model_validate(raw)
    except pydantic.ValidationError as error:
        problems += word_problems(error)
    problems += _part_problems(raw)
    problems += _pipeline_problems(raw, "predict.dataset")
    problems = list(dict.fromkeys(problems))
    if config is None or problems:
        raise ConfigError(format_problems(source, problems))
    return config


def format_problems(source: str, problems: Sequence[Problem], where: str = "") -> str:
    """Return the message for a list of problems; ``where`` continues its first line."""
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    lines = [f"  {_cut(path)}: {_cut(text)}" for path, text in problems[:_LISTED]]
    more = [f"  and {len(problems) - _LISTED} more"] if len(problems) > _LISTED else []
    return "\n".join([f"{source}: {count}{where}", *lines, *more])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _part_problems(raw: Mapping[str, Any]) -> list[Problem]:
    """Names that no registry knows, and arguments that a constructor does not take."""
    problems = []
    for part, spec in present_parts(raw):
        if part.selector not in spec:
            problems.append((f"{part.path}.{part.selector}", f"required; known: {', '.join(part.registry.names())}"))
            continue
        arguments = {key: value for key, value in spec.items() if key != part.selector}
        if "transform_pipeline" in arguments:
            arguments["transform_pipeline"] = []  # checked op by op below
        for argument, text in part.registry.check(spec[part.selector], arguments):
            problems.append((f"{part.path}.{argument or part.selector}", text))
    return problems


def _further_problems(raw: Mapping[str, Any]) -> list[Problem]:
    """Problems of the data sets of ``eval.also``, whose keys replace those of ``eval.dataset``."""
    dataset, further = lookup(raw, "eval.dataset"), lookup(raw, "eval.also")
    if not isinstance(dataset, Mapping) or not isinstance(further, Mapping):
        return []
    problems = []
    for name, changes in further.items():
        if not isinstance(changes, Mapping):
            continue  # a problem of the form, which is reported already
        try:
            merged = merge(dataset, changes, "eval.dataset")
        except ConfigError as error:
            problems.append((f"eval.also.{name}", str(error)))
            continue
        arguments = {key: value for key, value in merged.items() if key != "type"} | {"transform_pipeline": []}
        found = DATASETS.check(merged.get("type", ""), arguments)
        problems += [(f"eval.also.{name}.{key}", text) for key, text in found if key in changes]
    return problems


def _pipeline_problems(raw: Mapping[str, Any], path: str) -> list[Problem]:
    """Problems of the ops of one data set: their names, their arguments, or the keys that they read and write."""
    pipeline = f"{path}.transform_pipeline"
    spec = lookup(raw, path)
    if not isinstance(spec, Mapping):
        return []
    ops = spec.get("transform_pipeline", [])
    if isinstance(ops, Mapping):
        return [(pipeline, "a mapping patches the ops of a base file, and there is none; write a list of ops")]
    if not isinstance(ops, list):
        return [(pipeline, f"expected a list of ops, got {ops!r}")]
    from mindocr.data.datasets.base import provided_keys_of
    from mindocr.data.sample import DetSample
    from mindocr.data.transforms.pipeline import check_pipeline

    # prediction loads the columns that the predictor reads, whatever the file lists
    columns = spec.get("output_columns") if path != "predict.dataset" else None
    provided, wanted = tuple(DetSample.__annotations__), None  # an unknown data set may provide anything
    dataset = spec.get("type")
    if isinstance(dataset, str) and dataset in DATASETS:
        try:
            provided = provided_keys_of(spec)
        except ConfigError:  # the arguments of the data set are wrong, which is a problem of its own
            return []
        wanted = columns if isinstance(columns, list) and all(isinstance(name, str) for name in columns) else None
    findings = check_pipeline(ops, provided, wanted, is_train=path == "train.dataset")
    return [_locate(finding, path, pipeline) for finding in findings]


def _locate(finding: str, dataset: str, pipeline: str) -> Problem:
    """Split ``[4].RandomRotate.degres: text`` or ``output_columns: text`` into a complete path and the text."""
    where, _, text = finding.partition(": ")
    return (pipeline if where.startswith("[") else f"{dataset}.") + where, text


def _form_problems(raw: Mapping[str, Any]) -> list[Problem]:
    """Problems of the form of the model section: one network, or several by name."""
    model = raw.get("model")
    return [(f"model.{path}", text) for path, text in form_problems(model)] if isinstance(model, Mapping) else []


def _section_problems(raw: Mapping[str, Any]) -> list[Problem]:
    """Missing sections that another setting requires."""
    system = raw.get("system")
    val_while_train = system.get("val_while_train", True) if isinstance(system, Mapping) else True
    if val_while_train is not True:
        return []
    return [
        (section, "required for evaluation during training; add it, or set system.val_while_train: False")
        for section in ("postprocess", "metric", "eval")
        if raw.get(section) is None
    ]


def _schedule_problems(config: Config) -> list[Problem]:
    from mindocr.scheduler import build_schedule

    section: Any = config.scheduler
    try:
        build_schedule(section, 1)
    except ConfigError as error:
        path, _, text = str(error).partition(": ")
        return [(path, text)]
    return []
