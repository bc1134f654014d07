"""The main job: feedback files in, an analysis out. Idempotent and resumable.

The first half of the pipeline leaves a checkpoint after every batch, in ``OUT.partial``; started again with the same
inputs and settings, the job goes on where it was. The result is put together in there, too, and moved to ``OUT`` in one
step when it is complete: a directory that is there is finished.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from textcx import pipeline
from textcx.domain.errors import NothingToAnalyze, TextcxError, WrongUse
from textcx.domain.parts import Part
from textcx.jobs.inputs import InputFile, look_at, plan_for_manifest
from textcx.jobs.manifest import describe, versions
from textcx.jobs.output import Output
from textcx.pipeline import Choices
from textcx.readers.columns import attribute_names
from textcx.reports.bundle import write_reports
from textcx.store.directory import DirectoryStore
from textcx.store.parts import PartStore
from textcx.wiring import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import polars as pl

    from textcx.config import Settings
    from textcx.domain.analysis import Analysis
    from textcx.domain.feedback import ColumnPlan, RatingColumn
    from textcx.jobs.progress import StageClock
    from textcx.ports import FeedbackReader
    from textcx.wiring import Workshop

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FIRST_HALF = ("read", "clean", "redact", "split", "encode")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished analysis, where it is, and whether an earlier run was gone on with."""

    analysis: Analysis
    out: Path
    resumed: bool


