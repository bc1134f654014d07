"""Check a finished analysis against itself and its sources.

Checked: every table has its declared columns; ids are unique and refer to something; every pain point has a title;
every segment, quote and aspect is exactly ``records.text[start:end]``; no redaction straddles the edge of one;
records in = analyzed + unprocessable; and, with the sources, every text is the verbatim of its record with nothing
changed but the masked characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.tables import ASPECTS, SCHEMAS
from textcx.runs.manifest import look_at
from textcx.settings.analysis import Settings
from textcx.steps.records.assemble import assemble
from textcx.steps.records.ids import assign_ids
from textcx.steps.text.redact import MASK
from textcx.wiring.sources import open_source, respondent_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from textcx.domain.analysis import Analysis

    Masks = dict[str, list[tuple[int, int]]]

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

    def note(self, check: str, problems: Iterable[str], *, of: int) -> None:
        """Record the outcome of one check."""
        self.checks[check], wrong = of, list(problems)
        self.problems += [f"{check}: {what}" for what in wrong[:SHOWN]]
        if len(wrong) > SHOWN:
            self.problems.append(f"{check}: and {len(wrong) - SHOWN} more")


def verify(analysis: Analysis, sources: Sequence[str | Path] = ()) -> Verification:
    """Check an analysis against itself and, if the inputs of the run are given in its order, against these."""
    outcome = Verification()
    outcome.note("tables", _broken_tables(analysis), of=len(SCHEMAS))
    texts = dict(analysis.records.select("record_id", "text").iter_rows())
    masks = {
        record_id: [(span["start"], span["end"]) for span in spans or ()]
        for record_id, spans in analysis.records.select("record_id", "redactions").iter_rows()
    }
    outcome.note("redactions", _bare_masks(texts, masks), of=sum(map(len, masks.values())))
    for name, quotes in _quotes(analysis):
        outcome.note(name, _wrong_quotes(quotes, texts, masks), of=len(quotes))
    outcome.note("titles", _untitled(analysis.pain_points), of=analysis.pain_points.height)
    outcome.note("accounting", _lost_rows(analysis), of=analysis.headline["records_in"])
    if sources:
        outcome.note("texts against the sources", _differences(analysis, sources, texts, masks), of=len(texts))
    return outcome


def _broken_tables(analysis: Analysis) -> Iterator[str]:
    optional = {"aspects": ASPECTS} if "aspects" in analysis.tables else {}
    for name, schema in (SCHEMAS | optional).items():
        missing = [column for column in schema if column not in analysis.tables[name].columns]
        yield from (f"{name} lacks the column {column}" for column in missing)
    for name in ("records", "segments", "themes", "pain_points"):
        key = f"{name.removesuffix('s')}_id"
        if analysis.tables[name][key].is_duplicated().any():
            yield f"{name}.{key} is not unique"
    for name, key, target in (
        ("segments", "record_id", "records"),
        ("mentions", "segment_id", "segments"),
        ("mentions", "theme_id", "themes"),
        ("pains", "segment_id", "segments"),
        ("pains", "pain_point_id", "pain_points"),
        ("pain_points", "theme_id", "themes"),
        *(("aspects", key, table) for table, key in (("records", "record_id"), ("segments", "segment_id")) if optional),
    ):
        known = analysis.tables[target][key].implode()
        stray = analysis.tables[name].filter(pl.col(key).is_not_null() & ~pl.col(key).is_in(known)).height
        if stray:
            yield f"{stray} rows of {name} refer to a {key} that is not in {target}"


def _bare_masks(texts: dict[str, str], masks: Masks) -> Iterator[str]:
    for record_id, spans in masks.items():
        for start, end in spans:
            if texts[record_id][start:end] != MASK * (end - start) or end <= start:
                yield f"record {record_id}: {start}..{end} is listed as masked but is not"


def _quotes(analysis: Analysis) -> Iterator[tuple[str, list[tuple[str, int, int, str]]]]:
    yield "segments", list(analysis.segments.select("record_id", "start", "end", "text").iter_rows())
    if "aspects" in analysis.tables:
        aspects = analysis.tables["aspects"].drop_nulls("start")
        yield "aspects", list(aspects.select("record_id", "start", "end", "aspect").iter_rows())
    for name in ("themes", "pain_points", "praise", "requests", "campaigns"):
        if name in analysis.tables:
            fields = ("record_id", "start", "end", "quote")
            quotes = analysis.tables[name]["evidence"].explode().drop_nulls().struct.unnest()
            yield f"evidence of {name}", list(quotes.select(fields).iter_rows())


def _wrong_quotes(quotes: list[tuple[str, int, int, str]], texts: dict[str, str], masks: Masks) -> Iterator[str]:
    for record_id, start, end, quote in quotes:
        if texts.get(record_id, "")[start:end] != quote or not quote:
            yield f"{record_id} {start}..{end} is not the text of that span"
        elif any(low < edge < high for low, high in masks.get(record_id, ()) for edge in (start, end)):
            yield f"{record_id} {start}..{end} cuts through a redaction"


def _untitled(points: pl.DataFrame) -> Iterator[str]:
    for point in points.iter_rows(named=True):
        if not (point.get("title") or "").strip():
            yield f"pain point {point['pain_point_id']} has no title"
        if not 0.0 <= (point.get("fit") or 0.0) <= 1.0:
            yield f"the fit of pain point {point['pain_point_id']} is not from 0 to 1"


def _lost_rows(analysis: Analysis) -> Iterator[str]:
    counted, analyzed, left_out = analysis.headline["records_in"], analysis.records.height, len(analysis.unprocessable)
    if counted != analyzed + left_out:
        yield f"{counted} records in, but {analyzed} analyzed + {left_out} unprocessable"
    if len({broken.row for broken in analysis.unprocessable}) != left_out:
        yield "a row is listed twice as unprocessable"


def _differences(
    analysis: Analysis, sources: Sequence[str | Path], texts: dict[str, str], masks: Masks
) -> Iterator[str]:
    wrong, verbatims = _read_again(analysis, sources)
    yield from wrong
    accounted = texts.keys() | {broken.record_id for broken in analysis.unprocessable}
    for record_id in sorted(verbatims.keys() - accounted):
        yield f"record {record_id} of the sources is neither analyzed nor unprocessable"
    for record_id, text in texts.items():
        verbatim = verbatims.get(record_id)
        if verbatim is None:
            yield f"record {record_id} is not in the sources"
        elif _masked(verbatim, masks[record_id]) != text:
            yield f"record {record_id}: the text differs from its source in more than the masked characters"


def _read_again(analysis: Analysis, sources: Sequence[str | Path]) -> tuple[list[str], dict[str, str]]:
    """Read the sources as the run did: what is wrong with them, and the verbatims of their records by id."""
    known = analysis.manifest["inputs"]
    wrong: list[str] = []
    if len(sources) != len(known):
        wrong.append(f"the analysis was made of {len(known)} inputs, {len(sources)} were given")
    frames: list[pl.DataFrame] = []
    unreadable: list[int] = []
    settings = Settings(**analysis.manifest["settings"])
    overrides, limit = settings.overrides(), settings.limit
    first, key = 0, respondent_key()
    for number, (source, entry) in enumerate(zip(sources, known, strict=False)):
        if entry["sha256"] and look_at(source).sha256 != entry["sha256"]:
            wrong.append(f"{entry['name']} has changed since the analysis (its SHA-256 differs)")
        reader = open_source(source, overrides).starting_at(first)
        for batch in reader.batches(rows=1000):
            frames.append(
                assemble(batch.frame, number=number, respondent_key=key).select(
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
    return wrong, verbatims


def _masked(verbatim: str, spans: list[tuple[int, int]]) -> str:
    characters = list(verbatim)
    for start, end in spans:
        characters[start:end] = MASK * (end - start)
    return "".join(characters)
