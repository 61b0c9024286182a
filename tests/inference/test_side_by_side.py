"""Batches through a network: which call computes which batch."""

from __future__ import annotations

import threading

import pytest

from mindocr.inference.side_by_side import in_batches, side_by_side


class Parallel:
    """A runner that says which of its calls was used, and in which thread."""

    workers = 3

    def __call__(self, batch):
        return ("all threads", batch)

    def work_alone(self, batch):
        return ("alone", batch)

    def work(self, batch):
        return ("beside others", batch) if threading.current_thread() is not threading.main_thread() else None


def call(network, batch):
    return network(batch)


@pytest.mark.parametrize(
    ("early", "batches", "calls"),
    [
        (True, 4, ["alone"] + ["beside others"] * 3),
        (True, 1, ["alone"]),
        (False, 1, ["all threads"]),
        (False, 3, ["beside others"] * 3),
        (True, 0, []),
        (False, 0, []),
    ],
)
def test_a_runner_that_works_side_by_side(early, batches, calls):
    found = list(side_by_side(Parallel(), call, iter(range(batches)), early))
    assert found == list(zip(calls, range(batches)))


def test_any_other_runner_stays_in_this_thread():
    def runner(batch):
        return threading.current_thread() is threading.main_thread(), batch

    assert list(side_by_side(runner, call, range(3), early=True)) == [(True, 0), (True, 1), (True, 2)]
    one = Parallel()
    one.workers = 1
    assert list(side_by_side(one, call, range(2))) == [("all threads", 0), ("all threads", 1)]


def test_batches():
    assert list(in_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_batches([], 2)) == []
