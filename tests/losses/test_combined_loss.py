"""Losses within and between several networks, added up."""

import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.losses.combined import explain_sizes
from mindocr.losses.pairing import PairedLoss
from mindocr.registry import LOSSES


class Within(nn.Cell):
    """Mean of (a - target)^2."""

    reads, labels, term_names = ("a",), ("target",), ("square",)

    def construct(self, a, target):
        value = ((a - target) ** 2).mean()
        return value, value.reshape((1,))


class Between(nn.Cell):
    """Mean absolute difference of one output of two networks."""

    reads, labels, term_names = ("a",), (), ("apart",)

    def construct(self, first, second):
        value = ops.abs(first - second).mean()
        return value, value.reshape((1,))


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    LOSSES.names()
    monkeypatch.setitem(LOSSES._classes, "within_for_tests", Within)
    monkeypatch.setitem(LOSSES._classes, "between_for_tests", Between)


SPEC = {
    "name": "CombinedLoss",
    "terms": [
        {"loss": {"name": "within_for_tests"}, "networks": ["student"], "weight": 2.0},
        {"loss": {"name": "between_for_tests"}, "networks": ["student", "teacher"]},
    ],
}


def test_terms_are_weighted_and_named(mode):
    loss = LOSSES.build(SPEC)
    assert loss.reads == ("student.a", "teacher.a") and loss.labels == ("target",)
    assert loss.term_names == ("student.square", "student-teacher.apart")
    paired = PairedLoss(loss, ("teacher.a", "student.x", "student.a"))
    values = [Tensor(np.full((2, 3), value, np.float32)) for value in (5.0, 9.0, 1.0, 4.0)]
    total, terms = paired(tuple(values[:3]), values[3])
    assert terms.asnumpy().tolist() == [2 * (1 - 4) ** 2, 4]
    assert float(total.asnumpy()) == 22


def test_terms_of_several_outputs_keep_different_names():
    both = ["Student", "Teacher"]
    terms = [{"loss": {"name": "DMLLoss", "output": o, "softmax": True}, "networks": both} for o in ("logits", "guide")]
    loss = LOSSES.build({"name": "CombinedLoss", "terms": terms})
    assert loss.term_names == ("Student-Teacher.dml_logits", "Student-Teacher.dml_guide")
    with pytest.raises(ConfigError, match=r"terms\[2\]: DMLLoss of the same networks and output is term 1 already"):
        LOSSES.build({"name": "CombinedLoss", "terms": [*terms, terms[1]]})


def test_what_it_reads_is_known_before_it_is_built():
    assert LOSSES.declared(SPEC, "reads") == ("student.a", "teacher.a")
    assert LOSSES.declared(SPEC, "labels") == ("target",)


def test_optional_outputs_of_a_part_stay_optional():
    spec = {"name": "CombinedLoss", "terms": [{"loss": {"name": "DBLoss"}, "networks": ["student"]}]}
    assert LOSSES.build(spec).optional == ("student.thresh", "student.binary")


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([], r"loss.terms: needs at least one term"),
        ([{"loss": {"name": "DBLoss"}, "networks": []}], r"loss.terms\[0\].networks: names no network"),
        ([{"loss": {"name": "DBLos"}, "networks": ["a"]}], r"loss.terms\[0\].loss.name: unknown loss 'DBLos'"),
        (
            [{"loss": {"name": "DBLoss", "epz": 1}, "networks": ["a"]}],
            r"loss.terms\[0\].loss.epz: DBLoss has no argument",
        ),
        ([{"loss": {"name": "DBLoss"}}], r"loss.terms: .*networks.*Field required"),
        (
            [{"loss": {"name": "DMLLoss"}, "networks": ["a"]}],
            r"loss.terms\[0\].networks: DMLLoss compares the outputs of 2 or more networks, got a",
        ),
        (
            [{"loss": {"name": "DBDistillLoss"}, "networks": ["a", "b", "c"]}],
            r"loss.terms\[0\].networks: DBDistillLoss compares the outputs of 2 networks, got a, b, c",
        ),
        ([{"loss": {"name": "DMLLoss"}, "networks": ["a", "b", "a"]}], r"loss.terms\[0\].networks: names 'a' twice"),
    ],
)
def test_mistakes(terms, message):
    with pytest.raises(ConfigError, match=message):
        LOSSES.build({"name": "CombinedLoss", "terms": terms})


def test_a_network_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match="loss: CombinedLoss reads teacher.a, but the network outputs student.a"):
        PairedLoss(LOSSES.build(SPEC), ("student.a",))


def test_outputs_of_different_sizes_are_named(mode):
    loss = LOSSES.build({"name": "CombinedLoss", "terms": [{"loss": {"name": "DMLLoss"}, "networks": ["a", "b"]}]})
    values = [Tensor(np.full((1, 1, 2, side), 0.5, np.float32)) for side in (2, 4)]
    with pytest.raises(ValueError, match="a.prob is") as caught:
        loss(*values)
    explained = explain_sizes(caught.value)
    assert isinstance(explained, ConfigError)
    assert "loss: a.prob is (1, 1, 2, 2), b.prob is (1, 1, 2, 4); a loss between networks compares" in str(explained)
    assert explain_sizes(ValueError("another")) is None
