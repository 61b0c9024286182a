"""The command-line flags of MindOCR's tools: a table that states what each flag does here.

The table is read by the parsers of our commands, by the documentation and by tests. Only this module and the commands
know these names.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

logger = logging.getLogger(__name__)

Status = Literal["same", "translated", "ignored"]
Kind = Literal["text", "number", "count", "switch"]


@dataclass(frozen=True)
class Flag:
    """One flag of a MindOCR tool.

    Attributes:
        name: with its dashes, such as ``--det_db_thresh``.
        command: our command that accepts it, such as ``predict``.
        status: ``same``: the command has an option of this name and meaning. ``translated``: its value is the value of
            ``key``. ``ignored``: accepted, without effect; one warning lists all such flags that are given.
        meaning: what it sets here; for an ignored flag, the part of MindOCR that it belongs to.
        key: key of our configuration that a translated flag sets.
        there: MindOCR's default.
        here: our default.
        kind: type of its value.
        choices: values that a ``text`` may have; empty = any.
        note: what differs, one sentence.
    """

    name: str
    command: str
    status: Status
    meaning: str
    key: str = ""
    there: str = ""
    here: str = ""
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    note: str = ""

    @property
    def dest(self) -> str:
        """Attribute of the parsed arguments that has the value; None = the flag was not given."""
        return self.name.lstrip("-")


def flags_of(command: str, status: Status | None = None) -> list[Flag]:
    """The rows of a command; with ``status``, only those."""
    return [flag for flag in FLAGS if flag.command == command and status in (None, flag.status)]


def add_translated_flags(parser: argparse.ArgumentParser, command: str) -> None:
    """Add the translated flags of a command, as a group of its help page."""
    group = parser.add_argument_group("MindOCR's flags, the same as -o KEY=VALUE")
    for flag in flags_of(command, "translated"):
        text = f"{flag.meaning} ({flag.key})"
        if flag.kind == "switch":
            add_switch(group, flag.name, text)
        else:
            convert = {"number": float, "count": int}.get(flag.kind, str)
            group.add_argument(flag.name, type=convert, choices=flag.choices or None, help=text)


def add_ignored_flags(parser: argparse.ArgumentParser, command: str) -> None:
    """Accept the ignored flags of a command, with any values; the help page does not list them."""
    parser.set_defaults(ignored_flags=[])
    for flag in flags_of(command, "ignored"):
        parser.add_argument(flag.name, dest="ignored_flags", nargs="*", action=_NoteName, help=argparse.SUPPRESS)


def warn_ignored(args: argparse.Namespace, reason: str) -> None:
    """Log one warning that lists the ignored flags among the arguments.

    Args:
        reason: why they have no effect, such as ``mindocr predict finds text and does not read it``.
    """
    names = list(dict.fromkeys(getattr(args, "ignored_flags", ())))
    if names:
        logger.warning("%s; ignored: %s", reason, ", ".join(names))


def overrides(args: argparse.Namespace, command: str) -> list[str]:
    """The translated flags among the arguments as overrides, ``key=value`` as after ``-o``."""
    return [f"{key}={value}" for key, value in values(args, command).items()]


def values(args: argparse.Namespace, command: str) -> dict[str, Any]:
    """The translated flags among the arguments, by key."""
    given = {flag.key: getattr(args, flag.dest, None) for flag in flags_of(command, "translated")}
    return {key: value for key, value in given.items() if value is not None}


def add_switch(parser: Any, name: str, text: str, default: bool | None = None) -> None:
    """Add a flag that takes ``True`` or ``False``, as MindOCR writes it; without a value it is True."""
    parser.add_argument(name, type=switch, nargs="?", const=True, default=default, metavar="True|False", help=text)


def switch(text: str) -> bool:
    """``True`` or ``False`` in one of MindOCR's spellings, for ``type=`` of an option."""
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"expected True or False, got '{text}'")
    return known[text.lower()]


