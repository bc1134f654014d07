"""Check a finished analysis against itself and its sources.

Checked: every table has its declared columns; ids are unique and refer to something; every segment and every quote is
exactly ``records.text[start:end]``; no redaction straddles the edge of a quote; records in = analyzed + unprocessable;
and, with the sources, every text is the verbatim of its record with nothing changed but the masked characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.tables import SCHEMAS
from textcx.runs.manifest import look_at
from textcx.settings.analysis import Settings
from textcx.steps.records.assemble import assemble
from textcx.steps.records.ids import assign_ids
from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from textcx.domain.analysis import Analysis
    from textcx.domain.feedback import ColumnOverrides
    from textcx.ports import FeedbackReader

SHOWN = 20
"""Most problems of one kind that are listed."""


@dataclass(slots=True)
class Verification:
    """What was checked, how often, and what was wrong (never quoting a text)."""

    checks: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True when nothing was wrong."""
        return not self.problems

    def note(self, check: str, wrong: Sequence[str], *, of: int) -> None:
        """Record the outcome of one check."""
        self.checks[check] = of
        self.problems += [f"{check}: {what}" for what in wrong[:SHOWN]]
        if len(wrong) > SHOWN:
            self.problems.append(f"{check}: and {len(wrong) - SHOWN} more")


def verify(
    analysis: Analysis,
    sources: Sequence[str | Path] = (),
    *,
    open_source: Callable[[str | Path, ColumnOverrides], FeedbackReader],
    respondent_key: bytes,
) -> Verification:
    """Check an analysis, and its texts against the files they came from.

    Args:
        analysis: A finished analysis.
        sources: The inputs of the run, in its order; none to check the analysis against itself only.
        open_source: Opens an input for reading, given what to read as what.
        respondent_key: The installation's key, for ids that were given as e-mail addresses.

    Returns:
        The outcome.
    """
    outcome = Verification()
    _check_tables(analysis, outcome)
    texts = dict(analysis.records.select("record_id", "text").iter_rows())
    edges = {
        record_id: [(span["start"], span["end"]) for span in spans or ()]
        for record_id, spans in analysis.records.select("record_id", "redactions").iter_rows()
    }
    _check_masks(texts, edges, outcome)
    for name, quotes in _quotes(analysis):
        _check_quotes(name, quotes, texts, edges, outcome)
    _check_accounting(analysis, outcome)
    if sources:
        _check_sources(analysis, sources, texts, edges, outcome, open_source=open_source, respondent_key=respondent_key)
    return outcome


def _check_tables(analysis: Analysis, outcome: Verification) -> None:
    wrong = [
        f"{name} lacks the column {column}"
        for name, schema in SCHEMAS.items()
        for column in schema
        if column not in analysis.tables[name].columns
    ]
    for name in ("records", "segments", "themes", "pain_points"):
        key = f"{name.removesuffix('s')}_id"
        if analysis.tables[name][key].is_duplicated().any():
            wrong.append(f"{name}.{key} is not unique")
    for name, key, target in (
        ("segments", "record_id", "records"),
        ("mentions", "segment_id", "segments"),
        ("mentions", "theme_id", "themes"),
        ("pains", "segment_id", "segments"),
        ("pains", "pain_point_id", "pain_points"),
        ("pain_points", "theme_id", "themes"),
    ):
        known = analysis.tables[target][key].implode()
        stray = analysis.tables[name].filter(pl.col(key).is_not_null() & ~pl.col(key).is_in(known)).height
        if stray:
            wrong.append(f"{stray} rows of {name} refer to a {key} that is not in {target}")
    outcome.note("tables", wrong, of=len(SCHEMAS))


def _check_masks(texts: dict[str, str], edges: dict[str, list[tuple[int, int]]], outcome: Verification) -> None:
    wrong = [
        f"record {record_id}: {start}..{end} is listed as masked but is not"
        for record_id, spans in edges.items()
        for start, end in spans
        if texts[record_id][start:end] != MASK * (end - start) or end <= start
    ]
    outcome.note("redactions", wrong, of=sum(map(len, edges.values())))


