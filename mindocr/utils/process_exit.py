"""End of this process: normal, or at once because of a library that crashes in its cleanup at exit."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import NoReturn

_last_act: Callable[[], None] | None = None


def skip_teardown(last_act: Callable[[], None] = lambda: None) -> None:
    """Make :func:`end_process` end this process at once, without the cleanup of Python and its libraries at exit.

    Args:
        last_act: called just before the end; it replaces that of an earlier call.
    """
    global _last_act
    _last_act = last_act


def end_process(code: int) -> NoReturn:
    """End this process with exit code ``code``."""
    if _last_act is not None:
        _last_act()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
