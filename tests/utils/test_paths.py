"""Paths as users write them."""

from __future__ import annotations

import pytest

from mindocr.errors import UserError
from mindocr.utils.folders import prepare_output
from mindocr.utils.paths import expand_home, problem_of


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "me"


def test_the_home_folder(home):
    assert expand_home("~/a b/c.ckpt") == f"{home}/a b/c.ckpt"
    assert expand_home("~") == str(home)
    assert expand_home("~root/x") == "/root/x"


@pytest.mark.parametrize("text", ["", "a/~/b", "./~/x", "~!@#", "a~", "~$lock.docx", "https://x.org/~me/y", "~ x"])
def test_other_texts_stay(text):
    assert expand_home(text) == text


def test_an_unknown_user_is_refused():
    with pytest.raises(UserError, match="'~nobody-here/x' begins with the home folder '~nobody-here', but this system"):
        expand_home("~nobody-here/x")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (r"C:\data\x.jpg", "path of Windows"), ("d:/data", "path of Windows"), (r"\\host\share", "path of Windows"),
        ("$HOME/run", r"variable '\$HOME'"), ("/data/${USER}/x", r"variable '\$\{USER\}'"),
        (r"%USERPROFILE%\x", "variable '%USERPROFILE%'"), ("$OUT", r"variable '\$OUT'"),
    ],
)  # fmt: skip
def test_paths_that_cannot_work_here(text, part):
    import re

    assert re.search(part, problem_of(text))


@pytest.mark.parametrize("text", ["/a/b", "a:b", "https://x/y", "module:Class", "cost$", "a$b/c", "100%/x", "C$/x", ""])
def test_usual_texts_are_no_problem(text):
    assert problem_of(text) == ""


def test_no_folder_with_the_name_of_the_sign_appears(home, tmp_path):
    assert prepare_output("~/run") == home / "run"
    assert (home / "run").is_dir() and not (tmp_path / "~").exists()
