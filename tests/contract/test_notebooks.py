"""The notebooks in the documents run from the first cell to the last, in a kernel of this environment."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from docs_pages import ROOT
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))
SMALL = {
    "training_images, test_images": "6, 3",
    "training_options": '"train.max_steps=2 scheduler.num_epochs=1"',
}


def with_parameters(notebook: nbformat.NotebookNode, values: dict[str, str]) -> nbformat.NotebookNode:
    """The notebook with other values in its cell that is tagged ``parameters``."""
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    for name, value in values.items():
        cell.source, count = re.subn(rf"^{name} = [^#\n]*", f"{name} = {value}", cell.source, flags=re.M)
        assert count == 1, name
    return notebook


def test_there_are_notebooks_and_they_hold_no_outputs() -> None:
    """Outputs are of one machine and one day, and make every change of a notebook unreadable."""
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert [cell.id for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_of_a_notebook_lead_to_files(path: Path) -> None:
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    links = [link for text in texts for link in re.findall(r"\]\(([^)#]+)", text)]
    assert links
    assert [link for link in links if not (path.parent / link).is_file()] == []


@pytest.mark.slow
def test_from_photograph_to_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ROOT / "docs/notebooks/from_photograph_to_service.ipynb"
    notebook = with_parameters(nbformat.read(path, as_version=4), SMALL)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    done = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    done.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in shown) == 2  # curves, and the found texts
    assert (tmp_path / "notebook_files/best.onnx").stat().st_size > 1e6
    answer = [output.data["text/markdown"] for output in shown if "text/markdown" in output.get("data", {})]
    assert answer and answer[0].startswith("| polygon | score |")
    assert notebook.cells[-1].outputs[-1].data["text/plain"] == "0"  # the exit code of the service
