"""Look at an input before analyzing it: columns, scales, languages, duplicates, what could not be used. Writes nothing.

The input is streamed once. Texts are looked at in memory only: neither the inspection nor its rendering holds a
verbatim.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textcx.domain.counted import merge_counted
from textcx.domain.feedback import VERBATIM_JOINT, Reason
from textcx.readers import open_feedback
from textcx.reports.formats import LANGUAGES
from textcx.steps.text.clean import clean, why_unprocessable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from textcx.domain.feedback import ColumnOverrides, ColumnPlan, FeedbackBatch, RatingColumn, Unprocessable
    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.text import AnswerWords
    from textcx.ports import LanguageDetector

BATCH_ROWS = 2_000
_EXAMPLES = 5
_LANGUAGES_SHOWN = 6
_REASONS = {
    Reason.EMPTY: "empty",
    Reason.NOT_AN_ANSWER: "not an answer ('n/a', '-')",
    Reason.LANGUAGE_UNSUPPORTED: "in a language that is not analyzed",
    Reason.UNREADABLE_ROW: "unreadable",
}


@dataclass(slots=True)
class RatingLook:
    """What the answers to one rating are like: how many, and the most frequent ones."""

    rating: RatingColumn
    answers: Counter[float] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        """Number of answers on the scale."""
        return self.answers.total()

    @property
    def mean(self) -> float | None:
        """Mean answer as given, on the rating's own scale; null without answers."""
        return sum(value * count for value, count in self.answers.items()) / self.n if self.n else None


@dataclass(slots=True)
class Inspection:
    """What an input holds.

    ``rows`` = ``usable`` + the sum of ``unprocessable``. ``duplicates`` counts the records whose text came before.
    ``languages`` counts the usable records and those in other languages; null without a language detector. ``examples``
    are some unreadable rows.
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
    languages: Counter[str] | None = None
    undecided: int = 0
    ratings: list[RatingLook] = field(default_factory=list)
    examples: list[Unprocessable] = field(default_factory=list)
    warnings: tuple[str, ...] = ()


def inspect(
    source: str | Path | pl.DataFrame,
    *,
    overrides: ColumnOverrides,
    language: Language,
    languages: LanguageDetector | None = None,
) -> Inspection:
    """Read an input once and say what it holds.

    Args:
        source: A path, "-" for standard input, or a frame.
        overrides: Columns that the user named.
        language: The one that is analyzed.
        languages: Tells the language of texts; without it languages are not looked at.

    Returns:
        The inspection. Texts too short to tell their language count as the input's most frequent one.

    Raises:
        TextcxError: What ``open_feedback`` raises.
    """
    reader = open_feedback(source, overrides=overrides)
    look = Inspection(reader.name, reader.plan, ratings=[RatingLook(rating) for rating in reader.plan.ratings])
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
        if languages is not None:
            guessed.update(guess.language for guess in languages.detect(texts))
        respondents.update(batch.frame["respondent"].drop_nulls().hash().to_list())
        _dates_and_ratings(batch, look)
        warnings.extend(batch.warnings)
    look.respondents = len(respondents) if reader.plan.respondent is not None else None
    look.warnings = merge_counted(warnings)
    if languages is not None:
        _settle_languages(look, guessed, language.code)
    look.unprocessable = +look.unprocessable
    return look


def render(inspection: Inspection) -> str:
    """Write an inspection as plain text for a terminal, without any verbatim."""
    look, plan = inspection, inspection.plan
    lines = [f"{look.name}: {_many(look.rows, 'record')}, {look.usable:,} can be analyzed", "", "Columns"]
    hidden = {reason: why for reason, why in plan.reasons.items() if reason.startswith("ignored ")}
    lines += _table([(part, why) for part, why in plan.reasons.items() if part not in hidden])
    lines += _table([(f"question of {text.column}", repr(text.question)) for text in plan.text if text.question])
    if hidden:
        lines += ["", "Columns not used"]
        lines += _table([(part.removeprefix("ignored "), why) for part, why in hidden.items()])
    if look.ratings:
        lines += ["", "Ratings"]
        lines += _table([(each.rating.name, _rating_line(each)) for each in look.ratings])
    facts = [("duplicates", f"{_many(look.duplicates, 'record')} with exactly the text of an earlier one")]
    if look.respondents is not None:
        facts.append(("respondents", f"{look.respondents:,} different"))
    if look.first_date is not None and look.last_date is not None:
        facts.append(("dates", f"{look.first_date:%Y-%m-%d} to {look.last_date:%Y-%m-%d}"))
    if look.languages is not None:
        facts.append(("languages", _language_line(look)))
    lines += ["", "Records", *_table(facts)]
    if look.unprocessable:
        lines += ["", "Would not be analyzed"]
        lines += _table([(f"{count:,}", _REASONS[reason]) for reason, count in look.unprocessable.most_common()])
        lines += [f"  {broken.where}: {broken.hint}" for broken in look.examples]
    if look.warnings:
        lines += ["", "Warnings", *(f"  - {warning}" for warning in look.warnings)]
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
    for each in look.ratings:
        each.answers.update(batch.frame[f"rating:{each.rating.name}"].drop_nulls().to_list())


def _settle_languages(look: Inspection, guessed: Counter[str | None], analyzed: str) -> None:
    known: Counter[str] = Counter({language: count for language, count in guessed.items() if language is not None})
    look.undecided = guessed[None]
    main = min(known, key=lambda language: (-known[language], language)) if known else analyzed
    known[main] += look.undecided
    look.languages = +known
    foreign = known.total() - known[analyzed]
    look.usable -= foreign
    look.unprocessable[Reason.LANGUAGE_UNSUPPORTED] += foreign


def _rating_line(each: RatingLook) -> str:
    rating = each.rating
    scale = f"{rating.low:g} to {rating.high:g}" + (", low is good" if rating.reversed else "")
    if each.mean is None:
        return f"{scale}: no answers"
    common = ", ".join(f"{value:g} ({count / each.n:.0%})" for value, count in sorted(each.answers.items())[:11])
    return f"{scale}: {_many(each.n, 'answer')}, mean {each.mean:.2f}; {common}"


def _language_line(look: Inspection) -> str:
    counts = look.languages or Counter()
    total = max(1, counts.total())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(
        f"{LANGUAGES.get(code, code)} {count:,} ({count / total:.1%})" for code, count in ranked[:_LANGUAGES_SHOWN]
    )
    more = sum(count for _, count in ranked[_LANGUAGES_SHOWN:])
    shown += f", others {more:,}" if more else ""
    return shown + (
        f"; {look.undecided:,} too short to tell, counted with the most frequent one" if look.undecided else ""
    )


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = min(32, max((len(left) for left, _ in rows), default=0))
    return [f"  {left:<{width}}  {right}" for left, right in rows]
