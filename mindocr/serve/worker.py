"""The threads that run the model on the images of a queue, several images at once where the model can."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from mindocr.serve.answers import Answer
from mindocr.serve.models import ServedModel
from mindocr.serve.variants import Options

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Done:
    """An answer of the model and where the time went, in seconds."""

    answer: Answer
    waiting: float
    predicting: float


@dataclass(eq=False)  # identity: arrays have no single truth
class _Job:
    prepared: Any
    options: Options
    future: Future[Done] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Worker:
    """Loads a model and runs it, in one thread or in as many as the model allows.

    Not every framework may be called from several threads, or from another one than has loaded the model. A batch is
    made of images that wait at the same time and belong to one group, in the order in which they came. If none waits
    with the first one, it waits ``max_wait`` for others. A result does not depend on the batch.

    Args:
        load: returns the model; called in the thread.
        max_batch: images of a batch; a model that does not batch gets one.
        max_wait: seconds.
        on_end: called in a thread when the model is loaded or has failed, and when a thread ends by an error.
        on_batch: called in a thread with the number of images of each batch.
    """

    def __init__(
        self,
        load: Callable[[], ServedModel],
        max_batch: int = 1,
        max_wait: float = 0.0,
        on_end: Callable[[], None] = lambda: None,
        on_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._load, self._on_end, self._on_batch = load, on_end, on_batch
        self._max_batch, self._max_wait = max_batch, max_wait
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._waiting: list[_Job] = []  # taken from the queue, of another group than the batch before them
        self._threads = [threading.Thread(target=self._run, name="model", daemon=True)]
        self._turn = threading.Lock()  # of the thread that takes the next batch
        self._count = threading.Lock()
        self._busy = 0  # threads that predict
        self._ended = False
        self._model: Future[ServedModel] = Future()
        self._broken: BaseException | None = None

    def start(self) -> None:
        """Begin to load the model."""
        self._threads[0].start()

    @property
    def model(self) -> ServedModel | None:
        """The model; None while it is loaded and after it has failed."""
        return self._model.result() if self._model.done() and self.error is None else None

    @property
    def error(self) -> BaseException | None:
        """Why the model cannot be loaded, or the thread has ended; None if all is well, and while it is loaded."""
        return self._broken or (self._model.exception() if self._model.done() else None)

    def wait(self, timeout: float | None = None) -> ServedModel:
        """The model, as soon as it is loaded.

        Raises:
            UserError: it cannot be used, or another error of the loading.
            TimeoutError: it is not loaded in time.
        """
        return self._model.result(timeout)

    @property
    def length(self) -> int:
        """Images that wait for the model."""
        return self._jobs.qsize() + len(self._waiting)

    def submit(self, prepared: Any, options: Options) -> Future[Done]:
        """Queue an image; it is left out if its future is cancelled before its turn.

        Args:
            prepared: what the model's ``prepare`` has returned.
            options: see :attr:`ServedModel.options`.
        """
        job = _Job(prepared, dict(options))
        self._jobs.put(job)
        return job.future

    def stop(self, timeout: float) -> bool:
        """End the threads after the images that wait; returns whether they have ended."""
        self._jobs.put(None)
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        try:
            self._model.set_result(self._load())
        except BaseException as error:  # told by whoever waits for the model
            self._model.set_exception(error)
            return
        finally:
            self._on_end()
        model = self._model.result()
        for _ in range(model.workers - 1):
            self._threads.append(threading.Thread(target=self._predict_all, args=(model,), name="model", daemon=True))
            self._threads[-1].start()
        self._predict_all(model)

    def _predict_all(self, model: ServedModel) -> None:
        """Predict batch by batch until the service stops."""
        most = self._max_batch if model.batches else 1
        try:
            while True:
                with self._turn:
                    batch = self._take(model, most)
                if not batch:
                    return
                with self._count:
                    alone = self._busy == 0 and self.length == 0
                    self._busy += 1
                self._predict(model, batch, alone)
                with self._count:
                    self._busy -= 1
        except BaseException as error:  # of this class or memory that is exhausted: no image would get an answer
            self._broken = error
            self._on_end()

    def _take(self, model: ServedModel, most: int) -> list[_Job]:
        """The next batch; empty = stop."""
        if self._ended:
            return []
        first = self._waiting.pop(0) if self._waiting else self._jobs.get()
        if first is None:
            self._ended = True
            return []
        batch, group = [first], model.group(first.prepared)
        for job in [job for job in self._waiting if model.group(job.prepared) == group][: most - 1]:
            self._waiting.remove(job)
            batch.append(job)
        end = time.monotonic() + (self._max_wait if most > 1 else 0)
        while len(batch) < most:
            try:
                patience = max(end - time.monotonic(), 0) if len(batch) == 1 else 0
                following = self._jobs.get(patience > 0, patience or None)
            except queue.Empty:
                break
            if following is None:
                self._jobs.put(None)  # seen again after this batch
                break
            (batch if model.group(following.prepared) == group else self._waiting).append(following)
        return batch

    def _predict(self, model: ServedModel, batch: list[_Job], alone: bool) -> None:
        running = [job for job in batch if job.future.set_running_or_notify_cancel()]
        if running:
            self._on_batch(len(running))
            self._answer(model, running, alone)

    def _answer(self, model: ServedModel, batch: list[_Job], alone: bool) -> None:
        """Run the model; an image that fails does not take the others of its batch with it."""
        start = time.monotonic()
        try:
            answers = model.predict([job.prepared for job in batch], [job.options for job in batch], alone)
        except Exception as error:
            if len(batch) > 1:
                logger.warning("a batch of %d images failed (%s); they are predicted one by one", len(batch), error)
                for job in batch:
                    self._answer(model, [job], alone)
            else:
                batch[0].future.set_exception(error)
            return
        end = time.monotonic()
        for job, answer in zip(batch, answers):
            job.future.set_result(Done(answer, start - job.since, end - start))
