"""Downloads weights into a cache folder; a machine without network access needs only the file there."""

from __future__ import annotations

import http.client
import logging
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import IO

from tqdm import tqdm

from mindocr.errors import CheckpointError
from mindocr.models.ckpt_format import check_file
from mindocr.utils import files

HOME_VARIABLE = "MINDOCR_HOME"
OFFLINE_VARIABLE = "MINDOCR_OFFLINE"
TIMEOUT = 30.0  # seconds without a byte
PAUSES = (1.0, 3.0)  # seconds before the second and the third attempt
_CHUNK = 1 << 20

logger = logging.getLogger(__name__)


def cache_dir() -> Path:
    """Folder of downloaded weights: ``$MINDOCR_HOME/weights``, by default ``~/.mindocr/weights``."""
    return Path(os.environ.get(HOME_VARIABLE) or "~/.mindocr").expanduser() / "weights"


def is_offline() -> bool:
    """Whether ``MINDOCR_OFFLINE`` forbids the network."""
    return os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0")


def fetch_weights(source: str) -> Path:
    """Turn a path or a URL into the path of a local file, downloading it if the cache folder does not have it.

    Released files carry the first eight hexadecimal digits of their SHA-256 sum at the end of their names
    (``resnet18-1e65cd21.ckpt``). The sum is checked after a download and whenever the cached file is used; without one
    in the name, the file must be a complete checkpoint. A damaged file in the cache is downloaded again. A file appears
    in the cache only when it is complete, however many processes fetch it at once. Proxies are those of the usual
    environment variables (``http_proxy``, ``https_proxy``, ``no_proxy``); ``MINDOCR_OFFLINE=1`` forbids the network.

    Raises:
        CheckpointError: the file cannot be downloaded, or differs from the checksum in its name; the message says which
            file to put where. (Whether a path exists is checked when it is read.)
    """
    if not source.startswith(("http://", "https://")):
        return Path(source).expanduser()
    target = _cached(source)
    damage = None
    if target.is_file():
        damage = _damage(target, target.name)
        if damage is None:
            return target
        logger.warning("%s: %s; downloading it again", target, damage)
    if is_offline():
        state = f"the file in the cache is damaged ({damage})" if damage else "the file is not in the cache"
        raise CheckpointError(f"{target.name}: {state} and {OFFLINE_VARIABLE} forbids the network. {_by_hand(source)}")
    try:
        _fetch(source, target)
    except (OSError, http.client.HTTPException) as error:
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", None) or error
        raise CheckpointError(f"{target.name}: cannot download {source} ({reason}). {_by_hand(source)}") from error
    return target


def _cached(source: str) -> Path:
    """Path of a URL's file in the cache: names without a sum get a folder per URL, as many are called best.ckpt."""
    name = Path(urllib.parse.unquote(urllib.parse.urlparse(source).path)).name
    if not name:
        raise CheckpointError(f"{source}: this URL names no file; give the URL of a .ckpt or .safetensors file")
    if _promised(name):
        return cache_dir() / name
    return cache_dir() / files.hash_bytes(source.encode())[:8] / name


def _by_hand(source: str) -> str:
    return (
        f"Download {source} on a machine with network access and put it at {_cached(source)}, or give the path of a "
        "local file"
    )


def _fetch(source: str, target: Path) -> None:
    """Download and check the file, and only then rename it to its final name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(target, suffix=target.suffix) as partial:
        with partial.open("wb") as file:
            _download(source, file, target)
        damage = _damage(partial, target.name)
        if damage:
            raise CheckpointError(
                f"{target.name}: the download from {source} was discarded: {damage}. Try again, or download "
                f"the file in another way and put it at {target}"
            )
        partial.chmod(0o644)


def _download(source: str, file: IO[bytes], target: Path) -> None:
    """Copy a URL into ``file``; attempts that fail for a temporary reason are repeated."""
    for pause in (*PAUSES, None):
        try:
            file.seek(0)
            file.truncate()
            _transfer(source, file, target)
        except (OSError, http.client.HTTPException) as error:
            final = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if pause is None or final:
                raise
            logger.warning("%s: %s; trying again in %g s", source, error, pause)
            time.sleep(pause)
        else:
            return


def _transfer(source: str, file: IO[bytes], target: Path) -> None:
    # A new opener each time: the shared one keeps the proxies of the first download of the process.
    with urllib.request.build_opener().open(source, timeout=TIMEOUT) as response:
        size = int(response.headers.get("Content-Length") or 0)
        logger.info("downloading %s (%.1f MB) to %s", source, size / 1e6, target)
        done = 0
        with tqdm(total=size or None, desc=target.name, unit="B", unit_scale=True, disable=None, leave=False) as bar:
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                bar.update(len(chunk))
    if size and done != size:
        raise OSError(f"the connection ended after {done} of {size} bytes")


def _promised(name: str) -> str | None:
    found = re.search(r"-([0-9a-f]{8})(?=\.[A-Za-z]+$)", name)
    return found.group(1) if found else None


def _damage(path: Path, name: str) -> str | None:
    """What is wrong with a file whose final name is ``name``; None if it is intact."""
    promised = _promised(name)
    if promised:
        digest = files.hash_file(path)
        if not digest.startswith(promised):
            return f"its SHA-256 sum is {digest[:8]}..., its name states {promised}..."
    elif path.suffix in (".ckpt", ".safetensors"):
        try:
            check_file(path)
        except CheckpointError as error:
            return str(error).removeprefix(f"{path}: ")
    return None
