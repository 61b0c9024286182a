"""Options that commands share."""

from __future__ import annotations

import argparse

import pytest

from mindocr.cli.options import add_config, positive


def parser(*, required: bool = True) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    add_config(made, required=required)
    return made


@pytest.mark.parametrize(
    "words", [["-c", "f.yaml"], ["-c=f.yaml"], ["--config", "f.yaml"], ["--config=f.yaml"], ["-cf.yaml"]]
)
def test_all_ways_to_name_the_file(words: list[str]) -> None:
    args = parser().parse_args([*words, "-o", "a=1", "b.c=x=y", "-o", "d=2"])
    assert (args.config, args.opt) == ("f.yaml", ["a=1", "b.c=x=y", "d=2"])


def test_missing_option_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args([])
    assert caught.value.code == 2
    assert "-c/--config" in capsys.readouterr().err
    assert parser(required=False).parse_args([]).config is None


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("200", 200)])
def test_whole_numbers(text: str, value: int) -> None:
    assert positive(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "\u0661"])
def test_what_is_no_whole_number_from_1(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"expected a whole number from 1, got '{text}'"):
        positive(text)
