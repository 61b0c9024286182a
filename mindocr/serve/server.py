"""Runs the service in this process until a signal stops it."""

from __future__ import annotations

import errno
import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvicorn

from mindocr.errors import UserError
from mindocr.serve.app import build_app
from mindocr.serve.limits import Limits
from mindocr.serve.models import Choice, ServedModel, open_model
from mindocr.serve.numbers import Numbers
from mindocr.serve.protocol import PatientProtocol
from mindocr.serve.sample import sign
from mindocr.serve.service import Service
from mindocr.serve.worker import Worker
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)

HOST, PORT = "127.0.0.1", 8000
_LOOPBACK = ("127.", "::1")
_BACKLOG = 128  # connections that wait to be taken


@dataclass(frozen=True)
class Address:
    """Where the service listens.

    Attributes:
        host: a name or an address; ``0.0.0.0`` = every address of this machine.
        port: 0 = any free one.
    """

    host: str = HOST
    port: int = PORT

    def bind(self) -> socket.socket:
        """A socket that holds this address.

        Raises:
            UserError: the port is in use or not allowed, or the host is not of this machine.
        """
        try:
            family, kind, number, _, place = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            held = socket.socket(family, kind, number)
        except OSError as error:
            raise UserError(f"--host {self.host}: {error.strerror}; use an address of this machine") from None
        try:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port is free as soon as its server has ended
            held.bind(place)
            held.listen(_BACKLOG)
        except OSError as error:
            held.close()
            raise UserError(f"--host {self.host} --port {self.port}: {_reason(error)}") from None
        held.setblocking(False)
        return held


def serve(choice: Choice, address: Address, limits: Limits, watch: Callable[[Running], None] | None = None) -> int:
    """Load a model and serve it until SIGTERM or Ctrl-C; returns the exit code.

    The service listens at once; it refuses images until the model is loaded.

    Args:
        choice: the model.
        address: where to listen.
        limits: of requests.
        watch: called when the service listens, before it answers.

    Raises:
        UserError: the address or the model cannot be used.
    """
    held = address.bind()
    numbers = Numbers(choice.name)
    running = Running(choice, limits, numbers, held)
    with held:
        before = {number: signal.signal(number, running.on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            running.run(watch)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return 0


class Running:
    """A service that listens.

    Attributes:
        url: its address.
        worker: loads and runs the model.
    """

    def __init__(self, choice: Choice, limits: Limits, numbers: Numbers, held: socket.socket) -> None:
        self._held, self._limits, self._choice = held, limits, choice
        self.worker = Worker(
            self._load, limits.max_batch, limits.max_wait_ms / 1000, self._on_loaded,
            numbers.batches.observe,
        )  # fmt: skip
        self.service = Service(self.worker, limits, numbers)
        numbers.watch("mindocr_queue_images", "Images that wait for the model.", lambda: self.worker.length)
        numbers.watch("mindocr_in_flight_requests", "Requests that are answered.", lambda: self.service.in_flight)
        numbers.watch("mindocr_ready", "1 if images are taken.", lambda: self.service.state == "ready")
        config = uvicorn.Config(
            build_app(self.service), http=_protocol(limits), ws="none", log_config=None, access_log=False,
            server_header=False, lifespan="off", timeout_keep_alive=15, backlog=_BACKLOG,
            timeout_graceful_shutdown=round(limits.stop_s),
        )  # fmt: skip
        self._server = _Server(config, self.service)

    @property
    def url(self) -> str:
        """The address for a browser."""
        host, port = self._held.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self, watch: Callable[[Running], None] | None = None) -> None:
        """Load the model and answer until :meth:`stop`.

        Raises:
            UserError: the model cannot be used.
        """
        host = self._held.getsockname()[0]
        if not host.startswith(_LOOPBACK):
            logger.warning(
                "%s can be reached from outside, without encryption or password; put a proxy before it", self.url
            )
        logger.info("listening at %s; loading %s", self.url, self._choice.model)
        self.worker.start()
        if watch is not None:
            watch(self)
        self._server.run(sockets=[self._held])
        self.service.close()
        if self.worker.error is not None:
            raise self.worker.error
        waits = self.worker.model is not None and not self._server.force_exit
        self.worker.stop(timeout=self._limits.answer_s if waits else 0)
        logger.info("stopped")

    def stop(self) -> None:
        """Finish the requests in flight and end; from any thread."""
        self._server.should_exit = True

    def on_signal(self, number: int, frame: Any) -> None:
        """Stop, for a signal that arrives before or after the server has its own handler."""
        self.stop()

    def _load(self) -> ServedModel:
        """Open the model and run it once, so that it fails at the start if at all, and the first request is fast."""
        model = open_model(self._choice)
        model.workers = min(model.workers, self._limits.workers or model.workers)
        model.predict([model.prepare(sign())], [{}])
        return model

    def _on_loaded(self) -> None:
        if self.worker.error is not None:
            self.stop()
        elif model := self.worker.model:
            logger.info("ready: %s, %s", model.name, model.kind)


class _Server(uvicorn.Server):
    """Says in the log when it stops, and refuses images on connections that are open."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the sockets and wait for the requests in flight."""
        self._service.stopping = True
        in_flight = count(self._service.in_flight, "request")
        logger.info("stopping: %s in flight; new ones are refused", in_flight)
        await super().shutdown(sockets)


def _protocol(limits: Limits) -> type[PatientProtocol]:
    class Protocol(PatientProtocol):
        headers_s = min(PatientProtocol.headers_s, limits.receive_s)

    return Protocol


def _reason(error: OSError) -> str:
    advice = {
        errno.EADDRINUSE: "the port is in use; choose another one, or --port 0 for any free one",
        errno.EACCES: "not allowed; ports below 1024 need rights, choose one above",
        errno.EADDRNOTAVAIL: "not an address of this machine",
    }
    return advice.get(error.errno or 0, str(error.strerror))
