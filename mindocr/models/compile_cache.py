"""MindSpore's compile cache: graphs that were compiled in one run are loaded in the next."""

from __future__ import annotations

import hashlib
import logging
import os

import mindspore as ms
from mindspore import nn

from mindocr.models.download import cache_dir

ENABLE, PATH = "MS_COMPILER_CACHE_ENABLE", "MS_COMPILER_CACHE_PATH"

logger = logging.getLogger(__name__)


def keep_graphs(network: nn.Cell) -> bool:
    """Let MindSpore keep the graphs that it compiles from now on in the user's cache folder.

    Each kind of network and each version of MindSpore has a folder of its own, so that no graph of another one is
    loaded. Nothing changes if the user has set ``MS_COMPILER_CACHE_ENABLE``, to 0 or to 1.

    Returns:
        Whether this function has switched the cache on.
    """
    if ENABLE in os.environ:
        return False
    digest = hashlib.sha256(ms.__version__.encode())
    for parameter in network.get_parameters():
        digest.update(f"{parameter.name} {tuple(parameter.shape)} {parameter.dtype}\n".encode())
    folder = cache_dir().parent / "graphs" / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logger.warning("%s: compiled graphs cannot be kept there (%s)", folder, error.strerror or error)
        return False
    os.environ[ENABLE], os.environ[PATH] = "1", str(folder)
    logger.info("compiled graphs are kept in %s (%s=0 switches this off)", folder, ENABLE)
    return True
