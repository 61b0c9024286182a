"""Progress: lines where nobody watches, a bar on a terminal; lengths of time."""

from __future__ import annotations

import logging

import pytest

from mindocr.utils import progress as module
from mindocr.utils.progress import duration, progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is 20 seconds after the one before."""
    times = iter(range(0, 10_000, 20))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(times)))


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    caplog.set_level(logging.INFO, logger="mindocr")
    return caplog


def test_lines_every_30_seconds_where_there_is_no_terminal(lines: pytest.LogCaptureFixture, clock: None) -> None:
    assert list(progress("abcdef", "evaluate", "batch")) == list("abcdef")
    # Items begin at 20, 40, 60, 80, 100, 120 s; a line is due at 40 (40 s after the start), 80 and 120.
    assert lines.messages == [
        "evaluate: 1 of 6 batches, 40 s so far, about 3 min 20 s left",
        "evaluate: 3 of 6 batches, 1 min 20 s so far, about 1 min 20 s left",
        "evaluate: 5 of 6 batches, 2 min 00 s so far, about 24 s left",
    ]


def test_the_total_may_be_unknown(lines: pytest.LogCaptureFixture, clock: None) -> None:
    assert list(progress(iter("ab"), "read", "image")) == ["a", "b"]
    assert lines.messages == ["read: 1 images, 40 s so far"]


def test_a_short_loop_logs_nothing(lines: pytest.LogCaptureFixture) -> None:
    assert list(progress(range(3), "evaluate", "batch")) == [0, 1, 2]
    assert lines.messages == []


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(module, "on_terminal", lambda: True)
    assert list(progress(range(3), "evaluate", "batch")) == [0, 1, 2]
    assert "evaluate:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (130, "2 min 10 s"), (11100, "3 h 05 min"), (180000, "2 d 2 h"), (-1, "0 s")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
