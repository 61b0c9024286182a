"""The command ``mindocr``: help page, dispatch, aliases, start by other programs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import mindocr
from mindocr.cli.main import COMMANDS, GROUPS, help_page, main, run_command

MODULES = Path(mindocr.__file__).parent / "cli/commands"


def ended(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``mindocr *words``."""
    with pytest.raises(SystemExit) as end:
        main(words)
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


def python(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help_page_has_one_line_for_each_command(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ended(capsys, *words)
    assert (code, err) == (0, "")
    listed = re.findall(r"^  ([a-z][a-z-]*) +\S", out, re.M)
    assert listed == list(COMMANDS) and len(COMMANDS) == sum(map(len, GROUPS.values())) >= 17
    assert all(f"\n{title}:\n" in out for title in GROUPS)
    assert max(map(len, out.splitlines())) <= 100


def test_help_page_is_cheap(repo_root: Path) -> None:
    code = (
        "import sys\nfrom mindocr.cli.main import main\n"
        "try:\n    main([])\nfinally:\n"
        "    heavy = {'mindspore', 'numpy', 'cv2', 'pydantic', 'yaml'} & set(sys.modules)\n"
        "    print(sorted(heavy), file=sys.stderr)\n"
    )
    done = python("-c", code, folder=repo_root)
    assert (done.returncode, done.stdout, done.stderr) == (0, help_page() + "\n", "[]\n")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(capsys, "--version") == (0, f"mindocr {mindocr.__version__}\n", "")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("trian", "unknown command 'trian' (did you mean 'train'?)"),
        ("check_dataset", "unknown command 'check_dataset' (did you mean 'check-data'?)"),
        ("zzz", "unknown command 'zzz'; 'mindocr --help' lists the commands"),
        ("--verbose", "unknown option '--verbose'"),
    ],
)
def test_unknown_words(word: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ended(capsys, word, "-c", "x.yaml")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}") and err.count("\n") == 1


def test_every_module_is_a_command_and_every_command_a_module() -> None:
    names = {path.stem.replace("_", "-") for path in MODULES.glob("*.py")} - {"--init--"}
    assert names == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_own_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ended(capsys, name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: mindocr {name} ")
    said = " ".join(out.split())
    assert f"{COMMANDS[name][1:]}." in said


def test_an_option_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = ended(capsys, "train")
    assert code == 2
    assert "mindocr train: error: the following arguments are required: -c/--config" in err


def test_a_mistake_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = ended(capsys, "train", "-c", str(tmp_path / "none.yaml"))
    assert (code, err) == (2, f"error: {tmp_path}/none.yaml: no such file\n")


def test_the_exit_code_is_that_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(capsys, "check-config", str(tmp_path / "none.yaml"))[0] == 1


def test_a_command_knows_its_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr("mindocr.cli.commands.recipes.run", lambda args: seen.append(args.command_line))
    run_command("recipes", ["--copy", "my folder"])
    assert seen == ["mindocr recipes --copy 'my folder'"]


@pytest.mark.parametrize("words", [["-m", "mindocr"], ["tools/check_config.py"]], ids=["module", "script"])
def test_other_ways_to_start(words: list[str], repo_root: Path) -> None:
    command = [*words, "check-config"] if "-m" in words else words
    done = python(*command, "no_such.yaml", folder=repo_root)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "no_such.yaml: no such file\n")


def scripts(repo_root: Path) -> dict[Path, str]:
    """Script in ``tools/`` -> the command that it runs."""
    files = [path for folder in ("tools", "deploy") for path in sorted((repo_root / folder).rglob("*.py"))]
    assert len(files) >= 16
    return {path: re.search(r'run_alias\("([a-z-]+)"[,)]', path.read_text(encoding="utf-8"))[1] for path in files}


def test_scripts_are_aliases_of_the_commands(repo_root: Path) -> None:
    named = scripts(repo_root)
    assert set(named.values()) == set(COMMANDS) - {"recipes"}
    assert {path: len(path.read_text(encoding="utf-8").splitlines()) for path in named} == dict.fromkeys(named, 10)


def test_a_script_finds_the_package_from_any_folder(repo_root: Path, tmp_path: Path) -> None:
    """Without an installed package, as in a fresh checkout."""
    code = (
        "import runpy, sys\nroot, script = sys.argv[1:]\n"
        "sys.path[:] = [entry for entry in sys.path if entry and not entry.startswith(root)]\n"
        "sys.argv[:] = [script, '--help']\n"
        "try:\n    runpy.run_path(script, run_name='__main__')\n"
        "finally:\n    print(sys.modules['mindocr'].__path__)\n"
    )
    for path, name in scripts(repo_root).items():
        done = python("-c", code, str(repo_root), str(path), folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"usage: {path.name} ") and COMMANDS[name][1:10] in done.stdout
        assert done.stdout.endswith(f"['{repo_root / 'mindocr'}']\n")


@pytest.mark.parametrize(
    "written", ["--output_path=~/a b.txt", "~/a b.txt", "-o=~/a b.txt", "key=~/x", "a~", "~", "x\n"]
)
def test_the_home_folder_in_arguments(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    expected = {
        "--output_path=~/a b.txt": "--output_path=/home/me/a b.txt",
        "~/a b.txt": "/home/me/a b.txt",
        "-o=~/a b.txt": "-o=/home/me/a b.txt",
        "~": "/home/me",
    }
    seen: list[str] = []
    fake = SimpleNamespace(
        add_arguments=lambda parser: parser.add_argument("words", nargs="*"),
        run=lambda args: seen.extend(args.words),
    )
    monkeypatch.setattr("mindocr.cli.main._module", lambda name: fake)
    run_command("score", ["--", written])
    assert seen == [expected.get(written, written)]
