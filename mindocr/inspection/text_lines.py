"""Inspection of text lines for recognition: their texts, compared with dictionary and network, and their images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mindocr.config import Config
from mindocr.config.time_steps import time_steps
from mindocr.data.datasets.aspect import line_sizes
from mindocr.data.datasets.base import provided_keys_of
from mindocr.data.datasets.label_check import LabelCount, LabelEncoder, encoder_of
from mindocr.data.loading.line_samplers import choose_widths
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.text_line import ResizeTextLine, width_of_lines
from mindocr.errors import DataError
from mindocr.formats.record import Record
from mindocr.images.read import read_image
from mindocr.registry import DATASETS
from mindocr.utils.progress import progress
from mindocr.utils.wording import count

TYPES = ("RecDataset", "WordsOfDetDataset", "LMDBDataset")
_MOST_TEXTS, _MOST_IMAGES = 200_000, 2_000  # of more, evenly distributed ones are looked at
_BUCKETS = 4
_PERCENTILES = (5, 25, 50, 75, 95)


def check(config: Config, dictionary_known: bool = True) -> dict[str, Any]:
    """Inspect the data sets of a recipe of recognition.

    Args:
        config: its ``train.dataset`` and ``eval.dataset``; their parts hold their dictionary, if one is known.
        dictionary_known: False = characters cannot be compared with a dictionary.

    Returns:
        Plain values: ``parts``, a mapping for ``train`` and ``test``; ``errors``, problems that stop training;
        ``dictionary_known``.

    Raises:
        DataError: a label file, an environment or an image is missing.
    """
    train, test = config.train.dataset, config.eval.dataset if config.eval else None
    encoder = encoder_of(Pipeline(train.get("transform_pipeline", []), None, provided_keys_of(train)))
    parts: dict[str, Any] = {}
    errors: list[str] = []
    for part, spec in (("train", train), ("test", test)):
        if spec is None or spec.get("type") not in TYPES:
            continue
        dataset = _build(spec, [op for op in spec.get("transform_pipeline", ()) if _name(op) != "RecLabelEncode"])
        parts[part] = found = _images(dataset)
        stops = part == "train" and spec.get("on_error", "raise") == "raise"
        if stops and found["broken"]:
            errors.append(f"{count(found['broken'], 'image')} cannot be read, and on_error of the data set is raise")
        if encoder is None:
            continue
        counted, found["texts"] = _texts(dataset, encoder)
        found["texts"]["reasons"] = counted.reasons() if part == "train" else []
        found["texts"]["drops"] = part == "test" or encoder.unknown == "drop"
        if part == "train" and counted.total and counted.unusable == counted.total:
            errors.append("no text can be encoded")
        elif stops and counted.unusable:
            errors.append(f"{count(counted.unusable, 'text')} cannot be encoded, and on_error of the data set is raise")
        width = width_of_lines(dataset.pipeline)
        steps = None if width is None else time_steps(config.model.model_dump(), width)
        if steps is not None:
            found["texts"].update(time_steps=steps, beyond_time_steps=counted.beyond(steps))
    return {"parts": parts, "errors": errors, "dictionary_known": dictionary_known}


def summary(found: Mapping[str, Any]) -> str:
    """The result of :func:`check` for the terminal."""
    lines: list[str] = []
    for part, values in found["parts"].items():
        lines.append(f"{part}: {count(values['lines'], 'text line')}")
        if "texts" in values:
            lines += _text_lines(part, values, found["dictionary_known"])
        lines += _image_lines(part, values)
    lines += [f"error: {error}" for error in found["errors"]] or ["no problem that stops training"]
    return "\n".join(lines).encode("utf-8", errors="backslashreplace").decode("utf-8")


def _text_lines(part: str, values: Mapping[str, Any], dictionary_known: bool) -> list[str]:
    texts = values["texts"]
    looked = "" if texts["looked_at"] == values["lines"] else f", {texts['looked_at']} of them looked at"
    lines = [f"  texts{looked}: up to {texts['longest']} characters, {texts['characters']} different ones"]
    if not dictionary_known:
        lines.append("  characters are not checked: no dictionary is known; set postprocess.character_dict_path")
    elif texts["with_unknown"] and texts["drops"]:
        effect = "left out of the texts" if part == "train" else "never read"
        lines.append(
            f"  characters that the dictionary lacks ({effect}), in {count(texts['with_unknown'], 'text')}: "
            f"{texts['unknown']}"
        )
    elif not texts["with_unknown"]:
        lines.append("  the dictionary has all characters")
    if "time_steps" in texts:
        lines.append(
            f"  time steps that CTC needs: up to {texts['steps_needed']}, the network computes {texts['time_steps']}; "
            f"texts that do not fit: {texts['beyond_time_steps']}"
        )
    return lines + [f"  cannot be encoded: {reason}" for reason in texts["reasons"]]


def _image_lines(part: str, values: Mapping[str, Any]) -> list[str]:
    percent = " / ".join(map(str, _PERCENTILES))
    lines = [f"  images looked at: {values['images']}, not readable: {values['broken']}"]
    lines += [f"    {example}" for example in values["broken_examples"]]
    if values["heights"]:
        lines.append(f"  height in pixels, {percent} %: {' / '.join(f'{each:g}' for each in values['heights'])}")
        lines.append(f"  width / height, {percent} %: {' / '.join(f'{each:g}' for each in values['ratios'])}")
    if "max_width" in values:
        lines.append(f"  squeezed to {values['max_width']} pixels: {values['squeezed']:.1%} of the lines")
    if "widths" in values and part == "train":
        sampler = f"{{name: WidthBucketSampler, height: {values['height']}, widths: {values['widths']}}}"
        lines.append(
            f"  padding: {values['padding']:.0%} of the pixels at one width; {values['padding_in_buckets']:.0%} with "
            f"train.loader.sampler={sampler}"
        )
    return lines


def _build(spec: Mapping[str, Any], ops: Sequence[Any]) -> Any:
    """The data set with all its lines, broken ones too, and these ops."""
    changed = {"on_error": "skip", "cache": "none", "output_columns": None, "sample_ratio": 1.0}
    return DATASETS.build({**spec, **changed, "transform_pipeline": list(ops)}, key="type", is_train=True, seed=0)


def _name(op: Any) -> str:
    return op if isinstance(op, str) else str(next(iter(op)))


def _evenly(records: Sequence[Record], most: int) -> list[Record]:
    if len(records) <= most:
        return list(records)
    return [records[int(i)] for i in np.linspace(0, len(records) - 1, most)]


def _texts(dataset: Any, encoder: LabelEncoder) -> tuple[LabelCount, dict[str, Any]]:
    counted = LabelCount(encoder)
    longest = 0
    characters: set[str] = set()
    for text, where in dataset.texts_of(_evenly(dataset.records, _MOST_TEXTS)):
        counted.add(text, where)
        longest = max(longest, len(text))
        characters.update(text)
    return counted, {
        "looked_at": counted.total, "longest": longest, "characters": len(characters), "too_long": counted.too_long,
        "empty": counted.empty, "with_unknown": counted.with_unknown, "unknown": counted.characters(),
        "steps_needed": max(counted.steps, default=0),
    }  # fmt: skip


def _images(dataset: Any) -> dict[str, Any]:
    """Faults and sizes of the images of evenly distributed lines, and the padding that they need."""
    chosen = _evenly(dataset.records, _MOST_IMAGES)
    faults: list[str] = []
    paths = dict.fromkeys(record.img_path for record in chosen)
    for path in progress(paths, "read images", "image", len(paths)):
        try:
            read_image(path)
        except DataError as error:
            faults.append(str(error))
    found: dict[str, Any] = {
        "lines": len(dataset),
        "images": len(paths),
        "broken": len(faults),
        "broken_examples": faults[:3],
    }
    sizes = line_sizes(map(dataset.line_of, chosen), len(chosen), dataset.pipeline)
    heights, widths = sizes[~np.isnan(sizes[:, 0])].T
    found.update(heights=[], ratios=[])
    if not len(heights):
        return found
    found["heights"] = [round(float(each)) for each in np.percentile(heights, _PERCENTILES)]
    found["ratios"] = [round(float(each), 1) for each in np.percentile(widths / heights, _PERCENTILES)]
    resize: Any = next((op for op in dataset.pipeline.ops if isinstance(op, ResizeTextLine)), None)
    return found if resize is None else {**found, **_padding(widths / heights, resize, dataset.pipeline)}


def _padding(ratios: np.ndarray, resize: ResizeTextLine, pipeline: Pipeline) -> dict[str, Any]:
    full = np.ceil(np.maximum(ratios * resize.height, 1))
    needed = np.minimum(full, resize.max_width).astype(int)
    widths = choose_widths(needed, _BUCKETS, resize.max_width)
    one = max(width_of_lines(pipeline) or 1, int(needed.max()))
    held = np.array(widths)[np.searchsorted(widths, needed)]
    return {
        "height": resize.height, "max_width": resize.max_width, "squeezed": float((full > resize.max_width).mean()),
        "widths": widths, "padding": 1 - float(needed.mean()) / one,
        "padding_in_buckets": 1 - float(needed.sum() / held.sum()),
    }  # fmt: skip
