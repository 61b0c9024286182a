"""Whether the packages of the extra ``serve`` are installed. Imports none of them."""

from __future__ import annotations

from importlib.util import find_spec

from mindocr.errors import UserError

_MODULES = {"fastapi": "fastapi", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}


def check_installed() -> None:
    """Look for the packages.

    Raises:
        UserError: one is missing; the message says what to install.
    """
    missing = [package for module, package in _MODULES.items() if find_spec(module) is None]
    if missing:
        raise UserError(f"mindocr serve needs {', '.join(missing)}; install them with: pip install 'mindocr[serve]'")
