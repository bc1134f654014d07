"""Look at an input before analyzing it: columns, scales, languages, duplicates, what could not be used. Writes nothing.

The input is streamed once. Texts are looked at in memory only: neither the inspection nor its rendering holds a
verbatim.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from textcx.commands.terminal import columns, many
from textcx.domain.counted import merge_counted
from textcx.domain.feedback import VERBATIM_JOINT, Reason
from textcx.readers import open_feedback
from textcx.reports.formats import LANGUAGES
from textcx.steps.text.clean import clean, why_unprocessable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from textcx.domain.feedback import ColumnOverrides, ColumnPlan, FeedbackBatch, RatingColumn, Unprocessable
    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.text import AnswerWords
    from textcx.ports import LanguageDetector

BATCH_ROWS = 2_000
_table = partial(columns, widest=32)
_EXAMPLES = 5
_LANGUAGES_SHOWN = 6
_REASONS = {
    Reason.EMPTY: "empty",
    Reason.NOT_AN_ANSWER: "not an answer ('n/a', '-')",
    Reason.LANGUAGE_UNSUPPORTED: "in a language that is not analyzed",
    Reason.UNREADABLE_ROW: "unreadable",
}


@dataclass(slots=True)
class Inspection:
    """What an input holds.

    ``rows`` = ``usable`` + the sum of ``unprocessable``. ``duplicates`` counts the records whose text came before.
    ``languages`` counts the usable records and those in other languages. ``ratings`` counts the answers to each rating
    by its name. ``examples`` are some unreadable rows.
    """

    name: str
    plan: ColumnPlan
    rows: int = 0
    usable: int = 0
    unprocessable: Counter[Reason] = field(default_factory=Counter)
    duplicates: int = 0
    respondents: int | None = None
    first_date: datetime | None = None
    last_date: datetime | None = None
    languages: Counter[str] = field(default_factory=Counter)
    undecided: int = 0
    ratings: dict[str, Counter[float]] = field(default_factory=dict)
    examples: list[Unprocessable] = field(default_factory=list)
    warnings: tuple[str, ...] = ()


def inspect(
    source: str | Path | pl.DataFrame, *, overrides: ColumnOverrides, language: Language, languages: LanguageDetector
) -> Inspection:
    """Read an input (a path, "-" for standard input, or a frame) once and say what it holds.

    Texts too short to tell their language count as the input's most frequent one.
    """
    reader = open_feedback(source, overrides=overrides)
    look = Inspection(reader.name, reader.plan, ratings={rating.name: Counter() for rating in reader.plan.ratings})
    guessed: Counter[str | None] = Counter()
    seen: set[bytes] = set()
    respondents: set[int] = set()
    warnings: list[str] = list(reader.plan.warnings)
    for batch in reader.batches(rows=BATCH_ROWS):
        look.rows += batch.frame.height + len(batch.unreadable)
        look.unprocessable[Reason.UNREADABLE_ROW] += len(batch.unreadable)
        look.examples.extend(batch.unreadable[: _EXAMPLES - len(look.examples)])
        texts = list(_usable(batch, look, seen, language.answers))
        look.usable += len(texts)
        guessed.update(guess.language for guess in languages.detect(texts))
        respondents.update(batch.frame["respondent"].drop_nulls().hash().to_list())
        _dates_and_ratings(batch, look)
        warnings.extend(batch.warnings)
    look.respondents = len(respondents) if reader.plan.respondent is not None else None
    look.warnings = merge_counted(warnings)
    _settle_languages(look, guessed, language.code)
    look.unprocessable = +look.unprocessable
    return look


def render(look: Inspection) -> str:
    """Write an inspection as plain text for a terminal, without any verbatim."""
    plan = look.plan
    hidden = {part: why for part, why in plan.reasons.items() if part.startswith("ignored ")}
    found = [(part, why) for part, why in plan.reasons.items() if part not in hidden]
    questions = [(f"question of {text.column}", repr(text.question)) for text in plan.text if text.question]
    facts = [("duplicates", f"{many(look.duplicates, 'record')} with exactly the text of an earlier one")]
    if look.respondents is not None:
        facts.append(("respondents", f"{look.respondents:,} different"))
    if look.first_date is not None and look.last_date is not None:
        facts.append(("dates", f"{look.first_date:%Y-%m-%d} to {look.last_date:%Y-%m-%d}"))
    facts.append(("languages", _language_line(look)))
    left_out = _table([(f"{count:,}", _REASONS[reason]) for reason, count in look.unprocessable.most_common()])
    sections = {
        "Columns": _table(found) + _table(questions),
        "Columns not used": _table([(part.removeprefix("ignored "), why) for part, why in hidden.items()]),
        "Ratings": _table([(each.name, _rating_line(each, look.ratings[each.name])) for each in plan.ratings]),
        "Records": _table(facts),
        "Would not be analyzed": left_out + [f"  {broken.where}: {broken.hint}" for broken in look.examples],
        "Warnings": [f"  - {warning}" for warning in look.warnings],
    }
    lines = [f"{look.name}: {many(look.rows, 'record')}, {look.usable:,} can be analyzed"]
    for title, content in sections.items():
        lines += ["", title, *content] if content else []
    return "\n".join(lines) + "\n"


def _usable(batch: FeedbackBatch, look: Inspection, seen: set[bytes], answers: AnswerWords) -> Iterator[str]:
    """Yield the cleaned texts that can be analyzed; count the others and the repeated ones."""
    from_name = next((text.question for text in look.plan.text if text.question), None)
    for cells, question in zip(batch.frame["texts"].to_list(), batch.frame["question"].to_list(), strict=True):
        text = clean(VERBATIM_JOINT.join(cell for cell in cells if cell))
        reason = why_unprocessable(text, question=question or from_name, answers=answers)
        if reason is not None:
            look.unprocessable[reason] += 1
            continue
        digest = hashlib.blake2b(text.encode("utf-8", errors="replace"), digest_size=12).digest()
        look.duplicates += digest in seen
        seen.add(digest)
        yield text


def _dates_and_ratings(batch: FeedbackBatch, look: Inspection) -> None:
    instants = batch.frame["created_at"].drop_nulls().to_list()
    if instants:
        look.first_date = min(filter(None, (look.first_date, *instants)))
        look.last_date = max(filter(None, (look.last_date, *instants)))
    for name, answers in look.ratings.items():
        answers.update(batch.frame[f"rating:{name}"].drop_nulls().to_list())


def _settle_languages(look: Inspection, guessed: Counter[str | None], analyzed: str) -> None:
    known: Counter[str] = Counter({language: count for language, count in guessed.items() if language is not None})
    look.undecided = guessed[None]
    main = min(known, key=lambda language: (-known[language], language)) if known else analyzed
    known[main] += look.undecided
    look.languages = +known
    foreign = known.total() - known[analyzed]
    look.usable -= foreign
    look.unprocessable[Reason.LANGUAGE_UNSUPPORTED] += foreign


def _rating_line(rating: RatingColumn, answers: Counter[float]) -> str:
    scale = f"{rating.low:g} to {rating.high:g}" + (", low is good" if rating.reversed else "")
    n = answers.total()
    if not n:
        return f"{scale}: no answers"
    mean = sum(value * count for value, count in answers.items()) / n
    common = ", ".join(f"{value:g} ({count / n:.0%})" for value, count in sorted(answers.items())[:11])
    return f"{scale}: {many(n, 'answer')}, mean {mean:.2f}; {common}"


def _language_line(look: Inspection) -> str:
    total = max(1, look.languages.total())
    ranked = sorted(look.languages.items(), key=lambda item: (-item[1], item[0]))
    parts = [
        f"{LANGUAGES.get(code, code)} {count:,} ({count / total:.1%})" for code, count in ranked[:_LANGUAGES_SHOWN]
    ]
    more = sum(count for _, count in ranked[_LANGUAGES_SHOWN:])
    parts += [f"others {more:,}"] if more else []
    undecided = f"; {look.undecided:,} too short to tell, counted with the most frequent one" if look.undecided else ""
    return ", ".join(parts) + undecided
