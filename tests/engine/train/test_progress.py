"""Counters of the loop, and random generators that continue where they were."""

import json
import random

import mindspore as ms
import numpy as np

from mindocr.engine.train.progress import Progress, random_state, restore_random_state


def test_an_epoch_begins_once():
    at = Progress()
    assert at.begin_epoch(1) is False
    at.batch, at.closed = 5, True
    assert at.next_epoch(5) == 2
    assert at.begin_epoch(2) is True
    assert (at.epoch, at.batch, at.closed) == (2, 0, False)


def test_an_epoch_that_is_not_through_or_not_evaluated_is_gone_on_with():
    assert Progress(epoch=3, batch=4, closed=True).next_epoch(5) == 3
    assert Progress(epoch=3, batch=5, closed=False).next_epoch(5) == 3


def test_counters_come_back():
    at = Progress(3, 4, False, 14, 12, 2, 1)
    fresh = Progress()
    fresh.restore(json.loads(json.dumps(at.as_dict())))
    assert fresh == at


def test_all_generators_go_on_where_they_were():
    random.seed(1)
    np.random.seed(2)
    ms.manual_seed(3)
    np.random.normal()  # leaves a second value behind, which is part of the state
    stored = json.loads(json.dumps(random_state()))
    expected = random.random(), np.random.normal(), np.random.normal(), ms.get_rng_state().asnumpy().tolist()
    random.seed(7)
    np.random.seed(8)
    ms.manual_seed(9)
    restore_random_state(stored)
    found = random.random(), np.random.normal(), np.random.normal(), ms.get_rng_state().asnumpy().tolist()
    assert found == expected
