"""What the service returns for an image, in the formats that a client may ask for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, get_args

import cv2
import numpy as np
from pydantic import BaseModel, Field

from mindocr.formats.label_file import format_label_line
from mindocr.predictions.detection import Detection
from mindocr.reading.page import Page
from mindocr.serve.refusal import Refusal

Format = Literal["json", "jpeg", "png", "labels", "text"]
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json", "jpeg": "image/jpeg", "png": "image/png",
    "labels": "text/tab-separated-values; charset=utf-8", "text": "text/plain; charset=utf-8",
}  # fmt: skip
FORMATS: tuple[Format, ...] = get_args(Format)

Point = tuple[float, float]


class Part(BaseModel):
    """A word or a character of a line."""

    transcription: str
    points: list[Point] = Field(description="outline, pixels (x, y) of the upright image, clockwise")
    confidence: float = Field(ge=0, le=1)


class FoundText(BaseModel):
    """A text that was found. Models that only find texts give no transcription."""

    points: list[Point] = Field(description="outline, pixels (x, y) of the upright image, clockwise")
    score: float = Field(ge=0, le=1, description="confidence of the detection")
    transcription: str | None = None
    confidence: float | None = Field(None, ge=0, le=1, description="mean probability of the characters")
    words: list[Part] | None = Field(None, description="with level=word")
    characters: list[Part] | None = Field(None, description="with level=character")


class Seconds(BaseModel):
    """Where the time went."""

    waiting: float = Field(ge=0, description="in the queue, until the model was free")
    predicting: float = Field(ge=0, description="in the model; images of a batch share it")


class Result(BaseModel):
    """The texts of an image."""

    model: str
    kind: Literal["detection", "reading"]
    size: tuple[int, int] = Field(description="height and width of the upright image in pixels")
    searched: tuple[int, int] | None = Field(
        None, description="height and width to which a large image was reduced before texts were searched in it"
    )
    texts: list[FoundText] = Field(description="of a reading model in reading order")
    left_out: int = Field(ge=0, description="texts that were found and not read with the confidence asked for")
    seconds: Seconds


class Problem(BaseModel):
    """Why a request was refused."""

    status: int
    message: str


class Answer(ABC):
    """The result of a model for one image.

    Attributes:
        size: (h, w) of the image in pixels.
        searched: (h, w) to which it was reduced for the detector; None if it was not.
        left_out: texts that were found and not read with the confidence asked for.
    """

    size: tuple[int, int]
    searched: tuple[int, int] | None = None
    left_out: int = 0

    @abstractmethod
    def texts(self) -> list[dict[str, Any]]:
        """The texts as :class:`FoundText` describes them."""

    @abstractmethod
    def labels(self, name: str) -> str:
        """The line of a label file for an image of this name."""

    @abstractmethod
    def draw(self, image: np.ndarray) -> np.ndarray:
        """Draw the texts on a copy of the image, (H, W, 3) uint8 RGB."""

    def text(self) -> str:
        """The lines of text.

        Raises:
            Refusal: 406, the model does not read.
        """
        raise Refusal(406, "this model finds texts and does not read them; ask for another format than text")


class FoundTexts(Answer):
    """Polygons of a detector."""

    def __init__(self, found: Detection, size: tuple[int, int], searched: tuple[int, int] | None = None) -> None:
        self._found, self.size, self.searched = found, size, searched

    def texts(self) -> list[dict[str, Any]]:
        return self._found.entries()

    def labels(self, name: str) -> str:
        return self._found.result_line(name)

    def draw(self, image: np.ndarray) -> np.ndarray:
        return self._found.draw(image)


class ReadTexts(Answer):
    """Lines of a reader."""

    def __init__(self, page: Page, searched: tuple[int, int] | None = None) -> None:
        self._page, self.size, self.left_out, self.searched = page, page.image_size, page.left_out, searched

    def texts(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = self._page.to_json()["lines"]
        return lines

    def labels(self, name: str) -> str:
        kept = ("transcription", "points")
        entries = [{key: entry[key] for key in kept} for entry in self._page.entries()]
        return format_label_line(name, entries, quote=True)

    def draw(self, image: np.ndarray) -> np.ndarray:
        return self._page.draw(image)

    def text(self) -> str:
        return self._page.text


def encode(image: np.ndarray, ending: str) -> bytes:
    """A picture (H, W, 3) uint8 RGB as the bytes of a file, ``.jpg`` or ``.png``.

    Raises:
        Refusal: 422, the format does not hold pictures of this size.
    """
    done, encoded = False, np.empty(0, np.uint8)
    if ending != ".jpg" or max(image.shape[:2]) <= 65_500:  # the largest side of a JPEG
        done, encoded = cv2.imencode(ending, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise Refusal(422, f"a picture of {image.shape[1]} x {image.shape[0]} pixels cannot be written; ask for json")
    return encoded.tobytes()


def chosen_format(wanted: Format | None, accept: str) -> Format:
    """The format of an answer.

    Args:
        wanted: of the URL; None = by the header.
        accept: the header ``Accept``, such as ``image/png, */*;q=0.5``; empty = anything.

    Raises:
        Refusal: 406, the header names no format that there is.
    """
    if wanted is not None:
        return wanted
    for kind in _by_preference(accept or "*/*"):
        for name, media_type in MEDIA_TYPES.items():
            own = media_type.partition(";")[0]
            if kind in (own, "*/*") or (kind.endswith("/*") and own.startswith(kind[:-1])):
                return name
    known = ", ".join(media_type.partition(";")[0] for media_type in MEDIA_TYPES.values())
    raise Refusal(406, f"Accept {accept[:200]!r}: none of these can be returned; expected one of {known}")


def _by_preference(accept: str) -> list[str]:
    """Media types of the header, the preferred ones first; those with q=0 are left out."""
    ranked = []
    for position, entry in enumerate(accept.lower().split(",")):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            weight = 0.0
        if kind and weight > 0:
            ranked.append((-weight, position, kind))
    return [kind for _, _, kind in sorted(ranked)]
