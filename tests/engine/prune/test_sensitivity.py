"""Shares chosen from the losses, with a score that is computed by hand."""

import json

import numpy as np
import pytest

from mindocr.engine.prune.sensitivity import PICTURE, TABLE, analyse
from mindocr.errors import UserError
from mindocr.models.pruning.layout import Layer, Place, Source


def layer(name, channels):
    places = (Place(f"{name}.weight", 0), Place(f"{name}.next", 1, reads=True))
    return Layer(name, channels, (Source(f"{name}.weight", places),))


LAYERS = [layer("robust", 10), layer("fragile", 10), layer("single", 1)]
ARRAYS = {
    name: value
    for each in LAYERS
    for name, value in (
        (f"{each.name}.weight", np.arange(each.channels, dtype=np.float32).reshape(-1, 1, 1, 1)),
        (f"{each.name}.next", np.ones((2, each.channels, 1, 1), np.float32)),
    )
}
COST = {"robust.next": 0.004, "fragile.next": 0.1, "single.next": 1.0}  # of each channel that is silenced


def score(changed):
    silent = {name: int((value[0] == 0).sum()) for name, value in changed.items()}
    return 0.9 - sum(COST[name] * number for name, number in silent.items())


def test_each_layer_loses_what_it_can_lose_alone(tmp_path):
    calls = []

    def counted(changed):
        calls.append(changed)
        return score(changed)

    found = analyse(ARRAYS, LAYERS, counted, "f-score", 7, 0.02)
    # 0.02 allows five of the ten channels of the robust layer, and none of the others
    assert found.ratios() == {"robust": 0.5, "fragile": 0.0, "single": 0.8}
    assert found.scores["robust"][0.1] == pytest.approx(0.896) and found.scores["fragile"][0.8] == pytest.approx(0.1)
    assert len(calls) == 1 + 8 + 8  # one channel must stay, so the last layer is not evaluated
    found.write(tmp_path)
    table = json.loads((tmp_path / TABLE).read_text(encoding="utf-8"))
    assert table["layers"]["robust"]["chosen"] == 0.5 and table["unpruned"] == 0.9 and table["images"] == 7
    assert (tmp_path / PICTURE).read_bytes().startswith(b"\x89PNG")


def test_shares_that_round_to_the_same_number_are_evaluated_once():
    calls = []
    analyse(ARRAYS, LAYERS[:1], lambda changed: (calls.append(changed), score(changed))[1], "f-score", 1, 0.02, 5)
    assert len(calls) == 2  # unpruned, and with five channels


def test_without_a_score_there_is_no_loss():
    with pytest.raises(UserError, match=r"--max_loss: f-score of the network as it is on these 3 images: 0; .*--ratio"):
        analyse(ARRAYS, LAYERS, lambda changed: 0.0, "f-score", 3, 0.02)
