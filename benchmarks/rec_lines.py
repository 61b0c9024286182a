"""The recognition side of ``input_pipeline.py``: our data set of text lines, and the same ops in MindOCR's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"  # MindOCR's where no dictionary is given
AUGMENTATION = ("tia_prob", "crop_prob", "reverse_prob", "noise_prob", "jitter_prob", "blur_prob", "hsv_aug_prob")

Ops = Sequence[Mapping[str, Any] | str]


def our_dataset(section: Mapping[str, Any], dictionary: str, lmdb: str, *, joined: bool) -> dict[str, Any]:
    """The section of a recipe as a data set of single lines.

    Args:
        section: ``dataset`` of the recipe, with the files of the command line.
        dictionary: dictionary file; empty = digits and letters.
        lmdb: folder of LMDB environments; empty = image files with a label file.
        joined: keep ``RecConAug``, which MindOCR's data sets cannot serve.
    """
    known = {"character_dict_path": dictionary} if dictionary else {"characters": ALPHABET, "lower": True}
    ops = []
    for name, arguments in named(section["transform_pipeline"]):
        if name == "RecLabelEncode":
            arguments = {"unknown": "drop", **arguments, **known}
        if name != "RecConAug" or joined:
            ops.append({name: arguments})
    spec = {**section, "transform_pipeline": ops, "on_error": "skip"}
    if lmdb:
        return {**spec, "type": "LMDBDataset", "dataset_root": "", "data_dir": lmdb, "label_file": None}
    return {**spec, "type": "RecDataset"}


def their_pipeline(ops: Ops, dictionary: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Our ops as MindOCR's, and the columns that training reads.

    ``RecResizeImgForSVTR`` of MindOCR resizes, normalises and pads, as its recipe of PP-OCRv3 does.
    """
    theirs: list[dict[str, Any]] = []
    for name, arguments in named(ops):
        if name == "DecodeImage":
            theirs.append({name: {"img_mode": arguments.get("img_mode", "BGR"), "to_float32": False}})
        elif name == "RecLabelEncode":
            given = {"character_dict_path": dictionary} if dictionary else {}
            theirs.append({"RecCTCLabelEncode": {"max_text_len": arguments.get("max_text_len", 25), **given}})
        elif name == "RecAug":
            theirs.append({name: {key: arguments[key] for key in AUGMENTATION if key in arguments}})
        elif name == "ResizeTextLine":
            shape = [3, arguments.get("height", 48), arguments.get("max_width", 320)]
            theirs.append({"RecResizeImgForSVTR": {"image_shape": shape, "padding": True}})
    return theirs, ["image", "text_seq"]


def their_samples(records: Iterable[Any], lmdb: str) -> Iterator[tuple[str, str]]:
    """Path and text of each line, as MindOCR's process gets them; it reads images in LMDB files from there, too."""
    from mindocr.images.lmdb_file import read_label

    for record in records:
        text = read_label(*record.content) if lmdb else record.content
        path = record.img_path if lmdb else str(Path(record.img_path).resolve())
        yield path, text


def named(ops: Ops) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and arguments of each op."""
    for op in ops:
        if isinstance(op, str):
            yield op, {}
        else:
            yield from ((name, dict(arguments or {})) for name, arguments in op.items())
