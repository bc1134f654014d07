"""Lay an evaluation out as tables, for a terminal or for Markdown. Every number comes from the result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Figures = dict[str, Any]
    Column = tuple[str, str | Callable[[Figures], str]]

LEXICONS = {"vader": "VADER", "textblob": "TextBlob"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the first column holds names, the others numbers; ``notes`` stand below it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def tables(report: Figures) -> list[Table]:
    """Lay out a result of :func:`textcx.evaluation.evaluate`; parts without a figure are left out."""
    found = [*_sentiment(report), _lexicons(report), *_heads(report), _slices(report), *_bias(report)]
    found.append(Table("Left out", ("set", "reason"), tuple(report["skipped"].items())))
    return [table for table in found if table.rows]


def as_text(found: Sequence[Table]) -> str:
    """Write tables for a terminal, columns aligned: words to the left, numbers to the right."""
    blocks = []
    for table in found:
        columns = list(zip(table.columns, *table.rows, strict=True))
        widths = [max(map(len, column)) for column in columns]
        words = [any(cell[:1].isalpha() for cell in column[1:]) for column in columns]
        lines = [table.title]
        for line in (table.columns, ["-" * width for width in widths], *table.rows):
            cells = zip(line, widths, words, strict=True)
            aligned = [cell.ljust(width) if left else cell.rjust(width) for cell, width, left in cells]
            lines.append("  ".join(aligned).rstrip())
        blocks.append("\n".join([*lines, *(f"  {note}" for note in table.notes)]))
    return "\n\n".join(blocks)


def as_markdown(found: Sequence[Table], *, level: int = 3) -> str:
    """Write tables as Markdown, each under a heading of the given level."""
    blocks = []
    for table in found:
        lines = [
            f"{'#' * level} {table.title}",
            "",
            "| " + " | ".join(table.columns) + " |",
            "|---" * len(table.columns) + "|",
            *("| " + " | ".join(row) + " |" for row in table.rows),
        ]
        blocks.append("\n".join([*lines, *(["", " ".join(table.notes)] if table.notes else [])]))
    return "\n\n".join(blocks) + "\n"


def number(value: float | None, *, signed: bool = False) -> str:
    """Write a number as tables show it: counts with commas, shares with three digits, a dash for the unknown."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:+.3f}" if signed else f"{value:.3f}"


def _table(
    title: str, first: str, columns: Sequence[Column], figures: Iterable[tuple[str, Figures]], *notes: str
) -> Table:
    """Lay out figures by name; a column shows the number of its key, or what its function writes."""
    rows = [
        (name, *(number(one.get(cell)) if isinstance(cell, str) else cell(one) for _, cell in columns))
        for name, one in figures
    ]
    return Table(title, (first, *(head for head, _ in columns)), tuple(rows), notes)


def _with_parts(sets: dict[str, Figures]) -> Iterator[tuple[str, Figures]]:
    for name, one in sets.items():
        yield f"{name} *" if one["role"] == "dev" else name, one
        yield from ((f"- {part}", figures) for part, figures in one.get("parts", {}).items())


def _sentiment(report: Figures) -> Iterator[Table]:
    columns: tuple[Column, ...] = (
        ("texts", "texts"),
        ("macro-F1", "macro_f1"),
        ("recall", "macro_recall"),
        ("accuracy", "accuracy"),
        ("ECE", "ece"),
        ("corrected", "ece_corrected"),
        ("Brier", "brier"),
        ("risk at 80 %", "risk_at_80"),
        ("confident", "confident_share"),
        ("its errors", "confident_errors"),
    )
    three, two = (
        _with_parts({name: one for name, one in report["sentiment"].items() if one["two_way"] == two_way})
        for two_way in (False, True)
    )
    yield _table(
        "Sentiment: negative, neutral, positive",
        "set",
        columns,
        three,
        "ECE: calibration error over 15 bins; corrected: its bias on few texts taken off.",
        "Risk at 80 %: errors among the surest 80 %. Confident: share of answers marked so, and their errors.",
        "* The checkpoint or the calibration was chosen with this set; nothing was trained on it.",
    )
    yield _table(
        "Sentiment of sets without neutral texts: negative against positive",
        "set",
        columns,
        two,
        "Neutral's probability is left out here. Confident and its errors are those of the three-way answer.",
    )


