"""Answers requests: takes a place, receives the image, decodes it, waits for the model, writes the result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from mindocr.errors import UserError
from mindocr.formats.label_file import to_json
from mindocr.registry import suggest
from mindocr.serve.answers import MEDIA_TYPES, Format, chosen_format, encode
from mindocr.serve.limits import Limits
from mindocr.serve.models import ServedModel
from mindocr.serve.numbers import Numbers
from mindocr.serve.picture import decode_picture
from mindocr.serve.refusal import CLIENT_LEFT, Refusal, busy
from mindocr.serve.schema import ALWAYS
from mindocr.serve.upload import Upload, receive
from mindocr.serve.variants import Options
from mindocr.serve.worker import Done, Worker

T = TypeVar("T")
_LOADING_S = 5  # seconds after which a client may ask again while the model is loaded
_THREADS = 2  # that decode uploads and draw pictures
_AHEAD = 1  # decoded images that wait beside two batches, so that the model need not wait for one


@dataclass(frozen=True)
class Wish:
    """What a request asks for.

    Attributes:
        options: of the model, those that are given.
        form: of the answer.
        name: of the image, for labels; empty = as the form names the file.
    """

    options: Options
    form: Format
    name: str = ""


class Service:
    """The state behind the routes.

    Args:
        worker: runs the model.
        limits: of requests.
        numbers: for the metrics.
    """

    def __init__(self, worker: Worker, limits: Limits, numbers: Numbers) -> None:
        self.worker, self.limits, self.numbers = worker, limits, numbers
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="image")
        self._decoded: asyncio.Semaphore | None = None
        self.in_flight = 0
        self.stopping = False

    def close(self) -> None:
        """End the threads that decode."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def state(self) -> str:
        """``ready``, ``loading``, ``failed`` or ``stopping``."""
        if self.stopping:
            return "stopping"
        return "ready" if self.worker.model else "failed" if self.worker.error else "loading"

    def model(self) -> ServedModel:
        """The model.

        Raises:
            Refusal: 503, it is not ready.
        """
        model = self.worker.model
        if self.state != "ready" or model is None:
            raise busy(f"the model is not ready: {self.state}; try again", _LOADING_S)
        return model

    def wish(self, request: Request, options: Mapping[str, Any], form: Format | None, name: str) -> Wish:
        """What a request asks for.

        Raises:
            Refusal: 400 for an option that this model does not have, 406 for a format that there is not.
        """
        known = [*self.model().options, *ALWAYS]
        for key in request.query_params:
            if key not in known:
                hint = suggest(key, known)
                raise Refusal(400, f"{key[:80]!r}: no such option of this model{hint}; expected {', '.join(known)}")
        given = {key: value for key, value in options.items() if value is not None}
        return Wish(given, chosen_format(form, request.headers.get("accept", "")), name)

    async def answer(self, request: Request, wish: Wish) -> Response:
        """Answer a request with the result of its image.

        Raises:
            Refusal: the image cannot be used, there is no room or no time, or the client has left.
        """
        model = self.model()
        with self._place():
            upload = await receive(request, self.limits)
            work = asyncio.ensure_future(self._work(model, upload, wish))
            left = asyncio.ensure_future(_left(request))
            try:
                await asyncio.wait({work, left}, timeout=self.limits.answer_s, return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    return work.result()
                if left.done():
                    raise Refusal(CLIENT_LEFT, "the client has left")
                raise Refusal(504, f"no result within {self.limits.answer_s:g} s; try a smaller image, or later")
            except asyncio.CancelledError:
                if not self.stopping:
                    raise
                raise busy("the service was stopped before it had a result; ask another one", 1) from None
            finally:
                work.cancel()
                left.cancel()

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the places for requests.

        Raises:
            Refusal: 503, all are taken.
        """
        if self.in_flight >= self.limits.queue:
            raise busy(f"{self.in_flight} requests are being answered, as many as there is room for; try again", 1)
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    async def _work(self, model: ServedModel, upload: Upload, wish: Wish) -> Response:
        async with self._places_for(model):
            image = await self._thread(lambda: decode_picture(upload.content, self.limits.max_pixels))
            done = await self._predict(model, image, wish.options)
            body = await self._thread(lambda: _body(model, done, image, upload, wish))
        self.numbers.texts.add(by=len(done.answer.texts()))
        self.numbers.images.add()
        self.numbers.predicting.observe(done.predicting)
        return Response(body, media_type=MEDIA_TYPES[wish.form])

    def _places_for(self, model: ServedModel) -> asyncio.Semaphore:
        """Places for decoded images, which are large; uploads wait as they came until one is free."""
        if self._decoded is None:
            at_once = self.limits.max_batch if model.batches else model.workers
            self._decoded = asyncio.Semaphore(2 * at_once + _AHEAD)
        return self._decoded

    async def _predict(self, model: ServedModel, image: np.ndarray, options: Options) -> Done:
        try:
            prepared = await self._thread(lambda: model.prepare(image))
            return await asyncio.wrap_future(self.worker.submit(prepared, options))
        except UserError as error:
            raise Refusal(422, f"this image cannot be used: {error}") from None

    async def _thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


async def _left(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _body(model: ServedModel, done: Done, image: np.ndarray, upload: Upload, wish: Wish) -> bytes:
    answer = done.answer
    if wish.form in ("png", "jpeg"):
        return encode(answer.draw(image), ".png" if wish.form == "png" else ".jpg")
    if wish.form == "labels":
        return f"{answer.labels(wish.name or upload.name or 'image')}\n".encode("utf-8", "backslashreplace")
    if wish.form == "text":
        return f"{answer.text()}\n".encode("utf-8", "backslashreplace")
    seconds = {"waiting": round(done.waiting, 4), "predicting": round(done.predicting, 4)}
    searched = {"searched": list(answer.searched)} if answer.searched else {}
    return to_json({
        "model": model.name, "kind": model.kind, "size": list(answer.size), **searched, "texts": answer.texts(),
        "left_out": answer.left_out, "seconds": seconds,
    }).encode()  # fmt: skip
