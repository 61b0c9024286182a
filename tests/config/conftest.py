"""A complete configuration of the smallest kind, as plain values."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from mindocr.config.read import resolve


@pytest.fixture(scope="session")
def _reference_values(repo_root: Path) -> dict[str, Any]:
    return resolve(repo_root / "configs/det/dbnet/db_r50_icdar15.yaml")


@pytest.fixture
def raw(_reference_values: dict[str, Any]) -> dict[str, Any]:
    """The reference recipe, resolved; a fresh copy for each test."""
    return copy.deepcopy(_reference_values)
