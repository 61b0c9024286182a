"""Batches of concurrent images: which belong together, in which order they are predicted, and how the thread ends."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError

import numpy as np
import pytest

from mindocr.errors import UserError
from mindocr.predictions.detection import Detection
from mindocr.serve.answers import FoundTexts
from mindocr.serve.worker import Worker


class Gate:
    """A stand-in for a model that waits until it is opened; images are arrays, those of one sign form a group.

    Attributes:
        seen: the batches.
        alone: whether nothing else was to do, for each of them.
    """

    name, kind, options, batches, workers = "gate", "detection", {}, True, 1

    def __init__(self) -> None:
        self.open, self.seen, self.alone = threading.Event(), [], []

    def prepare(self, image):
        return image

    def group(self, prepared):
        return np.sign(prepared[0])

    def predict(self, prepared, options, alone):
        self.alone.append(alone)
        numbers = [int(each[0]) for each in prepared]
        self.seen.append(numbers)
        assert self.open.wait(30)
        if 13 in numbers:
            raise ValueError("unlucky")
        return [FoundTexts(Detection([], []), (number, 1)) for number in numbers]


def image(number: int) -> np.ndarray:
    return np.full(2, number)


@pytest.fixture
def gate():
    return Gate()


def started(model, **arguments) -> Worker:
    worker = Worker(lambda: model, **arguments)
    worker.start()
    worker.wait(30)
    return worker


def busy(gate, worker):
    """Let the model be busy with one image, so that further ones wait together."""
    first = worker.submit(image(1), {})
    while not gate.seen:
        time.sleep(0.001)
    return first


def test_waiting_images_of_one_group_share_a_batch(gate) -> None:
    sizes: list[int] = []
    worker = started(gate, max_batch=3, on_batch=sizes.append)
    first = busy(gate, worker)
    futures = [worker.submit(image(number), {}) for number in (2, -1, 3, 0, -2, 4, 5)]
    assert worker.length == 7
    gate.open.set()
    assert [future.result(10).answer.size[0] for future in (first, *futures)] == [1, 2, -1, 3, 0, -2, 4, 5]
    assert gate.seen == [[1], [2, 3, 4], [-1, -2], [0], [5]]
    assert sizes == [1, 3, 2, 1, 1]
    assert worker.stop(30) and worker.length == 0


def test_a_model_that_does_not_batch_gets_images_in_order(gate) -> None:
    gate.batches = False
    worker = started(gate, max_batch=3)
    busy(gate, worker)
    futures = [worker.submit(image(number), {}) for number in (2, -1, 3)]
    gate.open.set()
    assert [future.result(30).answer.size[0] for future in futures] == [2, -1, 3]
    assert gate.seen == [[1], [2], [-1], [3]]
    assert worker.stop(30)


def test_the_first_image_waits_for_others(gate) -> None:
    gate.open.set()
    worker = started(gate, max_batch=2, max_wait=20)
    first, second = worker.submit(image(1), {}), worker.submit(image(2), {})
    assert [first.result(10).answer.size[0], second.result(10).answer.size[0]] == [1, 2]  # full: the wait ends
    assert gate.seen == [[1, 2]]


def test_an_image_that_fails_fails_alone(gate) -> None:
    worker = started(gate, max_batch=3)
    busy(gate, worker)
    futures = [worker.submit(image(number), {}) for number in (2, 13, 3)]
    gate.open.set()
    assert futures[0].result(30).answer.size[0] == 2 and futures[2].result(30).answer.size[0] == 3
    with pytest.raises(ValueError, match="unlucky"):
        futures[1].result(30)
    assert worker.stop(30)


def test_a_cancelled_image_is_left_out(gate) -> None:
    worker = started(gate, max_batch=3)
    busy(gate, worker)
    gone, stays = worker.submit(image(2), {}), worker.submit(image(3), {})
    assert gone.cancel()
    gate.open.set()
    assert stays.result(30).answer.size[0] == 3
    with pytest.raises(CancelledError):
        gone.result(30)
    assert gate.seen == [[1], [3]]


def test_images_that_wait_are_answered_before_the_end(gate) -> None:
    worker = started(gate, max_batch=2)
    busy(gate, worker)
    futures = [worker.submit(image(number), {}) for number in (2, -1, 3)]
    ended: list[bool] = []
    stop = threading.Thread(target=lambda: ended.append(worker.stop(30)))
    stop.start()
    gate.open.set()
    stop.join(30)
    assert ended == [True] and all(future.done() for future in futures)


def test_a_model_that_cannot_be_loaded() -> None:
    called = threading.Event()

    def load():
        raise UserError("no such file")

    worker = Worker(load, on_end=called.set)
    assert worker.model is None and worker.error is None
    worker.start()
    with pytest.raises(UserError, match="no such file"):
        worker.wait(30)
    assert called.wait(30) and worker.model is None and str(worker.error) == "no such file"


def test_a_thread_that_breaks_is_noticed(gate) -> None:
    ended = threading.Event()

    def count(size: int) -> None:
        raise KeyError("a counter that fails")

    worker = Worker(lambda: gate, on_batch=count, on_end=ended.set)
    worker.start()
    assert worker.wait(30) is gate
    ended.clear()
    worker.submit(image(1), {})
    assert ended.wait(30) and worker.model is None and isinstance(worker.error, KeyError)


def test_threads_predict_side_by_side(gate) -> None:
    gate.batches, gate.workers = False, 2
    worker = started(gate)
    futures = [busy(gate, worker)] + [worker.submit(image(number), {}) for number in (2, 3)]
    while len(gate.seen) < 2:
        time.sleep(0.001)
    assert worker.length == 1  # two are predicted, one waits
    gate.open.set()
    assert [future.result(30).answer.size[0] for future in futures] == [1, 2, 3]
    assert gate.alone == [True, False, False] or gate.alone == [True, False, True]  # the last may find nobody else
    assert worker.submit(image(4), {}).result(30).answer.size[0] == 4
    assert worker.stop(30)