class _NoteName(argparse.Action):
    """Notes that a flag was given, and drops its values."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        namespace.ignored_flags = [*namespace.ignored_flags, option]


def _ignored(command: str, meaning: str, names: Sequence[str]) -> tuple[Flag, ...]:
    return tuple(Flag(f"--{name}", command, "ignored", meaning) for name in names)


_LEVELS = ("O0", "O1", "O2", "O3")

# tools/infer/text/predict_det.py, and the part of predict_system.py that finds text
PREDICT: tuple[Flag, ...] = (
    Flag("--image_dir", "predict", "same", "image, folder or glob", there="required",
         here="predict.dataset.data_dir", note="MindOCR searches subfolders; here with --recursive"),
    Flag("--det_algorithm", "predict", "same", "named model", there="DB++", here="DB",
         note="PSE does not exist here; DB_R18 does not exist in MindOCR"),
    Flag("--det_model_dir", "predict", "same", "checkpoint, or folder with one", here="released weights",
         note="of several checkpoints in a folder MindOCR takes the first; here it must be named, or be best.ckpt"),
    Flag("--det_limit_side_len", "predict", "same", "side length that det_limit_type limits, pixels", there="960",
         here="of the configuration or the named model", kind="count"),
    Flag("--det_limit_type", "predict", "same", "which side is limited", there="max", here="max",
         choices=("min", "max")),
    Flag("--draw_img_save_dir", "predict", "same", "folder for pictures and results",
         there="./inference_results", here="predict.output_save_dir, else ./inference_results"),
    Flag("--visualize_output", "predict", "same", "write pictures", there="False", here="True", kind="switch",
         note="MindOCR's predict_det.py does not read it and always writes pictures"),
    Flag("--vis_det_save_dir", "predict", "same", "folder for the pictures only", here="--draw_img_save_dir",
         note="in MindOCR a flag of deploy/py_infer/infer.py"),
    Flag("--save_crop_res", "predict", "same", "write a crop of each text", there="False", here="False",
         kind="switch", note="MindOCR writes crops in predict_system.py only"),
    Flag("--crop_res_save_dir", "predict", "same", "folder for the crops", there="./output", here="./output"),
    Flag("--max_batch_size", "predict", "same", "images in a batch, as --batch_size", there="10",
         here="predict.loader.batch_size, else 1", kind="count", note="MindOCR's predict_det.py does not read it"),
    Flag("--warmup", "predict", "same", "run the first batch twice, so that the times exclude compilation",
         there="False", here="False", kind="switch", note="MindOCR's predict_det.py does not read it"),
    Flag("--mode", "predict", "translated", "0 = graph mode, 1 = PyNative mode", "system.mode", "0", "0", "count"),
    Flag("--det_amp_level", "predict", "translated", "mixed precision", "system.amp_level_infer", "O0", "O0",
         choices=_LEVELS),
    Flag("--det_box_type", "predict", "translated", "form of the results", "postprocess.box_type", "quad", "quad",
         choices=("quad", "poly")),
    Flag("--det_db_thresh", "predict", "translated", "a pixel is text above this probability",
         "postprocess.binary_thresh", "0.3", "0.3", "number", note="MindOCR's predict_det.py does not read it"),
    Flag("--det_db_box_thresh", "predict", "translated", "lowest score of a text", "postprocess.box_thresh", "0.6",
         "0.6 (DB_PPOCRv3: 0.9)", "number", note="MindOCR's predict_det.py does not read it"),
    Flag("--det_db_unclip_ratio", "predict", "translated", "expansion of the regions", "postprocess.expand_ratio",
         "1.5", "1.5", "number", note="MindOCR's predict_det.py does not read it"),
    Flag("--det_db_score_mode", "predict", "translated", "pixels over which a score is the mean",
         "postprocess.score_mode", "fast", "fast", choices=("fast", "slow"),
         note="MindOCR's predict_det.py does not read it"),
    Flag("--use_dilation", "predict", "translated", "widen the regions by one pixel before contours are found",
         "postprocess.dilation", "False", "False", "switch", note="MindOCR's predict_det.py does not read it"),
    *_ignored("predict", "recognition", (
        "rec_algorithm", "rec_amp_level", "rec_model_dir", "rec_model_config", "rec_image_shape", "rec_batch_mode",
        "rec_batch_num", "rec_char_dict_path", "rec_gt_path", "max_text_length", "drop_score", "vis_font_path",
    )),
    *_ignored("predict", "direction of a text", (
        "cls_algorithm", "cls_amp_level", "cls_model_dir", "cls_batch_mode", "cls_batch_num",
    )),
    *_ignored("predict", "key information", (
        "ser_algorithm", "ser_model_dir", "kie_algorithm", "kie_batch_mode", "kie_batch_num", "ocr_result_dir",
    )),
    *_ignored("predict", "tables", (
        "table_algorithm", "table_model_dir", "table_amp_level", "table_char_dict_path", "table_max_len",
    )),
    *_ignored("predict", "layout", (
        "layout_algorithm", "layout_model_dir", "layout_category_dict_path", "layout_amp_level",
    )),
)  # fmt: skip

# deploy/py_infer/infer.py
INFER: tuple[Flag, ...] = (
    Flag("--input_images_dir", "infer", "same", "image, folder or glob", there="required", here="required"),
    Flag("--det_model_path", "infer", "same", "MindIR or ONNX file", here="required",
         note="MindOCR takes MindIR files of converter_lite, which only MindSpore Lite runs"),
    Flag("--det_model_name_or_config", "infer", "same", "name or YAML file with the settings",
         there="required with --det_model_path", here="the settings in the file",
         note="MindOCR's names of PSENet, EAST, SAST, FCENet and of older models of PaddleOCR do not exist here"),
    Flag("--res_save_dir", "infer", "same", "folder for results and pictures", there="inference_results",
         here="./inference_results"),
    Flag("--vis_det_save_dir", "infer", "same", "folder for the pictures", there="no pictures", here="--res_save_dir"),
    Flag("--crop_save_dir", "infer", "same", "folder for a crop of each text", there="no crops", here="no crops",
         note="MindOCR writes crops only with --rec_model_path"),
    Flag("--result_contain_score", "infer", "same", "write the scores to det_results.txt", there="False", here="True",
         kind="switch", note="MindOCR reads it as True for any value, also for 'False'"),
    Flag("--show_log", "infer", "same", "show log lines on the screen; False: only warnings", there="False",
         here="True", kind="switch"),
    Flag("--save_log_dir", "infer", "same", "folder for a log file", there="no file", here="no file"),
    Flag("--device", "infer", "translated", "device that runs a MindIR file", "system.device_target", "Ascend", "auto",
         choices=("auto", "CPU", "Ascend")),
    Flag("--device_id", "infer", "translated", "index of the device", "system.device_id", "0", "", "count"),
    *_ignored("infer", "runtime", (
        "backend", "parallel_num", "precision_mode", "node_fetch_interval", "input_array_save_dir",
    )),
    *_ignored("infer", "recognition", (
        "rec_model_path", "rec_model_name_or_config", "rec_batch_num", "character_dict_path", "vis_pipeline_save_dir",
        "vis_font_path",
    )),
    *_ignored("infer", "direction of a text", ("cls_model_path", "cls_model_name_or_config", "cls_batch_num")),
    *_ignored("infer", "layout", ("layout_model_path", "layout_model_name_or_config", "layout_batch_num")),
)  # fmt: skip

_DETECTION = tuple(flag.dest for flag in PREDICT if flag.name.startswith("--det_") or flag.name == "--use_dilation")


def _other_tasks(command: str, *own: str) -> tuple[Flag, ...]:
    """The ignored flags of predict_det.py as those of another tool, without the tasks that it has itself."""
    others = (flag for flag in PREDICT if flag.status == "ignored" and flag.meaning not in own)
    return tuple(replace(flag, command=command) for flag in others)


# tools/infer/text/predict_system.py: it finds text and reads it
READ: tuple[Flag, ...] = (
    Flag("--image_dir", "read", "same", "image, folder or glob", there="required",
         here="the images without an option", note="MindOCR searches subfolders; here with --recursive"),
    Flag("--det_algorithm", "read", "same", "named detector", there="DB++", here="the detector of --weights"),
    Flag("--det_model_dir", "read", "same", "checkpoint of a detector, as --detector", here="that of --weights"),
    Flag("--rec_model_dir", "read", "same", "checkpoint of a recogniser, as --recogniser", here="that of --weights",
         note="the character dictionary is that of the checkpoint"),
    Flag("--cls_model_dir", "read", "same", "checkpoint of a direction classifier, or ppocr-cls; as --cls_weights",
         here="lines are read as they are"),
    Flag("--rec_batch_num", "read", "same", "crops that the recogniser takes at once, as --batch_size", there="8",
         here="6", kind="count"),
    Flag("--det_limit_side_len", "read", "same", "side length that det_limit_type limits, pixels", there="960",
         here="of the detector", kind="count"),
    Flag("--det_limit_type", "read", "same", "which side is limited", there="max", here="of the detector",
         choices=("min", "max")),
    Flag("--drop_score", "read", "same", "lines read with a lower confidence are left out", there="0.5", here="0.5",
         kind="number"),
    Flag("--draw_img_save_dir", "read", "same", "folder for pictures and results, as --output",
         there="./inference_results", here="no files; predict_system.py: ./inference_results"),
    Flag("--visualize_output", "read", "same", "write pictures", there="False", here="True", kind="switch"),
    Flag("--warmup", "read", "same", "read the first image once before, so that times exclude compilation",
         there="False", here="False", kind="switch", note="MindOCR's predict_system.py does not read it"),
    Flag("--save_crop_res", "read", "same", "write a crop of each text", there="False", here="False", kind="switch"),
    Flag("--crop_res_save_dir", "read", "same", "folder for the crops", there="./output", here="./output"),
    *(replace(flag, command="read", here="of the detector", note="") for flag in PREDICT
      if flag.key.startswith("postprocess.")),
    *_ignored("read", "runtime", (
        "mode", "det_amp_level", "rec_amp_level", "cls_amp_level", "max_batch_size", "rec_batch_mode",
        "cls_batch_mode", "cls_batch_num",
    )),
    *_ignored("read", "recognition", (
        "rec_algorithm", "rec_model_config", "rec_image_shape", "rec_char_dict_path", "rec_gt_path",
        "max_text_length", "vis_font_path",
    )),
    *_ignored("read", "direction of a text", ("cls_algorithm",)),
    *_other_tasks("read", "recognition", "direction of a text"),
)  # fmt: skip

# tools/infer/text/predict_rec.py
READ_LINES: tuple[Flag, ...] = (
    Flag("--image_dir", "read-lines", "same", "image of one line, folder or glob", there="required", here="required",
         note="MindOCR searches subfolders; here with --recursive"),
    Flag("--rec_model_dir", "read-lines", "same", "checkpoint, as --recogniser", here="that of --weights",
         note="the character dictionary is that of the checkpoint"),
    Flag("--rec_batch_num", "read-lines", "same", "images that the recogniser takes at once, as --batch_size",
         there="8", here="6", kind="count"),
    Flag("--draw_img_save_dir", "read-lines", "same", "folder for pictures and results, as --output",
         there="./inference_results", here="./inference_results"),
    Flag("--visualize_output", "read-lines", "same", "write pictures", there="False", here="True", kind="switch"),
    *_ignored("read-lines", "runtime", ("mode", "rec_amp_level", "warmup", "max_batch_size", "rec_batch_mode")),
    *_ignored("read-lines", "recognition", (
        "rec_algorithm", "rec_model_config", "rec_image_shape", "rec_char_dict_path", "rec_gt_path",
        "max_text_length", "drop_score", "vis_font_path",
    )),
    *_other_tasks("read-lines", "recognition"),
    *_ignored("read-lines", "detection", _DETECTION),
)  # fmt: skip

# tools/infer/text/predict_cls.py
CLASSIFY_LINES: tuple[Flag, ...] = (
    Flag("--image_dir", "classify-lines", "same", "image of one line, folder or glob", there="required",
         here="required", note="MindOCR searches subfolders; here with --recursive"),
    Flag("--cls_model_dir", "classify-lines", "same", "checkpoint, as --classifier", here="that of --weights"),
    Flag("--cls_batch_num", "classify-lines", "same", "images that the classifier takes at once, as --batch_size",
         there="8", here="6", kind="count"),
    Flag("--draw_img_save_dir", "classify-lines", "same", "folder for pictures and results, as --output",
         there="./inference_results", here="./inference_results"),
    Flag("--visualize_output", "classify-lines", "same", "write pictures", there="False", here="True", kind="switch"),
    *_ignored("classify-lines", "runtime", ("mode", "warmup", "max_batch_size", "cls_batch_mode", "cls_amp_level")),
    *_ignored("classify-lines", "direction of a text", ("cls_algorithm",)),
    *_other_tasks("classify-lines", "direction of a text"),
    *_ignored("classify-lines", "detection", _DETECTION),
)  # fmt: skip

FLAGS: tuple[Flag, ...] = (*PREDICT, *READ, *READ_LINES, *CLASSIFY_LINES, *INFER)
