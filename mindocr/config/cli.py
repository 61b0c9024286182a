"""What all command-line tools share: ``-c``, ``-o``, and errors told without a traceback."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from mindocr.config.load import load_config
from mindocr.errors import UserError

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
_last_act: Callable[[], None] | None = None


def config_parser(description: str, *, required: bool = True) -> argparse.ArgumentParser:
    """A parser that knows ``-c FILE`` (also ``-c=FILE``, ``--config FILE``) and ``-o key=value ...``.

    Args:
        description: first line of ``--help``.
        required: whether the tool cannot do without a configuration.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-c", "--config", required=required, metavar="FILE", help="configuration, a YAML file")
    add_overrides(parser)
    return parser


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Add ``-o key=value ...``, which may be given several times, as ``opt``."""
    parser.add_argument(
        "-o", "--opt", nargs="+", action="extend", default=[], metavar="KEY=VALUE",
        help="override keys of the configuration, such as train.loader.batch_size=4",
    )  # fmt: skip


def positive(text: str) -> int:
    """A whole number from 1, for ``type=`` of an option."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got '{text}'")
    return int(text)


def check_files(paths: Sequence[str], overrides: Sequence[str] = ()) -> int:
    """Check configurations: one OK line for each good file on stdout, all problems of the others on stderr.

    Returns:
        The exit code: 0 when all are good, else 1.
    """
    code = 0
    for path in paths:
        try:
            load_config(path, overrides)
        except UserError as error:
            print(error, file=sys.stderr)
            code = 1
        else:
            print(f"{path}: OK")
    return code


def run_tool(main: Callable[[], int | None]) -> NoReturn:
    """Run a tool and end the process.

    The exit code is what ``main`` returns (None = 0), 2 for a mistake of the user, 3 where a result could not be
    written, 130 after Ctrl-C and 143 after SIGTERM.
    """
    try:
        code = main() or 0
        sys.stdout.flush()
    except UserError as error:
        code = _tell(str(error), error.exit_code)
    except KeyboardInterrupt as stop:
        print(str(stop) or "interrupted", file=sys.stderr)
        code = getattr(stop, "exit_code", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has left; without a new place, Python's own flush at exit would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        code = _tell(_explain(error), EXIT_USER_ERROR)
    if _last_act is not None:
        _last_act()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def skip_teardown(last_act: Callable[[], None] = lambda: None) -> None:
    """Let :func:`run_tool` end this process at once, for a library that crashes while it takes itself down at exit.

    Args:
        last_act: done just before; it replaces that of an earlier call.
    """
    global _last_act
    _last_act = last_act


def _tell(message: str, code: int) -> int:
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
