"""Overrides after -o."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.config.overrides import apply_overrides, parse_override
from mindocr.config.yaml_io import dump_yaml
from mindocr.errors import ConfigError

OPS = [{"DecodeImage": None}, {"RandomRotate": {"p": 1.0, "degrees": [-10, 10]}}, "ToCHWImage"]
VALUES: dict[str, Any] = {
    "model": {"type": "det", "neck": {"name": "DBFPN", "out_channels": 256}},
    "train": {"dataset": {"type": "D", "data_dir": ["a", "b"], "transform_pipeline": OPS}, "loader": {"batch_size": 4}},
    "predict": None,
}
PIPELINE = "train.dataset.transform_pipeline"


def pipeline_after(*words: str) -> Any:
    return apply_overrides(VALUES, words)["train"]["dataset"]["transform_pipeline"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4), ("4", 4), ("True", True), ("null", None), ("", None), ("[320,320]", [320, 320]),
        ("a=b=c", "a=b=c"),
        ("{name: X, a: 1}", {"name": "X", "a": 1}), ("https://x.org/y?z=1", "https://x.org/y?z=1"),
        ("'4'", "4"),
        ("./a b/c.ckpt", "./a b/c.ckpt"),
    ],
)  # fmt: skip
def test_values_are_yaml(text: str, value: object) -> None:
    assert parse_override(f"a.b={text}") == (("a", "b"), value)


def test_values_replace_and_new_keys_appear() -> None:
    changed = apply_overrides(
        VALUES, ["train.loader.batch_size=2", "eval.loader.num_workers=3", "predict.output_save_dir=x"]
    )
    assert changed["train"]["loader"] == {"batch_size": 2}
    assert changed["eval"] == {"loader": {"num_workers": 3}}
    assert changed["predict"] == {"output_save_dir": "x"}


@pytest.mark.parametrize("op", [".1.RandomRotate", "[1].RandomRotate", "[-2].RandomRotate", ".RandomRotate"])
def test_ops_by_position_and_name(op: str) -> None:
    place = PIPELINE + op
    assert pipeline_after(f"{place}.p=0.5")[1] == {"RandomRotate": {"p": 0.5, "degrees": [-10, 10]}}
    assert pipeline_after(f"{place}.degrees[0]=-5")[1] == {"RandomRotate": {"p": 1.0, "degrees": [-5, 10]}}
    assert pipeline_after(f"{place}={{p: 0.5}}")[1] == {"RandomRotate": {"p": 0.5, "degrees": [-10, 10]}}
    assert pipeline_after(f"{place}=drop") == [OPS[0], OPS[2]]


def test_ops_without_arguments_get_some() -> None:
    assert pipeline_after(f"{PIPELINE}.DecodeImage.img_mode=RGB")[0] == {"DecodeImage": {"img_mode": "RGB"}}
    assert pipeline_after(f"{PIPELINE}[2].ToCHWImage.a=1")[2] == {"ToCHWImage": {"a": 1}}


def test_whole_op_whole_pipeline_and_patch() -> None:
    assert pipeline_after(f"{PIPELINE}[0]={{Other: {{a: 1}}}}")[0] == {"Other": {"a": 1}}
    assert pipeline_after(f"{PIPELINE}[1]=drop") == [OPS[0], OPS[2]]
    assert pipeline_after(f"{PIPELINE}=[ToCHWImage]") == ["ToCHWImage"]
    assert pipeline_after(f"{PIPELINE}={{RandomRotate: drop}}") == [OPS[0], OPS[2]]


def test_items_of_plain_lists() -> None:
    assert apply_overrides(VALUES, ["train.dataset.data_dir[1]=c"])["train"]["dataset"]["data_dir"] == ["a", "c"]


def test_new_name_drops_arguments_whatever_the_order() -> None:
    for words in (["model.neck.name=X", "model.neck.size=1"], ["model.neck.size=1", "model.neck.name=X"]):
        assert apply_overrides(VALUES, words)["model"]["neck"] == {"name": "X", "size": 1}
    assert apply_overrides(VALUES, ["model.neck={name: X, size: 1}"])["model"]["neck"] == {"name": "X", "size": 1}


def test_a_choice_wins_over_an_earlier_value_of_what_is_around_it() -> None:
    whole = "model.networks={A: {neck: {name: FPN, depth: 2}}}"
    words = [whole, "model.networks.A.neck.width=5", "model.networks.A.neck.name=PAN"]
    neck = apply_overrides({"model": {"networks": None}}, words)["model"]["networks"]["A"]["neck"]
    assert neck == {"name": "PAN", "width": 5}
    neck = apply_overrides({"model": {"networks": None}}, [*words[1:], whole])["model"]["networks"]["A"]["neck"]
    assert neck == {"name": "FPN", "depth": 2}  # the whole section comes last, and names another neck


def test_later_words_win_and_the_input_stays() -> None:
    before = copy.deepcopy(VALUES)
    assert apply_overrides(VALUES, ["train.loader.batch_size=1", "train.loader.batch_size=9"])["train"]["loader"] == {
        "batch_size": 9
    }
    pipeline_after(f"{PIPELINE}.RandomRotate.degrees[0]=3")
    assert before == VALUES


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("train.loader.batch_size", "-o train.loader.batch_size: expected dotted.key=value"),
        ("=4", "'' is not a dotted key"),
        ("a..b=4", r"'a\.\.b' is not a dotted key"),
        ("a.b[x]=4", r"'a\.b\[x\]' is not a dotted key"),
        ("a.b=[1, 2", r"-o a\.b=\[1, 2:1: "),
        ("a.b={c: 1, c: 2}", "key 'c' appears twice"),
        ("model.type.x=1", "model.type is 'det', not a section, so it has no 'x'"),
        ("train.dataset.data_dir[2]=c", r"train\.dataset\.data_dir has 2 items; there is no \[2\]"),
        ("train.dataset.data_dir.first=c", "train.dataset.data_dir is a list; 'first' is not a position"),
        (f"{PIPELINE}[1].DecodeImage.p=1", r"\[1\] is RandomRotate, not DecodeImage"),
        (f"{PIPELINE}[1].p=1", r"\[1\] is RandomRotate, not p; write .*\[1\]\.RandomRotate\.<argument>"),
        (f"{PIPELINE}.RandomRotat.p=1", r"no op 'RandomRotat' \(did you mean 'RandomRotate'\?\)"),
        (f"{PIPELINE}[7]=drop", r"has 3 items; there is no \[7\]"),
    ],
)
def test_malformed_overrides_are_named(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        apply_overrides(VALUES, [word])
    assert str(caught.value).startswith("-o ")


names = st.text("abcdefgh_", min_size=1, max_size=6)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts


@given(st.lists(names, min_size=1, max_size=4), values | st.lists(values, max_size=3))
def test_any_value_arrives_at_any_place(path: list[str], value: Any) -> None:
    text = dump_yaml([value]).strip()  # a flow or block list of one
    changed: Any = apply_overrides({}, [f"{'.'.join(path)}={text}"])
    for key in path:
        changed = changed[key]
    assert repr(changed) == repr([value])
