"""Whether this process is one of several that a launcher has started, without importing MindSpore."""

from __future__ import annotations

import os

_VARIABLES = ("OMPI_COMM_WORLD_SIZE", "MS_ROLE", "RANK_TABLE_FILE")  # of mpirun, msrun, and rank tables


def launched() -> bool:
    """True where a launcher has started this process as one rank of a job."""
    return any(name in os.environ for name in _VARIABLES)
