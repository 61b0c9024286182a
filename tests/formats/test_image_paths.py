"""Image paths of other systems: where the image is, and what the path says about its origin."""

import unicodedata
from pathlib import Path

import pytest

from mindocr.formats.image_paths import BACKSLASHES, ImageFolder, cause_of

ACCENTED = unicodedata.normalize("NFC", "café.jpg")
FOLDERS = "it begins with folders that are not in the image folder"
OTHER = "it is an absolute path of another computer or folder"
WINDOWS = "it is a Windows path with a drive"


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("set") / "images"
    for name in ("a.jpg", "deep/b.jpg", "deep/a b.jpg", "Mixed/C.JPG", ACCENTED, "two/x.jpg", "two/X.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(("name", "expected"), [
    (r"deep\b.jpg", ("deep/b.jpg", BACKSLASHES, False)),
    (r".\deep\b.jpg", ("deep/b.jpg", BACKSLASHES, False)),
    (r"C:\data\images\a.jpg", ("a.jpg", WINDOWS, True)),
    ("d:/data/deep/b.jpg", ("deep/b.jpg", WINDOWS, True)),
    (r"\\server\share\a.jpg", ("a.jpg", WINDOWS, True)),
    ("/home/other/deep/b.jpg", ("deep/b.jpg", OTHER, True)),
    ("/a.jpg", ("a.jpg", OTHER, False)),
    ("file:///home/other/deep/a%20b.jpg", ("deep/a b.jpg", "it is a file:// address", True)),
    ("file://localhost/deep/b.jpg", ("deep/b.jpg", "it is a file:// address", False)),
    ("images/a.jpg", ("a.jpg", FOLDERS, True)),
    ("../../a.jpg", ("a.jpg", FOLDERS, True)),
    (r"images\deep\b.jpg", ("deep/b.jpg", FOLDERS, True)),
    ("mixed/c.jpg", ("Mixed/C.JPG", "it differs in upper and lower case", False)),
    (r"mixed\c.jpg", ("Mixed/C.JPG", "it differs in upper and lower case", False)),
    (unicodedata.normalize("NFD", ACCENTED), (ACCENTED, "its letters have another Unicode form", False)),
    (" a.jpg ", ("a.jpg", "it has blanks or quotes around it", False)),
    ('"deep/b.jpg"', ("deep/b.jpg", "it has blanks or quotes around it", False)),
    (r"'deep\b.jpg'", ("deep/b.jpg", "it has blanks or quotes around it", False)),
    ("two/x.JPG", None),  # two files differ from it only in letter case
    ("none.jpg", None),
    ("deep/none.jpg", None),
    ("", None),
    ("a\0.jpg", None),
])  # fmt: skip
def test_where_the_image_is(images: Path, name: str, expected) -> None:
    assert ImageFolder(images).find(name) == expected


def test_the_longest_path_counts(tmp_path: Path) -> None:
    for name in ("a.jpg", "deep/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = ImageFolder(tmp_path).find("/home/other/deep/a.jpg")
    assert found is not None and found.path == "deep/a.jpg"


def test_plain_names_have_no_cause() -> None:
    assert [cause_of(name) for name in ("a.jpg", "./a.jpg", "deep/a b.jpg", "C.jpg", "c:a.jpg")] == [""] * 5
    assert cause_of(r"E:\x.jpg") == WINDOWS and cause_of("/x.jpg") == OTHER and cause_of(r"x\y.jpg") == BACKSLASHES
