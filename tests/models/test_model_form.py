"""The two forms of a model section."""

import pytest

from mindocr.models.form import form_problems, output_problem, weight_problems

NETWORK = {"backbone": {"name": "a"}, "head": {"name": "b"}}


def test_both_forms():
    assert form_problems(NETWORK) == []
    assert form_problems({"networks": {"one": NETWORK, "two": {**NETWORK, "frozen": True}}, "use": "one"}) == []


@pytest.mark.parametrize(
    ("model", "path", "text"),
    [
        ({"backbone": {"name": "a"}}, "head", "required"),
        ({**NETWORK, "use": "student"}, "use", "there are none"),
        ({"networks": {}}, "networks", "expected {name:"),
        ({"networks": {"one": NETWORK}}, "use", "required beside networks"),
        ({"networks": {"one": NETWORK}, "use": "two"}, "use", "no network is called 'two'; known: one"),
        ({"networks": {"one": {**NETWORK, "frozen": True}, "two": NETWORK}, "use": "one"}, "use", "is frozen"),
        ({"networks": {"one": {**NETWORK, "frozen": True}}, "use": "one"}, "networks", "all networks are frozen"),
        ({"networks": {"one": NETWORK}, "use": "one", "neck": {"name": "c"}}, "neck", "is not allowed beside networks"),
        ({"networks": {"my net": NETWORK}, "use": "my net"}, "networks.my net", "letters, digits and _"),
        ({"networks": {"one": 3}, "use": "one"}, "networks.one", "expected {backbone:"),
        ({"networks": {"one": {"backbone": {"name": "a"}}}, "use": "one"}, "networks.one.head", "required"),
    ],
)
def test_mistakes(model, path, text):
    assert [problem for problem in form_problems(model) if problem[0] == path and text in problem[1]]


def test_a_frozen_network_needs_weights():
    networks = {"one": NETWORK, "two": {**NETWORK, "frozen": True}, "three": {**NETWORK, "frozen": True}}
    networks["three"]["pretrained"] = "three.ckpt"
    ((path, text),) = weight_problems({"networks": networks})
    assert path == "networks.two.pretrained" and "random weights teach nothing" in text
    assert weight_problems(NETWORK) == []


@pytest.mark.parametrize(
    ("names", "frozen", "text"),
    [
        (["logits", "backbone_out"], False, None),
        (["logits", "neck_out"], True, None),
        (["probs"], True, None),
        (["backbone_out"], True, None),
        (["probs"], False, "no output 'probs'; there are logits, backbone_out, neck_out"),
        (["logits", "probs"], True, "logits, probs together: the head gives logits in training and probs in"),
        (["logitz"], False, "no output 'logitz' (did you mean 'logits'?); there are logits, backbone_out, neck_out"),
        (["logits", "logits"], False, "names 'logits' twice"),
        ([], False, "names none; leave it out, or choose from logits, backbone_out, neck_out"),
    ],
)
def test_outputs_of_a_network(names, frozen, text):
    found = output_problem(names, ("logits",), ("probs",), frozen)
    assert found is None if text is None else text in found
