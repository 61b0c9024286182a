"""MATLAB 5 files, which carry data sets as arrays of objects."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mindocr.errors import DataError


def read_matlab(file: Path, variables: Sequence[str], expected: str) -> dict[str, Any]:
    """Some variables of a MATLAB file, those that are there.

    Args:
        file: in the format of MATLAB 5 to 7.2.
        variables: their names.
        expected: what the file should be, for messages.

    Raises:
        DataError: not such a file.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(str(file), variable_names=tuple(variables))
    except (OSError, ValueError, TypeError, NotImplementedError, IndexError, MatReadError, zlib.error) as error:
        raise DataError(f"{file}: cannot read this as a MATLAB 5 file ({error}); expected {expected}") from None
    return {name: content[name] for name in variables if name in content}
