"""Work in threads ahead of the consumer: order, bounds, errors, and an early end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.utils.threads import map_ahead


@given(st.lists(st.integers(), max_size=20), st.integers(1, 5), st.integers(1, 3))
def test_results_are_those_of_map_in_order(items, ahead, threads):
    def uneven(item):
        time.sleep(0.0002 * (item % 3))
        return item * 2

    assert list(map_ahead(uneven, items, ahead=ahead, threads=threads)) == [item * 2 for item in items]


def test_few_items_are_taken_ahead():
    taken = []
    gate = threading.Event()

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = map_ahead(lambda item: gate.wait(20) and item, items(), ahead=3)
    threading.Timer(0.05, gate.set).start()
    assert next(results) == 0
    assert len(taken) <= 4
    results.close()


def test_a_result_that_is_ready_comes_before_the_next_items_are_taken():
    """The first result does not wait until ``ahead`` items are in preparation."""
    taken = []

    def items():
        for number in range(10):
            taken.append(number)
            yield number
            time.sleep(0.05)  # as long as a network takes

    assert next(map_ahead(lambda item: item, items(), ahead=5)) == 0
    assert len(taken) <= 2


def test_an_error_of_the_function_comes_where_its_result_is_due():
    def half(item):
        return 12 // item

    results = map_ahead(half, [1, 2, 0, 3], ahead=3)
    assert [next(results), next(results)] == [12, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_error_of_the_source_comes_after_the_results_before_it():
    def items():
        yield from (1, 2)
        raise ValueError("no more")

    seen = []
    with pytest.raises(ValueError, match="no more"):
        for result in map_ahead(lambda item: item * 10, items(), ahead=5):
            seen.append(result)
    assert seen == [10, 20]


def test_no_thread_is_left_after_an_early_end():
    results = map_ahead(lambda item: item, range(1000), ahead=2, name="early")
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("early")]


INTERRUPTED = """
import sys, threading, time
from mindocr.utils.threads import map_ahead
def work(item):
    time.sleep(0.02)
    return item
try:
    for result in map_ahead(work, range(10**6), ahead=2):
        print(result, flush=True)
except KeyboardInterrupt:
    print("interrupted", threading.active_count(), flush=True)
"""


def test_ctrl_c_ends_the_threads(default_signals):
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout is not None and process.stdout.readline() == "0\n"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert rest.splitlines()[-1] == "interrupted 1"
    assert process.returncode == 0
