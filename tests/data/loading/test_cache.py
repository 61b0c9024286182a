"""Caches of images in memory and on disk."""

import os
import pickle
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mindocr.data.datasets.detection import DetDataset
from mindocr.data.loading import cache as cache_module
from mindocr.data.loading.cache import RamCache, open_cache, parse_size, readable
from mindocr.data.loading.disk_cache import DiskCache
from mindocr.data.loading.loader import Loader
from mindocr.errors import ConfigError, DataError
from mindocr.images.read import read_image

TEXT = [([[10, 10], [50, 10], [50, 30], [10, 30]], "word")]
PIPELINE = [
    {"DecodeImage": {"img_mode": "RGB"}},
    "DetLabelEncode",
    {"RandomHorizontalFlip": {"p": 0.5}},
    {"RandomScale": {"scale_range": [0.2, 2.0], "p": 1.0}},
    {"RandomCropWithBBox": {"crop_size": [64, 64], "p": 1.0}},
    "NormalizeImage",
    "ToCHWImage",
]


@pytest.fixture
def data(make_set):
    """Ten JPEGs of noise, 80 x 60."""
    folder, file = make_set([(f"{i}.jpg", TEXT) for i in range(10)])
    for i in range(10):
        noise = np.random.default_rng(i).integers(0, 256, (15, 20, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{i}.jpg"), cv2.resize(noise, (80, 60)))
    return {"data_dir": str(folder), "label_file": str(file), "output_columns": ["image"],
            "transform_pipeline": PIPELINE}  # fmt: skip


@pytest.fixture
def kinds(tmp_path):
    return [
        {"cache": kind, "cache_content": content, "cache_dir": str(tmp_path / "kept")}
        for kind in ("ram", "disk")
        for content in ("decoded", "encoded")
    ]


def images_of(dataset, epoch=0):
    return [dataset.get(i, epoch)["image"] for i in range(len(dataset))]


def remove_images(data):
    for path in Path(data["data_dir"]).iterdir():
        path.unlink()


def test_samples_are_the_same_and_files_are_read_once(data, kinds):
    plain = [images_of(DetDataset(**data), epoch) for epoch in (0, 1)]
    for kind in kinds:
        dataset = DetDataset(**data, **kind)
        for epoch in (0, 1):
            for ours, theirs in zip(images_of(dataset, epoch), plain[epoch]):
                decoded = kind["cache_content"] == "decoded"  # images in the cache are decoded at full size
                assert np.abs(ours - theirs).mean() < (0.15 if decoded else 1e-7)
    memory = [DetDataset(**data, **kind) for kind in kinds[:2]]
    expected = [images_of(dataset) for dataset in memory]
    remove_images(data)
    for dataset, before in zip(memory, expected):
        assert all(np.array_equal(a, b) for a, b in zip(images_of(dataset), before))


@pytest.mark.parametrize("content", ["decoded", "encoded"])
def test_workers_share_what_any_of_them_has_read(data, content):
    dataset = DetDataset(**data, cache="ram", cache_content=content)
    store = dataset.pipeline.ops[0].cache
    with Loader(dataset, batch_size=2, num_workers=2) as loader:
        first = [batch["image"].copy() for batch in loader.epoch(3)]
        assert len(store) == 10 and store.used >= (10 * 14400 if content == "decoded" else 10 * 500)
        remove_images(data)
        again = [batch["image"].copy() for batch in loader.epoch(3)]
    assert all(np.array_equal(a, b) for a, b in zip(first, again))


def test_pixels_are_read_in_place_and_cannot_be_changed():
    store = RamCache(["a", "b"], 10_000, holds_pixels=True)
    image = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    assert store.get("a") is None
    store.put("a", "", image)
    other = pickle.loads(pickle.dumps(store))
    kept = other.get("a")
    np.testing.assert_array_equal(kept, image)
    assert np.shares_memory(other.get("a"), kept)
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 1
    store.put("a", "", image + 1)  # a second put() does not replace the first
    np.testing.assert_array_equal(other.get("a"), image)
    assert store.used == 320 and len(other) == 1


def test_what_does_not_fit_is_read_each_time_and_that_is_said_once(data, caplog):
    dataset = DetDataset(**data, cache="ram", cache_limit=4 * 14400)
    plain = DetDataset(**data)
    for epoch in range(2):
        for ours, theirs in zip(images_of(dataset, epoch), images_of(plain, epoch)):
            assert np.abs(ours - theirs).mean() < 0.15
    (text,) = [record.getMessage() for record in caplog.records]
    assert text.startswith("cache: full: 4 of 10 images in 57.6 KB; the others are read from their files each time")


def test_memory_that_others_need_stays_free(monkeypatch, caplog):
    monkeypatch.setattr(cache_module, "available_memory", lambda: 2**20)
    store = RamCache(["a"], 10_000, holds_pixels=False)
    store.put("a", "", np.zeros(10, dtype=np.uint8))
    assert store.get("a") is None and "cache: full: 0 of 1 images" in caplog.text
    small = open_cache("ram", "decoded", "1TB", "", ["a"])
    assert isinstance(small, RamCache) and "cache_limit: 1.0 TB is more than the free memory" in caplog.text


def test_a_later_run_finds_the_disk_cache(data, tmp_path):
    folder = tmp_path / "kept"
    make = lambda: DetDataset(**data, cache="disk", cache_dir=str(folder))  # noqa: E731
    expected = images_of(make())
    for path in Path(data["data_dir"]).iterdir():  # the same size and time, but not an image
        status = path.stat()
        path.write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert all(np.array_equal(a, b) for a, b in zip(images_of(make()), expected))
    assert len(list(folder.iterdir())) == 10


def test_a_changed_image_is_read_again(data, tmp_path):
    dataset = DetDataset(**{**data, "transform_pipeline": ["DecodeImage"]}, cache="disk", cache_dir=str(tmp_path / "k"))
    before = dataset[0]["image"]
    path = Path(dataset.records[0].img_path)
    cv2.imwrite(str(path), 255 - before)
    os.utime(path, ns=(0, time.time_ns() + 10**9))
    np.testing.assert_array_equal(dataset[0]["image"], read_image(path, rgb=False))
    assert not np.array_equal(dataset[0]["image"], before)


def test_pipelines_that_decode_differently_do_not_mix(data, tmp_path):
    images = []
    for mode in ("RGB", "BGR"):
        pipeline = [{"DecodeImage": {"img_mode": mode}}]
        dataset = DetDataset(**{**data, "transform_pipeline": pipeline}, cache="disk", cache_dir=str(tmp_path / "k"))
        images.append([dataset[0]["image"], dataset[0]["image"]])
    np.testing.assert_array_equal(images[0][1], images[1][1][..., ::-1])


def test_disk_cache_keeps_to_its_limit_and_tidies_up(tmp_path, caplog):
    paths = []
    for i in range(5):
        paths.append(str(tmp_path / f"{i}.jpg"))
        Path(paths[-1]).write_bytes(b"x")
    folder = tmp_path / "kept"
    store = DiskCache(folder, 3000, holds_pixels=False)
    for i, path in enumerate(paths):
        store.put(path, "file", np.full(900, i, dtype=np.uint8))
    assert "is full: it has 2748 bytes, with a cache_limit of 3000" in caplog.text
    assert len(caplog.records) == 1
    assert [store.get(path, "file") is not None for path in paths] == [True] * 3 + [False] * 2
    for age, file in enumerate(sorted(folder.iterdir())):
        os.utime(file, (1000 + age, 1000 + age))
    oldest = sorted(folder.iterdir())[0]
    unfinished, new = folder / "a.part", folder / "b.part"
    for file in (unfinished, new):
        file.write_bytes(b"half")
    os.utime(unfinished, (1000, 1000))
    DiskCache(folder, 2000, holds_pixels=False)
    assert not oldest.exists() and not unfinished.exists() and new.exists()
    assert len(list(folder.glob("*.image"))) == 2


def test_damaged_files_are_replaced(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    store = DiskCache(tmp_path / "kept", 10_000, holds_pixels=True)
    image = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    for damage in (lambda content: content[:-1], lambda content: b"", lambda content: content[:5]):
        store.put(str(path), "flags", image)
        (file,) = (tmp_path / "kept").iterdir()
        file.write_bytes(damage(file.read_bytes()))
        assert store.get(str(path), "flags") is None
    store.put(str(path), "flags", image)
    np.testing.assert_array_equal(store.get(str(path), "flags"), image)
    with pytest.raises(ValueError, match="read-only"):
        store.get(str(path), "flags")[0] = 1


def test_a_missing_image_is_reported_as_without_a_cache(data, kinds):
    for kind in kinds:
        dataset = DetDataset(**data, **kind)
        path = Path(dataset.records[3].img_path)
        path.rename(f"{path}.away")
        with pytest.raises(DataError, match="3.jpg: cannot read this image: No such file"):
            dataset[3]
        Path(f"{path}.away").rename(path)


def test_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file/kept: cannot write the image cache here: .*another cache_dir"):
        DiskCache(tmp_path / "file" / "kept", 100, holds_pixels=True)


def test_default_folder_and_no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert open_cache("disk", "decoded", 100, "", []).folder == tmp_path / "mindocr"
    assert open_cache("none", "decoded", 100, "", []) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), ("8GB", 8 * 10**9), ("1.5 gb", 1_500_000_000), ("512MiB", 2**29), ("100", 100), ("2T", 2 * 10**12)],
)
def test_sizes(value, expected):
    assert parse_size("cache_limit", value) == expected


@pytest.mark.parametrize("value", ["", "many", "8 XB", "-1", 0, "0GB", "GB"])
def test_sizes_that_are_none(value):
    with pytest.raises(ConfigError, match="cache_limit: expected a number of bytes above 0, or a size such as 8GB"):
        parse_size("cache_limit", value)


def test_sizes_to_be_read():
    assert [readable(n) for n in (900, 57_600, 8 * 10**9)] == ["900 bytes", "57.6 KB", "8.0 GB"]
