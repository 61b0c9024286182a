"""The two forms of a model section."""

import pytest

from mindocr.models.form import form_problems

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
        ({"networks": {"one": {**NETWORK, "frozen": True}}, "use": "one"}, "use", "is frozen"),
        ({"networks": {"one": NETWORK}, "use": "one", "neck": {"name": "c"}}, "neck", "is not allowed beside networks"),
        ({"networks": {"my net": NETWORK}, "use": "my net"}, "networks.my net", "letters, digits and _"),
        ({"networks": {"one": 3}, "use": "one"}, "networks.one", "expected {backbone:"),
        ({"networks": {"one": {"backbone": {"name": "a"}}}, "use": "one"}, "networks.one.head", "required"),
    ],
)
def test_mistakes(model, path, text):
    assert [problem for problem in form_problems(model) if problem[0] == path and text in problem[1]]
