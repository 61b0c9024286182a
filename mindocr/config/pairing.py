"""Checks that the parts of a configuration fit together: each part finds the outputs and columns that it reads, and
numbers that several parts state are equal.

Parts declare by name what they read and produce (see ``mindocr/models/heads``, ``losses``, ``postprocess``,
``metrics``). Nothing in this module depends on a task, an output or a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mindocr.config.parts import lookup
from mindocr.config.wording import Problem
from mindocr.models.form import output_problem
from mindocr.registry import HEADS, LOSSES, METRICS, POSTPROCESSES, TRANSFORMS, Registry

NETWORK_INPUTS = ("image",)  # columns that every network takes


def pairing_problems(raw: Mapping[str, Any]) -> list[Problem]:
    """Outputs, columns and prediction types that do not fit together; parts that have other problems are left out."""
    loss, postprocess, metric = (
        _Part.at(raw, path, registry)
        for path, registry in (("loss", LOSSES), ("postprocess", POSTPROCESSES), ("metric", METRICS))
    )
    problems = [*_output_problems(raw, loss, postprocess), *_prediction_problems(postprocess, metric)]
    problems += _agreement_problems(raw, postprocess)
    problems += _chosen_problems(raw)
    for path, reader, wanted in (
        ("train.dataset", f"the network and {loss.name or 'the loss'}", (*_head_labels(raw), *loss.declared("labels"))),
        ("eval.dataset", "evaluation", (*postprocess.declared("columns"), *metric.declared("reads"))),
    ):
        columns = lookup(raw, f"{path}.output_columns")
        names = dict.fromkeys((*NETWORK_INPUTS, *wanted))
        missing = [name for name in names if name not in columns] if isinstance(columns, list) else []
        if missing:
            problems.append((f"{path}.output_columns", f"lacks {', '.join(missing)}, which {reader} read"))
    return problems


class _Part:
    """A part of the configuration and its declarations; these are empty if the part is absent or has problems."""

    def __init__(self, registry: Registry, spec: Any) -> None:
        name = spec.get("name") if isinstance(spec, Mapping) else None
        arguments = {key: value for key, value in spec.items() if key != "name"} if isinstance(name, str) else {}
        self.known = isinstance(name, str) and name in registry and not registry.check(name, arguments)
        self.name = name if self.known else ""
        self._registry, self._spec = registry, spec

    @classmethod
    def at(cls, raw: Mapping[str, Any], path: str, registry: Registry) -> _Part:
        """The part at a dotted path."""
        return cls(registry, lookup(raw, path))

    def declared(self, attribute: str) -> tuple[Any, ...]:
        """Names that the part declares as ``attribute``; for ``agrees``, pairs of a name and a number."""
        return self._registry.declared(self._spec, attribute) if self.known else ()

    def type_of(self, attribute: str) -> type | None:
        """A class that the part declares as ``attribute``."""
        return getattr(self._registry.get(self._spec["name"]), attribute, None) if self.known else None


def _output_problems(raw: Mapping[str, Any], loss: _Part, postprocess: _Part) -> Iterator[Problem]:
    training, inference = _outputs(raw)
    if training:
        missing = [n for n in loss.declared("reads") if n not in training and n not in loss.declared("optional")]
        if missing:
            given = ", ".join(training)
            yield "loss", f"{loss.name} reads {', '.join(missing)}; in training the network outputs {given}"
        idle = [name for name in _needed(raw) if name not in loss.declared("reads")]
        if loss.known and idle:
            yield "loss", f"{loss.name} does not read {', '.join(idle)}, so nothing would train what computes it"
    if inference:
        missing = [name for name in postprocess.declared("reads") if name not in inference]
        if missing:
            given = ", ".join(inference)
            text = f"{postprocess.name} reads {', '.join(missing)}; in evaluation the network outputs {given}"
            yield "postprocess", text


def _outputs(raw: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the outputs in training and in evaluation; empty if a head declares none."""
    networks = lookup(raw, "model.networks")
    if not isinstance(networks, Mapping):
        head = _Part.at(raw, "model.head", HEADS)
        return head.declared("outputs"), head.declared("inference_outputs")
    training: list[str] = []
    inference: tuple[str, ...] = ()
    for name, section in networks.items():
        head = _Part(HEADS, section.get("head") if isinstance(section, Mapping) else None)
        frozen = isinstance(section, Mapping) and section.get("frozen")
        names = head.declared("inference_outputs" if frozen else "outputs")
        if not names:
            return (), ()
        names = tuple(section.get("outputs") or names)
        training += [f"{name}.{output}" for output in names]
        if name == lookup(raw, "model.use"):
            inference = head.declared("inference_outputs")
    return tuple(training), inference


def _chosen_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Outputs that a network should give in training and does not have."""
    networks = lookup(raw, "model.networks")
    for name, section in networks.items() if isinstance(networks, Mapping) else ():
        chosen = section.get("outputs") if isinstance(section, Mapping) else None
        head = _Part(HEADS, section.get("head") if isinstance(section, Mapping) else None)
        if isinstance(chosen, list) and head.known:
            declared = head.declared("outputs"), head.declared("inference_outputs")
            if problem := output_problem(chosen, *declared, frozen=bool(section.get("frozen"))):
                yield f"model.networks.{name}.outputs", problem


def _heads(raw: Mapping[str, Any]) -> Iterator[tuple[str, _Part]]:
    """The heads that are trained, with the prefix of their outputs."""
    networks = lookup(raw, "model.networks")
    if not isinstance(networks, Mapping):
        yield "", _Part.at(raw, "model.head", HEADS)
        return
    for name, section in networks.items():
        if isinstance(section, Mapping) and not section.get("frozen"):
            yield f"{name}.", _Part(HEADS, section.get("head"))


def _needed(raw: Mapping[str, Any]) -> list[str]:
    """Outputs that are useless in training unless the loss reads them."""
    return [f"{prefix}{name}" for prefix, head in _heads(raw) for name in head.declared("must_be_read")]


def _head_labels(raw: Mapping[str, Any]) -> list[str]:
    """Label columns that the heads take in training."""
    return [name for _, head in _heads(raw) for name in head.declared("labels")]


def _prediction_problems(postprocess: _Part, metric: _Part) -> Iterator[Problem]:
    gives, judges = postprocess.type_of("gives"), metric.type_of("judges")
    if gives is not None and judges is not None and not issubclass(gives, judges):
        text = f"{metric.name} evaluates {judges.__name__}, but {postprocess.name} returns {gives.__name__}"
        yield "metric", text


def _agreement_problems(raw: Mapping[str, Any], postprocess: _Part) -> Iterator[Problem]:
    """Numbers that several parts state, such as that of the anchors, and that differ from what the head states."""
    head = _Part.at(raw, "model.head", HEADS)
    wanted = dict(head.declared("agrees"))
    others = [("postprocess", postprocess)]
    for path in ("train.dataset", "eval.dataset"):
        pipeline = lookup(raw, f"{path}.transform_pipeline")
        for i, spec in enumerate(pipeline if isinstance(pipeline, list) else ()):
            name, arguments = next(iter(spec.items())) if isinstance(spec, Mapping) and spec else (spec, None)
            op = _Part(TRANSFORMS, {"name": name, **(arguments if isinstance(arguments, Mapping) else {})})
            others.append((f"{path}.transform_pipeline[{i}].{name}", op))
    for path, part in others:
        for what, number in part.declared("agrees"):
            if wanted.get(what, number) != number:
                yield path, f"{part.name} has {number} {what}, but {head.name} has {wanted[what]}; they must be equal"
