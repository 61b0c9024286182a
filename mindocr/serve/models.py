"""A model as the service holds it: what a request may set, and images in, answers out."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import numpy as np

from mindocr.errors import UserError
from mindocr.images.headers import Size
from mindocr.inference.bucketed import Bucketed
from mindocr.inference.detector import TextDetector
from mindocr.predictions.base import decode_one
from mindocr.reading.reader import TextReader
from mindocr.reading.weights import RELEASED
from mindocr.registry import suggest
from mindocr.serve.answers import Answer, FoundTexts, ReadTexts
from mindocr.serve.reduction import Reduced, ReducingDetector, reduce
from mindocr.serve.sizes import use_buckets
from mindocr.serve.variants import DROP_SCORE, LEVEL, Option, Options, beside, thresholds_of, with_options, workers_of

Kind = Literal["detection", "reading"]
NETWORK_PIXELS = 4_000_000


@dataclass(frozen=True)
class Choice:
    """Which model to serve.

    Attributes:
        model: a name of released weights for reading, or what :class:`~mindocr.inference.detector.TextDetector` opens.
        recogniser: a model file; with it, ``model`` is the detector of a reader.
        classifier: direction classifier of a reader, see :class:`~mindocr.reading.reader.TextReader`.
        drop_score: of a reader.
        detection: further arguments of the detector.
        network_pixels: a larger image is reduced before texts are searched in it, see :mod:`mindocr.serve.reduction`.
        runtime, threads: what runs the networks, and its CPU threads, see
            :func:`~mindocr.inference.runner.open_runner`.
        buckets: sizes that the detector's network sees, see :func:`~mindocr.serve.sizes.use_buckets`.
        batch_size: images of a batch in a bucket.
    """

    model: str
    recogniser: str | None = None
    classifier: str | None = None
    drop_score: float = 0.5
    detection: Mapping[str, Any] = field(default_factory=dict)
    network_pixels: int = NETWORK_PIXELS
    runtime: str = "auto"
    threads: int | None = None
    buckets: list[Size] | str | None = None
    batch_size: int = 1

    @property
    def name(self) -> str:
        """The model without the folders of its file."""
        return Path(self.model).name

    @property
    def changes(self) -> dict[str, Any]:
        """Arguments of the post-processing that replace those of the model."""
        return dict(self.detection.get("postprocess", {}))


class ServedModel(Protocol):
    """A model that predicts batches.

    Attributes:
        name: what clients see.
        kind: what it does.
        options: what a request may set, by name.
        batches: whether images of one group are faster together.
        workers: threads that may predict at the same time.
    """

    name: str
    kind: Kind
    options: Mapping[str, Option]
    batches: bool
    workers: int

    def prepare(self, image: np.ndarray) -> Any:
        """An image (H, W, 3) uint8 RGB in the form that :meth:`predict` takes; several threads may do this at once."""

    def group(self, prepared: Any) -> Hashable:
        """Images with the same value may share a batch."""

    def predict(self, prepared: Sequence[Any], options: Sequence[Options], alone: bool = True) -> list[Answer]:
        """One answer for each image; called by at most ``workers`` threads at once.

        Args:
            prepared: results of :meth:`prepare`.
            options: of each image.
            alone: no other thread predicts and no image waits, so the network may take all CPUs.
        """


class Detecting:
    """Serves a detector; the options of a request change its post-processing."""

    kind: Kind = "detection"

    def __init__(self, detector: TextDetector, choice: Choice) -> None:
        self.name, self._detector, self._changes = choice.name, detector, choice.changes
        self._most = choice.network_pixels
        self.options: Mapping[str, Option] = thresholds_of(detector)
        self._bucketed = isinstance(detector.runner, Bucketed)
        self.batches = self._bucketed or bool(getattr(detector.runner, "batches", False))
        self.workers = workers_of(detector)
        self._beside = beside(detector)

    def prepare(self, image: np.ndarray) -> Any:
        reduced = reduce(self._detector, image, self._most)
        sample = dict(self._detector.preparation.sample(reduced.image))
        del sample["image_ori"]  # it is in reduced
        return sample, reduced

    def group(self, prepared: Any) -> Hashable:
        return None if self._bucketed else prepared[0]["image"].shape  # buckets make groups themselves

    def predict(self, prepared: Sequence[Any], options: Sequence[Options], alone: bool = True) -> list[Answer]:
        runner = (self._detector if alone else self._beside).runner
        outputs = runner([sample["image"] for sample, _ in prepared])
        answers: list[Answer] = []
        for i, ((sample, reduced), chosen) in enumerate(zip(prepared, options)):
            postprocess = with_options(self._detector, self._changes, chosen).postprocess
            found = decode_one(postprocess, {name: values[i] for name, values in outputs.items()}, sample)
            answers.append(FoundTexts(reduced.to_source(found), reduced.size, reduced.searched))
        return answers


class Reading:
    """Serves a reader; the options of a request change its detector's post-processing and what it keeps."""

    kind: Kind = "reading"
    batches = False  # a reader batches the lines of one image

    def __init__(self, reader: TextReader, choice: Choice) -> None:
        self.name, self._reader, self._changes = choice.name, reader, choice.changes
        self._most = choice.network_pixels
        own = {"drop_score": Option(reader.drop_score, DROP_SCORE), "level": LEVEL}
        self.options: Mapping[str, Option] = {**thresholds_of(reader.detector), **own}
        parts = [reader.detector, reader.recogniser, *([reader.classifier] if reader.classifier else [])]
        self.workers = min(map(workers_of, parts))
        self._beside = copy.copy(reader)
        self._beside.detector, self._beside.recogniser = beside(reader.detector), beside(reader.recogniser)
        if reader.classifier is not None:
            self._beside.classifier = beside(reader.classifier)

    def prepare(self, image: np.ndarray) -> Any:
        return image, reduce(self._reader.detector, image, self._most)

    def group(self, prepared: Any) -> Hashable:
        return None

    def predict(self, prepared: Sequence[Any], options: Sequence[Options], alone: bool = True) -> list[Answer]:
        reader = self._reader if alone else self._beside
        return [
            ReadTexts(self._with(reader, chosen, reduced)(image), reduced.searched)
            for (image, reduced), chosen in zip(prepared, options)
        ]

    def _with(self, given: TextReader, options: Options, reduced: Reduced) -> TextReader:
        reader: Any = copy.copy(given)
        reader.detector = ReducingDetector(with_options(given.detector, self._changes, options), reduced)
        reader.drop_score = options.get("drop_score", reader.drop_score)
        reader.level = options.get("level", reader.level)
        return cast(TextReader, reader)


