"""What tools share: the options and the way errors are told."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mindocr.config.cli import config_parser, run_tool
from mindocr.errors import ConfigError, DataError


@pytest.mark.parametrize(
    "words", [["-c", "f.yaml"], ["-c=f.yaml"], ["--config", "f.yaml"], ["--config=f.yaml"], ["-cf.yaml"]]
)
def test_all_ways_to_name_the_file(words: list[str]) -> None:
    args = config_parser("x").parse_args([*words, "-o", "a=1", "b.c=x=y", "-o", "d=2"])
    assert (args.config, args.opt) == ("f.yaml", ["a=1", "b.c=x=y", "d=2"])


def test_missing_option_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        config_parser("x").parse_args([])
    assert caught.value.code == 2
    assert "-c/--config" in capsys.readouterr().err
    assert config_parser("x", required=False).parse_args([]).config is None


def raiser(error: BaseException) -> Callable[[], None]:
    def main() -> None:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigError("f.yaml: 1 problem\n  a: b"), 2, "error: f.yaml: 1 problem\n  a: b\n"),
        (DataError("x"), 2, "error: x\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/d/x"), 2,
         "error: /d/x: No space left on device; free some space or choose another folder\n"),
        (PermissionError(errno.EACCES, "Permission denied", "/d/x"), 2,
         "error: /d/x: Permission denied; change its permissions or choose another folder\n"),
        (OSError("odd"), 2, "error: odd\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)  # fmt: skip
def test_errors_are_told_without_traceback(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_tool(raiser(error))
    assert (caught.value.code, capsys.readouterr().err) == (code, message)


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (1, 1)])
def test_exit_code_of_a_good_run(result: int | None, code: int) -> None:
    with pytest.raises(SystemExit) as caught:
        run_tool(lambda: result)
    assert caught.value.code == code


def test_our_own_faults_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run_tool(raiser(ZeroDivisionError()))


def test_closed_pipe_is_no_error(repo_root: Path) -> None:
    code = (
        "from mindocr.config.cli import run_tool\n"
        "def main():\n"
        "    for i in range(200000): print(i)\n"
        "run_tool(main)\n"
    )  # fmt: skip
    reader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=repo_root
    )
    assert reader.stdout is not None and reader.stderr is not None
    assert reader.stdout.readline() == b"0\n"
    reader.stdout.close()
    assert reader.stderr.read() == b""
    reader.stderr.close()
    assert reader.wait(60) == 0


def check_config(repo_root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/check_config.py", *words], cwd=repo_root, capture_output=True, text=True, timeout=120
    )


def test_check_config_good_and_bad(repo_root: Path, tmp_path: Path) -> None:
    good = "configs/det/dbnet/db_r50_icdar15.yaml"
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"base: {repo_root / good}\nsystem: {{mode: 2}}\n")
    done = check_config(repo_root, good, str(bad))
    assert (done.returncode, done.stdout) == (1, f"{good}: OK\n")
    assert done.stderr == f"{bad}: 1 problem\n  system.mode: expected 0 or 1, got 2\n"


def test_check_config_takes_overrides_and_writes_documents(repo_root: Path, tmp_path: Path) -> None:
    schema, reference = tmp_path / "schema.json", tmp_path / "reference.md"
    done = check_config(
        repo_root, "configs/det/dbnet/db_r50_icdar15.yaml", "--schema", str(schema), "--reference", str(reference),
        "-o", "train.loader.batch_size=2", "system.mode=1",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert schema.stat().st_size > 5000 and reference.stat().st_size > 5000
    assert check_config(repo_root).returncode == 2


@pytest.mark.parametrize(("body", "code"), [("print('written')", 0), ("raise ConfigError('x')", 2)])
def test_a_process_can_leave_without_what_happens_at_exit(repo_root: Path, body: str, code: int) -> None:
    script = (
        "import atexit, os\n"
        "from mindocr.config.cli import run_tool, skip_teardown\n"
        "from mindocr.errors import ConfigError\n"
        "atexit.register(os._exit, 99)\n"
        "def main():\n"
        "    skip_teardown()\n"
        f"    {body}\n"
        "run_tool(main)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=repo_root, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (code, "error: x\n" if code else "written\n")
