"""Signals become a request to stop; real signals are sent to this process."""

import os
import signal
import threading

import pytest

from mindocr.engine.runtime.signals import StopRequest
from mindocr.utils.interrupts import Stopped

pytestmark = pytest.mark.usefixtures("default_signals")


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C")])
def test_a_signal_is_noted_and_the_work_goes_on(number, name, monkeypatch):
    monkeypatch.setattr("mindocr.engine.runtime.signals.in_foreground", lambda: False)
    with StopRequest() as stop:
        assert not stop.asked()
        send(number)
        assert stop.asked()
        send(number)  # within a second: a launcher that passes on what it got
    assert (stop.number, stop.name) == (number, name)


def test_sigterm_in_the_foreground_of_a_terminal_is_ctrl_c(monkeypatch):
    monkeypatch.setattr("mindocr.engine.runtime.signals.in_foreground", lambda: True)
    with StopRequest() as stop:
        send(signal.SIGTERM)
    assert stop.number == signal.SIGINT


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with StopRequest():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)


def test_work_that_may_be_left_undone_is_interrupted():
    with StopRequest() as stop:
        stop.interrupt()
        send(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            stop.interrupt()


def broken():
    yield 1
    raise RuntimeError("a data worker ended")


def test_workers_that_fell_to_the_same_signal_end_the_batches_quietly():
    with StopRequest() as stop:
        with pytest.raises(RuntimeError, match="a data worker"):
            list(stop.until_stopped(broken()))
        send(signal.SIGTERM)
        assert list(stop.until_stopped(broken())) == [1]


def test_another_thread_may_train_but_hears_no_signals():
    seen = []

    def work():
        with StopRequest() as stop:
            seen.append(stop.asked())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_a_stop_is_an_interrupt_with_an_exit_code():
    assert Stopped(signal.SIGTERM, "").exit_code == 143
    assert isinstance(Stopped(signal.SIGINT, ""), KeyboardInterrupt)
