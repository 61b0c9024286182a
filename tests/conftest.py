"""Fixtures shared by all tests."""

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

import mindocr  # noqa: F401  sets the oneDNN cap before any test imports mindspore

os.environ.setdefault("GLOG_v", "3")

# Property tests draw the same examples in every run and are not timed, so that neither chance nor a slow machine
# decides. MINDOCR_RANDOM_RUNS=20 runs each of them 20 times with random examples.
RANDOM_RUNS = int(os.environ.get("MINDOCR_RANDOM_RUNS", 0))
settings.register_profile(
    "mindocr", derandomize=not RANDOM_RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("mindocr")

ROOT = Path(__file__).resolve().parent.parent
GROWTH = 2**30  # bytes of memory after which compiled graphs are released

_level = 0  # bytes in use after the last release


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Begin each test in MindSpore's own mode and with the same seed, and release compiled graphs from time to time.

    So neither the order of the tests nor chance decides: of 60 random weights, one leaves a layer without gradient.
    MindSpore keeps compiled graphs; one run of all tests took 20 GB.
    """
    global _level
    if ms := sys.modules.get("mindspore"):
        ms.set_context(mode=ms.PYNATIVE_MODE)
        ms.set_seed(7)  # and NumPy's
    result = yield
    if ms and _memory() > _level + GROWTH:
        ms.ms_memory_recycle()
        gc.collect()
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # on Linux, as is /proc
        _level = _memory()
    return result


def _memory() -> int:
    """Bytes of main memory that this process has now; 0 where the system does not tell."""
    statistics = Path("/proc/self/statm")
    return int(statistics.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") if statistics.exists() else 0


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with specifications, real photographs and reference weights; tests that need it skip without it."""
    folder = Path(os.environ.get("MINDOCR_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no folder with reference data (set MINDOCR_SHARED); looked at {folder}")
    return folder


@pytest.fixture(params=[0, 1], ids=["graph", "pynative"])
def mode(request) -> int:
    """MindSpore's execution mode, each in turn."""
    import mindspore as ms

    ms.set_context(mode=request.param)
    return request.param


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if RANDOM_RUNS and is_hypothesis_test(metafunc.function):
        metafunc.fixturenames.append("random_run")
        metafunc.parametrize("random_run", range(RANDOM_RUNS), indirect=True)


@pytest.fixture(scope="session")
def random_run(request) -> int:
    """Number of a run of a property test."""
    return request.param


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Ctrl-C and the like do what they do at a terminal, here and in processes started meanwhile.

    A process inherits what its parent ignores: SIGHUP from ``nohup``, SIGINT and SIGQUIT from ``&`` in a script.
    """
    defaults = {signal.SIGINT: signal.default_int_handler}
    defaults |= dict.fromkeys((signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT), signal.SIG_DFL)
    before = {number: signal.signal(number, handler) for number, handler in defaults.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
