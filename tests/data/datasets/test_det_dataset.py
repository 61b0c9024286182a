import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from mindocr.data.datasets.detection import DetDataset, PredictDataset
from mindocr.data.loading.loader import Loader
from mindocr.errors import ConfigError, DataError
from mindocr.registry import DATASETS

QUAD = [[10, 10], [50, 10], [50, 30], [10, 30]]
TEXT = [(QUAD, "word"), ([[60, 40], [75, 40], [75, 55], [60, 55]], "###")]
PIPELINE = [
    {"DecodeImage": {"img_mode": "RGB"}},
    {"DetLabelEncode": None},
    {"RandomColorAdjust": {"brightness": 0.1255, "saturation": 0.5}},
    {"RandomHorizontalFlip": {"p": 0.5}},
    {"RandomRotate": {"degrees": [-10, 10], "expand_canvas": False, "p": 1.0}},
    {"RandomScale": {"scale_range": [0.5, 3.0], "p": 1.0}},
    {"RandomCropWithBBox": {"max_tries": 10, "min_crop_ratio": 0.1, "crop_size": [64, 64], "p": 1.0}},
    "ValidatePolygons",
    {"ShrinkBinaryMap": {"min_text_size": 4}},
    "BorderMap",
    "NormalizeImage",
    "ToCHWImage",
]
COLUMNS = ["image", "binary_map", "mask", "thresh_map", "thresh_mask"]


def test_training_sample_has_the_named_columns_in_order(make_set):
    folder, file = make_set([("a.jpg", TEXT), ("b.jpg", TEXT)])
    dataset = DetDataset(str(folder), str(file), transform_pipeline=PIPELINE, output_columns=COLUMNS)
    sample = dataset[1]
    assert len(dataset) == 2
    assert list(sample) == dataset.output_columns == COLUMNS
    assert sample["image"].shape == (3, 64, 64)
    assert all(sample[key].shape == (64, 64) for key in COLUMNS[1:])
    kinds = {key: sample[key].dtype for key in COLUMNS[1:]}
    assert kinds.pop("thresh_map") == np.float32
    assert set(kinds.values()) == {np.dtype(np.uint8)}
    assert sample["binary_map"].sum() > 0


def test_sample_depends_on_seed_epoch_and_index_alone(make_set):
    folder, file = make_set([(f"{i}.jpg", TEXT) for i in range(4)])
    build = lambda seed: DetDataset(str(folder), str(file), transform_pipeline=PIPELINE, seed=seed)  # noqa: E731
    first, second = build(3), build(3)
    forwards = [first.get(i, epoch=2)["image"] for i in range(4)]
    backwards = [second.get(i, epoch=2)["image"] for i in (3, 2, 1, 0)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forwards, backwards))
    assert not np.array_equal(first.get(0, 2)["image"], first.get(0, 1)["image"])
    assert not np.array_equal(first.get(0, 2)["image"], build(4).get(0, 2)["image"])


def test_other_process_draws_the_same(make_set):
    folder, file = make_set([("a.jpg", TEXT)])
    dataset = DetDataset(str(folder), str(file), transform_pipeline=PIPELINE, output_columns=COLUMNS, seed=5)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        theirs = pool.submit(dataset.get, 0, 9).result()
    ours = dataset.get(0, 9)
    assert all(np.array_equal(theirs[key], ours[key]) for key in COLUMNS)


def test_several_sets_are_joined_below_the_root(make_set, tmp_path):
    make_set([("a.jpg", TEXT), ("b.jpg", TEXT)], folder="one")
    make_set([("deep/c.jpg", TEXT)], folder="two")
    dataset = DetDataset(["one", "two"], ["one.txt", "two.txt"], dataset_root=str(tmp_path), sample_ratio=[1.0, 2.0])
    paths = [record.img_path for record in dataset.records]
    assert [path.removeprefix(f"{tmp_path}/") for path in paths] == ["one/a.jpg", "one/b.jpg", *["two/deep/c.jpg"] * 2]
    assert dataset.describe(2) == f"{tmp_path}/two.txt:1 {tmp_path}/two/deep/c.jpg"
    with pytest.raises(IndexError):
        dataset.get(4)


def test_share_of_images_is_drawn_by_the_seed(make_set):
    folder, file = make_set([(f"{i}.jpg", TEXT) for i in range(10)])
    names = lambda seed: [r.img_path for r in DetDataset(str(folder), str(file), sample_ratio=0.4, seed=seed).records]  # noqa: E731
    assert len(names(1)) == 4
    assert names(1) == names(1) == sorted(names(1))
    assert len({tuple(names(seed)) for seed in range(5)}) > 1


