"""Errors that the user can fix: each message states where it happened, the value found, the value expected, the fix."""

from __future__ import annotations

_LONGEST = 8000  # characters of a message, which may quote a text of any length from a file


class UserError(ValueError):
    """A mistake in the user's input. Command-line tools print only the message and exit with ``exit_code``."""

    exit_code = 2

    def __str__(self) -> str:
        text = super().__str__()
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


class ConfigError(UserError):
    """A configuration that cannot be run; the message lists every problem found."""


class DataError(UserError):
    """A label line, an image or a data set that cannot be used; the message names file and line."""


class CheckpointError(UserError):
    """A checkpoint that is missing, damaged, or made for another model."""


class StorageError(UserError):
    """A result that could not be written: the disk is full or has failed. Command-line tools exit with code 3."""

    exit_code = 3
