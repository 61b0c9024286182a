"""Weights of a recogniser that are loaded for another dictionary."""

from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn

from mindocr.engine.runtime.new_dictionary import adapter
from mindocr.models.ckpt_entries import RUN_ENTRY, SETTINGS_ENTRY, pack


class Head(nn.Cell):
    """The dense layers of a head, as CTCHead has them."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.fc1, self.fc = nn.Dense(2, 2), nn.Dense(2, classes)


def network(classes):
    made = nn.Cell()
    made.head = Head(classes)
    return made


def config(characters):
    return SimpleNamespace(postprocess={"name": "CTCDecode", "characters": characters, "use_space_char": True})


@pytest.fixture
def entries():
    """Of a network whose classes are the blank, a, b and the space."""
    values = {"head.fc1.weight": np.ones((2, 2)), "head.fc.weight": np.arange(8).reshape(4, 2),
              "head.fc.bias": np.arange(4), "backbone.bias": np.arange(4)}  # fmt: skip
    found = {name: ms.Parameter(ms.Tensor(value.astype(np.float32)), name=name) for name, value in values.items()}
    settings = {"postprocess": {"name": "CTCDecode", "characters": ["a", "b"], "use_space_char": True}}
    return {**found, SETTINGS_ENTRY: ms.Tensor(pack(settings))}


def test_rows_of_the_final_layer_follow_their_characters(entries, caplog):
    caplog.set_level("INFO")
    adapted = adapter(config("bxa"))("rec.ckpt", entries, network(5))
    # blank, b, x, a, space; x is the mean of a, b and the space
    assert adapted["head.fc.weight"].asnumpy().tolist() == [[0, 1], [4, 5], [4, 5], [2, 3], [6, 7]]
    assert adapted["head.fc.bias"].asnumpy().tolist() == [0, 2, 2, 1, 3]
    assert adapted["backbone.bias"] is entries["backbone.bias"]
    assert adapted["head.fc1.weight"] is entries["head.fc1.weight"]
    assert "rec.ckpt has another dictionary: 3 characters keep their rows" in caplog.text
    assert "head.fc.weight, head.fc.bias" in caplog.text


def test_the_same_dictionary_and_weights_without_one_stay(entries):
    assert adapter(config("ab"))("rec.ckpt", entries, network(4)) is entries
    del entries[SETTINGS_ENTRY]
    assert adapter(config("bxa"))("rec.ckpt", entries, network(5)) is entries
    assert adapter(SimpleNamespace(postprocess={"name": "DBPostprocess"})) is None


def test_the_dictionary_of_an_earlier_run_is_found(entries):
    del entries[SETTINGS_ENTRY]
    about = {"config": {"postprocess": {"characters": "ab", "use_space_char": True}}}
    adapted = adapter(config("ba"))("rec.ckpt", {**entries, RUN_ENTRY: ms.Tensor(pack(about))}, network(4))
    assert adapted["head.fc.bias"].asnumpy().tolist() == [0, 2, 1, 3]
