"""Runs that are too short for an update, for train.max_steps or for the warm-up."""

import pytest

from mindocr.engine.train.run_length import check_length, length_notes
from mindocr.errors import ConfigError
from mindocr.scheduler import build_schedule


@pytest.fixture
def notes(tiny_config):
    """The notes of a run of two epochs of 5 batches, with overrides."""

    def make(*overrides):
        config = tiny_config(*overrides)
        accumulated = config.train.gradient_accumulation_steps
        return length_notes(config, 5, build_schedule(config.scheduler, 5, accumulated))

    return make


def test_a_run_without_a_single_update_is_an_error(tiny_config):
    config = tiny_config("train.gradient_accumulation_steps=8", "scheduler.num_epochs=1")
    with pytest.raises(ConfigError) as caught:
        check_length(config, 2)
    assert str(caught.value) == (
        "train.gradient_accumulation_steps: 2 batches in all (1 epoch of 2), 8 are needed for one update, so no weight "
        "changes; lower it to at most 2, raise scheduler.num_epochs, or use a smaller train.loader.batch_size"
    )
    with pytest.raises(ConfigError, match=r"1 batch in all \(1 epoch of 1\), 8 are needed"):
        check_length(config, 1)
    check_length(config, 8)


def test_a_run_that_fits_has_no_notes(notes):
    assert notes() == []
    assert notes("train.max_steps=10") == []
    assert notes("train.gradient_accumulation_steps=5") == []
    assert notes("train.gradient_accumulation_steps=3", "train.max_steps=2") == []


@pytest.mark.parametrize(
    ("overrides", "note"),
    [
        (["train.gradient_accumulation_steps=4"],
         "train.gradient_accumulation_steps: 10 batches in all are not a multiple of 4; the gradients of the last 2 "
         "batches are not applied"),
        (["train.max_steps=11"],
         "train.max_steps: 11 updates are not reached; 2 epochs of 5 batches make 10, and the run ends with them"),
        (["scheduler.lr=0.0", "scheduler.min_lr=0.0"],
         "scheduler.lr: the learning rate is 0 in all 10 updates of the run, so no weight changes"),
        (["scheduler.warmup_epochs=1", "train.max_steps=1"],
         "scheduler.lr: the learning rate is 0 in 1 update of the run, so no weight changes; lower "
         "scheduler.warmup_epochs, or make the run longer"),
        (["scheduler.warmup_epochs=1", "scheduler.lr=0.01", "train.max_steps=3"],
         "train.max_steps: 3 updates end within the warm-up; the learning rate rises to 4.00e-03, not to 1.00e-02; "
         "lower scheduler.warmup_epochs, or make the run longer"),
    ],
)  # fmt: skip
def test_what_the_length_of_the_run_means(notes, overrides, note):
    assert notes(*overrides) == [note]
