"""The record half of a run over files: read, clean, redact, split and encode, with a checkpoint after every batch.

Started again with the same inputs and settings, a run resumes at its last checkpoint. Inputs that cannot be read a
second time, such as standard input, leave no checkpoint behind.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import NothingToAnalyze, TextcxError, WrongUse
from textcx.domain.parts import Part
from textcx.pipelines.batch import RecordTools, analyze_batch
from textcx.readers.columns.plan import attribute_names
from textcx.runs.manifest import InputFile, look_at, plan_for_manifest, versions
from textcx.settings.analysis import NAMER
from textcx.store.files import NO_ROOM
from textcx.store.parts import PartStore
from textcx.wiring.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from textcx.domain.feedback import ColumnPlan, RatingColumn
    from textcx.ports import FeedbackReader
    from textcx.runs.output import Output
    from textcx.runs.progress import StageClock
    from textcx.settings.analysis import Settings
    from textcx.wiring.container import Container

RECORD_STAGES = ("read", "clean", "redact", "split", "encode")


@dataclass(frozen=True, slots=True)
class Encoded:
    """The records of all inputs, encoded, and where they came from."""

    part: Part
    store: PartStore
    inputs: Sequence[InputFile]
    readers: Sequence[FeedbackReader]
    ratings: list[RatingColumn]
    attributes: list[str]
    started: datetime


@contextmanager
def encoded(
    sources: Sequence[str | Path | pl.DataFrame],
    *,
    output: Output,
    settings: Settings,
    container: Container,
    clock: StageClock,
    tell: Callable[[str], None],
) -> Iterator[Encoded]:
    """Encode the records of all inputs together, and keep the checkpoints until the caller has finished.

    The checkpoints lie beside ``output``; a caller that leaves without an error removes them itself. ``tell`` is called
    with sentences for whoever waits: columns, doubts, checkpoints.

    Raises:
        NothingToAnalyze: If the inputs hold no records.
        TextcxError: If the disk is full.
        UnreadableInput, NoTextColumn, ColumnNotFound: From the readers.
    """
    started = datetime.now(tz=UTC)
    inputs = [look_at(source) for source in sources]
    readers = [open_source(source, settings.overrides()) for source in sources]
    ratings, attributes = agree([reader.plan for reader in readers])
    for reader in readers:
        for part, reason in reader.plan.reasons.items():
            tell(f"{reader.name}: {part}: {reason}")
        for warning in reader.plan.warnings:
            tell(f"Warning: {reader.name}: {warning}")
    repeatable = all(file.sha256 for file in inputs)
    store = _open_store(output.partial, fingerprint=_fingerprint(inputs, readers, settings, container))
    try:
        if store.resumed:
            tell(f"Resuming an earlier run: {store.count()} checkpoints found in {store.directory}")
        with clock.stage("load models"):
            tools = container.record_tools()
        encoded_part = _encode(readers, settings=settings, tools=tools, clock=clock, store=store)
        clock.finish(*RECORD_STAGES)
        yield Encoded(encoded_part, store, inputs, readers, ratings, attributes, started)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise TextcxError(_no_space(output.partial, repeatable=repeatable)) from error
    finally:
        if not repeatable:
            store.remove()
        store.close()


def _open_store(directory: Path, *, fingerprint: str) -> PartStore:
    try:
        return PartStore(directory, fingerprint=fingerprint)
    except OSError as error:
        msg = _no_space(directory, repeatable=True)
        if error.errno not in NO_ROOM:
            msg = f"nothing can be written to {directory} ({error.strerror}); choose another --out"
        raise TextcxError(msg) from error


def _no_space(directory: Path, *, repeatable: bool) -> str:
    again = "it resumes at its last checkpoint" if repeatable else "it starts from the beginning"
    return f"no space left on the device of {directory}; free some, then run the same command again: {again}"


def agree(plans: Sequence[ColumnPlan]) -> tuple[list[RatingColumn], list[str]]:
    """Return the ratings and attributes of all inputs together.

    Raises:
        WrongUse: If a rating has two scales, or a name stands for a rating in one input and an attribute in another.
    """
    ratings: dict[str, RatingColumn] = {}
    attributes: dict[str, None] = {}
    for plan in plans:
        attributes |= dict.fromkeys(attribute_names(plan).values())
        for rating in plan.ratings:
            known = ratings.setdefault(rating.name, rating)
            if replace(known, column="", missing=(), note="") != replace(rating, column="", missing=(), note=""):
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


def _encode(
    readers: Sequence[FeedbackReader], *, settings: Settings, tools: RecordTools, clock: StageClock, store: PartStore
) -> Part:
    done = store.covered()
    for name in RECORD_STAGES:
        clock.advance(name, done.total())
    first, limit = 0, settings.limit
    for number, reader in enumerate(readers):
        read = done[number]
        batches = iter(reader.starting_at(first).batches(rows=settings.batch_rows, skip=read))
        while limit is None or first + read < limit:
            with clock.stage("read"):
                batch = next(batches, None)
            if batch is None:
                break
            if limit is not None:
                batch = batch.head(limit - first - read)
            part = analyze_batch(batch, number=number, plan=reader.plan, tools=tools, progress=clock)
            store.save(part, of_input=number)
            read += part.rows
            for name in RECORD_STAGES:
                clock.advance(name, part.rows)
        first += read
    if not store.count():
        msg = "the inputs hold no records; there must be at least one row below the header"
        raise NothingToAnalyze(msg)
    return Part.joined([store.load(number) for number in range(store.count())])


def _fingerprint(
    inputs: Sequence[InputFile], readers: Sequence[FeedbackReader], settings: Settings, container: Container
) -> str:
    identity: dict[str, Any] = {
        "inputs": [(file.name, file.sha256, file.size) for file in inputs],
        "plans": [plan_for_manifest(reader.plan) for reader in readers],
        "settings": settings.model_dump(mode="json", exclude={"tables", "title", "threads", *NAMER}),
        "models": container.models(),
        "versions": versions(),
        "precision": container.encoder.precision,
        "key": hashlib.sha256(container.respondent_key).hexdigest(),
        "repeatable": all(file.sha256 for file in inputs),
    }
    if not identity["repeatable"]:
        identity["once"] = datetime.now(tz=UTC).isoformat()
    return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()
