"""Which state a resumed run takes."""

import logging
import re

import pytest
from mindspore import nn

from mindocr.engine.train import checkpoints, resume
from mindocr.engine.train.checkpoints import CheckpointKeeper, save
from mindocr.errors import CheckpointError


@pytest.fixture(autouse=True)
def heard(caplog):
    """Log records reach pytest although the package's logger does not propagate once a run has begun."""
    logger = logging.getLogger("mindocr")
    before, logger.propagate = logger.propagate, True
    caplog.set_level(logging.INFO, logger="mindocr")
    yield caplog
    logger.propagate = before


@pytest.fixture(params=checkpoints.FORMATS)
def folder(request, tmp_path):
    """Three saved states, of which two are left: of step 3 and of step 2."""
    keeper = CheckpointKeeper(tmp_path, format=request.param)
    for step in (1, 2, 3):
        keeper.save_state(nn.Dense(2, 1).get_parameters(), {"step": step})
    return tmp_path


def newest(folder):
    return checkpoints.states_in(folder)[0]


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def test_auto_takes_the_newest(folder):
    found = resume.find("auto", folder)
    assert (found.path, found.state["step"]) == (newest(folder), 3)
    assert set(found.entries) == {"weight", "bias"}


def test_nothing_is_looked_for_unless_asked(folder, tmp_path):
    assert resume.find(None, folder) is None
    assert resume.find("auto", tmp_path / "empty") is None


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "missing"])
@pytest.mark.parametrize("by_path", [False, True])
def test_a_damaged_state_is_named_and_the_one_before_it_taken(folder, how, by_path, heard):
    path = newest(folder)
    if how == "flip":
        flip(path)
    elif how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:200] if how == "cut" else b"")
    found = resume.find(str(path) if by_path else "auto", folder)
    assert (found.path.stem, found.state["step"]) == ("train_state.previous", 2)
    if how != "missing" or by_path:
        assert str(path) in heard.text
        assert f"falling back to {found.path}" in heard.text


def test_when_all_are_damaged_each_is_named(folder):
    for path in checkpoints.states_in(folder):
        flip(path)
    with pytest.raises(CheckpointError, match=r"(?s)no intact state is left:.*train_state\..*train_state\.previous\."):
        resume.find("auto", folder)


def test_a_wrong_name_is_an_error_and_not_a_reason_to_fall_back(folder):
    with pytest.raises(CheckpointError, match=r"states\.ckpt: no such file; the folder has train_state\."):
        resume.find(str(folder / "states.ckpt"), folder)


def test_weights_alone_are_not_a_state(folder):
    save(nn.Dense(2, 1).get_parameters(), folder / "best.ckpt")
    with pytest.raises(CheckpointError, match="holds weights only.*model.pretrained"):
        resume.find(str(folder / "best.ckpt"), folder)


def test_messages_quoted_on_the_page_are_the_codes(repo_root):
    page = " ".join((repo_root / "docs/resume.md").read_text(encoding="utf-8").split())
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted((repo_root / "mindocr").rglob("*.py")))
    code = re.sub(r'"\s*\n\s*f?"', "", sources)
    for quoted in (
        "holds weights only, not the state of a run; name a ",
        "use model.pretrained to start from weights",
        "the ranks found different states",
        "damaged, or not a checkpoint of this format",
        "falling back to",
        "the state is saved in",
        "and nothing is left to train; to continue, raise",
    ):
        assert quoted in page
        assert quoted in code
