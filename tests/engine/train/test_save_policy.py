"""A run that cannot save: it continues and logs it, or it ends."""

import errno
import logging

import pytest

from mindocr.engine.train.save_policy import SavePolicy
from mindocr.errors import StorageError


def full():
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def heard(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)
    return caplog


def test_a_run_goes_on_and_the_end_tells_what_is_missing(heard):
    policy = SavePolicy("continue")
    with policy.attempt("performance.csv"):
        full()
    assert "NOT SAVED: cannot write performance.csv: No space left on device. Training continues" in heard.text
    with pytest.raises(
        StorageError, match="training has ended, but not everything is saved: cannot write performance"
    ) as e:
        policy.conclude()
    assert e.value.exit_code == 3


def test_what_is_saved_later_is_not_missing_at_the_end(heard):
    policy = SavePolicy("continue")
    with policy.attempt("the weights"):
        raise StorageError("cannot write 'best.ckpt': the disk is full")
    with policy.attempt("the weights"):
        pass
    assert "the weights: saved again" in heard.text
    policy.conclude()


def test_a_run_can_end_instead():
    with (
        pytest.raises(StorageError, match="cannot write the table: No space left"),
        SavePolicy("stop").attempt("the table"),
    ):
        full()


def test_other_errors_are_nobodys_to_tolerate():
    with pytest.raises(ZeroDivisionError), SavePolicy("continue").attempt("the table"):
        1 / 0  # noqa: B018
