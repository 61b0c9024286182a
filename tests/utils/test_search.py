"""Search of folders: links, circles of links, hidden files."""

import pytest

from mindocr.utils.search import find_files, is_hidden


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(folder, files):
    return [file.relative_to(folder).as_posix() for file in files]


def test_hidden_files_and_folders_are_passed_over_and_named(tmp_path):
    folder = tmp_path / ".cache"  # the folder itself may be hidden
    put(folder, "b.JSON", "a/c.json", "a/d.txt", ".ipynb_checkpoints/b.json", "._b.json", ".DS_Store")
    put(folder, "a/@eaDir/c.json", "__MACOSX/._b.json", "$RECYCLE.BIN/b.json")
    found = find_files(folder, (".json",))
    assert names(folder, found.files) == ["a/c.json", "b.JSON"]
    assert sorted(found.hidden) == ["$RECYCLE.BIN", "._b.json", ".ipynb_checkpoints", "__MACOSX", "a/@eaDir"]
    assert names(folder, find_files(folder, (".json",), recursive=False).files) == ["b.JSON"]
    assert found.broken == []


@pytest.mark.parametrize("name", [".a", "._a.jpg", "__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini", "$Recycle.Bin"])
def test_hidden_names(name):
    assert is_hidden(name)
    assert not is_hidden("a" + name)


def test_links_are_folders_and_circles_end(tmp_path):
    folder = tmp_path / "root"
    put(tmp_path, "store/x/a.txt", "root/real/b.txt", "file.txt")
    (folder / "a_link").symlink_to(tmp_path / "store")
    (folder / "again").symlink_to("real")  # the real folder is used
    (folder / "real" / "up").symlink_to("..")
    (folder / "one.txt").symlink_to(tmp_path / "file.txt")
    found = find_files(folder, (".txt",))
    assert names(folder, found.files) == ["a_link/x/a.txt", "one.txt", "real/b.txt"]
    assert found.broken == []


def test_links_that_lead_nowhere_are_named(tmp_path):
    (tmp_path / "part").symlink_to("../gone")
    (tmp_path / "a.txt").symlink_to("b.txt")
    (tmp_path / "b.txt").symlink_to("a.txt")  # each other
    (tmp_path / "notes.pdf").symlink_to("gone.pdf")  # not wanted
    found = find_files(tmp_path, (".txt",))
    assert found.files == []
    assert sorted(found.broken) == [
        f"{tmp_path}/a.txt: a link to b.txt, which does not exist",
        f"{tmp_path}/b.txt: a link to a.txt, which does not exist",
        f"{tmp_path}/part: a link to ../gone, which does not exist",
    ]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_files(tmp_path / "gone", (".txt",))
