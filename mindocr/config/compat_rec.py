"""MindOCR's names in configurations of recognisers; a part of :mod:`mindocr.config.compat`, which calls it.

The parts for CTC are translated. Ops and data sets that have no counterpart here are named, with what to use instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mindocr.config.parts import lookup

_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"  # MindOCR's dictionary where a file names none
_ENCODE, _DECODE = "RecCTCLabelEncode", ("RecCTCLabelDecode", "CTCLabelDecode")
_BLANK = "the blank is class 0 here, in MindOCR by default the last one, so MindOCR's checkpoints read other characters"
_LEFT_OUT = "as in MindOCR, characters outside the dictionary are left out"

_OF_NETWORK = "follows from the output of the network"
_IDLE_LOSS = dict.fromkeys(("pred_seq_len", "max_label_len", "batch_size"), _OF_NETWORK)
_IDLE_HEAD = dict.fromkeys(("weight_init", "bias_init"), "the head starts from its usual values")
_IDLE_METRIC = {
    "print_flag": "text.txt of an evaluation lists every text",
    "device_num": "the counts of all ranks are added",
}
# Of data sets of text lines, with their reasons; label_file is one of LMDBDataset alone.
_IDLE_DATASET = {
    "extra_data_num": "RecConAug reads as many further lines as its ext_data_num",
    "extra_count_if_repeat": "the loss leaves out texts that need too many time steps, and the log counts them",
    "character_dict_path": "labels are compared with the dictionary of RecLabelEncode",
}
_IN_LMDB = {"label_file": "an LMDB environment holds its labels"}
# Keys that leave out lines where they are true: here, on_error: skip does that.
_SKIPPING = ("filter_max_len", "filter_zero_text_image", "random_choice_if_none", "check_rec_image")

_RESIZE = "use ResizeTextLine (height) and, behind ToCHWImage, PadTextLine (min_width)"
_NO_AUGMENTATION = "this package has no such augmentation of text lines; use RecAug"
_OTHER_LABELS = "belongs to recognisers without CTC; RecLabelEncode is the one for CTC"
_ABSENT_OPS = {
    **dict.fromkeys(
        ("RecResizeImg", "SVTRRecResizeImg", "RecResizeImgForSVTR", "RecResizeNormForInfer",
         "RobustScannerRecResizeImg"), _RESIZE),
    **dict.fromkeys(("SVTRRecAug", "ABINetRecAug"), _NO_AUGMENTATION),
    **dict.fromkeys(
        ("RecAttnLabelEncode", "RecMasterLabelEncode", "VisionLANLabelEncode", "SARLabelEncode", "MultiLabelEncode"),
        _OTHER_LABELS),
    "Rotate90IfVertical": "CropTextLine turns upright lines of detection labels; turn images of single lines yourself",
}  # fmt: skip
_NOT_NORMALISED = "labels are read as they are; write the environment again with labels normalised as NFKD"
_LEAVES_OUT = "on_error: skip of the data set leaves out lines that cannot be used, and the log counts them"

# Keys that are accepted or translated, for the list of known keys
KEYS = (
    *(f"loss.{key}" for key in _IDLE_LOSS), *(f"model.head.{key}" for key in _IDLE_HEAD),
    *(f"metric.{key}" for key in _IDLE_METRIC),
)  # fmt: skip


class Translated(NamedTuple):
    """What was found besides the values that were changed in place.

    Attributes:
        idle: (key, why it has no effect here).
        notes: sentences for the log.
        problems: (key, text).
    """

    idle: list[tuple[str, str]]
    notes: list[str]
    problems: list[tuple[str, str]]


def translate(values: dict[str, Any]) -> Translated:
    """Translate the names in ``values``, which is changed."""
    found = Translated([], [], [])
    _drop(values, "metric", _IDLE_METRIC, found)
    if lookup(values, "loss.name") in (None, "CTCLoss"):  # the keys of other parts with these names stay
        _drop(values, "loss", _IDLE_LOSS, found)
    if lookup(values, "model.head.name") in (None, "CTCHead"):
        _drop(values, "model.head", _IDLE_HEAD, found)
    _postprocess(values, found)
    for section in ("train", "eval", "predict"):
        dataset = lookup(values, f"{section}.dataset")
        if isinstance(dataset, dict):
            _dataset(values, section, dataset, found)
    return found


def _drop(values: Mapping[str, Any], path: str, keys: Mapping[str, str], found: Translated) -> None:
    section = lookup(values, path)
    if isinstance(section, dict):
        for key, why in keys.items():
            if key in section:
                del section[key]
                found.idle.append((f"{path}.{key}", why))


def _postprocess(values: dict[str, Any], found: Translated) -> None:
    section = lookup(values, "postprocess")
    name = section.get("name") if isinstance(section, dict) else None
    if name not in _DECODE:
        return
    arguments = {key: value for key, value in section.items() if key not in ("name", "blank_at_last", "lower")}
    values["postprocess"] = {"name": "CTCDecode", "use_space_char": False, **_with_dictionary(arguments)}
    found.notes.append(f"postprocess.name: {name} is CTCDecode here; {_BLANK}")


def _with_dictionary(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with MindOCR's dictionary if they name no file."""
    given = dict(arguments)
    if given.get("character_dict_path") is None:
        given.pop("character_dict_path", None)
        given.setdefault("characters", _CHARACTERS)
    return given


