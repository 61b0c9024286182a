"""The command ``mindocr``: the list of its subcommands, its help page, and the dispatch to their modules.

This module imports little, so that the help page appears at once.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from mindocr import __version__
from mindocr.cli.run import run_tool
from mindocr.errors import UserError
from mindocr.utils.paths import expand_home

GROUPS = {
    "Data": {
        "make-synthetic": "generate images of text with their labels",
        "make-lines": "generate images of single text lines with their texts",
        "convert": "convert the annotations of a published data set to a label file",
        "exchange": "import labels from an annotation tool, or export labels to one",
        "check-data": "find broken images, wrong labels and duplicates in a data set",
        "make-mindrecord": "write the images and labels of a data set into MindRecord files",
        "look": "draw samples as training receives them, with their label maps",
    },
    "Training": {
        "recipes": "list the recipes that come with mindocr, or copy them",
        "check-config": "check configurations without building anything",
        "train": "train a detector, or resume a training run that was stopped",
        "finetune": "fine-tune released weights or a checkpoint on a few hundred labelled images",
        "prune": "remove redundant channels of a trained detector, to train it again",
        "export-centers": "write the mean features of each character, for Enhanced CTC",
        "replay": "repeat a failed training step from its capsule and name what overflowed",
    },
    "Evaluation": {
        "eval": "evaluate a checkpoint on labelled images",
        "score": "score the results of any detector by the rules of a benchmark",
        "compare": "compare two evaluations or the results of two detectors, image by image",
        "merge-results": "merge the results of several detectors or scales into one",
        "fit-postprocess": "fit the thresholds of the post-processing on validation images",
    },
    "Prediction": {
        "read": "read the text of photographs with released weights",
        "read-lines": "read images that show one line of text each",
        "classify-lines": "find images of lines that are upside down",
        "predict": "find text in images with a checkpoint",
        "export": "export a model to MindIR or ONNX and compare the file with the network",
        "verify": "compare an exported file with what its checkpoint computed",
        "infer": "find text in images with an exported file",
        "serve": "answer requests over HTTP, with a page to try the model",
    },
    "Weights": {
        "convert-weights": "convert weights of another project to a checkpoint",
        "fuse": "turn layers with several branches into single convolutions",
        "unfuse": "turn a fused network into the form with branches, to train it",
        "show-checkpoint": "show the contents of a checkpoint and the run that wrote it",
    },
    "Complete example": {
        "demo": "generate images, train on them, evaluate, export and predict",
        "demo-read": "generate text lines, train a recogniser on them, evaluate, export and read",
    },
}
_OPTION = re.compile(r"--?[A-Za-z][\w-]*=", re.ASCII)
COMMANDS = {name: summary for group in GROUPS.values() for name, summary in group.items()}


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line ``mindocr ...`` and end the process.

    Args:
        argv: the arguments after ``mindocr``; None takes those of this process.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    run_tool(lambda: _dispatch(words))


def run_alias(name: str, words: Sequence[str] = ()) -> NoReturn:
    """Run the command ``name`` with the arguments of this process and end it, for the scripts in ``tools/``.

    Args:
        words: arguments that come before those of the process, which may override them.
    """
    run_tool(lambda: run_command(name, [*words, *sys.argv[1:]]))


def run_command(name: str, words: Sequence[str], prog: str | None = None) -> int | None:
    """Run one command in this process.

    Args:
        name: one of ``COMMANDS``.
        words: its arguments.
        prog: name of the program in its help; None takes the name of the script.

    Returns:
        The exit code; None = 0.

    Raises:
        UserError: a mistake of the user.
        SystemExit: after ``--help``, and for arguments that cannot be parsed.
    """
    parser = make_parser(name, prog)
    parser.set_defaults(command_line=shlex.join(["mindocr", name, *words]))
    code: int | None = _module(name).run(parser.parse_args([_with_home(word) for word in words]))
    return code


class _Parser(argparse.ArgumentParser):
    """Takes options by their whole names only, and suggests one for a name that it does not know.

    With abbreviations, a new option would change the meaning of a command, and a misspelt one might mean another.
    """

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The arguments; ends the process with exit code 2 for an unknown one."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            from mindocr.registry import suggest

            word = next((word for word in unknown if word.startswith("-")), unknown[0]).partition("=")[0]
            known = [name for name in self._option_string_actions if name.startswith("--")]
            longer = [name for name in known if name.startswith(word)] if word.startswith("--") else []
            hint = f" (did you mean '{longer[0]}'?)" if longer else suggest(word, known)
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return found


def make_parser(name: str, prog: str | None = None) -> argparse.ArgumentParser:
    """The parser of one command; arguments as for :func:`run_command`."""
    parser = _Parser(prog=prog, allow_abbrev=False, description=f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}.")
    _module(name).add_arguments(parser)
    return parser


def help_page() -> str:
    """One line for each command, in groups."""
    lines = ["usage: mindocr COMMAND [options]", "", "mindocr COMMAND --help lists the options of a command."]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {name:<16} {summary}" for name, summary in commands.items())]
    return "\n".join([*lines, "", "  --version        show the version"])


def _with_home(word: str) -> str:
    """A word with ``~`` replaced where the shell leaves it: in ``--option=~/x``, and in quotes."""
    option = _OPTION.match(word)
    start = option.end() if option else 0
    return f"{word[:start]}{expand_home(word[start:])}"


def _module(name: str) -> Any:
    return importlib.import_module(f"mindocr.cli.commands.{name.replace('-', '_')}")


def _dispatch(words: Sequence[str]) -> int | None:
    name, *rest = words or ["--help"]
    if name in ("-h", "--help"):
        print(help_page())
        return 0
    if name == "--version":
        print(f"mindocr {__version__}")
        return 0
    if name not in COMMANDS:
        from mindocr.registry import suggest

        kind = "option" if name.startswith("-") else "command"
        raise UserError(f"unknown {kind} '{name}'{suggest(name, COMMANDS)}; 'mindocr --help' lists the commands")
    return run_command(name, rest, prog=f"mindocr {name}")