def _quotes(analysis: Analysis) -> Iterator[tuple[str, list[tuple[str, int, int, str]]]]:
    yield "segments", list(analysis.segments.select("record_id", "start", "end", "text").iter_rows())
    for name in ("themes", "pain_points", "praise"):
        if name in analysis.tables:
            listed: list[dict[str, Any]] = [
                quote for quotes in analysis.tables[name]["evidence"].to_list() for quote in quotes or ()
            ]
            yield (
                f"evidence of {name}",
                [(quote["record_id"], quote["start"], quote["end"], quote["quote"]) for quote in listed],
            )


def _check_quotes(
    name: str,
    quotes: list[tuple[str, int, int, str]],
    texts: dict[str, str],
    edges: dict[str, list[tuple[int, int]]],
    outcome: Verification,
) -> None:
    wrong: list[str] = []
    for record_id, start, end, quote in quotes:
        if texts.get(record_id, "")[start:end] != quote or not quote:
            wrong.append(f"{record_id} {start}..{end} is not the text of that span")
        elif any(low < edge < high for low, high in edges.get(record_id, ()) for edge in (start, end)):
            wrong.append(f"{record_id} {start}..{end} cuts through a redaction")
    outcome.note(name, wrong, of=len(quotes))


def _check_accounting(analysis: Analysis, outcome: Verification) -> None:
    counts = analysis.headline
    analyzed, left_out = analysis.records.height, len(analysis.unprocessable)
    wrong = []
    if counts["records_in"] != analyzed + left_out:
        wrong.append(f"{counts['records_in']} records in, but {analyzed} analyzed + {left_out} unprocessable")
    rows = [broken.row for broken in analysis.unprocessable]
    if len(set(rows)) != len(rows):
        wrong.append("a row is listed twice as unprocessable")
    outcome.note("accounting", wrong, of=counts["records_in"])


def _check_sources(
    analysis: Analysis,
    sources: Sequence[str | Path],
    texts: dict[str, str],
    edges: dict[str, list[tuple[int, int]]],
    outcome: Verification,
    *,
    open_source: Callable[[str | Path, ColumnOverrides], FeedbackReader],
    respondent_key: bytes,
) -> None:
    known = analysis.manifest["inputs"]
    wrong: list[str] = []
    if len(sources) != len(known):
        wrong.append(f"the analysis was made of {len(known)} inputs, {len(sources)} were given")
    frames: list[pl.DataFrame] = []
    unreadable: list[int] = []
    settings = Settings(**analysis.manifest["settings"])
    overrides, limit = settings.overrides(), settings.limit
    first = 0
    for number, (source, entry) in enumerate(zip(sources, known, strict=False)):
        if entry["sha256"] and look_at(source).sha256 != entry["sha256"]:
            wrong.append(f"{entry['name']} has changed since the analysis (its SHA-256 differs)")
        reader = open_source(source, overrides).starting_at(first)
        for batch in reader.batches(rows=1000):
            frames.append(
                assemble(batch.frame, number=number, respondent_key=respondent_key).select(
                    "row", "given_id", "content_hash", "verbatim"
                )
            )
            unreadable += [broken.row for broken in batch.unreadable]
            first += batch.frame.height + len(batch.unreadable)
    records = pl.concat(frames) if frames else pl.DataFrame()
    if limit is not None and records.height:
        records = records.filter(pl.col("row") < limit)
        unreadable = [row for row in unreadable if row < limit]
    read = records.height + len(unreadable)
    if read != analysis.headline["records_in"]:
        wrong.append(f"the sources hold {read} records, the analysis was made of {analysis.headline['records_in']}")
    verbatims = dict(assign_ids(records)[0].select("record_id", "verbatim").iter_rows()) if records.height else {}
    accounted = texts.keys() | {broken.record_id for broken in analysis.unprocessable}
    wrong += [
        f"record {record_id} of the sources is neither analyzed nor unprocessable"
        for record_id in sorted(verbatims.keys() - accounted)
    ]
    for record_id, text in texts.items():
        verbatim = verbatims.get(record_id)
        if verbatim is None:
            wrong.append(f"record {record_id} is not in the sources")
        elif _masked(verbatim, edges[record_id]) != text:
            wrong.append(f"record {record_id}: the text differs from its source in more than the masked characters")
    outcome.note("texts against the sources", wrong, of=len(texts))


def _masked(verbatim: str, spans: list[tuple[int, int]]) -> str:
    characters = list(verbatim)
    for start, end in spans:
        characters[start:end] = MASK * (end - start)
    return "".join(characters)
