"""Reading: YAML numbers, errors with file and line, base files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.config.read import resolve
from mindocr.config.yaml_io import dump_yaml, parse_yaml
from mindocr.errors import ConfigError


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("5E3", 5000.0),
        ("-.5", -0.5),
        ("1.", 1.0),
        (".inf", float("inf")),
        ("010", 10),
        ("0x1F", 31),
        ("-7", -7),
        ("True", True),
        ("null", None),
        ("2024-01-31", "2024-01-31"),
        ("12:30:45", "12:30:45"),
        ("'1e-4'", "1e-4"),
        ("1e-4x", "1e-4x"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    read = parse_yaml(text, "x")
    assert read == value
    assert type(read) is type(value)


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_what_is_written_reads_back_equal(value: object) -> None:
    read = parse_yaml(dump_yaml(value), "x")
    assert read == value
    assert repr(read) == repr(value)  # True is not 1, 1 is not 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", r"bad\.yaml:3: "),
        ("system: {}\ntrain:\n  lr: 1\n  lr: 2\n", r"bad\.yaml:4: key 'lr' appears twice, first on line 3"),
        ("a: 1\n2: b\n", r"bad\.yaml:2: keys are words, got 2"),
        ("a: !!python/object:os.system x\n", r"bad\.yaml:1: "),
        ("a: 1\nb: \x07\n", r"bad\.yaml:2: "),
        ("- 1\n", r"bad\.yaml: expected a mapping of sections .* got list"),
        ("# nothing\n", r"bad\.yaml: expected a mapping of sections .* got an empty file"),
        ("a: &x {b: *x}\n", r"bad\.yaml"),
        ("a: &x [" + "1," * 1000 + "]\nb: [" + "*x," * 100 + "]", r"bad\.yaml: 101\d\d\d values after its aliases"),
        ("a: " + "[" * 50 + "]" * 50, r"bad\.yaml: nested too deep; the limit is 50 levels"),
        ("a: " + "[" * 51 + "]" * 51, r"bad\.yaml:1: nested too deep; the limit is 50 levels"),
        ("a: " + "[" * 400, r"bad\.yaml"),
    ],
)
def test_broken_files_name_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve(write(tmp_path, "bad.yaml", text))


def test_fifty_levels_are_read() -> None:
    value: object = 1
    for _ in range(49):
        value = [value]
    assert parse_yaml("a: " + "[" * 49 + "1" + "]" * 49, "x") == {"a": value}


def test_latin1_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes("a: 1\nb: Stra\u00dfe\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"bad\.yaml:2: not UTF-8 \(byte 0xdf\)"):
        resolve(path)


def test_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert resolve(path) == {"a": 1}


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        resolve(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        resolve(tmp_path)


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", "common: &c {x: 1}\na: {<<: *c, y: 2}\nb: *c\n")
    assert resolve(path) == {"common": {"x": 1}, "a": {"x": 1, "y": 2}, "b": {"x": 1}}


def test_bases_are_relative_and_later_ones_win(tmp_path: Path) -> None:
    write(tmp_path, "base/one.yaml", "a: {x: 1, y: 1, z: 1}\n")
    write(tmp_path, "base/two.yaml", "base: one.yaml\na: {y: 2}\n")
    write(tmp_path, "base/three.yaml", "a: {z: 3}\n")
    leaf = write(tmp_path, "leaf/leaf.yaml", "base: [../base/two.yaml, ../base/three.yaml]\na: {w: 4}\n")
    assert resolve(leaf) == {"a": {"x": 1, "y": 2, "z": 3, "w": 4}}


def test_one_base_reached_twice_is_no_circle(tmp_path: Path) -> None:
    write(tmp_path, "root.yaml", "a: {x: 1}\n")
    write(tmp_path, "left.yaml", "base: root.yaml\na: {y: 2}\n")
    write(tmp_path, "right.yaml", "base: root.yaml\na: {z: 3}\n")
    assert resolve(write(tmp_path, "leaf.yaml", "base: [left.yaml, right.yaml]\n")) == {"a": {"x": 1, "y": 2, "z": 3}}


def test_circle_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "base: b.yaml\n")
    write(tmp_path, "b.yaml", "base: a.yaml\n")
    with pytest.raises(ConfigError, match=r"b\.yaml: base files form a cycle: .*a\.yaml -> .*b\.yaml -> .*a\.yaml"):
        resolve(tmp_path / "a.yaml")


def test_missing_base_names_the_file_that_asked(tmp_path: Path) -> None:
    write(tmp_path, "middle.yaml", "base: gone.yaml\n")
    leaf = write(tmp_path, "leaf.yaml", "base: middle.yaml\n")
    with pytest.raises(ConfigError, match=r"middle\.yaml: base: no such file '.*gone\.yaml'"):
        resolve(leaf)


@pytest.mark.parametrize("base", ["3", "{a: 1}", "[a.yaml, 3]", "['']"])
def test_base_of_another_type(tmp_path: Path, base: str) -> None:
    write(tmp_path, "a.yaml", "x: 1\n")
    with pytest.raises(ConfigError, match=r"leaf\.yaml: base: expected a file name or a list of them"):
        resolve(write(tmp_path, "leaf.yaml", f"base: {base}\n"))
