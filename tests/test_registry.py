"""Registries: names to classes, signatures as schemas, messages that help."""

from collections.abc import Sequence
from typing import Literal

import pytest

from mindocr.errors import ConfigError
from mindocr.registry import NECKS, Registry


@pytest.fixture
def parts() -> Registry:
    """A registry with one part."""
    registry = Registry("part", "json", provided=("in_channels",))

    @registry.register
    class Block:
        def __init__(
            self,
            in_channels: int,
            size: int,
            rate: float = 0.5,
            kind: Literal["a", "b"] = "a",
            steps: Sequence[int] = (1, 2),
            path: str | None = None,
        ) -> None:
            self.arguments = (in_channels, size, rate, kind, list(steps), path)

    return registry


def test_a_part_is_built_from_its_description_and_what_the_code_provides(parts):
    spec = {"name": "Block", "size": 3, "rate": 1, "steps": [4]}
    assert parts.build(spec, in_channels=8, unwanted=1).arguments == (8, 3, 1, "a", [4], None)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"size": 1, "raet": 0.1}, ("raet", "Block has no argument 'raet' (did you mean 'rate'?)")),
        ({"size": 1, "zzz": 0.1}, ("zzz", "Block has no argument 'zzz'; its arguments: size, rate, kind, steps, path")),
        ({}, ("size", "Block requires this argument")),
        ({"size": "3"}, ("size", "Input should be a valid integer, got '3'")),
        ({"size": True}, ("size", "Input should be a valid integer, got True")),
        ({"size": 1, "kind": "c"}, ("kind", "Input should be 'a' or 'b', got 'c'")),
        ({"size": 1, "steps": [1, "x"]}, ("steps", "[1]: Input should be a valid integer, got [1, 'x']")),
        ({"size": 1, "in_channels": 3}, ("in_channels", "Block has no argument 'in_channels'")),
    ],
)
def test_arguments_are_checked_against_the_signature(parts, args, problem):
    (found,) = parts.check("Block", args)
    assert found[0] == problem[0]
    assert found[1].startswith(problem[1])


def test_all_problems_come_at_once(parts):
    assert len(parts.check("Block", {"rate": "fast", "other": 1})) == 3


def test_unknown_names_are_answered_with_the_nearest(parts):
    with pytest.raises(ConfigError, match=r"unknown part 'block' \(did you mean 'Block'\?\); known: Block"):
        parts.get("block")
    assert parts.check("Blck", {}) == [("", "unknown part 'Blck' (did you mean 'Block'?); known: Block")]
    with pytest.raises(ConfigError, match="unknown part ''"):
        parts.build({"size": 1})


def test_building_refuses_what_checking_refuses(parts):
    with pytest.raises(ConfigError, match="part.sise: Block has no argument 'sise'.*part.size: Block requires"):
        parts.build({"name": "Block", "sise": 1})


def test_open_signatures_and_taken_names_are_refused(parts):
    class Anything:
        def __init__(self, **options: int) -> None: ...

    class Other: ...

    with pytest.raises(TypeError, match=r"the constructor takes '\*\*options.*'; name every argument instead"):
        parts.register(Anything)
    with pytest.raises(TypeError, match="part 'Block' is registered twice"):
        parts.register(Other, name="Block")


def test_modules_of_the_package_are_found_without_a_list():
    assert "DBFPN" in NECKS
    assert NECKS.get("DBFPN").__module__.startswith("mindocr.models.necks.")


def test_a_module_that_cannot_be_imported_is_named_every_time(tmp_path, monkeypatch):
    (tmp_path / "broken_parts").mkdir()
    (tmp_path / "broken_parts" / "__init__.py").touch()
    (tmp_path / "broken_parts" / "block.py").write_text("import missing_library\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry("part", "broken_parts")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="missing_library"):
            registry.get("Block")
