"""Lay an evaluation out as tables, for a terminal or for Markdown. Every number comes from the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEXICONS = {"vader": "VADER", "textblob": "TextBlob"}
QUALITY = (
    ("texts", "texts"),
    ("macro_f1", "macro-F1"),
    ("macro_recall", "recall"),
    ("accuracy", "accuracy"),
    ("ece", "ECE"),
    ("ece_corrected", "corrected"),
    ("brier", "Brier"),
    ("risk_at_80", "risk at 80 %"),
    ("confident_share", "confident"),
    ("confident_errors", "its errors"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the first column holds names, the others numbers; ``notes`` stand below it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = field(default=())


def tables(report: dict[str, Any]) -> list[Table]:
    """Lay out a result of :func:`textcx.evaluation.evaluate`; parts without a figure are left out."""
    found = [
        *_sentiment(report),
        *_lexicons(report),
        *_heads(report),
        *_pairs(report),
        *_slices(report),
        *_bias(report),
    ]
    if report["skipped"]:
        rows = tuple(report["skipped"].items())
        found.append(Table("Left out", ("set", "reason"), rows))
    return found


def as_text(found: Sequence[Table]) -> str:
    """Write tables for a terminal, columns aligned."""
    blocks = []
    for table in found:
        lines = [table.columns, *table.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(table.columns))]
        words = [any(row[place][:1].isalpha() for row in table.rows) for place in range(len(table.columns))]
        blocks.append(
            "\n".join(
                [
                    table.title,
                    *(
                        _aligned(line, widths, words)
                        for line in (table.columns, tuple("-" * width for width in widths))
                    ),
                    *(_aligned(line, widths, words) for line in table.rows),
                    *(f"  {note}" for note in table.notes),
                ]
            )
        )
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


def _aligned(cells: Sequence[str], widths: Sequence[int], words: Sequence[bool]) -> str:
    """Put cells below each other: words to the left, numbers to the right."""
    lined_up = zip(cells, widths, words, strict=True)
    return "  ".join(cell.ljust(width) if left else cell.rjust(width) for cell, width, left in lined_up).rstrip()


def _named(name: str, one: dict[str, Any]) -> str:
    return f"{name} *" if one.get("role") == "dev" else name


def _with_parts(sets: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in sets.items():
        yield _named(name, one), one
        for part, figures in one.get("parts", {}).items():
            yield f"- {part}", figures


def _sentiment(report: dict[str, Any]) -> Iterator[Table]:
    columns = ("set", *(title for _, title in QUALITY))
    for two_way, title, notes in (
        (
            False,
            "Sentiment: negative, neutral, positive",
            (
                "ECE: calibration error over 15 bins; corrected: its bias on few texts taken off.",
                "Risk at 80 %: errors among the surest 80 %. Confident: share of answers marked so, and their errors.",
                "* The checkpoint or the calibration was chosen with this set; nothing was trained on it.",
            ),
        ),
        (
            True,
            "Sentiment of sets without neutral texts: negative against positive",
            ("Neutral's probability is left out here. Confident and its errors are those of the three-way answer.",),
        ),
    ):
        sets = {name: one for name, one in report["sentiment"].items() if one["two_way"] == two_way}
        rows = [(name, *(number(one[key]) for key, _ in QUALITY)) for name, one in _with_parts(sets)]
        if rows:
            yield Table(title, columns, tuple(rows), notes)


def _lexicons(report: dict[str, Any]) -> Iterator[Table]:
    measured = {name: title for name, title in LEXICONS.items() if "version" in report["baselines"].get(name, {})}
    missing = [
        f"{LEXICONS.get(name, name)}: {one['missing']}."
        for name, one in report["baselines"].items()
        if "missing" in one
    ]
    columns = ["set"]
    for title in ("textcx", *measured.values()):
        columns += [f"{title} F1", "recall", "accuracy"]
    keys = ("macro_f1", "macro_recall", "accuracy")
    rows = []
    for name, one in _with_parts(report["sentiment"]):
        figures = [one, *(one["baselines"][lexicon] for lexicon in measured)]
        rows.append((name, *(number(figure[key]) for figure in figures for key in keys)))
    if rows:
        yield Table("Beside lexicons, on the same texts", tuple(columns), tuple(rows), tuple(missing))


def _heads(report: dict[str, Any]) -> Iterator[Table]:
    if report["pain"]:
        rows = [
            (
                name,
                number(one["texts"]),
                number(one["pains"]),
                number(one["auc"]),
                number(one["auc_of_p_negative"]),
                number(one["margin"], signed=True),
                _interval(one, "margin", signed=True),
                number(one["f1"]),
                one["rule"],
            )
            for name, one in report["pain"].items()
        ]
        titles = (
            "set",
            "texts",
            "pains",
            "AUC",
            "of p(negative)",
            "margin",
            "95 %",
            "F1 at 0.5",
            "what counts as a pain",
        )
        yield Table("Pain: did something go wrong for the customer?", titles, tuple(rows))
    keys = (("auc", "AUC"), ("precision", "precision"), ("recall", "recall"), ("f1", "F1 at 0.5"))
    for head, title, counted, first in (
        ("request", "Requests", "requests", "set"),
        ("emotions", "Emotions, on GoEmotions", "shown", "emotion"),
    ):
        rows = [
            (name, number(one["texts"]), number(one[counted]), *(number(one[key]) for key, _ in keys))
            for name, one in report[head].items()
        ]
        if rows:
            yield Table(title, (first, "texts", counted, *(name for _, name in keys)), tuple(rows))


def _pairs(report: dict[str, Any]) -> Iterator[Table]:
    rows = [
        (
            head,
            number(one["pairs"]),
            number(one["ordered"]),
            _interval(one, "ordered"),
            number(one.get("ordered_by_p_negative")),
            number(one["right"]),
        )
        for head, one in report["pairs"].items()
    ]
    if rows:
        titles = ("head", "pairs", "ordered right", "95 %", "by p(negative)", "label right")
        yield Table("Contrast pairs, written by hand", titles, tuple(rows))


def _slices(report: dict[str, Any]) -> Iterator[Table]:
    rows = [
        (
            "all texts" if one["kind"] == "all" else f"{one['kind']}: {one['value']}",
            number(one["texts"]),
            number(one["sets"]),
            number(one["macro_f1"]),
            number(one["accuracy"]),
            number(one["ece"]),
        )
        for one in report["slices"]
    ]
    if rows:
        note = "Test sets with three labels, each of them counting the same; their texts differ in more than this."
        yield Table("Slices", ("slice", "texts", "sets", "macro-F1", "accuracy", "ECE"), tuple(rows), (note,))


def _bias(report: dict[str, Any]) -> Iterator[Table]:
    if not report["bias"]:
        return
    keys = ("templates", "sentences", "mean_change", "largest_change", "flips")
    rows = []
    for kind, one in report["bias"]["kinds"].items():
        lowest, highest = (pick(one["shift"], key=lambda name: (one["shift"][name], name)) for pick in (min, max))
        ends = tuple(f"{name} {number(one['shift'][name], signed=True)}" for name in (lowest, highest))
        rows.append((kind, *(number(one[key]) for key in keys), *ends))
    yield Table(
        "Bias: the same sentence about somebody else",
        ("groups", "templates", "sentences", "mean change", "largest", "label flips", "lowest group", "highest group"),
        tuple(rows),
        ("Change of polarity, on its scale of -1 to 1. A group's number is its mean distance from all groups.",),
    )
    measured = (
        "pairs",
        "mean_change",
        "mean_absolute_change",
        "largest_change",
        "flips",
        "right_standard",
        "right_variant",
    )
    spoken = [
        (kind, *(number(one[key], signed=key == "mean_change") for key in measured))
        for kind, one in report["bias"]["dialects"].items()
    ]
    titles = (
        "English",
        "pairs",
        "mean change",
        "mean size",
        "largest",
        "label flips",
        "right, standard",
        "right, variant",
    )
    yield Table("Bias: the same said in another English", titles, tuple(spoken))


def _interval(one: dict[str, Any], key: str, *, signed: bool = False) -> str:
    return " to ".join(number(one[f"{key}_ci_{end}"], signed=signed) for end in ("low", "high"))