def open_model(choice: Choice) -> ServedModel:
    """Load a model.

    Raises:
        UserError: it cannot be used; the message says why.
    """
    execution: dict[str, Any] = {"runtime": choice.runtime, "threads": choice.threads}
    if choice.model not in RELEASED and choice.recogniser is None:
        detector = _detector(choice, execution)
        use_buckets(detector, choice.buckets, choice.network_pixels, choice.batch_size)
        return Detecting(detector, choice)
    parts: dict[str, Any] = {"recogniser": choice.recogniser, "classifier": choice.classifier}
    settings: dict[str, Any] = {"drop_score": choice.drop_score, "detection": dict(choice.detection), **execution}
    named: dict[str, Any] = {"weights": choice.model} if choice.model in RELEASED else {"detector": choice.model}
    reader = TextReader(**named, **parts, **settings)
    use_buckets(reader, choice.buckets, choice.network_pixels)
    return Reading(reader, choice)


def _detector(choice: Choice, execution: Mapping[str, Any]) -> TextDetector:
    try:
        return TextDetector(choice.model, **choice.detection, **execution)
    except UserError as error:
        if Path(choice.model).suffix or Path(choice.model).exists():
            raise
        names = [name for name, tasks in RELEASED.items() if "rec" in tasks]
        if near := suggest(choice.model, names):  # before detectors, whose names are less like it
            raise UserError(f"--model '{choice.model}'{near}: released weights that read: {', '.join(names)}") from None
        raise UserError(f"{error}; or released weights that read: {', '.join(names)}") from None
