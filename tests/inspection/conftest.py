"""Small data sets for tests of the inspection."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_sets import SmallSet


@pytest.fixture
def small_set(tmp_path: Path) -> SmallSet:
    """An empty training set."""
    return SmallSet(tmp_path)


@pytest.fixture
def other_set(tmp_path: Path) -> SmallSet:
    """An empty test set, with other images than the training set."""
    return SmallSet(tmp_path, "test", first_seed=500)
