"""A remedy for every class of errors: its numbers by hand, and what it pastes read by the real parsers and checks."""

import shlex
from functools import cache

import numpy as np
import pytest
from rectangles import rect

from mindocr.cli.main import make_parser
from mindocr.config import load_config
from mindocr.config.check import check
from mindocr.config.overrides import apply_overrides
from mindocr.errors import ConfigError
from mindocr.report.advice import advise
from mindocr.report.diagnosis import (
    LABEL,
    LOW,
    MERGED,
    NOTHING,
    PART,
    PLACED,
    REGION,
    SMALL,
    SPLIT,
    TAGS,
    UNCLIP,
    diagnose,
)
from mindocr.report.evidence import Evidence
from mindocr.report.setup import Setup, option
from mindocr.report.sweep import Point, sweep
from mindocr.report.trials import Trial

WORD, BELOW, APART = rect(0, 0, 100, 20), rect(0, 50, 100, 70), rect(200, 100, 300, 120)
RECIPE = "db_r18_icdar15.yaml"
TRIALS = [Trial("binary_thresh", 0.2, 0.9, 0.9, 0.9), Trial("binary_thresh", 0.4, 0.1, 0.1, 0.1),
          Trial("expand_ratio", 1.9, 0.8, 0.8, 0.8), Trial("min_size", 5, 0.9, 0.9, 0.9),
          Trial("box_type", "poly", 0.7, 0.7, 0.7)]  # fmt: skip

# An image for each class: texts, detections, more.
CASES = {
    SPLIT: ([WORD], [rect(0, 0, 45, 20), rect(55, 0, 100, 20)], {}),
    MERGED: ([rect(0, 0, 45, 20), rect(55, 0, 100, 20)], [WORD], {}),
    UNCLIP: ([WORD], [rect(5, 5, 95, 15)], {}),
    PART: ([WORD], [rect(0, 0, 45, 20)], {}),
    PLACED: ([WORD], [rect(70, 0, 170, 20)], {}),
    NOTHING: ([WORD], [APART], {"peaks": [0.02]}),
    SMALL: ([rect(0, 0, 30, 5)], [rect(200, 100, 230, 105)], {}),
    REGION: ([WORD], [rect(0, 0, 300, 20)], {"ignore": [True]}),
    LABEL: ([WORD, WORD + 1], [WORD], {}),
    LOW: ([WORD], [], {"candidates": [WORD], "candidate_scores": [0.45]}),
}


loaded = cache(load_config)


def setup_of(name=RECIPE, *overrides, trials=TRIALS, threshold=0.6):
    config = loaded(name, overrides)

    def accepts(words):
        try:
            return bool(check(apply_overrides(config.model_dump(), words), name))
        except ConfigError:
            return False

    return Setup(name, overrides, config.model_dump(), threshold, trials, accepts=accepts)


def evidence_of(judged, tag, setup):
    swept = sweep(judged.cases, judged.metric.protocol, setup.threshold)
    total = judged.metric.result()
    now = Point(setup.threshold or 0, total["recall"], total["precision"], total["f-score"])
    return Evidence(tag, judged.cases, diagnose(judged.cases, judged.metric.protocol), now, swept, setup)


def judge(judged, tag, **more):
    truth, found, given = CASES[tag]
    given = {"candidates": found, "candidate_scores": [0.8] * len(found), **given, **more}
    judged(truth, found, given.pop("ignore", None), scores=[0.8] * len(found), **given)


def settings_of(steps):
    return [step.code for step in steps if step.overrides]


@pytest.mark.parametrize(
    ("tag", "recipe"), [*((tag, RECIPE) for tag in TAGS), (SMALL, "db_r50_ctw1500.yaml"), (LOW, "db_r50_ctw1500.yaml")]
)
def test_what_is_pasted_is_valid(judged, tag, recipe):
    """Every class has a remedy; the command reads every override and command, and the configuration takes it."""
    judge(judged, tag)
    setup = setup_of(recipe, "system.seed=7")
    steps = advise(evidence_of(judged, tag, setup))
    assert steps and all(step.text for step in steps)
    for step in steps:
        words = shlex.split(step.code)
        if step.overrides:
            args = make_parser("eval").parse_args(["-c", recipe, "-o", "system.seed=7", *words])
            assert args.opt == ["system.seed=7", *step.overrides]
            changed, old = load_config(args.config, args.opt).model_dump(), setup.settings
            assert changed != old and changed["system"]["seed"] == 7
        elif words:
            assert words[0] == "mindocr"
            args = make_parser(words[1]).parse_args(words[2:])
            if "config" in args:
                assert (args.config, args.opt) == (recipe, ["system.seed=7"])
                load_config(args.config, args.opt)


