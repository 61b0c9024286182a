"""The worked examples of the documents work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs_pages import ROOT, blocks, copy_project, shell

from mindocr.config import load_config


@pytest.mark.slow
@pytest.mark.parametrize("name", ["add_a_model", "add_a_transform", "add_a_logger", "add_a_task"])
def test_the_worked_example_works(name: str, tmp_path: Path) -> None:
    """Every block is saved where the page says, in a copy of the project; then its test and its recipe are run."""
    copy_project(tmp_path)
    text = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    saved = re.findall(r"Save\s+as\s+`([^`]+)`.*?^```\w+\n(.*?)^```$", text, re.M | re.S)
    paths = [path for path, _ in saved]
    *modules, test, recipe = paths
    assert [Path(path).suffix for path in paths] == [".py"] * len(modules) + [".py", ".yaml"] and modules
    for path, content in saved:
        assert not (tmp_path / path).exists(), f"docs/{name}.md: {path} is taken"
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    packages = [".".join(Path(module).with_suffix("").parts) for module in modules]
    options = "-q -p no:cacheprovider --rootdir ."
    for command in (
        *(
            f"python -c 'import {package} as m; assert m.__file__.startswith(\"{tmp_path}\"), m.__file__'"
            for package in packages
        ),
        f"python -m pytest {options} {test}",
        f"python tools/check_config.py {recipe}",
    ):
        done = shell(command, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_the_configuration_with_two_networks_is_valid(tmp_path: Path) -> None:
    (text,) = (text for _, text in blocks(ROOT / "docs/architecture.md", "yaml"))
    recipe = tmp_path / "two.yaml"
    recipe.write_text(text.replace("base: ", f"base: {ROOT}/configs/det/dbnet/"), encoding="utf-8")
    model = load_config(recipe).model
    assert model.use == "student" and model.networks is not None and model.networks["teacher"].frozen


def test_recipes_of_the_page_on_distillation_are_valid(tmp_path: Path) -> None:
    whole, features, logits = (text for _, text in blocks(ROOT / "docs/distillation.md", "yaml"))
    recipe = tmp_path / "cml.yaml"
    recipe.write_text(whole.replace("base: ", f"base: {ROOT}/"), encoding="utf-8")
    networks = load_config(recipe).model.networks
    assert networks is not None and networks["Student"] == networks["Student2"] and networks["Teacher"].frozen
    for text, more in ((features, []), (logits, ["frozen=True", "pretrained=t.ckpt", "outputs=[logits]"])):
        recipe.write_text(f"base: {ROOT}/configs/rec/ppocr/ppocrv2_rec_udml.yaml\n{text}", encoding="utf-8")
        load_config(recipe, [f"model.networks.Teacher.{word}" for word in more])
