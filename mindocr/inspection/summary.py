"""Result of an inspection: a table for the terminal, and plain values for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindocr.inspection.kinds import KINDS
from mindocr.inspection.overrides import as_shell_words
from mindocr.inspection.statistics import Statistics, as_json
from mindocr.inspection.survey import Inspection

_PLACES = 3  # positions of each kind in the table


def summary(inspection: Inspection, statistics: Mapping[str, Statistics], overrides: Sequence[str] = ()) -> str:
    """Result of an inspection as a table for the terminal.

    Args:
        inspection: result of the inspection.
        statistics: statistics by part.
        overrides: recommended sizes as overrides of the recipe.
    """
    rows = []
    for part, numbers in statistics.items():
        rows.append(f"{part}: {numbers.images} usable images, {numbers.texts} texts, {numbers.ignored} "
                    f"({numbers.ignored_share:.1%}) ignored")  # fmt: skip
        if numbers.height_percentiles:
            rows.append(f"  height of letters in pixels, 5 / 25 / 50 / 75 / 95 %: "
                        f"{' / '.join(f'{height:g}' for height in numbers.height_percentiles)}")  # fmt: skip
        if numbers.input_size:
            rows += [f"  {step}" for step in numbers.input_size.steps]
    if overrides:
        rows.append(f"these sizes for the recipe: -o {as_shell_words(overrides)}")
    rows.append("")
    for kind in KINDS:
        problems = inspection.of_kind(kind.key)
        if not problems:
            continue
        counts = {part: len(inspection.of_kind(kind.key, part)) for part in statistics}
        listed = ", ".join(f"{part} {count}" for part, count in counts.items() if count)
        rows.append(f"{kind.severity:<8} {kind.title}: {listed}")
        rows += [f"           {inspection.place(problem)}: {problem.detail}" for problem in problems[:_PLACES]]
        if len(problems) > _PLACES:
            rows.append(f"           ... and {len(problems) - _PLACES} more")
    if not inspection.problems:
        rows.append("no problem found")
    return "\n".join(rows).encode("utf-8", errors="backslashreplace").decode("utf-8")


def findings_of(
    inspection: Inspection, statistics: Mapping[str, Statistics], overrides: Sequence[str] = ()
) -> dict[str, Any]:
    """All results as plain values for JSON; arguments as for :func:`summary`."""
    return {
        "sources": [{"part": s.part, "label_file": str(s.file), "data_dir": str(s.folder)} for s in inspection.sources],
        "statistics": {part: as_json(numbers) for part, numbers in statistics.items()},
        "overrides": list(overrides),
        "counts": {kind.key: len(inspection.of_kind(kind.key)) for kind in KINDS},
        "problems": [
            {
                "kind": problem.kind,
                "part": inspection.lines[problem.line].part,
                "label_file": str(inspection.lines[problem.line].file),
                "line": inspection.lines[problem.line].number,
                "image": inspection.lines[problem.line].name,
                "text": problem.text,
                "detail": problem.detail,
            }
            for problem in inspection.problems
        ],
    }
