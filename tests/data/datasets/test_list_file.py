"""The base class of data sets that are listed in files: a type defines its reader and the first keys of a sample."""

import pytest

from mindocr.data.datasets.base import ListFileDataset
from mindocr.errors import DataError
from mindocr.formats.label_file import read_lines
from mindocr.formats.record import Record
from mindocr.registry import Registry

TYPES = Registry("dataset", "mindocr.data.datasets", provided=("is_train", "seed"))


@TYPES.register
class DirectionDataset(ListFileDataset):
    """Images with the direction of their text: ``name<TAB>0`` or ``name<TAB>180``; ``?`` = unknown."""

    provided_keys = ("img_path", "texts")

    def read_list(self, file, folder):
        for number, line in read_lines(file):
            name, tab, direction = line.partition("\t")
            if not tab:
                raise DataError(f"{file}:{number}: expected name<TAB>direction, got {line!r}")
            yield Record(str(folder / name), f"{file}:{number}", direction), direction != "?"

    def _start(self, record):
        return {"img_path": record.img_path, "texts": [record.content]}


@pytest.fixture
def listed(tmp_path):
    def write(*lines):
        for line in lines:
            (tmp_path / line.partition("\t")[0]).write_bytes(b"")
        (tmp_path / "list.txt").write_text("".join(f"{line}\n" for line in lines))
        return {"type": "DirectionDataset", "data_dir": ".", "label_file": "list.txt", "dataset_root": str(tmp_path)}

    return write


def test_a_type_takes_the_arguments_of_the_template(listed, tmp_path):
    spec = listed("a.jpg\t0", "b.jpg\t180", "c.jpg\t?", "d.jpg\t0")
    dataset = TYPES.build({**spec, "output_columns": ["texts"]}, key="type", is_train=True, seed=0)
    assert [dataset[i] for i in range(4)] == [{"texts": [text]} for text in ("0", "180", "?", "0")]
    assert dataset.describe(1) == f"{tmp_path}/list.txt:2 {tmp_path}/b.jpg"
    assert len(TYPES.build({**spec, "sample_ratio": 0.5}, key="type", is_train=True, seed=0)) == 2
    assert TYPES.check("DirectionDataset", {"data_dir": ".", "labels": "x"}) == [
        ("labels", "DirectionDataset has no argument 'labels' (did you mean 'label_file'?)"),
        ("label_file", "DirectionDataset requires this argument"),
    ]


def test_what_the_reader_counts_decides_whether_there_is_something_to_learn(listed):
    spec = listed("a.jpg\t?", "b.jpg\t?")
    with pytest.raises(DataError, match="nothing to learn: the 2 images have no text that counts"):
        TYPES.build(spec, key="type", is_train=True, seed=0)


def test_the_readers_messages_and_missing_images_reach_the_user(listed, tmp_path):
    spec = listed("a.jpg", "b.jpg\t0")
    with pytest.raises(DataError, match=r"list.txt:1: expected name<TAB>direction, got 'a.jpg'"):
        TYPES.build(spec, key="type", is_train=True, seed=0)
    spec = listed("a.jpg\t0", "b.jpg\t0")
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(DataError, match=r"list.txt:2: image .*b.jpg does not exist; 1 of the 2 images"):
        TYPES.build(spec, key="type", is_train=True, seed=0)
