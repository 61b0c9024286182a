"""Scenes: labels agree with the drawn text, and scenes depend only on the seed."""

from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from shapely.geometry import Polygon

from mindocr.errors import DataError, UserError
from mindocr.synthetic import Scene, SceneOptions, make_scene
from mindocr.synthetic.background import find_photos
from mindocr.synthetic.fonts import FontFace, find_fonts
from mindocr.synthetic.lettering import Style, write_sheet
from mindocr.synthetic.signs import smallest_quad
from mindocr.synthetic.words import CHINESE, LATIN, random_word

KINDS = [
    SceneOptions(),
    SceneOptions((200, 360), curved=0.5, labels="polygons", difficulty="hard"),
    SceneOptions((400, 256), curved=0.5, labels="quads", difficulty="easy"),
    SceneOptions((320, 320), curved=1.0, difficulty="hard"),
    SceneOptions((96, 96)),
]


@pytest.fixture(scope="module")
def faces() -> tuple[FontFace, ...]:
    return find_fonts()


@pytest.fixture(scope="module", params=KINDS, ids=lambda o: f"{o.image_size[0]}x{o.image_size[1]}-{o.labels}")
def scenes(request, faces) -> list[tuple[SceneOptions, Scene]]:
    return [(request.param, make_scene(request.param, faces, (), (3, 0, index))) for index in range(14)]


def covered(scene: Scene, grow: int = 0) -> np.ndarray:
    """(H, W) bool: inside a label or at most ``grow`` pixels away."""
    mask = np.zeros(scene.ink.shape, np.uint8)
    cv2.fillPoly(mask, [word.points.astype(np.int32) for word in scene.words], 1)
    return (cv2.dilate(mask, np.ones((2 * grow + 1,) * 2, np.uint8)) if grow else mask) > 0


def test_equal_seeds_give_equal_scenes_and_others_differ(faces):
    first, again, other = (make_scene(SceneOptions(), faces, (), seed) for seed in [(1, 0, 5), (1, 0, 5), (1, 1, 5)])
    assert np.array_equal(first.image, again.image)
    assert [w.text for w in first.words] == [w.text for w in again.words]
    assert all(np.array_equal(a.points, b.points) for a, b in zip(first.words, again.words))
    assert not np.array_equal(first.image, other.image)


def test_scenes_have_the_asked_size_and_some_words(scenes):
    for options, scene in scenes:
        assert scene.image.shape == (*options.image_size, 3)
        assert scene.image.dtype == np.uint8
        assert options.ranges.quality[0] <= scene.quality <= options.ranges.quality[1]
    assert np.mean([len(scene.words) for _, scene in scenes]) >= 2


def test_labels_are_valid_clockwise_and_inside_the_picture(scenes):
    for options, scene in scenes:
        height, width = options.image_size
        for word in scene.words:
            polygon = Polygon(word.points)
            assert polygon.is_valid and polygon.area > 10
            following = np.roll(word.points, -1, axis=0)
            shoelace = np.sum(word.points[:, 0] * following[:, 1] - word.points[:, 1] * following[:, 0])
            assert shoelace > 0  # clockwise where y points down
            assert word.points.min() >= 0
            assert np.all(word.points.max(axis=0) <= (width - 1, height - 1))


def test_number_of_points_follows_the_label_style(scenes):
    for options, scene in scenes:
        for word in scene.words:
            count = len(word.points)
            if options.labels == "quads" or (options.labels == "mixed" and not word.curved):
                assert count == 4
            else:
                assert 8 <= count <= 14 and count % 2 == 0


def test_labels_do_not_overlap(scenes):
    for _, scene in scenes:
        for first, second in combinations([Polygon(word.points) for word in scene.words], 2):
            assert first.intersection(second).area == 0


def test_ink_lies_within_the_labels(scenes):
    for _, scene in scenes:
        assert not np.any((scene.ink > 100) & ~covered(scene, grow=1))


def ink_within(scene: Scene, points: np.ndarray) -> np.ndarray:
    """(K, 2) int32 (x, y) of the inked pixels inside a label."""
    inside = np.zeros(scene.ink.shape, np.uint8)
    cv2.fillPoly(inside, [points.astype(np.int32)], 1)
    return np.argwhere((scene.ink > 60) & (inside > 0))[:, ::-1].astype(np.int32)


def test_ink_reaches_every_side_of_a_straight_label(scenes):
    for _, scene in scenes:
        for word in scene.words:
            if word.curved or word.height < 10:
                continue
            half = len(word.points) // 2
            quad = word.points[[0, half - 1, half, -1]].astype(np.float32)
            width, height = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
            flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
            ink = ink_within(scene, word.points).astype(np.float32)[None]
            ink = cv2.perspectiveTransform(ink, cv2.getPerspectiveTransform(quad, flat))[0]
            most = 3.0 + 0.08 * word.height
            assert np.all(ink.min(axis=0) < most), word
            assert np.all(ink.max(axis=0) > np.array([width, height]) - most), word


def test_ink_fills_most_of_the_extent_of_a_curved_label(scenes):
    for options, scene in scenes:
        for word in scene.words:
            if word.curved and word.height >= 16 and options.labels != "quads":
                hulls = [cv2.convexHull(p.astype(np.int32)) for p in (ink_within(scene, word.points), word.points)]
                assert cv2.contourArea(hulls[0]) > 0.45 * cv2.contourArea(hulls[1]), word