def analyze(
    sources: Sequence[str | Path | pl.DataFrame],
    *,
    out: Path,
    settings: Settings,
    workshop: Workshop,
    clock: StageClock,
    overwrite: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Analyze feedback and write the result.

    Args:
        sources: Files, ``-`` for standard input, or frames; their records are analyzed together.
        out: Directory for the result. Must not exist, unless ``overwrite``.
        settings: How it is done.
        workshop: Builds the engines.
        clock: Follows the stages.
        overwrite: Replace ``out`` when the new result is complete.
        tell: Called with sentences for the person who waits: what was found, what is doubtful.

    Returns:
        The analysis and where it is.

    Raises:
        OutputExists: If ``out`` exists and may not be replaced.
        NothingToAnalyze: If no record could be analyzed.
        UnreadableInput, NoTextColumn, ColumnNotFound: From the readers.
    """
    output = Output(out, overwrite=overwrite, sources=sources)
    started = datetime.now(tz=UTC)
    inputs = [look_at(source) for source in sources]
    readers = [open_source(source, settings.wishes()) for source in sources]
    ratings, attributes = agree([reader.plan for reader in readers])
    for reader in readers:
        tell_plan(reader, tell)
    repeatable = all(file.sha256 for file in inputs)
    store = open_store(output.partial, fingerprint=_fingerprint(inputs, readers, settings, workshop))
    try:
        if store.resumed:
            tell(f"Going on with an earlier run: {store.count()} checkpoints found in {store.directory}")
        with clock.stage("load models"):
            tools = workshop.first_half()
        part = _first_half(
            readers, limit=settings.limit, rows=settings.batch_rows, tools=tools, clock=clock, store=store
        )
        clock.finish(*FIRST_HALF)
        choices = Choices(
            ratings=ratings, attributes=attributes, seed=settings.seed, min_group=settings.min_group,
            pain_threshold=settings.pain_threshold, offer_words=settings.offer_words(), resamples=settings.resamples,
        )  # fmt: skip
        analysis = pipeline.over_all(part, tools=workshop.second_half(), choices=choices, watch=clock)
        if not analysis.records.height:
            reasons = ", ".join(f"{n} {reason}" for reason, n in analysis.headline["unprocessable"].items())
            msg = f"none of {part.rows} records could be analyzed ({reasons}); 'textcx inspect' shows why"
            store.remove()
            raise NothingToAnalyze(msg)
        analysis.manifest.update(
            describe(
                started=started, inputs=inputs, plans=[plan_for_manifest(reader.plan) for reader in readers],
                settings=settings, encoder=workshop.encoder, models=workshop.models(), part=part,
            )
        )  # fmt: skip
        _finish(analysis, store=store, output=output, settings=settings, clock=clock)
        store.remove()
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise TextcxError(no_space(output.partial, repeatable=repeatable)) from error
    finally:
        if not repeatable:
            store.remove()
        store.close()
    return Outcome(analysis, out, store.resumed)


def open_store(directory: Path, *, fingerprint: str) -> PartStore:
    """Open the checkpoints of a run.

    Raises:
        TextcxError: If the directory cannot be written to.
    """
    try:
        return PartStore(directory, fingerprint=fingerprint)
    except OSError as error:
        msg = no_space(directory, repeatable=True)
        if error.errno not in FULL:
            msg = f"nothing can be written to {directory} ({error.strerror}); choose another --out"
        raise TextcxError(msg) from error


def no_space(directory: Path, *, repeatable: bool) -> str:
    """Say that the disk is full and what to do."""
    again = "it goes on from its last checkpoint" if repeatable else "it starts from the beginning"
    return f"no space left on the device of {directory}; free some, then run the same command again: {again}"


def tell_plan(reader: FeedbackReader, tell: Callable[[str], None]) -> None:
    """Say which columns were found, and what is doubtful about them."""
    for part, reason in reader.plan.reasons.items():
        tell(f"{reader.name}: {part}: {reason}")
    for warning in reader.plan.warnings:
        tell(f"Warning: {reader.name}: {warning}")


def agree(plans: Sequence[ColumnPlan]) -> tuple[list[RatingColumn], list[str]]:
    """Return the ratings and attributes of all inputs together.

    Raises:
        WrongUse: If two inputs have a rating of one name on different scales, or one name stands for a rating in one
            and for an attribute in another.
    """
    ratings: dict[str, RatingColumn] = {}
    attributes: dict[str, None] = {}
    for plan in plans:
        attributes |= dict.fromkeys(attribute_names(plan).values())
        for rating in plan.ratings:
            known = ratings.setdefault(rating.name, rating)
            if (known.kind, known.low, known.high, known.reversed) != (
                rating.kind, rating.low, rating.high, rating.reversed
            ):  # fmt: skip
                msg = (
                    f"the inputs disagree on the rating '{rating.name}': it runs {known.low:g}-{known.high:g} in one "
                    f"and {rating.low:g}-{rating.high:g} in another; analyze them apart, or declare both with --rating"
                )
                raise WrongUse(msg)
    both = {name.casefold() for name in ratings} & {name.casefold() for name in attributes}
    if both:
        msg = (
            f"'{min(both)}' is a rating in one input and an attribute in another; declare it with --rating, "
            "or analyze the inputs apart"
        )
        raise WrongUse(msg)
    return list(ratings.values()), list(attributes)


def _first_half(
    readers: Sequence[FeedbackReader],
    *,
    limit: int | None,
    rows: int,
    tools: pipeline.FirstHalf,
    clock: StageClock,
    store: PartStore,
) -> Part:
    done: dict[int, int] = {}
    for number in range(store.count()):
        of_input, covered = store.rows_of(number)
        done[of_input] = done.get(of_input, 0) + covered
    for name in FIRST_HALF:
        clock.advance(name, sum(done.values()))
    first = 0
    for number, reader in enumerate(readers):
        read = done.get(number, 0)
        batches = iter(reader.starting_at(first).batches(rows=rows, skip=read))
        while limit is None or first + read < limit:
            with clock.stage("read"):
                batch = next(batches, None)
            if batch is None:
                break
            if limit is not None:
                batch = batch.head(limit - first - read)
            part = pipeline.per_batch(batch, number=number, plan=reader.plan, tools=tools, watch=clock)
            store.save(part, number=store.count(), of_input=number)
            read += part.rows
            for name in FIRST_HALF:
                clock.advance(name, part.rows)
        first += read
    if not store.count():
        msg = "the inputs hold no records; there must be at least one row below the header"
        raise NothingToAnalyze(msg)
    return Part.joined([store.load(number) for number in range(store.count())])


def _finish(analysis: Analysis, *, store: PartStore, output: Output, settings: Settings, clock: StageClock) -> None:
    result = store.directory / "result"
    shutil.rmtree(result, ignore_errors=True)
    result.mkdir()
    analysis.manifest["stages"] = clock.report()
    told = json.loads(json.dumps(analysis.manifest, sort_keys=True))  # as it will be read back by 'textcx report'
    analysis.manifest.clear()
    analysis.manifest.update(told)
    with clock.stage("report"):
        write_reports(analysis, result, sheets=settings.tables)
    analysis.manifest["report_seconds"] = round(clock.seconds["report"], 3)
    DirectoryStore().save(analysis, result)
    output.take(result)


def _fingerprint(
    inputs: Sequence[InputFile], readers: Sequence[FeedbackReader], settings: Settings, workshop: Workshop
) -> str:
    told: dict[str, Any] = {
        "inputs": [(file.name, file.sha256, file.size) for file in inputs],
        "plans": [plan_for_manifest(reader.plan) for reader in readers],
        "settings": settings.model_dump(mode="json", exclude={"tables", "title", "threads"}),
        "models": workshop.models(),
        "versions": versions(),
        "precision": workshop.encoder.precision,
        "key": hashlib.sha256(workshop.respondent_key).hexdigest(),
        "repeatable": all(file.sha256 for file in inputs),
    }
    if not told["repeatable"]:
        told["once"] = datetime.now(tz=UTC).isoformat()
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
