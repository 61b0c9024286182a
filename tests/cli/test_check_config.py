"""``mindocr check-config``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindocr.cli.main import run_command
from mindocr.errors import ConfigError

GOOD = "configs/det/dbnet/db_r50_icdar15.yaml"


@pytest.fixture(autouse=True)
def in_the_checkout(repo_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo_root)


def test_good_and_bad(repo_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"base: {repo_root / GOOD}\nsystem: {{mode: 2}}\n")
    assert run_command("check-config", [GOOD, str(bad)]) == 1
    told = capsys.readouterr()
    assert told.out == f"{GOOD}: OK\n"
    assert told.err == f"{bad}: 1 problem\n  system.mode: expected 0 or 1, got 2\n"


def test_the_option_of_other_commands_names_a_file_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("check-config", [GOOD, "-c", "db_r18_icdar15", "-o", "system.mode=1"]) == 0
    assert capsys.readouterr().out == f"{GOOD}: OK\ndb_r18_icdar15: OK\n"


def test_overrides_and_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema, reference = tmp_path / "schema.json", tmp_path / "reference.md"
    words = ["--schema", str(schema), "--reference", str(reference), "-o", "train.loader.batch_size=2", "system.mode=1"]
    assert run_command("check-config", [GOOD, *words]) == 0
    assert capsys.readouterr().err == ""
    assert schema.stat().st_size > 5000 and reference.stat().st_size > 5000


def test_nothing_to_check() -> None:
    with pytest.raises(ConfigError, match="name at least one FILE"):
        run_command("check-config", [])