def test_a_share_that_leaves_nothing_of_a_label_file_is_refused(make_set, tmp_path):
    for name in ("one", "two"):
        make_set([(f"{i}.jpg", TEXT) for i in range(4)], folder=name)
    both = {"data_dir": ["one", "two"], "label_file": ["one.txt", "two.txt"], "dataset_root": str(tmp_path)}
    message = r"two\.txt: 0 of 4 images are used: sample_ratio 0\.1 leaves none; set it to 0\.25 for one image"
    with pytest.raises(DataError, match=message):
        DetDataset(**both, sample_ratio=[1.0, 0.1])
    with pytest.raises(DataError, match=r"one\.txt: 0 of 4 images are used"):
        DetDataset(**both, sample_ratio=0.001)
    with pytest.raises(DataError, match=r"two: 0 of 4 images are used"):
        PredictDataset(["one", "two"], str(tmp_path), sample_ratio=[1.0, 0.1])
    assert len(DetDataset(**both, sample_ratio=[1.0, 0.25])) == 5
    assert len(DetDataset(**both, sample_ratio=[1.0, 1.5])) == 10
    for wrong in (-1.0, 0.0, float("inf"), float("nan"), [1.0, 0.0]):
        with pytest.raises(ConfigError, match="sample_ratio must be above 0"):
            DetDataset(**both, sample_ratio=wrong)


def test_one_of_two_label_files_is_empty(make_set, tmp_path):
    make_set([("a.jpg", TEXT)], folder="one")
    make_set([], folder="two")
    (tmp_path / "two").mkdir(exist_ok=True)
    with pytest.raises(DataError, match=r"two\.txt: the data set is empty: no image is listed"):
        DetDataset(["one", "two"], ["one.txt", "two.txt"], dataset_root=str(tmp_path))


def test_missing_images_that_are_in_subfolders(make_set):
    folder, file = make_set([("sub/a.jpg", TEXT), ("b.jpg", TEXT)])
    file.write_text(file.read_text().replace("sub/", ""))
    with pytest.raises(DataError, match=r"files of these names are in subfolders, such as sub/a\.jpg: set data_dir"):
        DetDataset(str(folder), str(file))