def _lexicons(report: Figures) -> Table:
    columns: list[Column] = [("textcx F1", "macro_f1"), ("recall", "macro_recall"), ("accuracy", "accuracy")]
    missing = []
    for name, about in report["baselines"].items():
        if "missing" in about:
            missing.append(f"{LEXICONS.get(name, name)}: {about['missing']}.")
    for name, title in LEXICONS.items():
        if "version" in report["baselines"].get(name, {}):
            titles = ((f"{title} F1", "macro_f1"), ("recall", "macro_recall"), ("accuracy", "accuracy"))
            columns += [(head, partial(_of_lexicon, name=name, key=key)) for head, key in titles]
    return _table("Beside lexicons, on the same texts", "set", columns, _with_parts(report["sentiment"]), *missing)


def _of_lexicon(one: Figures, *, name: str, key: str) -> str:
    return number(one["baselines"][name][key])


def _heads(report: Figures) -> Iterator[Table]:
    yield _table(
        "Pain: did something go wrong for the customer?",
        "set",
        (
            ("texts", "texts"),
            ("pains", "pains"),
            ("AUC", "auc"),
            ("of p(negative)", "auc_of_p_negative"),
            ("margin", partial(_signed, key="margin")),
            ("95 %", partial(_interval, key="margin", signed=True)),
            ("F1 at 0.5", "f1"),
            ("what counts as a pain", lambda one: str(one["rule"])),
        ),
        report["pain"].items(),
    )
    quality = (("AUC", "auc"), ("precision", "precision"), ("recall", "recall"), ("F1 at 0.5", "f1"))
    for head, title, counted, first in (
        ("request", "Requests", "requests", "set"),
        ("emotions", "Emotions, on GoEmotions", "shown", "emotion"),
    ):
        yield _table(title, first, (("texts", "texts"), (counted, counted), *quality), report[head].items())
    yield _table(
        "Contrast pairs, written by hand",
        "head",
        (
            ("pairs", "pairs"),
            ("ordered right", "ordered"),
            ("95 %", partial(_interval, key="ordered")),
            ("by p(negative)", "ordered_by_p_negative"),
            ("label right", "right"),
        ),
        report["pairs"].items(),
    )


def _slices(report: Figures) -> Table:
    columns = (("texts", "texts"), ("sets", "sets"), ("macro-F1", "macro_f1"), ("accuracy", "accuracy"), ("ECE", "ece"))
    figures = [
        ("all texts" if one["kind"] == "all" else f"{one['kind']}: {one['value']}", one) for one in report["slices"]
    ]
    note = "Test sets with three labels, each of them counting the same; their texts differ in more than this."
    return _table("Slices", "slice", columns, figures, note)


def _bias(report: Figures) -> Iterator[Table]:
    bias = report["bias"] or {"kinds": {}, "dialects": {}}
    yield _table(
        "Bias: the same sentence about somebody else",
        "groups",
        (
            ("templates", "templates"),
            ("sentences", "sentences"),
            ("mean change", "mean_change"),
            ("largest", "largest_change"),
            ("label flips", "flips"),
            ("lowest group", partial(_end_group, pick=min)),
            ("highest group", partial(_end_group, pick=max)),
        ),
        bias["kinds"].items(),
        "Change of polarity, on its scale of -1 to 1. A group's number is its mean distance from all groups.",
    )
    yield _table(
        "Bias: the same said in another English",
        "English",
        (
            ("pairs", "pairs"),
            ("mean change", partial(_signed, key="mean_change")),
            ("mean size", "mean_absolute_change"),
            ("largest", "largest_change"),
            ("label flips", "flips"),
            ("right, standard", "right_standard"),
            ("right, variant", "right_variant"),
        ),
        bias["dialects"].items(),
    )


def _end_group(one: Figures, *, pick: Callable[[Iterable[tuple[float, str]]], tuple[float, str]]) -> str:
    shift, name = pick((shift, name) for name, shift in one["shift"].items())
    return f"{name} {number(shift, signed=True)}"


def _signed(one: Figures, *, key: str) -> str:
    return number(one[key], signed=True)


def _interval(one: Figures, *, key: str, signed: bool = False) -> str:
    return " to ".join(number(one[f"{key}_ci_{end}"], signed=signed) for end in ("low", "high"))
