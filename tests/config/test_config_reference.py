"""The reference and the JSON schema follow the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Optional, Union

import pytest

from mindocr.config.reference import annotation_text, json_schema, reference


def test_reference_is_current(repo_root: Path) -> None:
    stored = (repo_root / "docs/config_reference.md").read_text(encoding="utf-8")
    assert stored == reference(), "run: mindocr check-config --reference docs/config_reference.md"


def test_reference_names_keys_and_parts() -> None:
    text = reference()
    assert "| `val_start_epoch` | a whole number | `1` | first epoch after which to evaluate, from 1; " in text
    assert "| `batch_size` | a whole number | required | images in a batch of one rank, from 1 |" in text
    assert "- **DBFPN**:" in text and "- **RandomRotate**:" in text
    assert "`in_channels`" not in text


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (float, "float"),
        (None | int, "None | int"),
        (Optional[Sequence[int]], "Sequence[int] | None"),  # noqa: UP045
        (Optional[Sequence[int] | None], "Sequence[int] | None"),  # noqa: UP045
        (Union[Literal["a", 1], dict[str, Any]], "Literal['a', 1] | dict[str, Any]"),  # noqa: UP007
        (tuple[float, ...] | Mapping[str, list[int | None]], "tuple[float, ...] | Mapping[str, list[int | None]]"),
        (Decimal, "Decimal"),
    ],
)
def test_a_type_is_written_in_one_way(annotation: Any, text: str) -> None:
    assert annotation_text(annotation) == f"`{text}`"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def required_lists(node: Any) -> int:
    if isinstance(node, dict):
        return isinstance(node.get("required"), list) + sum(required_lists(value) for value in node.values())
    return sum(required_lists(value) for value in node) if isinstance(node, list) else 0


def test_schema_lets_leaf_files_be_short(schema: dict[str, Any]) -> None:
    assert required_lists(schema) == 0
    assert schema["additionalProperties"] is False
    assert "base" in schema["properties"]


def test_schema_knows_names_and_arguments(schema: dict[str, Any]) -> None:
    necks = schema["$defs"]["part_neck"]["anyOf"]
    dbfpn = next(neck for neck in necks if neck.get("properties", {}).get("name") == {"const": "DBFPN"})
    assert dbfpn["properties"]["out_channels"] == {"type": "integer"}
    assert "in_channels" not in dbfpn["properties"]
    model = schema["$defs"]["Model"]["properties"]
    assert model["neck"]["$ref"] == "#/$defs/part_neck"
    train = schema["$defs"]["Train"]["properties"]
    assert train["dataset"]["$ref"] == "#/$defs/part_dataset"


def test_schema_offers_ops_as_list_and_as_patch(schema: dict[str, Any]) -> None:
    datasets = schema["$defs"]["part_dataset"]["anyOf"]
    pipeline = next(d for d in datasets if d.get("properties", {}).get("type") == {"const": "DetDataset"})[
        "properties"
    ]["transform_pipeline"]
    as_list, as_patch = pipeline["anyOf"]
    assert "degrees" in as_list["items"]["anyOf"][0]["properties"]["RandomRotate"]["properties"]
    assert {"const": "drop"} in as_patch["properties"]["RandomRotate"]["anyOf"]
