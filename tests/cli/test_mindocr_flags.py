"""MindOCR's flags: the table agrees with the parser, values become overrides, ignored flags are told once."""

from __future__ import annotations

import argparse
import re

import pytest

from mindocr.cli import mindocr_flags
from mindocr.cli.main import make_parser
from mindocr.cli.mindocr_flags import FLAGS, Flag, flags_of
from mindocr.config.parts import lookup
from mindocr.inference.predict import algorithm_config


def parse(*words: str) -> argparse.Namespace:
    return make_parser("predict").parse_args(list(words))


REQUIRED = {
    "predict": [], "read": [], "read-lines": ["--image_dir", "lines"], "classify-lines": ["--image_dir", "lines"],
    "infer": ["--input_images_dir", "photos", "--det_model_path", "a.mindir"],
}  # fmt: skip
# Flags of MindOCR that are other names of options
OURS = {
    ("read", "det_model_dir"): "detector",
    ("read", "rec_model_dir"): "recogniser",
    ("read", "cls_model_dir"): "cls_weights",
    ("read", "rec_batch_num"): "batch_size",
    ("read", "draw_img_save_dir"): "output",
    ("read-lines", "rec_model_dir"): "recogniser",
    ("read-lines", "rec_batch_num"): "batch_size",
    ("read-lines", "draw_img_save_dir"): "output",
    ("classify-lines", "cls_model_dir"): "classifier",
    ("classify-lines", "cls_batch_num"): "batch_size",
    ("classify-lines", "draw_img_save_dir"): "output",
}
DEFAULTS = (None, "./output", "./inference_results", *REQUIRED["infer"])


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: f"{flag.command}{flag.name}")
def test_every_row_is_an_option_of_its_command(flag: Flag) -> None:
    value = (
        flag.choices[-1] if flag.choices else {"text": "x", "number": "0.5", "count": "1", "switch": "True"}[flag.kind]
    )
    needed = REQUIRED[flag.command]
    args = make_parser(flag.command).parse_args([*needed, flag.name, value])
    if flag.status == "ignored":
        assert args.ignored_flags == [flag.name] and not flag.key
    else:
        assert str(getattr(args, OURS.get((flag.command, flag.dest), flag.dest))) == value
    assert bool(flag.key) == (flag.status == "translated")
    if flag.command not in ("read", "read-lines", "classify-lines"):  # they have defaults of their own
        assert getattr(make_parser(flag.command).parse_args(needed), flag.dest, None) in DEFAULTS


def test_rows_are_unique() -> None:
    assert len({(flag.command, flag.name) for flag in FLAGS}) == len(FLAGS)
    assert {"same", "translated", "ignored"} == {flag.status for flag in flags_of("predict")}


VALUES = {
    "--mode": ("1", 1),
    "--det_amp_level": ("O2", "O2"),
    "--det_box_type": ("poly", "poly"),
    "--det_db_thresh": ("0.2", 0.2),
    "--det_db_box_thresh": ("0.55", 0.55),
    "--det_db_unclip_ratio": ("2", 2.0),
    "--det_db_score_mode": ("slow", "slow"),
    "--use_dilation": ("True", True),
}


@pytest.mark.parametrize("flag", flags_of("predict", "translated"), ids=lambda flag: flag.name)
def test_a_translated_flag_sets_its_key(flag: Flag) -> None:
    word, value = VALUES[flag.name]
    config = algorithm_config("DB", mindocr_flags.overrides(parse(flag.name, word), "predict")).model_dump()
    assert lookup(config, flag.key) == value
    assert lookup(algorithm_config("DB").model_dump(), flag.key) != value


def test_an_override_wins_over_a_flag() -> None:
    args = parse("-o", "postprocess.box_thresh=0.9", "--det_db_box_thresh", "0.5")
    config = algorithm_config("DB", [*mindocr_flags.overrides(args, "predict"), *args.opt])
    assert config.postprocess["box_thresh"] == 0.9


def test_switches_in_mindocrs_spellings() -> None:
    assert parse("--warmup").warmup is parse("--warmup", "yes").warmup is parse("--warmup", "1").warmup is True
    assert parse("--save_crop_res", "FALSE").save_crop_res is False
    with pytest.raises(argparse.ArgumentTypeError, match="expected True or False, got 'maybe'"):
        mindocr_flags.switch("maybe")


def test_ignored_flags_are_listed_in_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    args = parse("--rec_image_shape", "3,", "32,", "320", "--rec_batch_mode", "--image_dir", "x", "--kie_batch_num",
                 "2", "--rec_batch_mode", "False")  # fmt: skip
    assert args.image_dir == "x"
    mindocr_flags.warn_ignored(args, "mindocr predict finds text and does not read it yet")
    assert caplog.messages == [
        "mindocr predict finds text and does not read it yet; ignored: --rec_image_shape, --rec_batch_mode, "
        "--kie_batch_num"
    ]
    caplog.clear()
    mindocr_flags.warn_ignored(parse(), "nothing")
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--det_db_treshold", "0.4"],
            r"unrecognized arguments: --det_db_treshold 0.4 \(did you mean '--det_db_thresh'",
        ),
        (["--det_lim=3"], r"unrecognized arguments: --det_lim=3 \(did you mean '--det_limit_side_len'\?\)"),
        (["--rec_model_dirs", "x"], "did you mean '--rec_model_dir'"),
        (["--det_box_type", "circle"], "invalid choice: 'circle'"),
        (["--use_dilation", "maybe"], "expected True or False, got 'maybe'"),
        (["--det_limit_side_len", "0"], "expected a whole number from 1, got '0'"),
    ],
)
def test_mistakes_are_errors(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(*words)
    assert caught.value.code == 2
    assert re.search(message, capsys.readouterr().err)
