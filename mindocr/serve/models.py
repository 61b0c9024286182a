"""A model as the service holds it: what a request may set, and images in, answers out."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from mindocr.inference.detector import TextDetector
from mindocr.inference.predictor import configured
from mindocr.predictions.base import decode_one
from mindocr.reading.page import LEVELS
from mindocr.reading.reader import TextReader
from mindocr.reading.weights import RELEASED
from mindocr.serve.answers import Answer, FoundTexts, ReadTexts

Kind = Literal["detection", "reading"]
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Option:
    """A setting that a request may change.

    Attributes:
        default: of the model.
        meaning: one line.
        lowest, highest: range of a number.
        choices: of a word; empty for a number.
    """

    default: Any
    meaning: str
    lowest: float = 0
    highest: float = 1
    choices: tuple[str, ...] = ()


_THRESHOLDS = {
    "box_thresh": Option(None, "lowest score of a text"),
    "binary_thresh": Option(None, "a pixel is text if its probability is above this value"),
    "score_thresh": Option(None, "a strip of text is used if its score is above this value"),
    "expand_ratio": Option(None, "how far outlines are expanded; more gives larger ones", 0, 10),
}
_DROP_SCORE = "lines read with a lower confidence are left out"
_LEVEL = Option("line", "what has outlines", choices=LEVELS)


@dataclass(frozen=True)
class Choice:
    """Which model to serve.

    Attributes:
        model: a name of released weights for reading, or what :class:`~mindocr.inference.detector.TextDetector` opens.
        recogniser: a model file; with it, ``model`` is the detector of a reader.
        classifier: direction classifier of a reader, see :class:`~mindocr.reading.reader.TextReader`.
        drop_score: of a reader.
        detection: further arguments of the detector.
    """

    model: str
    recogniser: str | None = None
    classifier: str | None = None
    drop_score: float = 0.5
    detection: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model without the folders of its file."""
        return Path(self.model).name


class ServedModel(Protocol):
    """A model that predicts batches.

    Attributes:
        name: what clients see.
        kind: what it does.
        options: what a request may set, by name.
        batches: whether images of one group are faster together.
    """

    name: str
    kind: Kind
    options: Mapping[str, Option]
    batches: bool

    def prepare(self, image: np.ndarray) -> Any:
        """An image (H, W, 3) uint8 RGB in the form that :meth:`predict` takes; several threads may do this at once."""

    def group(self, prepared: Any) -> Hashable:
        """Images with the same value may share a batch."""

    def predict(self, prepared: Sequence[Any], options: Sequence[Options]) -> list[Answer]:
        """One answer for each image; called by one thread only."""


class Detecting:
    """Serves a detector; the options of a request change its post-processing."""

    kind: Kind = "detection"

    def __init__(self, detector: TextDetector, name: str, changes: Options) -> None:
        self.name, self._detector, self._changes = name, detector, dict(changes)
        self.options: Mapping[str, Option] = thresholds_of(detector)
        self.batches = bool(getattr(detector.runner, "batches", False))

    def prepare(self, image: np.ndarray) -> Any:
        return self._detector.prepare(image)

    def group(self, prepared: Any) -> Hashable:
        return prepared["image"].shape

    def predict(self, prepared: Sequence[Any], options: Sequence[Options]) -> list[Answer]:
        outputs = self._detector.runner([sample["image"] for sample in prepared])
        answers: list[Answer] = []
        for i, (sample, chosen) in enumerate(zip(prepared, options)):
            postprocess = with_options(self._detector, self._changes, chosen).postprocess
            found = decode_one(postprocess, {name: values[i] for name, values in outputs.items()}, sample)
            answers.append(FoundTexts(found, sample["image_ori"].shape[:2]))
        return answers


class Reading:
    """Serves a reader; the options of a request change its detector's post-processing and what it keeps."""

    kind: Kind = "reading"
    batches = False  # a reader batches the lines of one image

    def __init__(self, reader: TextReader, name: str, changes: Options) -> None:
        self.name, self._reader, self._changes = name, reader, dict(changes)
        own = {"drop_score": Option(reader.drop_score, _DROP_SCORE), "level": _LEVEL}
        self.options: Mapping[str, Option] = {**thresholds_of(reader.detector), **own}

    def prepare(self, image: np.ndarray) -> Any:
        return image

    def group(self, prepared: Any) -> Hashable:
        return None

    def predict(self, prepared: Sequence[Any], options: Sequence[Options]) -> list[Answer]:
        return [ReadTexts(self._with(chosen)(image)) for image, chosen in zip(prepared, options)]

    def _with(self, options: Options) -> TextReader:
        reader = copy.copy(self._reader)
        reader.detector = with_options(reader.detector, self._changes, options)
        reader.drop_score = options.get("drop_score", reader.drop_score)
        reader.level = options.get("level", reader.level)
        return reader


def open_model(choice: Choice) -> ServedModel:
    """Load a model.

    Raises:
        UserError: it cannot be used; the message says why.
    """
    changes: Options = choice.detection.get("postprocess", {})
    if choice.model not in RELEASED and choice.recogniser is None:
        return Detecting(TextDetector(choice.model, **choice.detection), choice.name, changes)
    shared: dict[str, Any] = {
        "classifier": choice.classifier, "drop_score": choice.drop_score, "detection": dict(choice.detection),
        "recogniser": choice.recogniser,
    }  # fmt: skip
    if choice.model in RELEASED:
        return Reading(TextReader(choice.model, **shared), choice.name, changes)
    return Reading(TextReader(detector=choice.model, **shared), choice.name, changes)


def thresholds_of(detector: TextDetector) -> dict[str, Option]:
    """The thresholds that the post-processing of a detector has, with their values."""
    known = inspect.signature(type(detector.postprocess)).parameters
    found = {}
    for name, option in _THRESHOLDS.items():
        value = getattr(detector.postprocess, name, None)
        if name in known and isinstance(value, int | float):
            found[name] = Option(value, option.meaning, option.lowest, max(option.highest, value))
    if getattr(detector.postprocess, "expand_by_height", None):
        found.pop("expand_ratio", None)  # it has no effect then
    return found


def with_options(detector: TextDetector, changes: Options, options: Options) -> TextDetector:
    """The detector with the thresholds of a request; the network is shared.

    Args:
        detector: the model's.
        changes: arguments of the post-processing that the command has set.
        options: of the request; those of other parts are left out.
    """
    chosen = {name: value for name, value in options.items() if name in _THRESHOLDS}
    if not chosen:
        return detector
    changed = copy.copy(detector)
    changed.postprocess = configured(detector.runner, postprocess={**changes, **chosen})[0]
    return changed