def test_readable_letters_stand_out_from_what_is_behind_them(faces):
    options = SceneOptions()
    weakest = []
    for index in range(30):
        scene = make_scene(options, faces, (), (11, 0, index))
        grey = cv2.cvtColor(scene.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        for word in scene.words:
            if word.text == "###":
                continue
            inside = np.zeros(scene.ink.shape, np.uint8)
            cv2.fillPoly(inside, [word.points.astype(np.int32)], 1)
            letters, behind = (scene.ink > 200) & (inside > 0), (scene.ink == 0) & (inside > 0)
            if letters.any() and behind.any():
                weakest.append(abs(grey[letters].mean() - grey[behind].mean()))
    assert len(weakest) > 60
    assert np.percentile(weakest, 2) > 20
    assert np.median(weakest) > 50


def test_first_point_is_where_the_text_begins(faces):
    options = SceneOptions(curved=0.0, difficulty="easy")  # tilts of 15 degrees at most
    for index in range(10):
        for word in make_scene(options, faces, (), (2, 0, index)).words:
            a, b, c, d = word.points
            assert a[0] < b[0] and d[0] < c[0] and a[1] < d[1] and b[1] < c[1]


def test_curved_share_is_kept(faces):
    none = [make_scene(SceneOptions(curved=0.0), faces, (), (4, 0, i)) for i in range(6)]
    every = [make_scene(SceneOptions(curved=1.0), faces, (), (4, 0, i)) for i in range(6)]
    assert not any(word.curved for scene in none for word in scene.words)
    assert all(word.curved for scene in every for word in scene.words)


def test_smallest_quad_of_a_turned_square_begins_at_the_first_point():
    square = np.array([[10.0, 0.0], [20.0, 10.0], [10.0, 20.0], [0.0, 10.0]])
    assert smallest_quad(square) == pytest.approx(square, abs=1e-3)


def test_word_rectangles_of_a_sheet_hold_the_ink_and_stay_apart(faces):
    sheet = write_sheet(faces[0], [["Ag", "jy"], ["-", "WORD"]], 20, Style(gap=0.0, leading=0.0, outline=2))
    assert sheet.words == ("Ag", "jy", "-", "WORD")
    outside = sheet.rim.copy()
    for left, top, right, bottom in sheet.rects:
        outside[int(np.ceil(top)) : int(bottom) + 1, int(np.ceil(left)) : int(right) + 1] = 0
    assert not outside.any()
    for (a, b, c, d), (e, f, g, h) in combinations(sheet.rects, 2):
        assert c < e or g < a or d < f or h < b


def test_random_words_use_only_the_letters_asked_of_fonts():
    rng = np.random.default_rng(0)
    words = [random_word(rng) for _ in range(2000)]
    assert set("".join(words)) <= set(LATIN)
    assert max(map(len, words)) <= 14 and len(set(words)) > 500
    assert not {"###", "*"} & set(words)


def test_built_in_fonts_write_latin_only_and_names_are_known(faces):
    assert len(faces) >= 10
    assert all(face.latin and not face.chinese and not face.own for face in faces)
    assert any(face.name == "DejaVuSans" for face in faces)


def test_fonts_that_know_chinese_get_chinese_words(faces):
    # this font draws boxes instead of letters; only the choice of words matters here
    only = FontFace(faces[0].path, "pretended", latin=False, chinese=CHINESE, own=True)
    scene = make_scene(SceneOptions(curved=0.5), (only,), (), (0, 0, 1))
    readable = [word.text for word in scene.words if word.text != "###"]
    assert readable and set(readable) <= set(CHINESE)


def test_user_fonts_are_added_to_the_built_in_ones(tmp_path, faces, caplog):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "Mine.TTF").write_bytes(Path(faces[0].path).read_bytes())
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    added = find_fonts(tmp_path)[len(faces) :]
    assert [(face.name, face.own) for face in added] == [("Mine", True)]
    assert "broken.ttf skipped" in caplog.text


def test_photographs_become_backgrounds(tmp_path, faces):
    red = np.zeros((90, 500, 3), np.uint8)
    red[..., 2] = 200  # OpenCV writes BGR
    cv2.imwrite(str(tmp_path / "wall.PNG"), red)
    photos = find_photos(tmp_path)
    scenes = [make_scene(SceneOptions((128, 64), difficulty="easy"), faces, photos, (0, 0, i)) for i in range(6)]
    reddish = [np.median(s.image[..., 0].astype(int) - s.image[..., 1]) > 60 for s in scenes]
    assert all(scene.image.shape == (128, 64, 3) for scene in scenes)
    assert sum(reddish) >= 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: SceneOptions((32, 320)), r"image_size .*at least 64, got 32 x 320"),
        (lambda p: SceneOptions(curved=1.5), r"curved: expected a share between 0 and 1, got 1.5"),
        (lambda p: SceneOptions(difficulty="brutal"), r"difficulty: expected easy, normal, hard, got 'brutal'"),
        (lambda p: SceneOptions(labels="boxes"), r"labels: expected mixed, polygons or quads, got 'boxes'"),
        (lambda p: find_fonts(p / "none"), r"font_dir: .*none is not a folder"),
        (lambda p: find_fonts(p), r"no usable font"),
        (lambda p: find_photos(p / "none"), r"background_dir: .*none is not a folder"),
        (lambda p: find_photos(p), r"background_dir: no image"),
    ],
)
def test_mistakes_are_told(tmp_path, call, message):
    with pytest.raises(DataError, match=message) as caught:
        call(tmp_path)
    assert isinstance(caught.value, UserError)


def test_a_photograph_that_does_not_decode_is_named(tmp_path, faces):
    (tmp_path / "bad.jpg").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"bad\.jpg cannot be decoded"):
        for index in range(10):
            make_scene(SceneOptions((64, 64)), faces, find_photos(tmp_path), (0, 0, index))
