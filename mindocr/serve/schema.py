"""What the service tells about itself: its model, the options of a request, its state."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from mindocr import __version__
from mindocr.serve.answers import FORMATS
from mindocr.serve.limits import Limits
from mindocr.serve.models import ServedModel

IMAGE_TYPES = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/tiff",
    "image/bmp",
    "image/gif",
    "application/octet-stream",
)


class OptionInfo(BaseModel):
    """A setting that a request may change, as a parameter of the URL."""

    default: float | str
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    choices: list[str] | None = None


class LimitInfo(BaseModel):
    """What is accepted."""

    bytes: int = Field(description="of a file")
    pixels: int = Field(description="width x height")
    seconds: float = Field(description="in which a result is returned after the image has arrived")


class About(BaseModel):
    """The model that is served."""

    model: str
    kind: Literal["detection", "reading"]
    version: str = Field(description="of mindocr")
    options: dict[str, OptionInfo]
    formats: list[str]
    limits: LimitInfo


class Health(BaseModel):
    """State of the service."""

    state: Literal["ready", "loading", "failed", "stopping"]
    waiting: int = Field(ge=0, description="images that wait for the model")
    in_flight: int = Field(ge=0, description="requests that are received or answered")


def of_model(model: ServedModel, limits: Limits) -> About:
    """The description of a model."""
    options = {}
    for name, option in model.options.items():
        about = OptionInfo(default=option.default, meaning=option.meaning)
        if option.choices:
            about.choices = list(option.choices)
        else:
            about.minimum, about.maximum = option.lowest, option.highest
        options[name] = about
    return About(
        model=model.name, kind=model.kind, version=__version__, options=options,
        formats=[form for form in FORMATS if form != "text" or model.kind == "reading"],
        limits=LimitInfo(bytes=limits.max_bytes, pixels=limits.max_pixels, seconds=limits.answer_s),
    )  # fmt: skip
