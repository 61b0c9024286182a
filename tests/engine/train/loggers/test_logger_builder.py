"""From ``train.loggers`` to loggers."""

import json
import re
from types import SimpleNamespace

import pytest

from mindocr.engine.train import trainer
from mindocr.engine.train.loggers.builder import build_loggers
from mindocr.engine.train.loggers.csv import CsvLogger
from mindocr.engine.train.loggers.curves import CurvesLogger
from mindocr.engine.train.save_policy import SavePolicy
from mindocr.errors import ConfigError
from mindocr.registry import LOGGERS

MODULE = """
from pathlib import Path

from mindocr.engine.train.observers import Observer

number = 3


class Good(Observer):
    def __init__(self, folder: Path, every: int = 1) -> None:
        self.folder, self.every = folder, every


class Open(Observer):
    def __init__(self, **options: int) -> None: ...


class NoObserver: ...
"""


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Builds the loggers of a list; ``built_here`` is the user's module, ``broken_here`` cannot be imported."""
    (tmp_path / "built_here.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "broken_here.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def built(*loggers):
        config = SimpleNamespace(train=SimpleNamespace(loggers=list(loggers)))
        return build_loggers(config, tmp_path, SavePolicy("continue"))

    return built


def test_loggers_come_by_name_in_their_order_and_get_what_the_run_provides(build, tmp_path):
    loggers = build("curves", {"name": "csv"}, {"name": "built_here:Good", "every": 5}, "built_here:Good")
    assert list(loggers) == ["curves", "csv", "built_here:Good"]
    assert isinstance(loggers["curves"], CurvesLogger) and isinstance(loggers["csv"], CsvLogger)
    loggers = build({"name": "built_here:Good", "every": 5})
    assert (loggers["built_here:Good"].folder, loggers["built_here:Good"].every) == (tmp_path, 5)
    assert "built_here:Good" not in LOGGERS.names()
    assert build() == {}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("not_here:Good", r"cannot import 'not_here' \(ModuleNotFoundError: .*put its folder into PYTHONPATH"),
        ("broken_here:Good", r"cannot import 'broken_here' \(ZeroDivisionError: division by zero\)$"),
        ("built_here:Godo", r"module 'built_here' has no 'Godo' \(did you mean 'Good'\?\)"),
        ("built_here:number", "built_here:number is not a class derived from mindocr.engine.train.observers.Observer"),
        ("built_here:NoObserver", "built_here:NoObserver is not a class derived from"),
        ("built_here:Open", r"the constructor takes '\*\*options: int'; name every argument instead"),
        ({"name": "built_here:Good", "evry": 5}, r"built_here:Good: .*has no argument 'evry' \(did you mean 'every'"),
        ({"name": "built_here:Good", "every": "5"}, "every: Input should be a valid integer, got '5'"),
    ],
)
def test_what_cannot_be_built_is_explained(build, entry, message):
    with pytest.raises(ConfigError, match=message) as caught:
        build(entry)
    assert str(caught.value).startswith("train.loggers: ")


def test_the_logger_of_the_documents_records_a_run(repo_root, tiny_config, tmp_path, monkeypatch):
    page = (repo_root / "docs/add_a_logger.md").read_text(encoding="utf-8")
    code = re.search(r"Save as `my_logger.py`.*?^```python\n(.*?)^```$", page, re.M | re.S)[1]
    (tmp_path / "my_logger.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    loggers = "train.loggers=[{name: 'my_logger:JsonLines', file_name: epochs.jsonl}]"
    result = trainer.run(tiny_config(loggers, "system.mode=1", "train.max_steps=2", "system.val_while_train=False"))
    (line,) = (result.folder / "epochs.jsonl").read_text(encoding="utf-8").splitlines()
    assert (json.loads(line)["epoch"], json.loads(line)["step"]) == (1, 2)
    assert not (result.folder / "performance.csv").exists()
