import cv2
import numpy as np
import pytest
from scipy.io import savemat

from mindocr.data.datasets.detection import PredictDataset, SynthTextDataset
from mindocr.data.datasets.sources import subsample
from mindocr.errors import DataError


def objects(values):
    """(1, N) object array, as MATLAB's cell arrays are stored."""
    cells = np.empty((1, len(values)), dtype=object)
    for i, value in enumerate(values):
        cells[0, i] = value
    return cells


def box(x, y):
    """(2, 4): x and y of a 20 x 10 rectangle."""
    return np.array([[x, x + 20, x + 20, x], [y, y, y + 10, y + 10]], dtype=np.float64)


@pytest.fixture
def synthtext(tmp_path):
    for name in ("8/a_1_0.jpg", "8/b_2_0.jpg", "9/c_3_0.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((50, 70, 3), 90, dtype=np.uint8))
    names = [np.array([name]) for name in ("8/a_1_0.jpg", "8/b_2_0.jpg", "9/c_3_0.jpg")]
    boxes = [np.stack([box(1, 2), box(30, 20)], axis=2), box(5, 6), np.zeros(0)]
    words = [np.array(["one\n two  "]), np.array(["only   "]), np.array([], dtype=str)]
    file = tmp_path / "gt_processed.mat"
    savemat(file, {"imnames": objects(names), "wordBB": objects(boxes), "txt": objects(words)})
    return tmp_path, file


def test_synthtext_boxes_of_every_shape(synthtext):
    folder, file = synthtext
    dataset = SynthTextDataset(str(folder), str(file), transform_pipeline=["DecodeImage"])
    two, one, none = (dataset[i] for i in range(3))
    assert two["texts"] == ["one", "two"]
    np.testing.assert_array_equal(two["polys"][1], [[30, 20], [50, 20], [50, 30], [30, 30]])
    assert one["texts"] == ["only"]
    np.testing.assert_array_equal(one["polys"], [[[5, 6], [25, 6], [25, 16], [5, 16]]])
    assert one["polys"][0].dtype == np.float32
    assert none["texts"] == [] and none["polys"] == [] and none["ignore_tags"].shape == (0,)
    assert dataset.describe(2) == f"{file}:3 {folder}/9/c_3_0.jpg"


def test_synthtext_with_more_boxes_than_words_pairs_them_and_says_so(synthtext, caplog):
    folder, file = synthtext
    names, boxes = [np.array(["8/a_1_0.jpg"])], [np.stack([box(1, 2), box(30, 20)], axis=2)]
    savemat(file, {"imnames": objects(names), "wordBB": objects(boxes), "txt": objects([np.array(["one"])])})
    assert SynthTextDataset(str(folder), str(file))[0]["texts"] == ["one"]
    assert "1 of 1 images have different numbers of boxes and words" in caplog.text


def test_synthtext_missing_image(synthtext):
    folder, file = synthtext
    (folder / "9/c_3_0.jpg").unlink()
    with pytest.raises(DataError, match=r"gt_processed.mat:3: image .*c_3_0.jpg does not exist; 1 of the 3"):
        SynthTextDataset(str(folder), str(file))


def test_synthtext_file_that_is_none(synthtext):
    folder, file = synthtext
    file.write_bytes(b"a.jpg\t[]\n" * 40)
    with pytest.raises(DataError, match="cannot read this as a MATLAB 5 file"):
        SynthTextDataset(str(folder), str(file))
    savemat(file, {"imnames": objects([np.array(["8/a_1_0.jpg"])])})
    with pytest.raises(DataError, match="no variable wordBB, txt"):
        SynthTextDataset(str(folder), str(file))
    wrong = {"imnames": objects([np.array(["8/a_1_0.jpg"])]), "wordBB": objects([np.zeros((4, 2))])}
    savemat(file, {**wrong, "txt": objects([np.array(["x"])])})
    with pytest.raises(DataError, match=r"gt_processed.mat:1: wordBB has shape \(4, 2\)"):
        SynthTextDataset(str(folder), str(file))


def test_prediction_takes_folder_file_or_pattern(make_set, tmp_path):
    folder, _ = make_set([("b.PNG", []), ("a.jpg", []), ("c.jpeg", [])])
    (folder / "notes.txt").write_text("no image")
    names = lambda place: [r.img_path.rsplit("/", 1)[1] for r in PredictDataset(place, str(tmp_path)).records]  # noqa: E731
    assert names("images") == ["a.jpg", "b.PNG", "c.jpeg"]
    assert names("images/c.jpeg") == ["c.jpeg"]
    assert names("images/*.jp*") == ["a.jpg", "c.jpeg"]
    assert names(["images/c.jpeg", "images/a*"]) == ["c.jpeg", "a.jpg"]


def test_prediction_sample(make_set):
    folder, _ = make_set([("a.jpg", [])], size=(120, 200))
    pipeline = [
        {"DecodeImage": {"img_mode": "RGB", "keep_ori": True}},
        {"DetResize": {"limit_side_len": 96, "limit_type": "max"}},
        "NormalizeImage",
        "ToCHWImage",
    ]
    columns = ["image", "img_path", "shape_list", "image_ori"]
    sample = PredictDataset(str(folder), transform_pipeline=pipeline, output_columns=columns)[0]
    assert sample["image"].shape == (3, 64, 96)
    assert sample["image_ori"].shape == (120, 200, 3)
    np.testing.assert_allclose(sample["shape_list"], [120, 200, 64 / 120, 96 / 200], rtol=1e-6)


def test_prediction_without_an_image(tmp_path):
    with pytest.raises(DataError, match="no image in this folder; expected files ending in .jpg"):
        PredictDataset(str(tmp_path))
    with pytest.raises(DataError, match="nowhere: no such folder or file"):
        PredictDataset(str(tmp_path / "nowhere"))


def test_prediction_names_what_is_left_out(make_set, tmp_path, caplog):
    folder, _ = make_set([("a.jpg", []), ("sub/b.jpg", [])])
    (folder / "c.heic").write_bytes(b"a photograph of a telephone")
    with caplog.at_level("WARNING", logger="mindocr"):
        assert len(PredictDataset(str(folder))) == 1
    assert caplog.messages == [
        f"{folder}: images used: 1; left out: 1 file of a kind that is not read (.heic), such as c.heic: convert to "
        "JPEG or PNG; 1 image in subfolders such as sub/b.jpg: use --recursive (predict.dataset.recursive: True)"
    ]
    with pytest.raises(DataError, match=r"matches it as a pattern; it matches 1 file of a kind that is not read"):
        PredictDataset(str(folder / "c*"))
    caplog.clear()
    assert len(PredictDataset(str(folder / "*.*"))) == 1
    assert "images used: 1; left out: 1 file of a kind" in caplog.text


@pytest.mark.parametrize(("ratio", "size"), [(0.25, 2), (1.0, 8), (1.5, 12), (3.0, 24), (0.01, 0)])
def test_subsample_sizes(ratio, size):
    chosen = subsample(8, ratio, (0, 0))
    assert len(chosen) == size and chosen == sorted(chosen)
    counts = [chosen.count(i) for i in range(8)]
    assert max(counts) - min(counts) <= 1
