"""Several ranks: joining a job that msrun or mpirun started, and the data that ranks exchange besides gradients."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from mindocr.engine.runtime.rank_watchdog import POLL_S, leave_address, start_time
from mindocr.errors import ConfigError, UserError
from mindocr.utils.launcher import launched
from mindocr.utils.process_exit import skip_teardown

TOPOLOGY_TIMEOUT_S = 120
_OPEN_MPI = ("OMPI_", "PMIX_", "PRTE_")
_SCHEDULER = (
    "import mindspore as ms; ms.set_device('CPU'); from mindspore import communication; communication.init('mccl')"
)
_scheduler: int | None = None


def join(device: str) -> tuple[int, int]:
    """Join the other ranks of the job.

    Ascend uses HCCL. The CPU uses MindSpore's own cluster. msrun sets it up; mpirun does not, so its environment
    variables are translated, and rank 0 starts the scheduler that the cluster needs. In the scheduler process that
    msrun starts, this function does not return.

    Returns:
        This process's rank, from 0, and the number of ranks.

    Raises:
        ConfigError: this process was started alone.
        UserError: the ranks cannot find each other.
    """
    if not launched():
        raise ConfigError(
            f"system.distribute: True, but this process was started alone; start it with {_launchers()}, "
            "or add '-o system.distribute=False'"
        )
    if device == "CPU" and "OMPI_COMM_WORLD_SIZE" in os.environ and "MS_ROLE" not in os.environ:
        _translate_open_mpi(os.environ)
    os.environ.setdefault("MS_TOPO_TIMEOUT", str(TOPOLOGY_TIMEOUT_S))
    if device == "CPU" and os.environ.get("MS_ROLE") == "MS_SCHED":
        _be_scheduler()
    from mindspore import communication

    try:
        communication.init("hccl" if device == "Ascend" else "mccl")
    except (RuntimeError, ValueError) as error:
        raise UserError(_why_not_joined(str(error))) from None
    return communication.get_rank(), communication.get_group_size()


def _be_scheduler() -> NoReturn:
    """Run as msrun's scheduler on CPU until the ranks have ended.

    MindSpore's scheduler waits until each rank signs off, which ranks on CPU do not (see :func:`together`). So it runs
    in a separate process, which is killed when the ranks of this host have ended.
    """
    server = subprocess.Popen([sys.executable, "-c", _SCHEDULER], stdin=subprocess.DEVNULL)
    ranks: set[tuple[int, str]] = set()
    while server.poll() is None:
        time.sleep(POLL_S)
        ranks |= _ranks_beside()
        if ranks and not any(start_time(pid) == began for pid, began in ranks):
            server.kill()
            server.wait()
            sys.exit(0)
    sys.exit(server.returncode)


def _ranks_beside() -> set[tuple[int, str]]:
    """Process ids and start times of the ranks that have the same parent process as this one."""
    ranks = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getppid() and b"MS_ROLE=MS_WORKER" in (folder / "environ").read_bytes().split(b"\0"):
                ranks.add((int(folder.name), start_time(int(folder.name))))
    return {(pid, began) for pid, began in ranks if began is not None}


def _launchers() -> str:
    msrun = "'msrun --worker_num=2 --local_worker_num=2 python -m mindocr train --config FILE'"
    if shutil.which("mpirun") is None:
        return f"{msrun} (mpirun is not installed here: Debian and Ubuntu have it in openmpi-bin)"
    return f"{msrun} or 'mpirun -n 2 python -m mindocr train --config FILE'"


def _translate_open_mpi(environment: MutableMapping[str, str]) -> None:
    """Set the environment variables of MindSpore's cluster for this rank; rank 0 also starts its scheduler."""
    rank, world = (int(environment[f"OMPI_COMM_WORLD_{name}"]) for name in ("RANK", "SIZE"))
    if int(environment.get("OMPI_COMM_WORLD_LOCAL_SIZE", world)) < world and "MS_SCHED_HOST" not in environment:
        raise ConfigError(
            "system.distribute: these ranks run on several hosts; set MS_SCHED_HOST to the address of the host of "
            "rank 0, as in 'mpirun -x MS_SCHED_HOST=10.0.0.1 ...'"
        )
    # All ranks must choose the same port before they can communicate, and two jobs on one host different ports.
    job = environment.get("PMIX_NAMESPACE") or environment.get("OMPI_MCA_ess_base_jobid") or str(os.getppid())
    environment.setdefault("MS_SCHED_HOST", "127.0.0.1")
    environment.setdefault("MS_SCHED_PORT", str(20000 + zlib.crc32(job.encode()) % 12000))
    environment.update(MS_ROLE="MS_WORKER", MS_WORKER_NUM=str(world), MS_NODE_ID=str(rank))
    if rank == 0:
        _start_scheduler(environment)
    _await_scheduler(environment["MS_SCHED_HOST"], int(environment["MS_SCHED_PORT"]))


def _await_scheduler(host: str, port: int) -> None:
    """Wait until the scheduler answers: MindSpore itself retries so rarely that an early rank loses up to a minute."""
    deadline = time.monotonic() + TOPOLOGY_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise UserError(
        f"system.distribute: rank 0's scheduler does not answer at {host}:{port} after {TOPOLOGY_TIMEOUT_S} s; "
        "see the message of rank 0, and check that the hosts can reach each other on this port"
    )


