"""Shared memory without names: between processes, and after the end of a killed process."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mindocr.data.loading.shared_memory import AVAILABLE, SharedBlock, available_memory

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="needs Linux")


def add_one(block, size, times):
    for _ in range(times):
        with block.locked():
            block.array(size).view(np.int64)[0] += 1
    return block.address


def test_processes_write_to_the_same_bytes_and_keep_each_other_out():
    block = SharedBlock(8)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        addresses = [pool.submit(add_one, block, 8, 300) for _ in range(2)]
        add_one(block, 8, 300)
        assert {future.result() for future in addresses} == {block.address}
    assert block.array(8).view(np.int64)[0] == 900


def test_it_grows_for_all_and_arrays_outlive_it():
    block = SharedBlock()
    other = pickle.loads(pickle.dumps(block))
    other.reserve(100)
    other.array(100)[99] = 7
    seen = block.array(100)
    assert seen[99] == 7 and len(block.array(0)) == 0
    block.close()
    block.close()
    other.array(100)[0] = 5
    assert seen[0] == 5


def test_a_number_used_again_is_another_block():
    first = SharedBlock(8)
    address = first.address
    first.close()
    second = SharedBlock(8)
    assert second.address[:2] == address[:2] and second.address != address


def test_a_killed_owner_leaves_nothing(tmp_path):
    script = tmp_path / "own.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {str(Path(__file__).parents[3])!r})
        from mindocr.data.loading.shared_memory import SharedBlock
        block = SharedBlock(50_000_000)
        block.array(50_000_000)[:] = 1
        print("ready", flush=True)
        time.sleep(60)
        """),
        encoding="utf-8",
    )
    before = set(Path("/dev/shm").glob("psm_*"))
    owner = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout.readline() == "ready\n"
    assert any("memfd:mindocr" in str(link.readlink()) for link in Path(f"/proc/{owner.pid}/fd").iterdir())
    shared = shared_memory()
    owner.kill()
    owner.wait()
    deadline = time.monotonic() + 10
    while shared_memory() > shared - 40_000_000 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shared_memory() < shared - 40_000_000
    assert set(Path("/dev/shm").glob("psm_*")) <= before


def shared_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Shmem:"))


def test_available_memory_is_that_of_this_machine():
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < available_memory() <= total
