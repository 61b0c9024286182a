"""Findings of a replay, and their description: what overflowed, in which image and layer, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mindocr.engine.diagnose.failed_step.capsule import Capsule
from mindocr.engine.diagnose.failed_step.layer_trace import Activation, Gradients

FLOAT16_MAX = 65504.0
DIVERGED = 1e4  # no weight of a network that learns is this large
_LISTED = 8


@dataclass(frozen=True)
class Pass:
    """Results of the step in one precision.

    Attributes:
        level: ``O0`` for float32, or the run's ``system.amp_level``.
        scale: factor of the loss before the backward pass.
        activations: every layer's output, in the order of the computation.
        gradients: loss, terms and gradient norms of the batch.
        terms: (N, K), the loss terms of each image alone.
        culprits: indices of the images that cause the failure, from 0; empty if all is finite, or if they are unknown.
        outputs: of the network, by name, (N, ...).
    """

    level: str
    scale: float
    activations: Sequence[Activation]
    gradients: Gradients
    terms: np.ndarray
    culprits: list[int]
    outputs: Mapping[str, np.ndarray] = field(repr=False)

    @property
    def name(self) -> str:
        """Precision and scale as text."""
        precision = "float32" if self.level == "O0" else f"amp {self.level}"
        return precision if self.scale == 1 else f"{precision} with loss scale {self.scale:g}"

    @property
    def first(self) -> Activation | None:
        """The first layer with a non-finite output."""
        return next((layer for layer in self.activations if not layer.finite.all()), None)

    @property
    def finite(self) -> bool:
        """Whether nothing overflowed: no activation, term or gradient."""
        return self.first is None and bool(np.isfinite(self.gradients.terms).all()) and not self.gradients.overflown


@dataclass(frozen=True)
class Findings:
    """What a replay found.

    Attributes:
        capsule: what was replayed.
        term_names: names of the loss terms.
        bad_inputs: column -> indices of the images with non-finite values in it.
        bad_weights: names of weights that are not finite.
        largest_weight: name and magnitude of the largest finite weight.
        float32: the step in float32, with the unscaled loss.
        mixed: the step in the run's precision and with its loss scale; the same object if the run used no others.
    """

    capsule: Capsule
    term_names: tuple[str, ...]
    bad_inputs: dict[str, list[int]]
    bad_weights: list[str]
    largest_weight: tuple[str, float]
    float32: Pass
    mixed: Pass

    @property
    def passes(self) -> tuple[Pass, ...]:
        """float32 first."""
        return (self.float32,) if self.mixed is self.float32 else (self.float32, self.mixed)

    @property
    def culprits(self) -> list[int]:
        """Indices of the images that cause the failure, from 0."""
        if self.bad_inputs:
            return sorted({i for images in self.bad_inputs.values() for i in images})
        if self.bad_weights:
            return []
        return self.float32.culprits or self.mixed.culprits


def describe(found: Findings) -> str:
    """All findings as text, the verdict last."""
    about = found.capsule.about
    name, size = found.largest_weight
    lines = [
        f"{found.capsule.path}: step {about['step']}, epoch {about['epoch']}, batch {about['batch']}; "
        f"amp {about['amp_level']}, loss scale {about['loss_scale']:g}, learning rate {about['learning_rate']:g}",
        f"in the run: loss {about['loss']:.4g} ({_named(about['terms'], about['terms'].values())}), "
        f"gradient norm {about['norm']:.4g}",
        f"largest weight: {size:.4g} in {name}",
    ]
    for each in found.passes:
        first = each.first
        lines.append(
            f"{each.name}: loss {each.gradients.total:.4g} ({_named(found.term_names, each.gradients.terms)}), "
            f"gradient norm {each.gradients.norm:.4g}; "
            + ("every activation is finite" if first is None else f"not finite from {_layer(first)} on")
        )
    lines += _image_table(found) + _norm_table(found)
    return "\n  ".join(lines) + "\nverdict: " + verdict(found)


def verdict(found: Findings) -> str:
    """The cause, the image, and what to do, in one or two sentences."""
    if found.bad_inputs:
        columns = "; ".join(f"{name} of {_images(found, images)}" for name, images in found.bad_inputs.items())
        return (
            f"the input is not finite: {columns}. Look at the image and its labels, and at the transform_pipeline "
            "(NormalizeImage.std)"
        )
    if found.bad_weights:
        return (
            f"{len(found.bad_weights)} weights were not finite before the step: {_few(found.bad_weights)}. Start from "
            "other weights: a checkpoint of an earlier epoch, or model.pretrained"
        )
    if not found.float32.finite:
        return _verdict_float32(found)
    if not found.mixed.finite:
        return _verdict_mixed(found)
    return (
        "every number is finite here, so the step does not fail on this machine with this configuration: another "
        "device or library rounded differently, or (with several ranks) another rank's batch failed, see its capsule"
    )


def _verdict_float32(found: Findings) -> str:
    text = f"not finite even in float32: {_place(found, found.float32)}"
    name, size = found.largest_weight
    if size > DIVERGED:
        return (
            f"{text}. The weights have grown to {size:.3g} ({name}), the run had diverged before: lower scheduler.lr, "
            "lengthen scheduler.warmup_epochs, or set train.clip_grad: True; continue from an earlier checkpoint"
        )
    return (
        f"{text}. Look at this image and its labels (culprit.png); if they are good, lower scheduler.lr or set "
        "train.clip_grad: True"
    )


def _verdict_mixed(found: Findings) -> str:
    each = found.mixed
    text = f"finite in float32, not finite in {each.name}: {_place(found, each)}"
    in_float32 = "" if each.level == "O0" else ", or system.amp_level: O0"
    if each.first is None and not _failed_terms(found, each):
        smaller = f", or a loss_scaler.loss_scale of {each.scale / 16:g} or less" if each.scale > 16 else ""
        if found.capsule.about.get("dropped"):
            text += ". The update was dropped; this is normal now and then while a dynamic scale is adapted"
        return f"{text}. Use loss_scaler.type: dynamic, which finds a scale that fits{smaller}{in_float32}"
    if each.first is None:
        return f"{text}. Use system.amp_level: O0"
    reached = max((a.largest.max() for a in found.float32.activations if a.layer == each.first.layer), default=0.0)
    return (
        f"{text}; in float32 that layer reaches {reached:.4g}, and the largest float16 is {FLOAT16_MAX:.0f}. Use "
        "system.amp_level: O0, or lower scheduler.lr so that activations stay small"
    )


def _place(found: Findings, each: Pass) -> str:
    """Where and in which images it failed first."""
    images = f" in {_images(found, each.culprits)}" if each.culprits else ""
    if each.first is not None:
        failed = _failed_terms(found, each)
        return f"{_layer(each.first)} overflows{images}" + (f" (then loss term {failed})" if failed else "")
    if failed := _failed_terms(found, each):
        return f"loss term {failed}{images}"
    # the backward pass starts at the loss, so the last layer of the network comes first
    return f"the gradient of {each.gradients.overflown[-1]} and of the layers before it{images}"


def _failed_terms(found: Findings, each: Pass) -> str:
    bad = ~np.isfinite(np.vstack([each.terms, each.gradients.terms])).all(axis=0)
    return ", ".join(name for name, failed in zip(found.term_names, bad) if failed)


def _image_table(found: Findings) -> list[str]:
    rows = ["loss terms by image:"]
    for i, path in enumerate(found.capsule.images):
        terms = "; ".join(f"{each.name} {_named(found.term_names, each.terms[i])}" for each in found.passes)
        rows.append(f"  {i + 1} {path}: {terms}" + (" <- here" if i in found.culprits else ""))
    return rows


def _norm_table(found: Findings) -> list[str]:
    """Gradient norms: those that overflowed, nearest to the loss first, then the largest."""
    plain, mixed, run = found.float32.gradients.norms, found.mixed.gradients.norms, found.capsule.about["norms"]
    sources = [(each.name, each.gradients.norms) for each in found.passes] + ([("in the run", run)] if run else [])
    failed = [name for name in reversed(plain) if any(not np.isfinite(n.get(name, 0.0)) for _, n in sources)]
    largest = sorted((n for n in plain if n not in failed), key=lambda n: -mixed[n])
    shown = failed[:_LISTED] + largest[: max(_LISTED - len(failed), 0)]
    title = f"gradient norms ({len(failed)} of {len(plain)} weights not finite):"
    return [title] + [
        f"  {name}: " + ", ".join(f"{source} {norms[name]:.4g}" for source, norms in sources if name in norms)
        for name in shown
    ]


def _layer(activation: Activation) -> str:
    return f"{activation.layer} ({activation.kind})"


def _images(found: Findings, indices: Sequence[int]) -> str:
    images = found.capsule.images
    if len(indices) == len(images) > 1:
        return f"all {len(images)} images"
    names = [f"{i + 1} ({Path(images[i]).name})" for i in indices]
    return f"image{'s' * (len(names) > 1)} {_few(names)} of {len(images)}"


def _few(words: Sequence[str]) -> str:
    return ", ".join(words[:_LISTED]) + (f" and {len(words) - _LISTED} more" if len(words) > _LISTED else "")


def _named(names: object, values: object) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in zip(names, values))  # type: ignore[call-overload]
