"""``mindocr recipes``: the list, and a copy that can be edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindocr.cli.main import run_command
from mindocr.config import load_config
from mindocr.errors import ConfigError


def test_the_list(capsys: pytest.CaptureFixture[str], repo_root: Path) -> None:
    run_command("recipes", [])
    lines = capsys.readouterr().out.splitlines()
    listed = dict(line.split(maxsplit=1) for line in lines)
    assert list(listed) == sorted(str(path.relative_to(repo_root)) for path in repo_root.glob("configs/*/[!_]*/*.yaml"))
    assert listed["configs/det/dbnet/db_r18_icdar15.yaml"] == "DBNet ResNet-18, ICDAR 2015, one device."


def test_a_copy_is_whole_and_independent(
    tmp_path: Path, repo_root: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run_command("recipes", ["--copy", str(tmp_path / "mine")])
    copied = sorted(path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine").rglob("*") if path.is_file())
    assert copied == sorted(path.relative_to(repo_root) for path in (repo_root / "configs").rglob("*.yaml"))
    assert capsys.readouterr().out == f"{len(copied)} files copied to {tmp_path}/mine/configs\n"
    recipe = "configs/det/dbnet/db_r18_icdar15.yaml"
    assert load_config(tmp_path / "mine" / recipe) == load_config(repo_root / recipe)
    assert "ships with mindocr" not in caplog.text


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    with pytest.raises(ConfigError, match=r"--copy: '.*/configs' exists already; choose another folder"):
        run_command("recipes", ["--copy", str(tmp_path)])
    assert list((tmp_path / "configs").iterdir()) == []
