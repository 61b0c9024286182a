"""What the service tells about itself: its model, the options of a request, its state."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from mindocr import __version__
from mindocr.serve.answers import FORMATS, MEDIA_TYPES
from mindocr.serve.limits import Limits
from mindocr.serve.models import ServedModel

ALWAYS = ("format", "name")  # parameters of a request that do not depend on the model
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


def narrowed(schema: Mapping[str, Any], path: str, model: ServedModel) -> dict[str, Any]:
    """An OpenAPI schema whose parameters and formats are those of a model.

    Args:
        schema: of every model.
        path: of the operation.
        model: the one that is served.
    """
    narrow: dict[str, Any] = copy.deepcopy(dict(schema))
    operation = narrow["paths"][path]["post"]
    known = {*model.options, *ALWAYS}
    operation["parameters"] = [each for each in operation["parameters"] if each["name"] in known]
    for parameter in operation["parameters"]:
        if option := model.options.get(parameter["name"]):
            parameter["description"] = option.meaning
            parameter["schema"]["default"] = option.default
        elif parameter["name"] == "format":
            parameter["schema"]["anyOf"][0]["enum"] = formats_of(model)
    if "text" not in formats_of(model):
        operation["responses"]["200"]["content"].pop(MEDIA_TYPES["text"].partition(";")[0])
    return narrow


def formats_of(model: ServedModel) -> list[str]:
    """The formats that a model's answers may have."""
    return [form for form in FORMATS if form != "text" or model.kind == "reading"]


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
        formats=formats_of(model),
        limits=LimitInfo(bytes=limits.max_bytes, pixels=limits.max_pixels, seconds=limits.answer_s),
    )  # fmt: skip
