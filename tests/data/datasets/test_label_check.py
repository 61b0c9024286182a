"""Texts compared with what training can encode."""

import pytest

from mindocr.data.datasets.label_check import LabelCount, steps_needed
from mindocr.data.datasets.mindrecord import MindRecordDataset
from mindocr.data.datasets.recognition import RecDataset, WordsOfDetDataset
from mindocr.data.transforms.rec_label import RecLabelEncode
from mindocr.errors import DataError

CODED = ["DecodeImage", {"RecLabelEncode": {"max_text_len": 3, "characters": "abc", "use_space_char": False}}]


@pytest.mark.parametrize(
    ("text", "steps"), [("a", 1), ("ab", 2), ("aa", 3), ("aaa", 5), ("abba", 5), ("a\na", 3), ("\n\n", 3), ("hello", 6)]
)
def test_time_steps_that_ctc_needs(text, steps):
    assert steps_needed(text) == steps


def test_texts_that_need_more_steps_than_there_are():
    counted = LabelCount(RecLabelEncode(characters="ab"))
    assert [counted.add(text) for text in ("a", "ab", "aab", "aaa", "bbbb")] == [True] * 5
    assert [counted.beyond(steps) for steps in (7, 6, 4, 2, 0)] == [0, 1, 2, 3, 5]


def test_only_what_is_encoded_counts():
    dropping = LabelCount(RecLabelEncode(2, characters="ab", use_space_char=False, lower=True, unknown="drop"))
    assert [dropping.add(text) for text in ("AxB", "abxa", "aXa", "x y")] == [True, False, True, False]
    assert dropping.unusable == 2 and dropping.steps == {2: 1, 3: 1}
    assert dropping.characters() == "'x' 4, U+0020 1, 'y' 1"
    strict = LabelCount(RecLabelEncode(2, characters="ab", use_space_char=False))
    assert [strict.add(text) for text in ("AxB", "abxa", "ab", "aba")] == [False, False, True, False]
    assert (strict.with_unknown, strict.too_long, strict.empty) == (2, 1, 0)


def test_without_a_dictionary_lengths_are_checked():
    counted = LabelCount(RecLabelEncode(2))
    assert [counted.add(text) for text in ("xy", "xyz", " ")] == [True, False, False]


def test_many_characters_are_cut_short():
    counted = LabelCount(RecLabelEncode(characters="a"))
    for number in range(30):
        counted.add(chr(0x4E00 + number))
    assert counted.characters().endswith(", and 10 more") and counted.characters().count("1,") == 20


@pytest.mark.parametrize("type_of", [RecDataset, WordsOfDetDataset])
def test_label_files(tmp_path, make_set, type_of, caplog):
    quad = [[5, 5], [40, 5], [40, 20], [5, 20]]
    folder, file = make_set([("1.png", [(quad, "ab"), (quad, "abX")]), ("2.png", [(quad, "abca"), (quad, "c")])])
    if type_of is RecDataset:
        file.write_text("1.png\tab\n1.png\tabX\n2.png\tabca\n2.png\tc\n", encoding="utf-8")
    with pytest.raises(DataError, match="4 texts; 2 of them cannot be encoded") as raised:
        type_of(str(folder), str(file), transform_pipeline=CODED)
    assert f"{file}:{2 if type_of is RecDataset else 1} 'abX'" in str(raised.value)
    dataset = type_of(str(folder), str(file), transform_pipeline=CODED, on_error="skip")
    assert [dataset[i]["text"] for i in range(len(dataset))] == ["ab", "c"]
    assert "4 texts; 2 of them cannot be encoded and are left out" in caplog.text


def test_no_text_is_usable(tmp_path, make_set):
    quad = [[5, 5], [40, 5], [40, 20], [5, 20]]
    folder, file = make_set([("1.png", [(quad, "xyz"), (quad, "XX")])])
    with pytest.raises(DataError, match="2 texts; none of them can be encoded"):
        WordsOfDetDataset(str(folder), str(file), transform_pipeline=CODED, on_error="skip")


def test_a_mindrecord_leaves_out_the_same(tmp_path, make_set, monkeypatch):
    from mindocr.data.datasets import mindrecord
    from mindocr.formats.record import Record

    records = [Record("a", "x:1", {"text": "ab"}), Record("b", "x:2", {"text": "X"}), Record("c", "x:3", {"text": "c"})]
    monkeypatch.setattr(mindrecord, "read_records", lambda path, samples_of: records)
    dataset = MindRecordDataset("f", "RecDataset", transform_pipeline=CODED, on_error="skip")
    assert [record.content["text"] for record in dataset.records] == ["ab", "c"]
