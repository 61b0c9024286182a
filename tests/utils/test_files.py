"""Files are written atomically; hashes are those of the standard tools."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mindocr.utils import files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_stands_alone(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    files.write_text(path, "\u00e9\r\nnew\n")
    assert path.read_bytes() == b"\xc3\xa9\r\nnew\n"
    assert names(tmp_path) == ["a.txt"]


def test_an_old_file_is_kept_or_named_where_that_is_wanted(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("mindocr"), "propagate", True)  # a run in this process may have set it
    path = tmp_path / "gt.txt"
    for text in ("one", "two", "two", "three"):
        files.write_text(path, text, old="keep")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {
        "gt.txt": "three", "gt.txt.earlier": "one", "gt.txt.earlier_2": "two",
    }  # fmt: skip
    assert list(dict.fromkeys(caplog.messages)) == [
        f"{path}: the file that was there is now gt.txt.earlier",
        f"{path}: the file that was there is now gt.txt.earlier_2",
    ]
    caplog.clear()
    for text in ("three", "four"):
        files.write_text(path, text, old="report")
    files.write_text(path, "five")
    assert set(caplog.messages) == {f"{path}: the file that was there is replaced"}
    assert path.read_text() == "five" and len(names(tmp_path)) == 3
    with pytest.raises(ZeroDivisionError), files.replacing(path, old="keep") as partial:
        partial.write_text("six")
        raise ZeroDivisionError
    assert path.read_text() == "five" and len(names(tmp_path)) == 3


def test_the_mode_is_that_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_bytes(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_the_temporary_file_lies_beside_and_shows_its_name(tmp_path):
    path = tmp_path / "best.ckpt"
    with files.replacing(path) as first, files.replacing(path, suffix=".ckpt") as second:
        for partial in (first, second):
            partial.write_bytes(b"x")
            assert partial.parent == tmp_path
            assert partial.name.startswith(f".best.{os.getpid()}-")
        assert (first.suffix, second.name[-10:]) == (".part", ".part.ckpt")
        assert first.stem != second.stem


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), files.replacing(path) as partial:
        partial.write_text("half")
        partial.chmod(0o400)
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_what_cannot_be_renamed_is_removed(tmp_path):
    (tmp_path / "a" / "full").mkdir(parents=True)
    with pytest.raises(OSError):
        files.write_bytes(tmp_path / "a", b"x")
    assert names(tmp_path) == ["a"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.write_text(tmp_path / "none" / "a.txt", "x")


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with files.replacing(tmp_path / "good") as partial:
        (partial / "inner").mkdir(parents=True)
    with pytest.raises(ValueError), files.replacing(tmp_path / "bad") as partial:
        (partial / "inner").mkdir(parents=True)
        raise ValueError
    assert names(tmp_path) == ["good"]
    assert names(tmp_path / "good") == ["inner"]


def test_a_name_as_long_as_a_file_system_takes(tmp_path):
    path = tmp_path / ("a" * 251 + ".txt")
    files.write_text(path, "x")
    assert names(tmp_path) == [path.name]


def test_what_a_killed_process_left_is_removed(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from mindocr.utils import files\n"
        "with files.replacing(Path(sys.argv[1])) as partial:\n"
        "    partial.write_bytes(b'half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.bin")], check=False)
    assert [Path(name).suffix for name in names(tmp_path)] == [".part"]
    with files.replacing(tmp_path / "step_1") as folder:
        (folder / "inner").mkdir(parents=True)
        for name in (".best.12-ab.part.ckpt", ".train_state.12-ab.part.tmp", ".apart", "best.ckpt"):
            (tmp_path / name).write_bytes(b"x")
        (tmp_path / ".best.12-ab.part.ckpt").chmod(0o400)
        assert files.remove_parts(tmp_path, "best") == [".best.12-ab.part.ckpt"]
        assert len(files.remove_parts(tmp_path)) == 3
        assert names(tmp_path) == [".apart", "best.ckpt"]
        folder.mkdir()


def test_hashes_are_those_of_sha256sum(tmp_path):
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # "abc", FIPS 180-2, B.1
    (tmp_path / "a").write_bytes(b"abc")
    assert files.hash_bytes(b"abc") == files.hash_file(tmp_path / "a") == expected
    (tmp_path / "b").write_bytes(b"a" * 10**6 * 3)
    assert files.hash_file(str(tmp_path / "b")) == files.hash_bytes(b"a" * 10**6 * 3)
    with pytest.raises(FileNotFoundError):
        files.hash_file(tmp_path / "none")


def test_names_that_no_file_can_have_do_not_exist(tmp_path):
    assert files.exists(tmp_path) and not files.exists(tmp_path / "nothing")
    assert not files.exists(tmp_path / ("a" * 5000)) and not files.exists(Path("a\0b"))
