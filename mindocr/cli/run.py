"""Runs a command and ends the process: exit codes, and errors reported without a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from mindocr.errors import UserError
from mindocr.utils.interrupts import sigterm_raises
from mindocr.utils.process_exit import end_process

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
_NO_MINDSPORE = (
    "this needs MindSpore, which is not installed here; install it with: pip install mindspore (on Ascend, the build "
    "that matches the driver). Without it, ONNX files and released weights run in onnxruntime, with the commands "
    "infer, read, serve and verify"
)


def run_tool(main: Callable[[], int | None]) -> NoReturn:
    """Run a command and end the process.

    The exit code is the one that ``main`` returns (None = 0), 2 for a mistake of the user, 3 if a result could not be
    written, 130 after Ctrl-C and 143 after SIGTERM.
    """
    if sys.stdout is not None and getattr(sys.stdout, "errors", "") == "strict":
        # The name of a file may have letters that the terminal's encoding lacks, or bytes that are no text.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with sigterm_raises():
            code = main() or 0
        sys.stdout.flush()
    except UserError as error:
        code = _report(str(error), error.exit_code)
    except KeyboardInterrupt as stop:
        print(str(stop) or "interrupted", file=sys.stderr)
        code = getattr(stop, "exit_code", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has closed the pipe. Without the redirect, Python's flush at exit would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        code = _report(_explain(error), EXIT_USER_ERROR)
    except ModuleNotFoundError as error:
        if error.name != "mindspore":
            raise
        code = _report(_NO_MINDSPORE, EXIT_USER_ERROR)
    end_process(code)


def _report(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def _explain(error: OSError) -> str:
    advice = {
        errno.ENOSPC: "; free some space or choose another folder",
        errno.EDQUOT: "; free some space or choose another folder",
        errno.EACCES: "; change its permissions or choose another folder",
        errno.EPERM: "; change its permissions or choose another folder",
        errno.EROFS: "; choose another folder",
        errno.ENOENT: "; check the path",
    }.get(error.errno or 0, "")
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}{advice}"
