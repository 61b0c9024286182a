"""From a photograph to its text, in three lines of code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from mindocr.errors import UserError
from mindocr.images.crops import cut_line
from mindocr.images.read import read_image
from mindocr.inference.classifier import TextClassifier
from mindocr.inference.detector import TextDetector
from mindocr.inference.recogniser import TextRecogniser
from mindocr.reading.order import reading_order
from mindocr.reading.page import Line, Page
from mindocr.reading.weights import DEFAULT, RELEASED, find_weights
from mindocr.utils.visualize import as_rgb


class TextReader:
    """Finds and reads the text of photographs.

    ::

        reader = TextReader()
        page = reader("photo.jpg")
        print(page.text)

    Args:
        weights: name of released weights, see :data:`mindocr.reading.weights.RELEASED`. They are taken from the cache
            folder or from an installed package.
        detector, recogniser: model files that replace those of ``weights``.
        classifier: the direction classifier, as the name ``ppocr-cls`` or a model file. Lines that it finds upside
            down with a confidence above 0.9 are turned before they are read. None: every line is read as it is.
        drop_score: lines read with a lower confidence are left out, in [0, 1].
        batch_size: crops that the recogniser and the classifier take at once.

    Raises:
        CheckpointError: the weights cannot be found or used; the message says which file to put where.
        UserError: ``drop_score`` is outside [0, 1].
    """

    def __init__(
        self,
        weights: str = DEFAULT,
        *,
        detector: str | Path | None = None,
        recogniser: str | Path | None = None,
        classifier: str | Path | None = None,
        drop_score: float = 0.5,
        batch_size: int = 6,
    ) -> None:
        if not 0 <= drop_score <= 1:
            raise UserError(f"drop_score: expected a number from 0 to 1, got {drop_score}")
        if batch_size < 1:
            raise UserError(f"batch_size: expected a whole number from 1, got {batch_size}")
        self.detector = TextDetector(detector or find_weights(weights, "det"))
        self.recogniser = TextRecogniser(recogniser or find_weights(weights, "rec"))
        if isinstance(classifier, str) and classifier in RELEASED:
            classifier = find_weights(classifier, "cls")
        self.classifier = TextClassifier(classifier) if classifier else None
        self.drop_score, self.batch_size = drop_score, batch_size

    def __call__(self, image: str | Path | np.ndarray, path: str | None = None) -> Page:
        """Read a photograph.

        Args:
            image: a file, or an array (H, W, 3) uint8 RGB or (H, W) uint8 grey.
            path: of an array: the file that it comes from, for the page.

        Raises:
            DataError: the image cannot be decoded, or an array has another form.
        """
        pixels = as_rgb(image) if isinstance(image, np.ndarray) else read_image(image)
        found = self.detector(pixels).prediction
        order = reading_order(found.polys)
        crops = [cut_line(pixels, found.polys[i]) for i in order]
        if self.classifier is not None and crops:
            crops = self.classifier.upright(crops, batch_size=self.batch_size)
        texts = self.recogniser.read(crops, self.batch_size) if crops else []
        lines = [
            Line(found.polys[i], text.text, text.confidence, float(found.scores[i]))
            for i, text in zip(order, texts)
            if text.text and text.confidence >= self.drop_score
        ]
        path = path if isinstance(image, np.ndarray) else str(image)
        return Page(lines, (pixels.shape[0], pixels.shape[1]), path, left_out=len(order) - len(lines))

    def pages(self, images: Iterable[str | Path]) -> Iterator[Page]:
        """Read several photographs, one after the other."""
        yield from map(self, images)
