"""Small data sets to plant faults into."""

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
    """An empty test set, whose pictures are other ones."""
    return SmallSet(tmp_path, "test", first_seed=500)
