"""Weights from the network, kept in a folder, so that a machine without a network needs only the file."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import IO

from mindocr.errors import CheckpointError

CACHE_VARIABLE = "MINDOCR_WEIGHTS"
_TIMEOUT = 30  # seconds without a byte
_CHUNK = 1 << 20

logger = logging.getLogger(__name__)


def cache_dir() -> Path:
    """Folder of downloaded weights: ``$MINDOCR_WEIGHTS``, or ``~/.mindocr/weights``."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.mindocr/weights").expanduser()


def fetch_weights(source: str) -> Path:
    """Turn a path or a URL into the path of a local file, downloading it if the cache folder does not have it.

    The last eight hexadecimal digits of a released file's name are the start of its SHA-256 sum; a download that does
    not match is thrown away. The file appears in the cache only when it is complete.

    Raises:
        CheckpointError: the file cannot be downloaded or is not the one its name promises; the message says which file
            to put where. (That a path exists is checked where it is read.)
    """
    if not source.startswith(("http://", "https://")):
        return Path(source).expanduser()
    name = urllib.parse.unquote(Path(urllib.parse.urlparse(source).path).name)
    target = cache_dir() / name
    if target.is_file():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{name}.", delete=False) as partial:
            try:
                digest = _download(source, partial)
                partial.close()
                _check_digest(name, digest, source)
                Path(partial.name).replace(target)
            finally:
                Path(partial.name).unlink(missing_ok=True)
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        raise CheckpointError(
            f"{name}: cannot download {source} ({reason}). Fetch it on a machine with a network and put it at "
            f"{target}, or give the path of a local file"
        ) from error
    return target


def _download(source: str, target: IO[bytes]) -> str:
    """Copy ``source`` into ``target`` and return its SHA-256 sum; progress goes to the log."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(source, timeout=_TIMEOUT) as response:
        size = int(response.headers.get("Content-Length") or 0)
        logger.info("downloading %s (%.1f MB)", source, size / 1e6)
        done, reported = 0, 0
        while chunk := response.read(_CHUNK):
            target.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if size and done * 10 // size > reported:
                reported = done * 10 // size
                logger.info("%d %% of %.1f MB", reported * 10, size / 1e6)
    if size and done != size:
        raise OSError(f"the connection ended after {done} of {size} bytes")
    return digest.hexdigest()


def _check_digest(name: str, digest: str, source: str) -> None:
    promised = re.search(r"-([0-9a-f]{8})(?=\.[A-Za-z]+$)", name)
    if promised and not digest.startswith(promised.group(1)):
        raise CheckpointError(
            f"{name}: the download from {source} has SHA-256 {digest[:8]}..., its name promises "
            f"{promised.group(1)}...; it was thrown away. Try again, or fetch the file by other means"
        )
