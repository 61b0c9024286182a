"""Images by the paths of other computers; never the annotation of another image."""

from collections import Counter

import cv2
import numpy as np
import pytest

from mindocr.errors import DataError
from mindocr.formats.image_finder import Wanted, find_images, possible_names, without_upload_id


def draw(folder, *names, size=(20, 30)):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / name), np.zeros((*size, 3), np.uint8))


def find(image_dir, *texts, notes=None, **more):
    """Paths below ``image_dir``, or the problem, for the paths in annotations a, b, ..."""
    wanted = [Wanted(possible_names(text), f"here:{number}", **more) for number, text in enumerate(texts, start=1)]
    found = find_images(image_dir, wanted, notes)
    return [match.problem or match.image.relative_to(image_dir).as_posix() for match in found]


@pytest.mark.parametrize("text", [
    "p 1.png", "img/p 1.png", "C:\\photos\\img\\p 1.png", "\\\\server\\share\\img\\p 1.png", "/home/other/img/p 1.png",
    "file:///home/other/img/p%201.png", "file:///C:/photos/p%201.png", "https://host/a/p%201.png?token=1",
    "s3://bucket/img/p 1.png", "/data/local-files/?d=img%5Cp%201.png", "p%201.png", "./p 1.png", "..\\img\\p 1.png",
    "old/P 1.PNG",
])  # fmt: skip
def test_paths_of_other_systems(tmp_path, text):
    draw(tmp_path / "img", "p 1.png", "q.png")
    assert find(tmp_path / "img", text) == ["p 1.png"]


def test_names_with_percent_signs_and_in_other_forms_of_unicode(tmp_path):
    draw(tmp_path / "img", "a%20b.png", "a b.png", "cafe\u0301.png")
    assert find(tmp_path / "img", "a%20b.png", "x/caf\u00e9.png") == [
        "a%20b.png", "tmp_path/img contains a cafe\u0301.png, but it is not the one in 'x'".replace(
            "tmp_path", str(tmp_path))]  # fmt: skip
    assert find(tmp_path / "img", "img/caf\u00e9.png") == ["cafe\u0301.png"]


def test_images_below_the_folder_are_found_by_the_longest_end(tmp_path):
    draw(tmp_path / "img", "a/1.png", "b/1.png", "b/2.png", "3.png", "c/3.png")
    found = find(tmp_path / "img", "D:/set/b/1.png", "D:/set/a/1.png", "2.png", "3.png")
    assert found == ["b/1.png", "a/1.png", "b/2.png", "3.png"]
    assert find(tmp_path / "img", "1.png") == ["2 images have this name, such as a/1.png, b/1.png"]
    assert find(tmp_path / "img", "9.png") == ["no such image"]


@pytest.mark.parametrize("prefix", ["", "data/", "/mnt/data/", "C:\\data\\"])
def test_the_same_name_in_another_folder_is_another_image(tmp_path, prefix):
    draw(tmp_path / "batch1", "1.png", "2.png")
    found = find(tmp_path / "batch1", f"{prefix}batch1/1.png", f"{prefix}batch2/1.png", f"{prefix}batch2/2.png")
    assert found[0] == "1.png"
    assert all("it is not the one in 'batch2'" in problem for problem in found[1:])
    draw(tmp_path / "batch2", "2.png")
    if not prefix:  # even alone: the other image exists, and is outside
        assert "batch2/2.png, which is not below" in find(tmp_path / "batch1", "batch2/2.png")[0]


@pytest.mark.parametrize(("folder", "stated"), [("batch1", "batch2"), ("2024-01", "2024-02"), ("Test", "train")])
def test_parts_of_a_data_set_are_different_folders(tmp_path, folder, stated):
    draw(tmp_path / folder, "1.png")
    assert find(tmp_path / folder, f"{folder}/1.png") == ["1.png"]
    assert "is not the one in" in find(tmp_path / folder, f"/x/{stated}/1.png")[0]


def test_two_annotations_of_one_file_are_refused_by_name(tmp_path):
    draw(tmp_path / "img", "1.png")
    with pytest.raises(DataError, match=r"here:2: 'b/1.png' and 'a/1.png' \(here:1\) would both be .*img/1.png; set"):
        find(tmp_path / "img", "a/1.png", "b/1.png")
    with pytest.raises(DataError, match=r"here:2: '1.png' and '1.png' \(here:1\) would both be"):
        find(tmp_path / "img", "1.png", "1.png")


def test_a_better_match_wins(tmp_path):
    draw(tmp_path / "img", "1.png")
    first, second = find(tmp_path / "img", "other/1.png", "1.png", lenient=True)
    assert first == f"not in {tmp_path}/img, whose 1.png is '1.png' (here:2)" and second == "1.png"


def test_a_renamed_folder_is_counted_and_its_sizes_are_compared(tmp_path):
    draw(tmp_path / "img", "1.png", "2.png")
    notes = Counter()
    assert find(tmp_path / "img", "old/1.png", "old/2.png", notes=notes, size=(30, 20)) == ["1.png", "2.png"]
    assert notes == {"images found by their file name; the folders in the annotation have other names": 2}
    assert find(tmp_path / "img", "old/1.png", size=(20, 30)) == ["1.png"]  # rotated by EXIF data
    assert (
        "it has 30 x 20 pixels, the annotation states 31 x 20" in find(tmp_path / "img", "old/1.png", size=(31, 20))[0]
    )


def test_folders_that_are_links(tmp_path):
    draw(tmp_path / "store", "1.png")
    (tmp_path / "img").mkdir()
    (tmp_path / "img/part").symlink_to("../store")
    (tmp_path / "img/part/back").symlink_to("../../img")
    assert find(tmp_path / "img", "part/1.png") == ["part/1.png"]
    assert find(tmp_path / "img", "1.png") == ["part/1.png"]
    assert find(tmp_path / "img", str(tmp_path / "img/part/1.png")) == ["part/1.png"]


@pytest.mark.parametrize("text", ["", "..", "/", "a\0b.png", "\ud800.png", "http://[", "C:", "x" * 5000 + ".png"])
def test_names_that_no_file_can_have(tmp_path, text):
    draw(tmp_path, "1.png")
    assert find(tmp_path, text) == ["no such image"]


def test_ids_of_uploads():
    assert without_upload_id("1a2b3c4d-a-b.png") == "a-b.png"
    assert without_upload_id("1a2b3c4-a.png") == "1a2b3c4-a.png"
