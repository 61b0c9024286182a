"""Weights & Biases, with a stand-in for its package: what is sent, and how a run is resumed."""

import sys
from types import SimpleNamespace

import pytest
import run_events

from mindocr.engine.train.loggers.wandb import WandbLogger
from mindocr.errors import ConfigError


class Service:
    """Takes the place of the module ``wandb`` and of the run that it opens."""

    id = "abc123"

    def __init__(self):
        self.opened, self.sent, self.exit_codes = [], [], []

    def init(self, **options):
        self.opened.append(options)
        return self

    def log(self, numbers, step):
        self.sent.append((step, numbers))

    def finish(self, exit_code):
        self.exit_codes.append(exit_code)


@pytest.fixture
def service(monkeypatch):
    stand_in = Service()
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    return stand_in


@pytest.fixture
def config():
    return SimpleNamespace(system=SimpleNamespace(log_interval=5), model_dump=lambda: {"a": 1})


def test_steps_go_out_at_the_interval_of_the_log_and_each_epoch(service, config, tmp_path):
    logger = WandbLogger(config, tmp_path, project="texts", run_name="first", mode="offline")
    logger.on_start(run_events.start())
    for number in range(1, 6):
        logger.on_step(run_events.step(number, loss=2.0))
    logger.on_epoch(run_events.epoch(1, {"hmean": 0.5}))
    logger.on_end(run_events.end(tmp_path))
    (options,) = service.opened
    assert (options["project"], options["name"], options["mode"], options["id"]) == ("texts", "first", "offline", None)
    assert (options["config"], options["dir"]) == ({"a": 1}, str(tmp_path))
    (step, numbers), (epoch_step, of_epoch) = service.sent
    assert (step, epoch_step) == (5, 5)
    assert numbers == {"train/loss": 2.0, "train/bce": 1.5, "train/l1": 0.5, "train/norm": 2.0, "train/lr": 0.1}
    assert (of_epoch["epoch/hmean"], of_epoch["epoch/loss"], of_epoch["epoch/epoch"]) == (0.5, 1.0, 1)
    assert service.exit_codes == [0]


def test_a_resumed_run_goes_on_with_the_services_run(service, config, tmp_path):
    first, second = WandbLogger(config, tmp_path), WandbLogger(config, tmp_path)
    first.on_start(run_events.start())
    second.restore(first.state())
    second.on_start(run_events.start(resumed=True))
    assert [options["id"] for options in service.opened] == [None, "abc123"]
    assert service.opened[1]["resume"] == "allow"


def test_a_run_that_failed_is_closed_as_failed(service, config, tmp_path):
    logger = WandbLogger(config, tmp_path)
    logger.on_start(run_events.start())
    logger.on_end(run_events.end(tmp_path, error=ValueError()))
    assert service.exit_codes == [1]


def test_without_a_connection_nothing_is_sent_and_nothing_fails(service, config, tmp_path, monkeypatch):
    def unreachable(**_):
        raise ConnectionError

    monkeypatch.setattr(service, "init", unreachable)
    logger = WandbLogger(config, tmp_path)
    with pytest.raises(ConnectionError):  # which the list of observers turns into a warning
        logger.on_start(run_events.start())
    logger.on_step(run_events.step(5))
    logger.on_epoch(run_events.epoch())
    logger.on_end(run_events.end(tmp_path))
    assert (service.sent, service.exit_codes, logger.state()) == ([], [], None)


def test_without_its_package_it_says_what_to_install(config, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ConfigError, match="wandb needs the package wandb; run 'pip install wandb'"):
        WandbLogger(config, tmp_path)
