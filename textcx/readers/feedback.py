"""Rows of strings to feedback batches, after a column plan.

Invariants: rows in = rows of the frame + unreadable rows; a cell that is no date, no number or off its scale becomes
null and is counted in a warning; a text cell is never altered, only a blank one becomes null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.counted import counted
from textcx.domain.errors import WrongUse
from textcx.domain.feedback import FEEDBACK_SCHEMA, FeedbackBatch, Reason, Unprocessable
from textcx.readers.columns.plan import attribute_names
from textcx.readers.columns.sources import source_of
from textcx.readers.values.cells import amounts, numbers, trimmed, yes_no
from textcx.readers.values.dates import ISO, DateReading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textcx.domain.feedback import ColumnPlan, RatingColumn
    from textcx.readers.formats.raw import RawChunk, RowSource

UNREAD = "records with values under names that the start of the file does not have, which are not read"


class TabularReader:
    """An input with a plan, read as a stream; the one reader behind every format.

    Attributes:
        name: What the input is called in errors and in ``where``.
        plan: Which column plays which part.
    """

    def __init__(self, source: RowSource, *, plan: ColumnPlan, dates: DateReading | None, first_row: int = 0) -> None:
        self.name = source.name
        self.plan = plan
        self._source = source
        self._dates = dates
        self._first_row = first_row

    def starting_at(self, first_row: int) -> TabularReader:
        """Return the same reader with its rows numbered from ``first_row``; the input is not opened again."""
        return TabularReader(self._source, plan=self.plan, dates=self._dates, first_row=first_row)

    def batches(self, *, rows: int, skip: int = 0) -> Iterator[FeedbackBatch]:
        """Yield the records in order, ``rows`` at a time, leaving out the first ``skip`` rows.

        Args:
            rows: Rows per batch, unreadable ones included. At least 1.
            skip: Rows to leave out, unreadable ones included. At least 0.

        Yields:
            Batches; only the last one may be smaller. Their warnings are counted per batch:
            ``textcx.domain.counted.merge_counted`` adds them up.

        Raises:
            UnreadableInput: If the input ends inside compressed data, or standard input is read a second time.
        """
        if rows < 1 or skip < 0:
            msg = f"batches of {rows} rows after {skip} rows cannot be made; rows must be at least 1, skip at least 0"
            raise WrongUse(msg)
        for chunk in self._source.chunks(rows=rows, skip=skip):
            yield self._batch(chunk)

    def _batch(self, chunk: RawChunk) -> FeedbackBatch:
        warnings: dict[str, int] = {}
        if chunk.damaged:
            warnings[self._source.damage] = chunk.damaged
        if chunk.unread:
            warnings[UNREAD] = chunk.unread
        columns = [*self._fixed(chunk, warnings)]
        columns += [self._rating(chunk.cells, rating, warnings) for rating in self.plan.ratings]
        columns += [
            trimmed(chunk.cells[column]).alias(f"attribute:{name}")
            for column, name in attribute_names(self.plan).items()
        ]
        return FeedbackBatch(
            frame=pl.DataFrame(columns),
            unreadable=tuple(
                Unprocessable(
                    row=self._first_row + broken.offset,
                    where=f"{self.name}:{broken.line}",
                    reason=Reason.UNREADABLE_ROW,
                    hint=broken.hint,
                )
                for broken in chunk.broken
            ),
            warnings=tuple(counted(f"{self.name}: {sentence}", count) for sentence, count in warnings.items()),
        )

    def _fixed(self, chunk: RawChunk, warnings: dict[str, int]) -> Iterator[pl.Series]:
        plan, cells = self.plan, chunk.cells
        made: dict[str, pl.Series] = {
            "row": pl.Series([self._first_row + offset for offset in chunk.offsets]),
            "where": pl.Series([f"{self.name}:{line}" for line in chunk.lines]),
            "texts": cells.select(
                pl.concat_list(
                    pl.when(pl.col(text.column).str.contains(r"\S")).then(pl.col(text.column)) for text in plan.text
                )
            ).to_series(),
            "created_at": self._created(cells, warnings),
            "source": self._sources(cells, warnings),
        }
        for name, column in (
            ("given_id", plan.id),
            ("respondent", plan.respondent),
            ("touchpoint", plan.touchpoint),
            ("question", plan.question_column),
        ):
            if column is not None:
                made[name] = trimmed(cells[column])
        if plan.customer_value is not None:
            value = trimmed(cells[plan.customer_value])
            made["customer_value"] = amounts(value)
            failed = made["customer_value"].null_count() - value.null_count()
            if failed:
                warnings[f"values of {plan.customer_value!r} that are not amounts, left empty"] = failed
        for name, kind in FEEDBACK_SCHEMA.items():
            series = made.get(name, pl.Series([None] * cells.height, dtype=kind))
            yield series.cast(kind).alias(name)

    def _created(self, cells: pl.DataFrame, warnings: dict[str, int]) -> pl.Series:
        kind = FEEDBACK_SCHEMA["created_at"]
        if self.plan.date is None:
            return pl.Series([None] * cells.height, dtype=kind)
        values = trimmed(cells[self.plan.date]).to_list()
        # without a single value that looks like a date, every value counts as unreadable
        reading = self._dates or DateReading((ISO,))
        instants, failed, turned = reading.read(values)
        if failed:
            warnings[
                f"values of {self.plan.date!r} that could not be read as dates, left empty (see --date-format)"
            ] = failed
        if turned:
            other = "with day and month in the other order than most, read by their own numbers"
            warnings[f"dates of {self.plan.date!r} {other}"] = turned
        return pl.Series(instants, dtype=kind)

    def _sources(self, cells: pl.DataFrame, warnings: dict[str, int]) -> pl.Series:
        if self.plan.source_column is None:
            return pl.Series([self.plan.source] * cells.height, dtype=pl.String)
        values = trimmed(cells[self.plan.source_column]).to_list()
        known = {value: source_of(value) for value in set(values)}
        failed = sum(1 for value in values if value is not None and known[value] is None)
        if failed:
            warnings[
                f"values of {self.plan.source_column!r} that name no known source, counted as {self.plan.source}"
            ] = failed
        return pl.Series([known[value] or self.plan.source for value in values], dtype=pl.String)

    def _rating(self, cells: pl.DataFrame, rating: RatingColumn, warnings: dict[str, int]) -> pl.Series:
        values = trimmed(cells[rating.column])
        read = numbers(values)
        if (rating.low, rating.high) == (0, 1):
            words = yes_no(values)
            read = read.zip_with(words.is_null(), words)
        read = read.set(read.is_in(list(rating.missing)), None) if rating.missing else read
        gone = float(len(values) - values.null_count())
        gone -= float(numbers(values).is_in(list(rating.missing)).sum()) if rating.missing else 0
        on_scale = read.set(((read < rating.low) | (read > rating.high)).fill_null(value=False), None)
        failed = int(gone) - (len(on_scale) - on_scale.null_count())
        if failed:
            scale = f"{rating.low:g}-{rating.high:g}"
            warnings[f"values of {rating.column!r} that are no numbers on its scale {scale}, left empty"] = failed
        return on_scale.alias(f"rating:{rating.name}")