@pytest.mark.parametrize("tag", TAGS)
def test_results_in_files_have_remedies_without_settings(judged, tag):
    judge(judged, tag, candidates=(), candidate_scores=()) if tag != LOW else judged(
        [WORD], [WORD, APART], scores=[0.9, 0.5]
    )
    for step in advise(evidence_of(judged, tag, Setup())):
        assert not step.overrides and not {"-o", "-c"} & set(shlex.split(step.code))


def test_the_threshold_below_by_hand(judged):
    """Four texts: one found, two under detections of 0.45, one under none; a third weak detection is wrong."""
    words = [WORD, BELOW, WORD + (150, 0), APART]
    weak = [words[1], words[2], APART + (-100, 40)]
    judged(words, [WORD], scores=[0.9], candidates=[WORD, *weak], candidate_scores=[0.9, 0.45, 0.4, 0.35])
    evidence = evidence_of(judged, LOW, setup_of())
    assert evidence.misses == [(0, 1), (0, 2)]
    best = evidence.lower()[0]
    assert best.point == (0.4, 0.75, 1.0, pytest.approx(6 / 7)) and best.gone == 2
    step = advise(evidence)[0]
    assert step.code == "-o postprocess.box_thresh=0.4" and step.text == (
        "The threshold 0.4 finds 2 of these 2 texts: f-score 0.8571 instead of 0.4000 (recall 0.7500, precision "
        "1.0000), measured on these images."
    )


def test_no_threshold_is_recommended_that_lowers_the_f_score(judged):
    wrong = [APART + (0, 10 * i) for i in range(-4, 5)]
    judged(
        [WORD, BELOW],
        [WORD],
        scores=[0.9],
        candidates=[WORD, *wrong, BELOW],
        candidate_scores=[0.9] + [0.5] * 9 + [0.4],
    )
    steps = advise(evidence_of(judged, LOW, setup_of()))
    assert settings_of(steps) == []
    assert steps[0].text == (
        "No lower threshold that changes these has a higher f-score on these images. 0.4 finds 1 of these 1 texts: "
        "f-score 0.3077 instead of 0.6667 (recall 1.0000, precision 0.1818)."
    )


def test_the_threshold_above_by_hand(judged):
    """Twenty matches with 0.9, and three false positives with 0.65."""
    for _ in range(20):
        judged([WORD], [WORD], scores=[0.9], candidates=[WORD], candidate_scores=[0.9])
    lonely = [APART, APART + (0, 40), APART + (-150, 0)]
    judged([], lonely, scores=[0.65] * 3, candidates=lonely, candidate_scores=[0.65] * 3)
    evidence = evidence_of(judged, LOW, setup_of())
    assert len(evidence.alarms) == 3
    step = advise(evidence)[0]
    assert step.code == "-o postprocess.box_thresh=0.9" and step.text.startswith(
        "The threshold 0.9 removes 3 of these 3 false positives, and 0 matched texts: f-score 1.0000 instead of 0.9302"
    )
    files = advise(evidence_of(judged, LOW, Setup(threshold=None)))[0]
    assert files.code == "" and files.text.startswith(
        "In the detector that wrote the results, the threshold 0.9 removes"
    )


