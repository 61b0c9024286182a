"""Profile of an input pipeline: sums of times, and advice from given numbers."""

from __future__ import annotations

import pytest

from mindocr.data.datasets.detection import DetDataset
from mindocr.data.loading.profile import Need, Profile, advice, as_table, profile, read_need
from mindocr.synthetic import SceneOptions, SetPlan, write_set

PIPELINE = [
    {"DecodeImage": {"img_mode": "RGB"}},
    "DetLabelEncode",
    {"RandomCropWithBBox": {"crop_size": [64, 64]}},
    {"NormalizeImage": None},
    "ToCHWImage",
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> DetDataset:
    folder = tmp_path_factory.mktemp("profile") / "set"
    options = SceneOptions(image_size=(96, 96), difficulty="easy")
    write_set(SetPlan(folder, train=3, test=1, options=options, seed=1, progress=False))
    return DetDataset("train", "train_gt.txt", str(folder), transform_pipeline=PIPELINE)


def test_the_ops_of_an_image_add_up_to_it(dataset):
    found = profile(dataset, 7)
    assert found.images == 7
    assert {"DecodeImage", "DetLabelEncode", "RandomCropWithBBox", "NormalizeImage", "ToCHWImage"} <= set(found.ms_of)
    assert sum(found.ms_of.values()) == pytest.approx(found.ms, rel=0.05)
    assert list(found.ms_of.values()) == sorted(found.ms_of.values(), reverse=True)
    assert dataset.pipeline.seconds is None, "a data set that was profiled is as before"


def test_table_by_hand():
    found = Profile(10, 8.0, {"DecodeImage": 6.0, "ToCHWImage": 2.0})
    assert as_table(found).splitlines() == [
        "op           ms/image  share",
        "DecodeImage      6.00    75%",
        "ToCHWImage       2.00    25%",
        "one image        8.00   125 images/s on one core",
    ]


def test_a_run_that_waits_is_told_how_many_workers_it_needs():
    found = Profile(10, 10.0, {"DecodeImage": 6.0, "BorderMap": 4.0})  # 100 images/s on a core
    told = advice(found, workers=1, cores=8, cache="none", need=Need(250.0, 0.6))
    assert told[0] == "1 workers on 8 cores make about 100 images/s"
    assert "waited 60% of the time" in told[1] and "about 250 images/s" in told[1]
    assert told[2] == "set train.loader.num_workers=4"
    assert told[3].startswith("train.dataset.cache=ram (or disk) would save up to 6.0 ms")


def test_too_few_cores_are_said_to_be_too_few():
    found = Profile(10, 10.0, {"NormalizeImage": 6.0, "BorderMap": 4.0})
    told = advice(found, workers=2, cores=2, cache="ram", need=Need(400.0, 0.5))
    assert any("that would take 5 cores" in line for line in told)
    assert any("train.normalize_on_device=True" in line for line in told)
    assert not any("num_workers=" in line or "cache=ram" in line for line in told)


def test_a_run_that_does_not_wait_is_left_alone():
    found = Profile(10, 10.0, {"DecodeImage": 10.0})
    told = advice(found, workers=2, cores=4, cache="none", need=Need(100.0, 0.01))
    assert told[-1].endswith("waited 1% of the time for data: no change is needed")


def test_need_is_what_the_table_of_a_run_says(tmp_path):
    table = tmp_path / "performance.csv"
    assert read_need(table) is None
    table.write_text("epoch,images_per_s,wait_share\n1,10,0.9\n2,60,0.25\n", encoding="utf-8")
    assert read_need(table) == Need(80.0, 0.25)
    table.write_text("epoch,loss\n1,2\n", encoding="utf-8")
    assert read_need(table) is None
