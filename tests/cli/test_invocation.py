"""How the user starts our commands."""

import sys

import pytest

from mindocr.cli import invocation
from mindocr.cli.invocation import program


@pytest.mark.parametrize(
    ("argv0", "command", "line"),
    [
        ("/bin/somewhere/mindocr", "eval", "mindocr eval"),
        ("/not on the path/mindocr", "eval", "'/not on the path/mindocr' eval"),
        ("/lib/mindocr/__main__.py", "train", "python -m mindocr train"),
        ("tools/train.py", "train", "python tools/train.py"),
        ("tools/train.py", "predict", "python tools/infer/text/predict_det.py"),
        ("/my code/tools/train.py", "eval", "python '/my code/tools/eval.py'"),
        ("notebook.py", "eval", "mindocr eval"),
        ("/lib/other/__main__.py", "eval", "mindocr eval"),
    ],
)
def test_a_command_starts_as_this_process_did(monkeypatch, argv0, command, line):
    found = {"mindocr": "/bin/somewhere/mindocr", "python": "/bin/python"}
    monkeypatch.setattr(invocation.shutil, "which", found.get)
    monkeypatch.setattr(sys, "argv", [argv0])
    monkeypatch.setattr(sys, "executable", "/bin/python")
    assert program(command) == line


def test_a_python_that_is_not_on_the_path_is_named_in_full(monkeypatch):
    monkeypatch.setattr(invocation.shutil, "which", lambda name: "/usr/bin/python")
    monkeypatch.setattr(sys, "argv", ["/lib/mindocr/__main__.py"])
    monkeypatch.setattr(sys, "executable", "/my env/bin/python")
    assert program("eval") == "'/my env/bin/python' -m mindocr eval"


def test_the_scripts_exist(repo_root):
    assert all((repo_root / "tools" / script).is_file() for script in invocation._SCRIPTS.values())
