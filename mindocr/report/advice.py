"""Remedies for each class of errors: settings to paste, commands, or what to label and collect.

A remedy states what was measured on the evaluated images, or that nothing was. A setting that was chosen on these
images is a hint: the page says so and names the command that fits it on others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mindocr.report.diagnosis import LABEL, LOW, MERGED, NOTHING, PART, PLACED, REGION, SMALL, SPLIT, UNCLIP
from mindocr.report.evidence import Effect, Evidence
from mindocr.report.input_size import larger_input
from mindocr.report.setup import option
from mindocr.report.trials import Trial

SAME = 0.0005  # differences of the f-score up to this are called equal
UNSEEN = 0.1  # highest probability inside a text below which no threshold can find it
CURVED_POINTS = 5  # polygons with at least so many points count as curved


class Step(NamedTuple):
    """One remedy: what is known about it, and what to paste: overrides, a command, or nothing."""

    text: str
    code: str = ""
    overrides: tuple[str, ...] = ()


def advise(evidence: Evidence) -> list[Step]:
    """Remedies for one class of errors, at least one; all settings are valid for the configuration of the run."""
    steps = [step for make in _REMEDIES[evidence.tag] for step in make(evidence)]
    return [step for step in steps if not step.overrides or evidence.setup.accepts(step.overrides)] or [
        Step("No setting changes this. Look at the examples, and label more images like them for training.")
    ]


def _lower_threshold(evidence: Evidence) -> list[Step]:
    return _by_threshold(
        evidence, "lower", evidence.lower(), lambda effect: f"finds {effect.gone} of these {len(evidence.misses)} texts"
    )


def _higher_threshold(evidence: Evidence) -> list[Step]:
    def what(effect: Effect) -> str:
        return (
            f"removes {effect.gone} of these {len(evidence.alarms)} false positives, and {max(-effect.more_hits, 0)} "
            "matched texts"
        )

    return _by_threshold(evidence, "higher", evidence.higher(), what)


def _by_threshold(evidence: Evidence, side: str, effects: list[Effect], what: Callable[[Effect], str]) -> list[Step]:
    """The best threshold; if none is better than that of the evaluation, what the best and the last one would do."""
    if not effects:
        return []
    best, most = effects[0], max(effects, key=lambda effect: effect.gone)
    if best.point.f_score > evidence.now.f_score + SAME:
        return [_threshold(evidence, best, what(best))]
    shown = [best] if most.gone == best.gone else [best, most]
    said = "; ".join(
        f"{effect.point.threshold!r} {what(effect)}: {_scores(effect.point, evidence)}" for effect in shown
    )
    return [Step(f"No {side} threshold that changes these has a higher f-score on these images. {said}.")]


def _threshold(evidence: Evidence, effect: Effect, what: str) -> Step:
    text = f"threshold {effect.point.threshold!r} {what}: {_scores(effect.point, evidence)}, measured on these images"
    if evidence.setup.threshold is None:
        return Step(f"In the detector that wrote the results, the {text}.")
    words = (f"postprocess.box_thresh={effect.point.threshold!r}",)
    return Step(f"The {text}.", option(words), words)


def _trials(*keys: str) -> Callable[[Evidence], list[Step]]:
    """The best of the other values that were tried for these settings."""

    def make(evidence: Evidence) -> list[Step]:
        tried = evidence.tried(*keys)
        if not tried:
            return []
        best = tried[0]
        if best.f_score <= evidence.now.f_score + SAME:
            values = "; ".join(f"{key} {', '.join(_values(tried, key))}" for key in keys if _values(tried, key))
            return [
                Step(f"Tried on the same maps without a higher f-score: {values}. The best had {best.f_score:.4f}.")
            ]
        words = (f"postprocess.{best.key}={best.value}",)
        return [
            Step(
                f"With {best.key} {best.value}, all images and errors together: {_scores(best, evidence)}, measured on "
                "the same maps.",
                option(words),
                words,
            )
        ]

    return make


def _values(tried: list[Trial], key: str) -> list[str]:
    values = [trial.value for trial in tried if trial.key == key]
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in sorted(values)]


def _scores(there: object, evidence: Evidence) -> str:
    f_score, recall, precision = (getattr(there, name) for name in ("f_score", "recall", "precision"))
    return (
        f"f-score {f_score:.4f} instead of {evidence.now.f_score:.4f} (recall {recall:.4f}, precision {precision:.4f})"
    )


def _fit(evidence: Evidence) -> list[Step]:
    """Fitting on other images, where the post-processing is one that can be fitted and the checkpoint is known."""
    weights = (evidence.setup.settings.get("eval") or {}).get("ckpt_load_path")
    if evidence.setup.threshold is None or not evidence.setup.config or not weights:
        return []
    words = ("fit-postprocess", "--ckpt", str(weights), "--split", "train-holdout", "--holdout", "0.1")
    return [
        Step(
            "Values chosen on the evaluated images are too optimistic. This command chooses them on images held out of "
            "the training set; train without them first (see docs/fit_postprocess.md).",
            evidence.setup.command(*words),
        )
    ]


def _direction(evidence: Evidence) -> list[Step]:
    small, large = evidence.reasons("too small"), evidence.reasons("too large")
    return [Step(f"{small} of these polygons are too small, {large} too large.")]


def _larger_input(evidence: Evidence) -> list[Step]:
    if not evidence.misses:
        return []
    found = larger_input(evidence)
    if found is None:
        return [Step("Give the detector larger images: these texts are below 8 pixels in its input.")]
    text, words = found
    return [Step(text, option(words) if words else "", words)]


def _specks(evidence: Evidence) -> list[Step]:
    return _trials("min_size")(evidence) if evidence.alarms else []


def _check_labels(evidence: Evidence) -> list[Step]:
    counts = ((len(evidence.misses), "text"), (len(evidence.alarms), "detection"))
    what = " and ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count)
    text = f"Nothing to set: check the labels at these {what}; the file of errors (CSV) lists them"
    setup = evidence.setup
    words = ["--report", "data_check"]
    if setup.labels:
        words = ["--label_file", str(setup.labels[0]), "--data_dir", str(setup.labels[1]), *words]
    if setup.labels or setup.config:
        return [Step(f"{text}. This command lists all suspect labels.", setup.command("check-data", *words))]
    return [Step(f"{text}.")]


def _regions(evidence: Evidence) -> list[Step]:
    return [
        Step(
            "Draw do-not-care regions so that they cover whole texts and no text that counts: a detection is set aside "
            "by its share inside one region."
        )
    ]


def _unseen(evidence: Evidence) -> list[Step]:
    peaks = evidence.peaks()
    if not len(peaks):
        return []
    unseen = int((peaks < UNSEEN).sum())
    return [Step(f"In {unseen} of {len(peaks)} of these texts, no pixel reaches probability {UNSEEN:g}: no threshold "
                 "finds them.")]  # fmt: skip


def _collect(evidence: Evidence) -> list[Step]:
    """More training images, described by what the missed texts have in common."""
    total = len(evidence.misses)
    if not total:
        return []
    curved = sum(len(poly) >= CURVED_POINTS for poly in evidence.texts())
    small = int((evidence.short_sides() < 16).sum())
    words = ["--output_dir", "more_text", "--train", "1500", "--test", "0"]
    words += ["--curved", "0.5"] if curved > total / 2 else []
    words += ["--difficulty", "hard"] if small > total / 2 else []
    text = f"Label more images like these for training; of {total} missed texts, {small} are below 16 pixels in the "
    text += f"network's image and {curved} have more than four corners. Generated images are a cheap addition, not a "
    text += "replacement: list their label file as a second one in train.dataset.label_file."
    return [Step(text, " ".join(["mindocr make-synthetic", *words]))]


def _without_text(evidence: Evidence) -> list[Step]:
    if not evidence.alarms:
        return []
    return [
        Step(
            "Add images without text that look like the places of these false positives to the training set: an image "
            "path, a tab and [] in the label file."
        )
    ]


def _boundaries(evidence: Evidence) -> list[Step]:
    return [
        Step(
            "If the labels are words and the detections are lines, or the other way round, no setting helps: label the "
            "training images by the same rule as these."
        )
    ]


Make = Callable[[Evidence], list[Step]]
_STRIPS = ("score_thresh", "max_gap", "min_overlap", "oriented")  # settings of detectors that connect strips
_REMEDIES: dict[str, tuple[Make, ...]] = {
    LOW: (_lower_threshold, _higher_threshold, _fit),
    SMALL: (_larger_input, _specks),
    SPLIT: (_trials("binary_thresh", "expand_ratio", "box_type", *_STRIPS), _boundaries),
    MERGED: (_trials("binary_thresh", "expand_ratio", "box_type", *_STRIPS), _boundaries),
    PART: (_trials("binary_thresh", "expand_ratio", "box_type", *_STRIPS), _fit, _collect),
    UNCLIP: (_direction, _trials("expand_ratio", "box_type"), _fit),
    REGION: (_regions, _check_labels),
    PLACED: (_trials("box_type", "expand_ratio", "binary_thresh", *_STRIPS), _collect),
    NOTHING: (_unseen, _trials("binary_thresh", "score_thresh"), _higher_threshold, _collect, _without_text),
    LABEL: (_check_labels,),
}
