"""YAML files: mutated recipes, and what YAML itself can be made to do."""

import re
import textwrap

import pytest
from mutations import WORDS, pick, spoil

from mindocr.config import load_config, save_config
from mindocr.config.read import resolve
from mindocr.config.yaml_io import dump_yaml, parse_yaml
from mindocr.errors import ConfigError

RECIPE = "configs/det/dbnet/db_r18_icdar15.yaml"
HOSTILE = (
    "!!python/object/apply:os.system ['touch stolen']", "!!python/name:os.system", "!!python/object:os.stat_result {}",
    "!!binary aGVsbG8=", "!!binary '%%%'", "!!timestamp soon", "!!timestamp 2001-99-99", "!!bool perhaps", "!!int x",
    "!!float x", "!!null x", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1, a: 2]", "!!map x", "!!seq x",
    "!!str {a: 1}",
    "!!int 0x", "!foreign x", "&a [*a]", "&a {a: *a}", "*nowhere", "<<", "? [a, b]\n: 1", '"\\ud800"', '"\\0"',
    '"\\x00a"',
    "1e400", "-.inf", ".nan", "0x" + "f" * 3000, "9" * 5000, "1" * 5000 + ".5", "0o" + "7" * 2000, "2026-11-20", "~",
    "''",
    "'" + "x" * 200_000 + "'", "[" * 200 + "]" * 200, "{a: " * 200 + "}" * 200, "|\n  text\n\ttab", "\t", "@",
    "`", "%",
    "[1, 2", "{a: 1", "'open", "- - - 1", "? ", "--- 1\n--- 2", "on", "1:30", "{<<: {a: 1}, a: 2}", "{<<: 5}",
    "{<<: [1]}",
)  # fmt: skip


@pytest.fixture(scope="module")
def recipe(repo_root):
    """A whole recipe without base files."""
    return dump_yaml(resolve(repo_root / RECIPE)).encode()


def mutated(recipe, rng):
    chance = rng.random()
    if chance < 0.15:
        return pick(
            rng, (recipe.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + recipe, b"--- # here\n" + recipe + b"...\n")
        )
    if chance < 0.45:
        return spoil(recipe, rng)
    places = list(re.finditer(rb"(?<=[ \[])[^\s,:{}\[\]]+(?=[,\]}\n])", recipe))
    for chosen in sorted({pick(rng, places) for _ in range(rng.integers(1, 3))}, key=lambda m: -m.start()):
        value = pick(rng, HOSTILE).encode() if rng.random() < 0.8 else pick(rng, WORDS)
        recipe = recipe[: chosen.start()] + value + recipe[chosen.end() :]
    return recipe


def use(arena):
    """Read, write as a run does, read again."""
    config = load_config(arena.inputs / "recipe.yaml")
    save_config(config, arena.out / "config.yaml")
    load_config(arena.out / "config.yaml")


def given(arena, content):
    (arena.inputs / "recipe.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    return lambda: use(arena)


def test_mutated_recipes(fuzz, recipe):
    outcomes = fuzz("yaml", lambda rng, arena: given(arena, mutated(recipe, rng)))
    assert outcomes["refused"] or sum(outcomes.values()) < 20


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_are_told(refused, recipe, value):
    """Where a number stands: none of them is one."""
    content, count = re.subn(rb"(batch_size:) \d+", lambda found: found[1] + b" " + value.encode(), recipe, count=1)
    assert count == 1
    assert "recipe.yaml" in refused(lambda arena: given(arena, content))


LAUGHS = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'lol'}]\n" for i in range(10))
MERGES = "m0: &m0 {a: 1, b: 2}\n" + "".join(
    f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}, *m{i - 1}]}}\n" for i in range(1, 25)
)
CHAIN = "m0: &m0 {k0: 1}\n" + "".join(f"m{i}: &m{i} {{<<: *m{i - 1}, k{i}: 1}}\n" for i in range(1, 3000))
COSTLY = {
    "aliases of aliases": LAUGHS,
    "merges of merges": MERGES,
    "a chain of merges": CHAIN,
    "an anchor within itself": "a: &a\n  b: {c: *a}\n",
    "a merge of itself": "a: &a {<<: *a}\n",
    "mappings nested deep": "a: " + "{a: " * 5000 + "}" * 5000,
    "lists nested deep": "a: " + "[" * 5000 + "]" * 5000,
    "lists in lines nested deep": "a:\n  " + "- " * 5000,
    "the same key ten thousand times": "{" + "a: 1, " * 10_000 + "}",
}


@pytest.mark.parametrize("name", COSTLY)
def test_costly_files(bounded, recipe, name):
    """Where a recipe may hold anything; some versions of PyYAML refuse a file that others make harmless."""
    content = b"common:\n" + textwrap.indent(COSTLY[name], "  ").rstrip().encode() + b"\n" + recipe
    bounded(lambda arena: given(arena, content), "recipe.yaml")


def test_merges_of_merges_are_refused_or_merged():
    try:
        values = parse_yaml(MERGES, "merges.yaml")
    except ConfigError as error:
        assert str(error).startswith("merges.yaml:")
    else:
        assert len(values) == 25 and all(value == {"a": 1, "b": 2} for value in values.values())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\na: 2\n", "recipe.yaml:2: key 'a' appears twice"),
        ("a: b\n\tc: d\n", "recipe.yaml:2"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"\x00\x01\x02", "recipe.yaml:1"),
        ("", "an empty file"),
        ("base: recipe.yaml", "form a cycle"),
        ("base: " + "a" * 5000, "recipe.yaml: base: "),
        ('base: "a\\0b"', "NUL"),
        ("x" * 3_000_000, "no configuration is longer"),
        ("a: [" + "1, " * 1_000_000 + "]", "no configuration is longer"),
    ],
)  # fmt: skip
def test_chosen_files(refused, content, message):
    assert message in refused(lambda arena: given(arena, content))


def test_aliases_as_recipes_use_them(accepted, recipe):
    words = re.sub(rb"seed: \d+", b"<<: *c", recipe, count=1)
    assert words != recipe
    accepted(lambda arena: given(arena, b"common: &c {seed: 7}\n" + words))
