"""Decoding named outputs: in one call if the shapes agree, otherwise one by one."""

import numpy as np

from mindocr.predictions.base import decode


class Recorder:
    """A post-processing of two outputs and one column that records its calls."""

    reads = ("map", "logit")
    columns = ("shape_list",)

    def __init__(self):
        self.calls = []

    def __call__(self, maps, logits, shapes):
        self.calls.append((maps.shape, logits.shape, shapes.shape))
        return [f"{maps[i].shape} {logits[i].tolist()} {shapes[i].tolist()}" for i in range(len(maps))]


def outputs(*sizes):
    return {
        "logit": [np.array([float(i)]) for i in range(len(sizes))],
        "unread": [np.zeros(1)] * len(sizes),
        "map": [np.zeros((1, *size)) for size in sizes],
    }


def test_outputs_of_one_shape_are_decoded_in_one_call():
    postprocess = Recorder()
    found = decode(postprocess, outputs((4, 6), (4, 6)), {"shape_list": [np.ones(2), np.zeros(2)], "image": None})
    assert postprocess.calls == [((2, 1, 4, 6), (2, 1), (2, 2))]
    assert found == ["(1, 4, 6) [0.0] [1.0, 1.0]", "(1, 4, 6) [1.0] [0.0, 0.0]"]


def test_outputs_of_several_shapes_are_decoded_one_by_one_and_in_order():
    postprocess = Recorder()
    found = decode(postprocess, outputs((4, 6), (2, 2)), {"shape_list": [np.ones(2), np.zeros(2)]})
    assert postprocess.calls == [((1, 1, 4, 6), (1, 1), (1, 2)), ((1, 1, 2, 2), (1, 1), (1, 2))]
    assert found == ["(1, 4, 6) [0.0] [1.0, 1.0]", "(1, 2, 2) [1.0] [0.0, 0.0]"]


def test_an_empty_batch_gives_nothing():
    assert decode(Recorder(), {"map": [], "logit": []}, {"shape_list": []}) == []
