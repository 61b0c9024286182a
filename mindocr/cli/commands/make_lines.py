"""``mindocr make-lines``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mindocr.formats.dictionary import read_dictionary
from mindocr.synthetic.line import LineOptions
from mindocr.synthetic.line_writer import LineSetPlan, write_lines
from mindocr.synthetic.options import DIFFICULTIES
from mindocr.synthetic.texts import SourceKind, TextOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: number, texts and look of the lines, and the output folder."""
    add = parser.add_argument
    add("--output_dir", type=Path, required=True, help="folder to fill")
    add("--train", type=int, default=10000, help="training images, 0 for none (default 10000)")
    add("--test", type=int, default=1000, help="test images, 0 for none (default 1000)")
    texts = parser.add_mutually_exclusive_group()
    texts.add_argument("--random", action="store_true", help="random strings of the dictionary, not English words")
    texts.add_argument("--list", metavar="FILE", help="UTF-8 file with one word or phrase a line")
    texts.add_argument("--corpus", metavar="FILE", help="UTF-8 file with running text, of which pieces are drawn")
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--characters", help="draw no other characters than these and the space")
    known.add_argument("--character_dict_path", metavar="FILE", help="the same as a file, one character a line")
    add("--length", type=int, nargs=2, default=(1, 25), metavar=("MIN", "MAX"),
        help="characters of a line (default 1 25)")  # fmt: skip
    add("--words", type=int, nargs=2, default=(1, 1), metavar=("MIN", "MAX"),
        help="words of a line, or entries of --list (default 1 1)")  # fmt: skip
    add("--height", type=int, default=48, help="of the images in pixels (default 48)")
    add("--difficulty", choices=tuple(DIFFICULTIES), default="normal", help="default normal")
    add("--vertical", type=float, default=0.0, help="share of lines written from top to bottom, 0 to 1 (default 0)")
    add("--font_dir", type=Path, help="your fonts (.ttf, .otf, .ttc); half of the lines that they can write use them")
    add("--only_font_dir", action="store_true", help="do not use the built-in fonts")
    add("--background_dir", type=Path, help="your photographs without text, for half of the backgrounds")
    add("--seed", type=int, default=0, help="random seed; equal seeds give equal sets (default 0)")
    add("--workers", type=int, default=2, help="processes (default 2); the set does not depend on it")
    add("--overwrite", action="store_true", help="replace a set that this command wrote to the folder before")


def run(args: argparse.Namespace) -> None:
    """Generate the set and print its contents.

    Raises:
        DataError: see ``write_lines``.
    """
    source: SourceKind = "random" if args.random else "list" if args.list else "corpus" if args.corpus else "words"
    characters = read_dictionary(args.character_dict_path) if args.character_dict_path else args.characters
    plan = LineSetPlan(
        output_dir=args.output_dir,
        train=args.train,
        test=args.test,
        options=LineOptions(args.height, args.difficulty, args.vertical),
        texts=TextOptions(source, args.list or args.corpus, characters, tuple(args.length), tuple(args.words)),
        seed=args.seed,
        workers=args.workers,
        font_dir=args.font_dir,
        built_in_fonts=not args.only_font_dir,
        background_dir=args.background_dir,
        overwrite=args.overwrite,
    )
    note = write_lines(plan, command=args.command_line)
    for split, content in note["content"].items():
        print(
            f"{split}: {content['images']} images, {content['characters']} characters, "
            f"{content['different_characters']} different ones"
        )
    for sentence in note["notes"]:
        print(f"not drawn: {sentence}")
    print(f"fonts: {len(note['fonts'])}; written to {args.output_dir}; look at {args.output_dir / 'preview.jpg'}")
