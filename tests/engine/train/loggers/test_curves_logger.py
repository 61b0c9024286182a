"""curves.png."""

import matplotlib.figure
import pytest
import run_events

from mindocr.engine.train.loggers import curves
from mindocr.engine.train.loggers.csv import CsvLogger
from mindocr.engine.train.loggers.curves import CURVES_NAME, CurvesLogger
from mindocr.engine.train.save_policy import SavePolicy

SCORES = {"hmean": 0.5, "accuracy": 0.25, "counts": {"images": 5}}


def begin(folder, *, resumed=False, state=None):
    logger = CurvesLogger(folder)
    if state is not None:
        logger.restore(state)
    logger.on_start(run_events.start(resumed))
    return logger


@pytest.fixture
def drawn(monkeypatch):
    """Panel title -> curve name -> its points, of each figure that was saved."""
    figures = []
    original = matplotlib.figure.Figure.savefig

    def savefig(figure, *arguments, **options):
        lines = {axis.get_title(): {line.get_label(): list(zip(*line.get_data())) for line in axis.get_lines()}
                 for axis in figure.axes}  # fmt: skip
        figures.append(lines)
        original(figure, *arguments, **options)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", savefig)
    return figures


def test_losses_and_scores_are_those_that_loss_and_metric_name(tmp_path, drawn):
    logger = begin(tmp_path)
    logger.on_epoch(run_events.epoch(1))
    logger.on_epoch(run_events.epoch(2, SCORES))
    logger.on_end(run_events.end(tmp_path))
    assert len(drawn) == 2, "once at the first epoch, not again within 20 s, and at the end"
    panels = drawn[-1]
    assert panels["training loss (weighted terms)"] == {
        "loss": [(1, 1.0), (2, 0.5)], "bce": [(1, 0.75), (2, 0.375)], "l1": [(1, 0.25), (2, 0.125)],
    }  # fmt: skip
    assert panels["evaluation"] == {"hmean": [(2, 0.5)], "accuracy": [(2, 0.25)]}
    assert panels["learning rate, share of time waiting for data"] == {"lr": [(1, 0.1), (2, 0.1)]}
    assert (tmp_path / CURVES_NAME).read_bytes()[:4] == b"\x89PNG"
    assert [path.name for path in tmp_path.iterdir()] == [CURVES_NAME]


def test_a_resumed_run_knows_the_scores_of_the_epochs_before(tmp_path, drawn):
    table, before = CsvLogger(tmp_path, SavePolicy("continue")), begin(tmp_path)
    for each in (table, before):
        each.on_start(run_events.start())
        each.on_epoch(run_events.epoch(1, SCORES))
    after = begin(tmp_path, resumed=True, state=before.state())
    after.on_epoch(run_events.epoch(2))
    assert drawn[-1]["evaluation"] == {"hmean": [(1, 0.5)], "accuracy": [(1, 0.25)]}
    assert drawn[-1]["training loss (weighted terms)"]["loss"] == [(1, 1.0), (2, 0.5)]


def test_a_run_of_many_short_epochs_does_not_draw_each(tmp_path, drawn, monkeypatch):
    logger = begin(tmp_path)
    for clock, number in ((100.0, 1), (119.0, 2), (121.0, 3)):
        monkeypatch.setattr(curves.time, "monotonic", lambda clock=clock: clock)
        logger.on_epoch(run_events.epoch(number))
    assert len(drawn) == 2


def test_without_an_epoch_there_is_nothing_to_draw(tmp_path):
    begin(tmp_path).on_end(run_events.end(tmp_path, error=ValueError()))
    assert list(tmp_path.iterdir()) == []
