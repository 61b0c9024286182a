"""Log lines: where they go, how they are counted, errors in the file."""

import logging

import pytest

from mindocr.errors import ConfigError
from mindocr.utils.logs import FILE_ONLY, counted, errors_in_the_file, start_logging

logger = logging.getLogger("mindocr.tests")


@pytest.fixture
def file(tmp_path):
    start_logging(tmp_path)
    yield tmp_path / "log_0.txt"
    start_logging()


def test_a_line_may_go_to_the_file_only(file, capsys):
    logger.info("both")
    logger.info("file", extra=FILE_ONLY)
    assert capsys.readouterr().err == "I both\n"
    assert [line.split(" ", 2)[2] for line in file.read_text(encoding="utf-8").splitlines()] == ["I both", "I file"]


def test_warnings_and_errors_are_counted_from_the_start(file, tmp_path):
    for log in (logger.info, logger.warning, logger.warning, logger.error):
        log("x")
    assert counted() == (2, 1)
    start_logging(tmp_path)
    assert counted() == (0, 0)


def test_the_error_that_ends_a_run_is_in_the_file_and_not_twice_on_the_screen(file, capsys):
    with pytest.raises(ConfigError), errors_in_the_file():
        raise ConfigError("scheduler.lr: too high")
    with pytest.raises(ZeroDivisionError), errors_in_the_file():
        1 / 0  # noqa: B018
    with pytest.raises(KeyboardInterrupt), errors_in_the_file():
        raise KeyboardInterrupt
    text = file.read_text(encoding="utf-8")
    assert "E the run ends with an error: scheduler.lr: too high\n" in text
    assert "E the run ends with an unexpected error\nTraceback" in text and "ZeroDivisionError" in text
    assert "KeyboardInterrupt" not in text
    assert capsys.readouterr().err == ""
