"""MindSpore's compile cache: graphs that were compiled in one run are loaded in the next.

MindSpore 2.10 names the files of its cache by the order in which a process compiles graphs, and loads a file without
asking for which network or input it was made: with other sizes, or in another order, it computes wrong results. So a
folder of the cache serves only one plan here, networks and their input shapes in order, and its name is a digest of all
that the graphs depend on. Weights are no part of a graph. MindSpore takes only one folder in a process.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import mindspore as ms
from mindspore import nn

from mindocr.models.download import cache_dir

ENABLE, PATH = "MS_COMPILER_CACHE_ENABLE", "MS_COMPILER_CACHE_PATH"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_SETTINGS = ("device_target", "mode", "jit_config")
_SCRIPT = sys.argv[0] if sys.argv else ""  # MindSpore takes it when it is imported, too
_in_use: list[Path] = []  # the folder of this process

Plan = Sequence[tuple[nn.Cell, Sequence[tuple[int, ...]]]]

logger = logging.getLogger(__name__)


@contextmanager
def keeping_graphs(plan: Plan) -> Iterator[Path | None]:
    """Load the graphs that are compiled inside, or keep them for the next run.

    Nothing is kept if the user has set ``MS_COMPILER_CACHE_ENABLE``, to 0 or to 1; in PyNative mode; for a second plan
    in one process; in a process that no script file has started, such as ``python -c``, since MindSpore reads that
    file; and where the folder cannot be written.

    Args:
        plan: networks, whose layers, settings and types must not change any more, with the shapes of their inputs, in
            the order in which they are compiled inside. No other graph may be compiled there.

    Yields:
        The folder; None if nothing is kept.
    """
    if ENABLE in os.environ or ms.get_context("mode") != ms.GRAPH_MODE or _in_use or not Path(_SCRIPT).is_file():
        yield None
        return
    folder = cache_dir().parent / "graphs" / digest_of(plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logger.warning("%s: compiled graphs cannot be kept there (%s)", folder, error.strerror or error)
        yield None
        return
    _in_use.append(folder)
    logger.info("compiled graphs are kept in %s (%s=0 switches this off)", folder, ENABLE)
    os.environ[ENABLE], os.environ[PATH] = "1", str(folder)
    try:
        yield folder
    finally:
        del os.environ[ENABLE], os.environ[PATH]


def digest_of(plan: Plan) -> str:
    """16 hexadecimal digits that differ if the graphs may differ."""
    settings = [ms.get_context(key) for key in _SETTINGS]
    digest = hashlib.sha256(f"{ms.__version__} {_sources()} {settings}\n".encode())
    for network, shapes in plan:
        digest.update(f"{list(shapes)} {_ADDRESS.sub('', str(network))}\n".encode())
        for text in _settings_of(network):
            digest.update(f"{text}\n".encode())
        for parameter in network.get_parameters():
            digest.update(f"{parameter.name} {tuple(parameter.shape)} {parameter.dtype}\n".encode())
    return digest.hexdigest()[:16]


def _settings_of(network: nn.Cell) -> Iterator[str]:
    """Every setting of every layer, such as a factor: the text of a network shows only some of them."""
    usual = vars(nn.Cell()).keys()
    for name, layer in network.cells_and_names():
        yield f"{name} {type(layer).__module__}.{type(layer).__qualname__}"
        for key, value in sorted(vars(layer).items()):
            if isinstance(value, ms.ops.Primitive):
                yield f"{key} {type(value).__name__} {_ADDRESS.sub('', str(sorted(value.attrs.items())))}"
            elif key not in usual and isinstance(value, bool | int | float | str | tuple | list | dict | None):
                yield f"{key} {_ADDRESS.sub('', repr(value))}"


@cache
def _sources() -> str:
    """A digest of the source files of all layers."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
