"""Exit codes, and errors reported without a traceback."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mindocr.cli.run import run_tool
from mindocr.errors import ConfigError, DataError


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
        (ModuleNotFoundError("No module named 'mindspore'", name="mindspore"), 2,
         "error: this needs MindSpore, which is not installed here; install it with: pip install mindspore (on Ascend, "
         "the build that matches the driver). Without it, ONNX files and released weights run in onnxruntime, with the "
         "commands infer, read, serve and verify\n"),
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


@pytest.mark.parametrize("error", [ZeroDivisionError(), ModuleNotFoundError("x", name="mindocr.nothing")])
def test_our_own_faults_keep_their_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        run_tool(raiser(error))


@pytest.mark.parametrize("command", ["train", "eval"])
def test_a_command_that_needs_mindspore_says_so_where_it_is_absent(command: str, repo_root: Path) -> None:
    block = "import sys; sys.modules['mindspore'] = None\nfrom mindocr.cli.main import main\n"
    recipe = str(repo_root / "configs/det/dbnet/db_r18_synthetic.yaml")
    done = subprocess.run([sys.executable, "-c", f"{block}main([{command!r}, '-c', {recipe!r}])"],
                          cwd=repo_root, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2 and done.stderr.startswith("error: this needs MindSpore, which is not installed here")


def test_sigterm_ends_a_command_in_order(repo_root: Path) -> None:
    code = (
        "import time\n"
        "from mindocr.cli.run import run_tool\n"
        "def main():\n"
        "    try:\n"
        "        print('runs', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        print('closed')\n"
        "run_tool(main)\n"
    )  # fmt: skip
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    run = subprocess.Popen([sys.executable, "-c", code], text=True, cwd=repo_root, start_new_session=True, **pipes)
    assert run.stdout is not None and run.stdout.readline() == "runs\n"
    run.terminate()
    assert (*run.communicate(timeout=30), run.returncode) == ("closed\n", "terminated\n", 143)


def test_an_exception_of_sigterm_that_gets_lost_is_no_end_of_it(repo_root: Path) -> None:
    code = (
        "import time\n"
        "from mindocr.cli.run import run_tool\n"
        "from mindocr.utils import interrupts\n"
        "interrupts.PATIENCE_S = 1\n"
        "def main():\n"
        "    for second in range(60):\n"
        "        try:\n"
        "            print('runs' if second == 0 else '', flush=True)\n"
        "            time.sleep(1)\n"
        "        except KeyboardInterrupt:\n"
        "            pass\n"
        "run_tool(main)\n"
    )  # fmt: skip
    run = subprocess.Popen([sys.executable, "-c", code], text=True, cwd=repo_root, stdout=subprocess.PIPE)
    assert run.stdout is not None and run.stdout.readline() == "runs\n"
    run.terminate()
    assert run.wait(30) == -signal.SIGALRM
    run.stdout.close()


def test_closed_pipe_is_no_error(repo_root: Path) -> None:
    code = (
        "from mindocr.cli.run import run_tool\n"
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


@pytest.mark.parametrize(("body", "code"), [("print('written')", 0), ("raise ConfigError('x')", 2)])
def test_a_process_can_leave_without_what_happens_at_exit(repo_root: Path, body: str, code: int) -> None:
    script = (
        "import atexit, os\n"
        "from mindocr.cli.run import run_tool\n"
        "from mindocr.errors import ConfigError\n"
        "from mindocr.utils.process_exit import skip_teardown\n"
        "atexit.register(os._exit, 99)\n"
        "def main():\n"
        "    skip_teardown()\n"
        f"    {body}\n"
        "run_tool(main)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=repo_root, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (code, "error: x\n" if code else "written\n")


def test_a_name_that_the_output_cannot_hold_is_escaped(repo_root: Path) -> None:
    script = "from mindocr.cli.run import run_tool\nrun_tool(lambda: print('\\u8336', '\\udce4', 'a'))\n"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=repo_root, timeout=60, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\\u8336 \\udce4 a\n", "")
