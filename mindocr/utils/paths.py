"""Paths as users write them: ``~`` is the home folder; paths that mean nothing on this system are explained."""

from __future__ import annotations

import os
import re

from mindocr.errors import UserError

_HOME = re.compile(r"~[\w.-]*(/|$)", re.ASCII)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\", re.ASCII)
_VARIABLE = re.compile(r"(?:^|/)(\$\w+|\$\{\w+\}|%\w+%)(?:/|\\|$)", re.ASCII)


def expand_home(text: str) -> str:
    """Replace ``~`` or ``~user`` at the beginning of a path by the home folder; any other text stays as it is.

    Raises:
        UserError: there is no such user, or the home folder is unknown.
    """
    if not _HOME.match(text):
        return text
    expanded = os.path.expanduser(text)  # noqa: PTH111  Path would drop the slash at the end
    if expanded == text:
        name = text.partition("/")[0]
        reason = "this system has no such user" if name != "~" else "the home folder is unknown; set HOME"
        raise UserError(f"'{text}' begins with the home folder '{name}', but {reason}")
    return expanded


def problem_of(text: str) -> str:
    """Why a text cannot be a path here (a path of Windows, a variable that nobody replaces), or empty."""
    if os.name != "nt" and _DRIVE.match(text):
        return "this is a path of Windows; write a path of this system, such as /home/me/data"
    if found := _VARIABLE.search(text):
        return (
            f"the environment variable '{found[1]}' is not replaced in a configuration; write the path itself, or '~' "
            "for the home folder"
        )
    return ""