def test_the_best_trial_is_named_and_a_worse_one_is_not(judged):
    judge(judged, MERGED)
    assert settings_of(advise(evidence_of(judged, MERGED, setup_of()))) == ["-o postprocess.binary_thresh=0.2"]
    judge(judged, MERGED)
    for _ in range(9):
        judged([WORD], [WORD], scores=[0.8], candidates=[WORD], candidate_scores=[0.8])
    worse = [Trial("binary_thresh", 0.2, 0.1, 0.1, 0.1), Trial("binary_thresh", 0.4, 0.2, 0.2, 0.2)]
    steps = advise(evidence_of(judged, MERGED, setup_of(trials=worse)))
    assert settings_of(steps) == []
    assert (
        steps[0].text == "Tried on the same maps without a higher f-score: binary_thresh 0.2, 0.4. The best had 0.2000."
    )


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("target_size=[736,1280]", ["DetResize.target_size=[1184,2048]"]),
        ("{target_size: [736, 1280], keep_ratio: True, padding: True}", ["DetResize.target_size=[1184,2048]"]),
        ("{target_size: null, limit_type: min, limit_side_len: 736}",
         ["DetResize.limit_type=min", "DetResize.limit_side_len=320"]),
        ("{target_size: null, limit_type: max, limit_side_len: 160}", ["DetResize.limit_side_len=256"]),
        ("{target_size: null, limit_type: max, limit_side_len: 960}",
         ["DetResize.limit_type=min", "DetResize.limit_side_len=320"]),
        ("{target_size: null, limit_type: none}", ["DetResize.limit_type=min", "DetResize.limit_side_len=320"]),
    ],
)  # fmt: skip
def test_a_larger_input(judged, override, expected):
    """An image of 200 x 400 with a text 5 pixels high: 1.6 times as large, rounded up to 32 pixels."""
    judged([rect(0, 0, 30, 5)], [], scores=[])
    dot = "=" if override.startswith("{") else "."
    evidence = evidence_of(judged, SMALL, setup_of(RECIPE, f"eval.dataset.transform_pipeline.DetResize{dot}{override}"))
    (step,) = advise(evidence)
    assert list(step.overrides) == [f"eval.dataset.transform_pipeline.{word}" for word in expected]
    assert step.code == option(step.overrides) and "make 1 of these 1 texts 8 pixels high or more" in step.text
    assert "f-score is not known before you evaluate with it" in step.text


def test_an_op_that_occurs_twice_is_named_by_its_position(judged):
    judged([rect(0, 0, 30, 5)], [], scores=[])
    ops = [{"DecodeImage": None}, "DetResize", {"DetResize": {"target_size": [320, 320]}}]
    setup = Setup("x.yaml", settings={"eval": {"dataset": {"transform_pipeline": ops}}})
    (step,) = advise(evidence_of(judged, SMALL, setup))
    assert step.overrides == ("eval.dataset.transform_pipeline[2].DetResize.target_size=[512,512]",)


def test_an_override_that_the_configuration_refuses_is_not_shown(judged):
    judge(judged, MERGED)
    setup = setup_of(trials=[Trial("binary_thresh", "high", 1, 1, 1), Trial("binary_tresh", 0.2, 1, 1, 1)])
    assert settings_of(advise(evidence_of(judged, MERGED, setup))) == []


def test_labels_to_check(judged, tmp_path):
    judge(judged, LABEL)
    labels = tmp_path / "my labels.txt", tmp_path
    (step,) = advise(evidence_of(judged, LABEL, Setup(labels=labels)))
    assert shlex.split(step.code) == [
        "mindocr", "check-data", "--label_file", str(labels[0]), "--data_dir", str(tmp_path), "--report", "data_check",
    ]  # fmt: skip
    assert "check the labels at these 1 text;" in step.text


def test_what_to_collect_says_what_the_missed_texts_are_like(judged):
    curve = np.array([[0, 0], [50, 5], [100, 0], [100, 12], [50, 17], [0, 12]], dtype=np.float64)
    judged([curve, curve + (150, 0), APART], [], scores=[], peaks=[0.0, 0.05, 0.4])
    steps = advise(evidence_of(judged, NOTHING, setup_of(trials=[])))
    assert steps[0].text == "In 2 of 3 of these texts, no pixel reaches probability 0.1: no threshold finds them."
    assert (
        "of 3 missed texts, 0 are below 16 pixels" in steps[1].text and "2 have more than four corners" in steps[1].text
    )
    assert steps[1].code == "mindocr make-synthetic --output_dir more_text --train 1500 --test 0 --curved 0.5"
