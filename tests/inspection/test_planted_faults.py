"""Every kind of fault, added one by one, is found at its position and nowhere else."""

from __future__ import annotations

import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image
from small_sets import GOOD, SIZE, SmallSet, details, found, jpeg, look, picture, text

from mindocr.errors import DataError
from mindocr.inspection.fix import write_fixed
from mindocr.inspection.kinds import KINDS

THIN = [[100, 100], [180, 180], [178, 182], [98, 102]]  # at 45 degrees, less than 3 pixels across
DUMBBELL = [[10, 10], [60, 10], [60, 34], [120, 34], [120, 10], [170, 10], [170, 60], [120, 60], [120, 36], [60, 36],
            [60, 60], [10, 60]]  # fmt: skip


def saved(image: np.ndarray, form: str, mode: str = "RGB", **options) -> bytes:
    """An image file of some format and mode, written by Pillow."""
    stream = io.BytesIO()
    Image.fromarray(image).convert(mode).save(stream, form, **options)
    return stream.getvalue()


def turned(image: np.ndarray, orientation: int) -> bytes:
    """A JPEG with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, "JPEG", exif=exif)


def damaged(image: np.ndarray) -> bytes:
    """A JPEG whose pixel data are overwritten in the middle; headers and end marker are intact."""
    content = bytearray(jpeg(image))
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(300)
    return bytes(content)


# kind, texts of the planted line, content of its image (None = a good one), number of the text (0 = the image)
TEXT_FAULTS = [
    ("point_outside", [text([[-5, 50], [140, 50], [140, 90], [-5, 90]])]),
    ("point_outside", [text([[200, 200], [330.5, 200], [330.5, 235], [200, 235]])]),
    ("text_outside", [text([[330, 10], [400, 10], [400, 40], [330, 40]])]),
    ("self_crossing", [text([[40, 50], [140, 90], [140, 50], [40, 90]])]),
    ("self_crossing", [text([[10, 10], [90, 10], [90, 40], [60, 5], [30, 40], [10, 40]])]),
    ("counter_clockwise", [text(GOOD[::-1])]),
    ("non_convex", [text([[40, 50], [140, 50], [60, 60], [40, 90]])]),
    ("non_convex", [text([[40, 50], [90, 50], [140, 50], [40, 90]])]),
    ("zero_area", [text([[40, 50], [90, 50], [140, 50], [60, 50]])]),
    ("zero_area", [text([[40, 50], [40, 50], [40, 50], [40, 50]])]),
    ("vanishes", [text(THIN)]),
    ("falls_apart", [text(DUMBBELL)]),
    ("below_filter", [text([[40, 50], [140, 50], [140, 57], [40, 57]])]),
    ("empty_transcription", [text(transcription=" ")]),
    ("almost_ignored", [text(transcription="###\r")]),
    ("almost_ignored", [text(transcription="##")]),
]
IMAGE_FAULTS = [
    ("undecodable_image", b""),
    ("undecodable_image", b"GIF89a, or so it says"),
    ("cut_short_image", jpeg(picture(1))[:-900]),
    ("damaged_image", damaged(picture(2))),
    ("exif_rotation", turned(picture(3), 3)),
    ("odd_pixels", saved(picture(4), "JPEG", "CMYK")),
    ("misnamed_image", saved(picture(5), "PNG")),
]


@pytest.mark.parametrize(("kind", "texts"), TEXT_FAULTS)
def test_fault_of_a_text(small_set: SmallSet, kind, texts) -> None:
    small_set.add()
    small_set.add(text([[10, 150], [90, 150], [90, 180], [10, 180]]), *texts)
    places = found(look(small_set))
    if kind == "zero_area":
        places.pop("repeated_point", None)
    assert places == {kind: [(2, 2)]}


@pytest.mark.parametrize(("kind", "content"), IMAGE_FAULTS)
def test_fault_of_an_image(small_set: SmallSet, kind, content, capfd) -> None:
    small_set.add()
    small_set.add(content=content)
    assert found(look(small_set)) == {kind: [(2, 0)]}
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("line", [
    "003.jpg no tab",
    "003.jpg\t[{'transcription'",
    "003.jpg\t[] x",
    '003.jpg\t[{"transcription": "a", "points": [[1, 2], [3, 4]]}]',
    '003.jpg\t[{"transcription": "a", "points": [[1, 2], [3, 4], [5, NaN]]}]',
    b"003.jpg\t[{\"transcription\": \"\xff\"}]",
])  # fmt: skip
def test_malformed_line(small_set: SmallSet, line) -> None:
    small_set.add()
    small_set.line("")
    small_set.line(line)
    assert found(look(small_set)) == {"malformed_line": [(3, 0)]}


@pytest.mark.parametrize(("lines", "kind"), [
    ("{a}{b}", "lines_run_together"),
    ("{a}\u2028{b}", "lines_run_together"),
    ("{a}]", "other_notation"),
    ("{python}", "other_notation"),
])  # fmt: skip
def test_lines_are_inspected_as_they_were_meant(small_set: SmallSet, lines, kind) -> None:
    """Their images are found, and faults in them too."""
    for texts in ([text()], [text(GOOD[::-1])]):
        small_set.add(*texts)
    a, b = small_set.lines
    small_set.lines = []
    small_set.line(lines.format(a=a, b=b, python=f"001.jpg\t{[text()]}"))
    places = found(look(small_set))
    assert places.pop(kind) == [(1, 0)]
    assert places == ({"counter_clockwise": [(1, 1)]} if "{b}" in lines else {"unlisted_image": [(1, 0)]})


def test_lines_of_an_old_mac(small_set: SmallSet) -> None:
    for _ in range(3):
        small_set.add()
    small_set.file.write_bytes("\r".join(small_set.lines).encode())
    assert found(look(small_set)) == {} and [line.number for line in look(small_set).lines] == [1, 2, 3]


@pytest.mark.parametrize(("name", "kind", "detail"), [
    (r"deep\a.jpg", "backslash_path", "it has backslashes; the image is deep/a.jpg"),
    (r"C:\data\deep\a.jpg", "other_path", "it is a Windows path with a drive; the image is deep/a.jpg"),
    ("/home/other/deep/a.jpg", "other_path",
     "it is an absolute path of another computer or folder; the image is deep/a.jpg"),
    ("train/deep/a.jpg", "other_path",
     "it begins with folders that are not in the image folder; the image is deep/a.jpg"),
    ("deep/A.JPG", "other_path", "it differs in upper and lower case; the image is deep/a.jpg"),
])  # fmt: skip
def test_paths_of_other_systems(small_set: SmallSet, name, kind, detail) -> None:
    (small_set.folder / "deep").mkdir()
    small_set.add(text(GOOD[::-1]), name="deep/a.jpg")
    small_set.lines = []
    small_set.line(f"{name}\t{json.dumps([text(GOOD[::-1])])}")
    inspection = look(small_set)
    assert found(inspection) == {kind: [(1, 0)], "counter_clockwise": [(1, 1)]}
    assert details(inspection, kind) == [detail]
    assert inspection.has_errors is (kind == "other_path")


def test_several_paths_that_may_mean_one_image(small_set: SmallSet) -> None:
    small_set.add()
    (small_set.folder / "a.jpg").write_bytes(jpeg(picture(50)))
    small_set.line(f"one/a.jpg\t{json.dumps([text()])}")
    small_set.line(f"two/a.jpg\t{json.dumps([text()])}")
    inspection = look(small_set)
    assert found(inspection) == {"missing_image": [(2, 0), (3, 0)], "unlisted_image": [(1, 0)]}
    assert "one/a.jpg; a.jpg may be meant, but other paths may mean it too" in details(inspection, "missing_image")[0]


def test_a_missing_image_with_a_foreign_path(small_set: SmallSet) -> None:
    small_set.add()
    small_set.line(f"D:\\none.jpg\t{json.dumps([text()])}")
    assert details(look(small_set), "missing_image")[0].endswith(
        "it is a Windows path with a drive, and no image of this name is in the image folder"
    )
    small_set.lines = []
    small_set.line(f"D:\\none.jpg\t{json.dumps([text()])}")
    with pytest.raises(DataError, match="none of its 1 images exists.*Windows path with a drive"):
        look(small_set)


SHARES = [[x / 320, y / 240] for x, y in GOOD]


def test_points_that_are_shares(small_set: SmallSet) -> None:
    """Their texts are inspected in pixels; in a file of pixels only lines with fractions are taken for shares."""
    small_set.add(text(SHARES), text([[x / 320, y / 240] for x, y in [[10, 150], [90, 150], [90, 180], [10, 180]]]))
    whole = text([[0, 0], [1, 0], [1, 1], [0, 1]], "###")
    small_set.add(whole)
    inspection = look(small_set)
    assert found(inspection) == {"points_are_shares": [(1, 0), (2, 0)], "all_ignored": [(2, 0)]}
    assert details(inspection, "points_are_shares")[0] == "the largest coordinate of 2 texts is 0.75"
    assert [round(size.thickness) for size in inspection.measures[0]] == [40, 30] and inspection.has_errors
    small_set.add()
    assert found(look(small_set)) == {"points_are_shares": [(1, 0)], "all_ignored": [(2, 0)]}


BEYOND = ("5 of 5 images have points outside; a typical image is 320 x 240: the labels seem to be made on larger "
          "images, about")  # fmt: skip
WITHIN = "the 20 texts of 5 images are all within"
SMALLER = "the labels seem to be made on smaller images"


def scaled(factor_x: float, factor_y: float) -> list[list[float]]:
    return [[x * factor_x, y * factor_y] for x, y in [[10, 10], [300, 10], [300, 200], [10, 200]]]


@pytest.mark.parametrize(("factors", "detail"), [
    ((1.5, 1.5), f"{BEYOND} 1.4 times this size"),
    ((1000 / 320, 1000 / 240), f"{BEYOND} 3.5 times this size, or to be shares of 1000"),
    ((0.5, 0.5), f"{WITHIN} 47% of the width and 42% of the height: {SMALLER}"),
    ((100 / 320, 100 / 240), f"{WITHIN} 29% of the width and 35% of the height: {SMALLER}, or to be percentages of the "
     "image size"),
    ((1, 1), None),
])  # fmt: skip
def test_labels_of_images_of_another_size(small_set: SmallSet, factors, detail) -> None:
    for _ in range(5):
        small_set.add(*[text(scaled(*factors), letter) for letter in "abcd"])
    assert details(look(small_set), "other_scale") == [detail] * (detail is not None)
    small_set.lines = small_set.lines[:4]
    small_set.line(small_set.lines.pop())
    assert details(look(small_set), "other_scale") == []  # too few images to say so


def test_x_and_y_exchanged(small_set: SmallSet) -> None:
    small_set.add(text([[50, 250], [50, 310], [20, 310], [20, 250]]))
    assert details(look(small_set), "labels_lie_on_side") == [
        "the image is 320 x 240, not rotated by EXIF data: x and y may be exchanged"
    ]


def test_missing_image(small_set: SmallSet) -> None:
    small_set.add()
    small_set.line(f"nowhere/7.jpg\t{json.dumps([text()])}")
    assert found(look(small_set)) == {"missing_image": [(2, 0)]}


def test_repeated_points(small_set: SmallSet) -> None:
    small_set.add(text([*GOOD[:1], *GOOD]), text([[10, 150], [90, 150], [90, 180], [90, 180]]))
    inspection = look(small_set)
    assert found(inspection) == {"repeated_point": [(1, 1), (1, 2)], "non_convex": [(1, 2)]}
    assert details(inspection, "non_convex") == ["corners 3 and 4 are the same point"]


def test_labels_of_an_image_that_lies_on_its_side(small_set: SmallSet) -> None:
    """240 x 320 upright, while the labels were made on 320 x 240."""
    small_set.add(text([[250, 20], [310, 20], [310, 50], [250, 50]]), content=turned(picture(9), 6))
    inspection = look(small_set)
    assert found(inspection) == {"exif_rotation": [(1, 0)], "labels_lie_on_side": [(1, 0)]}
    assert details(inspection, "labels_lie_on_side") == ["the image is 240 x 320"]
    assert found(look(small_set, ignore_orientation=True)) == {"exif_rotation": [(1, 0)]}


def test_texts_twice_and_in_one_place(small_set: SmallSet) -> None:
    near = [[42, 50], [140, 50], [140, 90], [42, 90]]  # IoU 0.98
    half = [[40, 50], [140, 50], [140, 70], [40, 70]]  # IoU 0.5
    small_set.add(text(), text(), text(near), text(half), text(GOOD, "other"))
    inspection = look(small_set)
    assert found(inspection) == {
        "repeated_text": [(1, 2)], "overlapping_texts": [(1, 5), (1, 5), (1, 3), (1, 3), (1, 5)]
    }  # fmt: skip
    assert details(inspection, "overlapping_texts")[2] == "IoU 0.98 with text 1"


def test_ignored_and_empty(small_set: SmallSet) -> None:
    small_set.add(text(transcription="###"), text([[10, 150], [90, 150], [90, 180], [10, 180]], "*"))
    name = small_set.add()
    small_set.lines[-1] = f"{name}\t[]"
    small_set.add()
    assert found(look(small_set)) == {"all_ignored": [(1, 0)], "no_text": [(2, 0)]}


def test_lines_and_files_twice(small_set: SmallSet) -> None:
    first = small_set.add()
    small_set.line(small_set.lines[0])
    small_set.line(f"{first}\t{json.dumps([text(transcription='else')])}")
    small_set.add(name="copy.jpg", content=(small_set.folder / first).read_bytes())
    small_set.add(name="other.jpg")
    (small_set.folder / "unused.PNG").write_bytes(saved(picture(70), "PNG"))
    (small_set.folder / "notes.txt").write_text("no image")
    inspection = look(small_set)
    assert found(inspection) == {
        "repeated_line": [(2, 0), (3, 0)], "same_image": [(4, 0)], "unlisted_image": [(1, 0)]
    }  # fmt: skip
    assert details(inspection, "repeated_line") == [
        f"first in {small_set.file}:1, with the same texts", f"first in {small_set.file}:1, with other texts"
    ]  # fmt: skip
    assert details(inspection, "unlisted_image") == ["unused.PNG"]


def altered(image: np.ndarray, how: str) -> bytes:
    h, w = image.shape[:2]
    return jpeg({
        "saved anew": image,
        "half as large": cv2.resize(image, (w // 2, h // 2), interpolation=cv2.INTER_AREA),
        "squeezed": cv2.resize(image, (w // 2, h), interpolation=cv2.INTER_AREA),
        "brighter": cv2.convertScaleAbs(image, alpha=0.9, beta=20),
    }[how], 40)  # fmt: skip


@pytest.mark.parametrize("how", ["saved anew", "half as large", "squeezed", "brighter"])
def test_similar_images(small_set: SmallSet, other_set: SmallSet, how) -> None:
    small_set.add()
    small_set.add(name="original.jpg", content=jpeg(picture(30)))
    small_set.add(text([[10, 10], [50, 10], [50, 40], [10, 40]]), content=altered(picture(30), how))
    other_set.add(text([[10, 10], [50, 10], [50, 40], [10, 40]]), content=altered(picture(1), how))
    other_set.add()
    other_set.add(content=jpeg(picture(30)))
    inspection = look(small_set, other_set)
    assert found(inspection) == {
        "similar_image": [(3, 0)], "same_image_in_test": [(3, 0)], "similar_image_in_test": [(1, 0)]
    }  # fmt: skip
    assert "looks like" in details(inspection, "similar_image")[0]
    assert "original.jpg" in details(inspection, "similar_image")[0]


def test_flat_images_are_not_taken_for_each_other(small_set: SmallSet) -> None:
    for grey in (10, 60, 200):
        small_set.add(content=jpeg(np.full((*SIZE, 3), grey, np.uint8)))
    assert found(look(small_set)) == {}


def test_every_kind_is_planted_here() -> None:
    """The tests of this file cover every kind."""
    own = open(__file__, encoding="utf-8").read()  # noqa: PTH123, SIM115
    assert [kind.key for kind in KINDS if f'"{kind.key}"' not in own] == []


def test_a_good_set_has_no_problem(small_set: SmallSet, other_set: SmallSet) -> None:
    for one in (small_set, other_set):
        for _ in range(5):
            one.add(text(), text([[10, 150], [90, 150], [90, 180], [10, 180]], "###"))
    assert found(look(small_set, other_set)) == {}


def test_paths_that_are_spelled_differently_are_one(small_set: SmallSet) -> None:
    small_set.add()
    small_set.line(f"./{small_set.lines[0]}")
    small_set.add()
    assert found(look(small_set)) == {"repeated_line": [(2, 0)]}


def test_a_gif_that_a_converter_replaced_is_not_missed(small_set: SmallSet) -> None:
    small_set.add(name="a.png", content=saved(picture(1), "PNG"))
    (small_set.folder / "a.gif").write_bytes(saved(picture(1), "GIF"))
    (small_set.folder / "b.gif").write_bytes(saved(picture(2), "GIF"))
    inspection = look(small_set)
    assert found(inspection) == {"unlisted_image": [(1, 0)]} and details(inspection, "unlisted_image") == ["b.gif"]


def test_texts_a_little_outside_do_not_lie_on_their_side(small_set: SmallSet) -> None:
    """10 pixels below an image of 320 x 240, which would fit 240 x 320 too; from 12 on it is no small error."""
    small_set.add(text([[20, 200], [90, 200], [90, 250], [20, 250]]))
    small_set.add(text([[20, 200], [90, 200], [90, 253], [20, 253]]))
    assert found(look(small_set)) == {"labels_lie_on_side": [(2, 0)], "point_outside": [(1, 1)]}


def test_synthtext(tmp_path) -> None:
    from scipy.io import savemat

    small_set = SmallSet(tmp_path)
    name = small_set.add()
    boxes = np.empty((1, 1), dtype=object)
    boxes[0, 0] = np.array([[[40, 10], [140, 90], [140, 90], [40, 10]], [[50, 10], [50, 10], [90, 30], [90, 30]]])
    file = tmp_path / "gt.mat"
    savemat(file, {"imnames": np.array([name], object), "txt": np.array(["two words"], object), "wordBB": boxes})
    small_set.file = file
    assert found(look(small_set)) == {}
    boxes[0, 0][0, :, 1] += 400
    savemat(file, {"imnames": np.array([name], object), "txt": np.array(["two words"], object), "wordBB": boxes})
    assert found(look(small_set)) == {"text_outside": [(1, 2)]}
    with pytest.raises(DataError, match="only text label files are repaired; convert it with --output_path"):
        write_fixed(look(small_set), file, tmp_path / "new.txt")
