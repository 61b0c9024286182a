"""Where a hostile input meets the code: a folder, a guard around the call, and the judgement of what came of it.

Allowed outcomes are success and an error of the UserError family (a tool prints its message alone and exits with 2 or
3). Anything else is a fault: another exception, more than ten seconds, a gibibyte of memory, a message too long to
read, a file written outside the output folder, a file read that nobody was given, a process or a connection started.
"""

import faulthandler
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mindocr.errors import UserError

SECONDS = 10.0
STUCK = 120.0  # seconds after which the process ends itself: compiled code does not hear the alarm
GROWTH = 1 << 30
CEILING = 4 << 30  # a fault must not take the machine with it
LONGEST_MESSAGE = 20_000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.truncate": 1,
    "os.chmod": 1,
}  # fmt: skip
_STARTS = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "urllib.Request")
_NO_ANSWERS = ("nsufficient memory", "nable to allocate", "out of memory", "Traceback (most recent", " object at 0x")


class Escape(BaseException):
    """Something was touched that is none of the input's business. No ``except Exception`` may catch it."""


class Hang(BaseException):
    """The time is up."""


class Arena:
    """A folder for one case.

    Attributes:
        inputs: the hostile files.
        out: the only place where the code may write.
        secret: a file beside them that nothing may read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs, self.out, self.temporary = (folder / name for name in ("in", "out", "tmp"))
        for place in (self.inputs, self.out, self.temporary):
            place.mkdir(parents=True)
        self.secret = folder / "secret.txt"
        self.secret.write_text("nobody may read this", encoding="utf-8")
        self.pictures: Path | None = None  # a converter puts PNG files beside GIF images

    def may_write(self, place: Path) -> bool:
        if any(place.is_relative_to(free) for free in (self.out, self.temporary)):
            return True
        beside = self.pictures is not None and place.is_relative_to(self.pictures)
        return (beside and ".png" in place.name) or place.suffix == ".pyc" or "__pycache__" in str(place)

    def listing(self) -> dict[str, tuple[int, int]]:
        """Size and time of every file that must stay as it is."""
        files = (Path(root) / name for root, _, names in os.walk(self.folder) for name in names)
        states = ((file, file.lstat()) for file in files if not self.may_write(file))
        return {str(file): (state.st_size, state.st_mtime_ns) for file, state in states}


_guarded: Arena | None = None
_hooked = False


def _watch(event: str, arguments: tuple) -> None:
    arena = _guarded
    if arena is None:
        return
    if event in _STARTS:
        raise Escape(f"{event} {arguments!r}")
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int):
            return
        place = _absolute(path)
        if flags & _WRITING and not arena.may_write(place) and place != Path(os.devnull):
            raise Escape(f"writes {place}")
        if place == arena.secret or str(place) in ("/etc/passwd", "/etc/hosts"):
            raise Escape(f"reads {place}")
    elif event in _CHANGES:
        for path in arguments[: _CHANGES[event]]:
            if not isinstance(path, int) and not arena.may_write(_absolute(path)):
                raise Escape(f"{event} {path!r}")


def _absolute(path: str | bytes | os.PathLike) -> Path:
    # the parent is resolved, so that a link out of the folder is seen; the name itself may be a link to be replaced
    place = Path(os.fsdecode(path))
    return place.parent.resolve() / place.name


def judge(arena: Arena, call: Callable[[], object]) -> tuple[str, str]:
    """Run ``call`` and judge it.

    Returns:
        (``accepted``, ``refused`` or ``fault``; the message).
    """
    before, start = arena.listing(), time.process_time()
    _forget_peak()
    level = _memory("VmHWM")
    try:
        with _guard(arena):
            call()
        verdict, message = "accepted", ""
    except UserError as error:
        verdict, message = "refused", str(error)
    except OSError as error:
        # run_tool tells these too, but only a file name makes them an answer
        verdict, message = ("refused" if error.filename else "fault"), f"{type(error).__name__}: {error}"
    except MemoryError:
        verdict, message = "fault", "MemoryError"
    except (Escape, Hang) as error:
        verdict, message = "fault", f"{type(error).__name__}: {error}"
    except Exception as error:
        verdict, message = "fault", f"{type(error).__module__}.{type(error).__name__}: {error}"[:2000]
    seconds, growth = time.process_time() - start, _memory("VmHWM") - level
    problems = [message] if verdict == "fault" else []
    if seconds > SECONDS:
        problems.append(f"took {seconds:.1f} s of CPU time")
    if growth > GROWTH:
        problems.append(f"took {growth >> 20} MiB of memory")
    if len(message) > LONGEST_MESSAGE or any(words in message for words in _NO_ANSWERS):
        problems.append(f"no message for a person: {message[:200]} ({len(message)} characters)")
    if verdict == "refused" and not message.strip():
        problems.append("an empty message")
    changed = {name for name, _ in arena.listing().items() ^ before.items()}
    if changed:
        problems.append(f"changed outside the output folder: {sorted(changed)[:3]}")
    return ("fault", "; ".join(problems)) if problems else (verdict, message)


@contextmanager
def _guard(arena: Arena) -> Iterator[None]:
    global _guarded, _hooked
    if not _hooked:
        sys.addaudithook(_watch)  # cannot be taken out again, so it rests while no arena is guarded
        _hooked = True
    tempdir, cwd = tempfile.tempdir, Path.cwd()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    tempfile.tempdir = str(arena.temporary)
    os.chdir(arena.out)
    old = signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS + 1)
    faulthandler.dump_traceback_later(STUCK, exit=True)
    resource.setrlimit(resource.RLIMIT_AS, (_memory("VmSize") + CEILING, limits[1]))
    _guarded = arena
    try:
        yield
    finally:
        _guarded = None
        resource.setrlimit(resource.RLIMIT_AS, limits)
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        os.chdir(cwd)
        tempfile.tempdir = tempdir


def _ring(*_: object) -> None:
    raise Hang(f"no end after {SECONDS:g} s of CPU time")


def _memory(name: str) -> int:
    """VmHWM (the peak of resident memory), VmSize and so on, in bytes."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123
        return next(int(line.split()[1]) << 10 for line in file if line.startswith(f"{name}:"))


def _forget_peak() -> None:
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("5")


def clear(folder: Path) -> None:
    """Remove a case's folder."""
    shutil.rmtree(folder, ignore_errors=True)
