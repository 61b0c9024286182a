"""Memory of this process."""

import resource
import subprocess
import sys

from mindocr.utils import memory


def test_the_peak_grows_with_what_was_allocated_and_stays():
    script = (
        "from mindocr.utils.memory import peak_memory\n"
        "before = peak_memory(); block = bytearray(200_000_000); block[::4096] = b'x' * len(block[::4096])\n"
        "there = peak_memory(); del block; print(before, there, peak_memory())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    before, there, after = map(int, done.stdout.split())
    assert 5e6 < before < 150e6
    assert 195e6 < there - before < 260e6
    assert after > 0.99 * there  # the system counts pages a little late


def test_without_proc_the_system_is_asked(monkeypatch):
    monkeypatch.setattr(memory, "Path", type("NoProc", (), {"__init__": lambda *_: None, "read_text": _missing}))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    monkeypatch.setattr(memory.sys, "platform", "linux")
    assert memory.peak_memory() >= peak * 1024
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert peak <= memory.peak_memory() < peak * 1024


def _missing(*_, **__):
    raise FileNotFoundError
