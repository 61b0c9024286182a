"""Project files other than code: they agree with the code and with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from docs_pages import ROOT

import mindocr

FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.M)
    assert headings[0] == ("Unreleased", "") and headings[1][0] == mindocr.__version__
    assert all(date for _, date in headings[1:])
    kinds = re.findall(r"^### (.+)$", text, re.M)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"} and kinds


def test_the_citation_is_complete() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == mindocr.__version__
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'license = "{citation["license"]}"' in project
    assert f'name = "{citation["authors"][0]["name"]}"' in project


def test_hooks_are_the_checks_of_make_lint() -> None:
    """Each runs a program of the environment; none is fetched from elsewhere."""
    (source,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert source["repo"] == "local"
    assert {hook["language"] for hook in source["hooks"]} == {"system"}
    entries = [hook["entry"].removesuffix(" --force-exclude") for hook in source["hooks"]]
    assert entries == ["python -m ruff check", "python -m ruff format", "python -m mypy"]
    (lint,) = re.findall(r"^lint:.*\n((?:\t.+\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    checks = [re.sub(r"^\S+ (-m .+?)( \.)?$", r"python \1", line.strip()) for line in lint.splitlines()]
    assert set(checks) <= set(entries) and len(checks) >= 2


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_issue_forms_can_be_shown(form: Path) -> None:
    values = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(values)
    ids = [field["id"] for field in values["body"]]
    assert len(set(ids)) == len(ids) > 0
    for field in values["body"]:
        assert field["type"] in ("textarea", "dropdown", "input", "markdown", "checkboxes")
        assert field["attributes"]["label"]
        assert field["type"] != "dropdown" or all(isinstance(option, str) for option in field["attributes"]["options"])


def test_there_are_forms_for_bugs_questions_and_features() -> None:
    assert [form.stem for form in FORMS] == ["bug", "feature", "question"]
