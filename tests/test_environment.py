"""Importing mindocr is cheap and caps oneDNN, for CPU targets only and never over the user's choice."""

import os
import subprocess
import sys

import pytest

from mindocr import environment

SHOW = (
    "import os, sys, mindocr; "
    "print(os.environ.get('ONEDNN_MAX_CPU_ISA'), 'mindspore' in sys.modules, 'cv2' in sys.modules)"
)


def after_import(repo_root, **extra):
    env = {k: v for k, v in os.environ.items() if k not in ("ONEDNN_MAX_CPU_ISA", "ASCEND_HOME_PATH")}
    command = [sys.executable, "-c", SHOW]
    done = subprocess.run(command, capture_output=True, text=True, env={**env, **extra}, cwd=repo_root, check=True)
    return done.stdout.split()


def test_importing_sets_the_cap_and_loads_nothing_heavy(repo_root):
    assert after_import(repo_root) == ["AVX2", "False", "False"]


def test_the_users_value_stays(repo_root):
    assert after_import(repo_root, ONEDNN_MAX_CPU_ISA="AVX512_CORE")[0] == "AVX512_CORE"


def test_an_ascend_machine_is_left_alone(repo_root):
    assert after_import(repo_root, ASCEND_HOME_PATH="/usr/local/Ascend")[0] == "None"


@pytest.mark.parametrize(("target", "machine", "expected"), [
    ("CPU", "x86_64", "AVX2"), ("Ascend", "x86_64", None), ("CPU", "aarch64", None),
])  # fmt: skip
def test_the_cap_follows_target_and_processor(monkeypatch, target, machine, expected):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(environment.platform, "machine", lambda: machine)
    monkeypatch.setattr(environment, "_set_by_us", False)
    assert environment.cap_onednn(target) == (expected is not None)
    assert os.environ.get("ONEDNN_MAX_CPU_ISA") == expected
