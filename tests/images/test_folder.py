"""Search for images in a folder: what is found, and the sentence about what is not."""

from __future__ import annotations

import re

import pytest

from mindocr.errors import DataError
from mindocr.images.folder import is_image_name, list_images, walk_files


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"content does not matter")


def names_in(folder, **options):
    return [file.relative_to(folder).as_posix() for file in list_images(folder, **options).files]


def test_images_at_the_top_sorted_by_name(tmp_path):
    fill(tmp_path, "b.PNG", "a.jpg", "c.jfif", "notes.txt", "d.JPE")
    assert names_in(tmp_path) == ["a.jpg", "b.PNG", "c.jfif", "d.JPE"]
    assert list_images(tmp_path).left_out == ""


def test_hidden_files_are_left_out_and_counted(tmp_path):
    fill(tmp_path, "a.jpg", "._a.jpg", ".thumb.png", ".DS_Store", "b/._c.jpg", "b/c.jpg")
    assert names_in(tmp_path, recursive=True) == ["a.jpg", "b/c.jpg"]
    assert list_images(tmp_path, recursive=True).left_out == "3 hidden files such as ._a.jpg"
    assert list_images(tmp_path / "b").left_out == "1 hidden file such as ._c.jpg"


def test_subfolders_are_counted_or_searched(tmp_path):
    fill(tmp_path, "z.jpg", "a/1.jpg", "a/b/2.png", "c/text.txt", ".hidden/3.jpg")
    assert list_images(tmp_path).left_out == "2 images in subfolders such as a/1.jpg: use --recursive"
    assert names_in(tmp_path, recursive=True) == ["a/1.jpg", "a/b/2.png", "z.jpg"]
    assert list_images(tmp_path, recursive=True).left_out == ""


def test_images_in_subfolders_only(tmp_path):
    fill(tmp_path, "a/1.jpg")
    message = r"no image at its top that can be read; 1 image in subfolders such as a/1\.jpg: set recursive$"
    with pytest.raises(DataError, match=message):
        list_images(tmp_path, hint="set recursive")


def test_kinds_that_are_not_read(tmp_path):
    fill(tmp_path, "1.HEIC", "2.pdf", "3.heic", "4.txt")
    told = "3 files of kinds that are not read (.heic, .pdf), such as 1.HEIC: convert to JPEG or PNG"
    with pytest.raises(DataError, match=re.escape(f"{tmp_path}: no image at its top that can be read; {told}")):
        list_images(tmp_path)
    fill(tmp_path, "5.jpg")
    assert list_images(tmp_path).left_out == told
    with pytest.raises(DataError, match=r"no image in it or its subfolders that can be read; 1 file of a kind that is"):
        fill(tmp_path / "other", "a/1.avif")
        list_images(tmp_path / "other", recursive=True)


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match=r"no image in this folder; expected files ending in \.jpg, \.jpeg"):
        list_images(tmp_path)


def test_links_to_folders_are_followed_and_a_circle_ends(tmp_path):
    fill(tmp_path, "store/part/1.jpg", "img/0.jpg")
    (tmp_path / "img/part").symlink_to("../store/part")
    (tmp_path / "store/part/back").symlink_to("../../img")
    assert names_in(tmp_path / "img", recursive=True) == ["0.jpg", "part/1.jpg"]
    assert list_images(tmp_path / "img").left_out == "1 image in subfolders such as part/1.jpg: use --recursive"


def test_folders_that_cannot_be_read_are_named(tmp_path, monkeypatch):
    fill(tmp_path, "1.jpg", "closed/2.jpg")
    real = __import__("os").scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    found = list_images(tmp_path, recursive=True)
    assert [file.name for file in found.files] == ["1.jpg"]
    assert found.left_out == f"1 folder that cannot be read, such as {tmp_path / 'closed'}: change the permissions"


def test_files_of_a_walk(tmp_path):
    fill(tmp_path, "a/1.txt", "2.jpg", "a/._x")
    assert sorted(file.name for file in walk_files(tmp_path)) == ["1.txt", "2.jpg"]
    assert is_image_name("A.Jpeg") and not is_image_name("a.jpg.txt") and not is_image_name("._a.jpg")