def _start_scheduler(environment: Mapping[str, str]) -> None:
    port = int(environment["MS_SCHED_PORT"])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise UserError(
                f"MS_SCHED_PORT: port {port}, on which the ranks connect, cannot be used ({error.strerror}); "
                "set a free one, as in 'mpirun -x MS_SCHED_PORT=23456 ...'"
            ) from None
    own = {key: value for key, value in environment.items() if not key.startswith(_OPEN_MPI) and key != "MS_NODE_ID"}
    # Do not wait for it here, or the ranks would wait for each other; the watchdog ends it after them.
    global _scheduler
    _scheduler = subprocess.Popen(
        [sys.executable, "-c", _SCHEDULER],
        env={**own, "MS_ROLE": "MS_SCHED"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ).pid


def _why_not_joined(reason: str) -> str:
    world, port = os.environ.get("MS_WORKER_NUM", "?"), os.environ.get("MS_SCHED_PORT", "?")
    first = next((line.strip() for line in reason.splitlines() if line.strip()), "no reason given")
    return (
        f"system.distribute: this rank waited for {world} ranks at {os.environ.get('MS_SCHED_HOST', '?')}:{port} and "
        f"not all of them connected ({first}). Start as many processes as the launcher expects "
        "(msrun: --worker_num = sum of --local_worker_num), and choose another port if this one is in use "
        "(msrun: --master_port)"
    )


@contextmanager
def together(rank: int, world: int, folder: Path, device: str) -> Iterator[None]:
    """Make ranks end together: when one dies while the body runs, the others are ended and the reason is reported.

    The lowest rank of each host starts the process that watches the ranks of its host. At the end every rank waits for
    all others, so a rank that ends early has failed. On CPU the processes end without MindSpore's own clean-up, in
    which about one rank in a hundred crashes with a segmentation fault when connections close.

    Args:
        rank, world: as :func:`join` returned them; with one rank nothing happens.
        folder: holds ``log_<rank>.txt``.
        device: CPU or Ascend.
    """
    if world == 1:
        yield
        return
    host = zlib.crc32(socket.gethostname().encode())
    everyone = gather([os.getpid(), start_time(os.getpid()), host])
    neighbours = [(number, pid, began) for number, (pid, began, where) in enumerate(everyone) if where == host]
    address = f"\0mindocr-ranks-{neighbours[0][1]}"
    if neighbours[0][0] == rank:
        _start_watch(neighbours, folder, address)
    gather(None)
    if device == "CPU":
        skip_teardown()
    error: str | None = None
    try:
        yield
        gather(None)
        if device == "CPU":
            skip_teardown(lambda: _await_neighbours(rank, address))
    except BaseException as reason:
        error = str(reason) or type(reason).__name__
        raise
    finally:
        news = json.dumps({"rank": rank, "error": error and error[:8000]}).encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):
            line.sendto(news, address)


def _await_neighbours(rank: int, address: str) -> None:
    """Wait until every rank of this host is about to end: a rank that ends sooner may break a transfer to another."""
    leaving = json.dumps({"rank": rank, "leaving": True}).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):  # no watchdog: no wait
        line.bind(leave_address(os.getpid()))
        line.settimeout(1.0)
        while True:
            line.sendto(leaving, address)
            with suppress(TimeoutError):
                line.recv(1)
                return


def _start_watch(neighbours: list[tuple[int, int, str]], folder: Path, address: str) -> None:
    ranks = [(number, pid, began, str(folder / f"log_{number}.txt")) for number, pid, began in neighbours]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address)
        job = {"ranks": ranks, "scheduler": _scheduler, "report": ranks[0][-1], "heard": heard.fileno()}
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("rank_watchdog.py")), json.dumps(job)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(heard.fileno(),),
            start_new_session=True,
        )


def gather(message: Any) -> list[Any]:
    """Messages of all ranks, in order of the ranks; each rank must call this, and it returns when all have called it.

    Args:
        message: anything that JSON can express, of any length.
    """
    import mindspore as ms
    from mindspore import ops

    collect = ops.AllGather()
    text = np.frombuffer(json.dumps(message).encode(), np.uint8).astype(np.int32)
    lengths = collect(ms.Tensor([text.size], ms.int32)).asnumpy()
    padded = np.zeros(int(lengths.max()), np.int32)
    padded[: text.size] = text
    rows = collect(ms.Tensor(padded)).asnumpy().reshape(len(lengths), -1)
    return [json.loads(row[:length].astype(np.uint8).tobytes()) for row, length in zip(rows, lengths)]


def take_from_rank_0(parameters: Sequence[Any], rank: int) -> None:
    """Set float parameters to their values on rank 0; each rank must call this."""
    import mindspore as ms
    from mindspore import ops

    own = [p.asnumpy().astype(np.float32) for p in parameters]
    flat = np.concatenate([values.ravel() for values in own] or [np.zeros(1, np.float32)])
    theirs = ops.AllReduce()(ms.Tensor(flat if rank == 0 else np.zeros_like(flat))).asnumpy()
    start = 0
    for parameter, values in zip(parameters, own):
        part = theirs[start : start + values.size].reshape(values.shape)
        parameter.set_data(ms.Tensor(part, parameter.dtype))
        start += values.size