def _dataset(values: dict[str, Any], section: str, dataset: dict[str, Any], found: Translated) -> None:
    path = f"{section}.dataset"
    _pipeline(path, dataset, found)
    _columns(section, dataset, found)
    if dataset.get("type") in ("LMDBDataset", "RecDataset"):
        _drop(values, path, _IDLE_DATASET, found)
        _lines(path, dataset, found)
    if dataset.get("type") == "LMDBDataset":
        _drop(values, path, _IN_LMDB, found)


def _lines(path: str, dataset: dict[str, Any], found: Translated) -> None:
    """Keys of data sets of text lines: which lines are left out."""
    longest = dataset.pop("max_text_len", None)
    if dataset.pop("label_standandize", None):
        found.problems.append((f"{path}.label_standandize", _NOT_NORMALISED))
    wanted = {key: dataset.pop(key) for key in _SKIPPING if key in dataset}
    if not any(wanted.values()):
        return
    dataset["on_error"] = "skip"
    found.notes.append(f"{path}: {', '.join(key for key, value in wanted.items() if value)}: {_LEAVES_OUT}")
    pipeline = dataset.get("transform_pipeline")
    if wanted.get("filter_max_len") and isinstance(longest, int) and isinstance(pipeline, list):
        for op in pipeline:
            if isinstance(op, dict) and isinstance(op.get("RecLabelEncode"), dict):
                encode = op["RecLabelEncode"]
                encode["max_text_len"] = min(longest, encode.get("max_text_len", longest))


def _pipeline(path: str, dataset: dict[str, Any], found: Translated) -> None:
    pipeline = dataset.get("transform_pipeline")
    if not isinstance(pipeline, list | dict):
        return
    kept: list[tuple[str, Any]] = []
    known = True
    for name, arguments in _ops(pipeline):
        if name in _ABSENT_OPS:
            found.problems.append((f"{path}.transform_pipeline.{name}", _ABSENT_OPS[name]))
            known = False
        elif name == _ENCODE:
            kept.append(("RecLabelEncode", _encode(arguments)))
            found.notes.append(f"{path}.transform_pipeline: {_ENCODE} is RecLabelEncode here; {_LEFT_OUT}; {_BLANK}")
            known = False
        else:
            kept.append((name, arguments))
    if not known:
        dataset["transform_pipeline"] = [{name: arguments} for name, arguments in kept]
        if isinstance(pipeline, dict):
            dataset["transform_pipeline"] = dict(kept)


def _ops(pipeline: list[Any] | dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and arguments of every op, of a list of mappings or of one mapping."""
    for each in pipeline if isinstance(pipeline, list) else [pipeline]:
        if isinstance(each, Mapping):
            yield from ((str(name), arguments) for name, arguments in each.items())
        else:
            yield str(each), None


def _encode(arguments: Any) -> dict[str, Any]:
    """Arguments of RecLabelEncode; a text without dictionary is read in lower case, as in MindOCR."""
    given = dict(arguments) if isinstance(arguments, Mapping) else {}
    given.pop("blank_at_last", None)
    if given.get("character_dict_path") is None:
        given["lower"] = True
    return {"max_text_len": 23, "use_space_char": False, "unknown": "drop", **_with_dictionary(given)}


def _columns(section: str, dataset: dict[str, Any], found: Translated) -> None:
    """Columns of labels: the length of a text, which this package needs in training, and the text as it is."""
    columns = dataset.get("output_columns")
    if not isinstance(columns, list):
        return
    if section == "train" and "text_seq" in columns and "text_length" not in columns:
        dataset["output_columns"] = [*columns, "text_length"]
        if dataset.pop("label_column_index", None) is not None:
            found.idle.append((f"{section}.dataset.label_column_index", "columns are chosen by name"))
    elif "text_padded" in columns:
        dataset["output_columns"] = ["text" if name == "text_padded" else name for name in columns]
