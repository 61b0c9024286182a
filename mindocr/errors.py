"""Errors that are the user's to mend: each message says where, what came, what was expected and what to do."""

from __future__ import annotations

_LONGEST = 8000  # characters of a message; what it quotes of a file may be of any length


class UserError(ValueError):
    """A mistake in what the user gave us. Command-line tools print the message alone and exit with ``exit_code``."""

    exit_code = 2

    def __str__(self) -> str:
        text = super().__str__()
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


class ConfigError(UserError):
    """A configuration that cannot be run; the message lists every problem found."""


class DataError(UserError):
    """A label line, an image or a data set that cannot be used; the message names file and line."""


class CheckpointError(UserError):
    """A weights file that is missing, damaged, or made for another model."""


class StorageError(UserError):
    """A result that could not be written: the disk is full, or failed. Command-line tools exit with code 3."""

    exit_code = 3
