"""The lock of a folder, between real processes."""

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import time

import pytest

from mindocr.errors import UserError
from mindocr.utils import folder_lock
from mindocr.utils.folder_lock import LOCK_NAME, locked

HOLD = """
import subprocess, sys, time
from pathlib import Path
from mindocr.utils.folder_lock import locked
with locked(Path(sys.argv[1]), "key"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(child.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    process.child = int(process.stdout.readline())
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    os.kill(process.child, signal.SIGKILL)


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path, holder):
    message = (
        rf"^train\.ckpt_save_dir: '{tmp_path}' is in use by another run, process {holder.pid} on \S+, started at "
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d; wait until it ends, stop it, or choose another folder$"
    )
    for _ in range(2):
        with pytest.raises(UserError, match=message), locked(tmp_path, "train.ckpt_save_dir"):
            pytest.fail("two processes hold the lock")
    holder.kill()
    holder.wait()
    assert (tmp_path / LOCK_NAME).exists()  # left behind; it locks nothing, although a child of the process lives
    with locked(tmp_path, "train.ckpt_save_dir"):
        assert json.loads((tmp_path / LOCK_NAME).read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_is_free_after_an_error_and_held_within_one_process_too(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "key"):
        raise ZeroDivisionError
    with locked(tmp_path, "key"):
        with pytest.raises(UserError, match=f"process {os.getpid()} on"), locked(tmp_path, "key"):
            pass
        with pytest.raises(UserError, match="is in use"), locked(tmp_path, "key"):
            pass
    with locked(tmp_path, "key"):
        pass


def test_of_many_processes_one_at_a_time_holds_it(tmp_path):
    """The file is removed at the end: a process that has opened it before must not lock the removed one."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom mindocr.errors import UserError\n"
        "from mindocr.utils.folder_lock import locked\n"
        "folder, got = Path(sys.argv[1]), 0\n"
        "end = time.monotonic() + 1\n"
        "while time.monotonic() < end:\n"
        "    try:\n"
        "        with locked(folder, 'key'):\n"
        "            (folder / 'held').touch(exist_ok=False)\n"
        "            (folder / 'held').unlink()\n"
        "            got += 1\n"
        "    except UserError:\n"
        "        continue\n"
        "print(got)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    told = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    assert sum(int(out) for out, _ in told) > 100


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_locks(tmp_path, monkeypatch, caplog, number):
    def flock(handle, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder_lock.fcntl, "flock", flock)
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)  # a run in this process may have set it
    with caplog.at_level("WARNING", logger="mindocr"), locked(tmp_path, "key"), locked(tmp_path, "key"):
        pass
    assert caplog.messages[0].startswith(f"key: '{tmp_path}' cannot be locked (")
    assert "make sure that no other run uses it" in caplog.messages[0]


def test_a_lock_file_without_a_note(tmp_path, monkeypatch):
    with locked(tmp_path, "key"):
        (tmp_path / LOCK_NAME).write_text("")
        began = time.monotonic()
        with pytest.raises(UserError, match="by another run, which has just started; wait"), locked(tmp_path, "key"):
            pass
        assert time.monotonic() - began < 1
