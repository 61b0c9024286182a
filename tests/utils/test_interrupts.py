"""Ctrl-C waits for the end of a block."""

import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from mindocr.utils import interrupts
from mindocr.utils.interrupts import Stopped, ctrl_c_waits, result_of, sigterm_raises

pytestmark = pytest.mark.usefixtures("default_signals")


def test_ctrl_c_comes_at_the_end_of_the_block():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with ctrl_c_waits():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest of the block")
        done.append("after the block")
    assert done == ["the rest of the block"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)  # the handler is the earlier one again


def test_a_second_ctrl_c_comes_at_once():
    done = []
    with pytest.raises(KeyboardInterrupt), ctrl_c_waits():
        signal.raise_signal(signal.SIGINT)
        done.append("first")
        signal.raise_signal(signal.SIGINT)
        done.append("second")
    assert done == ["first"]
    with ctrl_c_waits():
        pass  # nothing is left of it


def test_an_error_of_the_block_is_not_lost():
    with pytest.raises(ZeroDivisionError), ctrl_c_waits():
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt) as caught, ctrl_c_waits():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError
    assert isinstance(caught.value.__context__, ZeroDivisionError)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_handler_stays():
    heard = []
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    with ctrl_c_waits():
        signal.raise_signal(signal.SIGINT)
        assert heard == [signal.SIGINT]


def test_other_threads_pass():
    passed = []

    def work():
        with ctrl_c_waits():
            passed.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert passed == [signal.default_int_handler]


def test_results_and_errors_of_the_work():
    def late():
        time.sleep(0.3)  # longer than one look
        return "late"

    def fail():
        raise TimeoutError("of the work")

    with ThreadPoolExecutor(1) as pool:
        assert result_of(pool.submit(late)) == "late"
        with pytest.raises(TimeoutError, match="of the work"):
            result_of(pool.submit(fail))


def test_ctrl_c_does_not_wait_for_the_result():
    never: Future = Future()
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        result_of(never)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(("foreground", "code", "message"), [(False, 143, "terminated"), (True, 130, "interrupted")])
def test_sigterm_becomes_an_exception(monkeypatch, foreground, code, message):
    monkeypatch.setattr(interrupts, "in_foreground", lambda: foreground)
    with pytest.raises(Stopped, match=message) as caught, sigterm_raises():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.exit_code == code
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_sigterm_ends_the_process():
    with pytest.raises(KeyboardInterrupt), sigterm_raises():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("name", ["OMPI_COMM_WORLD_SIZE", "MS_ROLE"])
def test_a_rank_ends_by_sigterm_as_before(monkeypatch, name):
    monkeypatch.setenv(name, "2")
    with sigterm_raises():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_another_handler_of_sigterm_stays():
    heard = []
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    with sigterm_raises():
        signal.raise_signal(signal.SIGTERM)
    assert heard == [signal.SIGTERM]