def test_listed_images_of_a_kind_that_is_not_read(make_set):
    folder, file = make_set([("a.jpg", TEXT), ("b.jpg", TEXT)])
    file.write_text(file.read_text().replace("b.jpg", "b.HEIC"))
    (folder / "b.jpg").replace(folder / "b.HEIC")
    assert len(DetDataset(str(folder), str(file))) == 2  # a JPEG with the wrong ending can be read
    (folder / "b.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    message = r"images\.txt:2: image .*b\.HEIC is of a kind that is not read; 1 of the 2 images .* \(\.heic\): convert"
    with pytest.raises(DataError, match=message):
        DetDataset(str(folder), str(file))
    assert len(DetDataset(str(folder), str(file), on_error="skip")) == 2


def test_wrong_image_is_named_with_its_line(make_set):
    folder, file = make_set([("a.jpg", TEXT), ("b.jpg", TEXT)])
    (folder / "b.jpg").write_bytes(b"no image")
    dataset = DetDataset(str(folder), str(file), transform_pipeline=["DecodeImage"], on_error="skip")
    assert dataset.on_error == "skip"
    with pytest.raises(DataError, match=r"b.jpg: not an image.*\(listed in .*images.txt:2\)"):
        dataset[1]


def test_missing_images_are_counted_when_the_set_is_built(make_set):
    folder, file = make_set([(f"{i}.jpg", TEXT) for i in range(6)])
    for i in (1, 2, 4, 5):
        (folder / f"{i}.jpg").unlink()
    with pytest.raises(DataError, match=r"images.txt:2: image .*1.jpg does not exist; 4 of the 6 images .*: 1.jpg, "):
        DetDataset(str(folder), str(file))


def test_missing_folder_and_label_file(make_set, tmp_path):
    folder, file = make_set([("a.jpg", TEXT)])
    with pytest.raises(DataError, match="nowhere: no such folder; check dataset_root and data_dir"):
        DetDataset("nowhere", str(file))
    with pytest.raises(DataError, match="nothing.txt: no such label file; check dataset_root and label_file"):
        DetDataset(str(folder), str(tmp_path / "nothing.txt"))


def test_unequal_numbers_of_folders_label_files_and_ratios(make_set):
    folder, file = make_set([("a.jpg", TEXT)])
    with pytest.raises(ConfigError, match="data_dir has 2 folders and label_file 1 files"):
        DetDataset([str(folder), str(folder)], str(file))
    with pytest.raises(ConfigError, match="sample_ratio has 2 numbers for 1 data sets"):
        DetDataset(str(folder), str(file), sample_ratio=[1.0, 0.5])
    with pytest.raises(ConfigError, match="sample_ratio must be above 0"):
        DetDataset(str(folder), str(file), sample_ratio=0.0)


def test_empty_set(make_set):
    folder, file = make_set([("a.jpg", TEXT)])
    file.write_text("\n\n")
    with pytest.raises(DataError, match="images.txt: the data set is empty"):
        DetDataset(str(folder), str(file))


@pytest.mark.parametrize(("is_train", "purpose"), [(True, "nothing to learn"), (False, "nothing to evaluate")])
def test_set_without_a_text_that_counts(make_set, is_train, purpose):
    folder, file = make_set([("a.jpg", [(QUAD, "###"), (QUAD, "*")]), ("b.jpg", [])])
    with pytest.raises(DataError, match=f"images.txt: {purpose}: the 2 images have no text that counts"):
        DetDataset(str(folder), str(file), is_train=is_train)


def test_broken_line_stops_the_building(make_set):
    folder, file = make_set([("a.jpg", TEXT)])
    with file.open("a") as stream:
        stream.write('a.jpg\t[{"transcription": "x", "points": [[0, 0], [4, 4]]}]\n')
    with pytest.raises(DataError, match=r"images.txt:2: text 1 of 1: a polygon needs at least 3 points"):
        DetDataset(str(folder), str(file))


def test_evaluation_keeps_polygons_in_the_source_image(make_set):
    folder, file = make_set([("a.jpg", TEXT)])
    dataset = DATASETS.build(
        {
            "type": "DetDataset",
            "data_dir": str(folder),
            "label_file": str(file),
            "transform_pipeline": [
                {"DecodeImage": {"img_mode": "RGB"}},
                {"DetLabelEncode": None},
                {"DetResize": {"target_size": [96, 160], "keep_ratio": False, "limit_type": "none"}},
                {"NormalizeImage": {"mean": "imagenet", "std": "imagenet"}},
                {"ToCHWImage": None},
            ],
            "output_columns": ["image", "polys", "ignore_tags", "shape_list"],
        },
        key="type",
        is_train=False,
        seed=1,
    )
    sample = dataset[0]
    assert sample["image"].shape == (3, 96, 160)
    np.testing.assert_array_equal(sample["polys"][0], np.array(QUAD, dtype=np.float32))
    np.testing.assert_array_equal(sample["ignore_tags"], [False, True])
    np.testing.assert_allclose(sample["shape_list"], [60, 80, 1.6, 2.0])


def test_pipeline_that_does_not_fit_is_refused_before_files_are_read():
    with pytest.raises(ConfigError, match="BorderMap: reads 'image', which no op before it writes"):
        DetDataset("nowhere", "nothing.txt", transform_pipeline=["BorderMap"])


def test_photographs_give_sound_samples(shared_dir, tmp_path):
    source = shared_dir / "data" / "icdar2015" / "train"
    from mindocr.formats.datasets import convert

    labels = tmp_path / "gt.txt"
    convert("ic15", source / "images", source / "gts", labels)
    labels.write_text("\n".join(labels.read_text(encoding="utf-8").split("\n")[:6]), encoding="utf-8")
    pipeline = [op if not isinstance(op, dict) or "RandomCropWithBBox" not in op else CROP_640 for op in PIPELINE]
    dataset = DetDataset(str(source / "images"), str(labels), transform_pipeline=pipeline, output_columns=COLUMNS)
    for index in range(len(dataset)):
        sample = dataset.get(index, epoch=1)
        assert sample["image"].shape == (3, 640, 640)
        assert np.isfinite(sample["image"]).all()
        assert set(np.unique(sample["binary_map"])) <= {0, 1}
        assert 0.3 - 1e-6 <= sample["thresh_map"].min() <= sample["thresh_map"].max() <= 0.7 + 1e-6
        assert (sample["thresh_map"][sample["thresh_mask"] == 0] <= 0.3 + 1e-6).all()


CROP_640 = {"RandomCropWithBBox": {"crop_size": [640, 640], "p": 1.0}}


@pytest.mark.parametrize("workers", [0, 1])
def test_ops_know_the_progress_of_the_training(make_set, workers):
    """In workers too; what an epoch gives does not depend on the epochs before it, so a resumed run gets the same."""
    folder, file = make_set([(f"{i}.jpg", TEXT) for i in range(2)])
    ops = ["DecodeImage", "DetLabelEncode", {"ShrinkBinaryMap": {"min_text_size": 4, "final_shrink_ratio": 0.8}}]

    def build(ops):
        return DetDataset(str(folder), str(file), transform_pipeline=ops, output_columns=["binary_map", "img_path"])

    growing = build(ops)
    growing.epochs = 4
    with Loader(growing, num_workers=workers) as loader:
        sizes = [[int(batch["binary_map"].sum()) for batch in loader.epoch(epoch)] for epoch in (3, 1, 4, 3)]
    assert sizes[0] == sizes[3] and sizes[1] < sizes[0] < sizes[2]
    for made, ratio in zip(sizes, (0.7, 0.5, 0.8)):
        fixed = build([*ops[:2], {"ShrinkBinaryMap": {"min_text_size": 4, "shrink_ratio": ratio}}])
        assert made == [int(fixed.get(i)["binary_map"].sum()) for i in range(2)]
    assert list(DetDataset(str(folder), str(file), transform_pipeline=ops)[0]).count("progress") == 0
