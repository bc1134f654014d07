"""The job that turns an upload into records of its data set, batch by batch.

Each batch is one step: read, redacted, scored, compared with what is there, and stored in one transaction. A job that
was killed goes on behind the last stored batch; a batch that was stored is never made again. When all is stored, the
raw file is deleted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.errors import NotFound, StoreProblem
from textcx.domain.service.datasets import JobState, UploadState
from textcx.jobs.columns import learned_from, overrides_for, plan_of
from textcx.jobs.progress import JobProgress
from textcx.pipelines import corpus as pipeline
from textcx.pipelines.incoming import analyze_incoming, main_subjects
from textcx.readers.opening import column_names
from textcx.runs.inputs import plan_for_manifest
from textcx.runs.record_half import RECORD_STAGES, agree
from textcx.steps.pains.urgency import LOOK_BACK, Case, judge_urgency, value_rank
from textcx.steps.records.admit import claims
from textcx.store.sql.batches import Batch
from textcx.store.sql.erasure import ErasedMeanwhile
from textcx.wiring.container import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from textcx.domain.feedback import FeedbackBatch
    from textcx.domain.parts import Part
    from textcx.domain.service.datasets import Job, Upload, Urgency
    from textcx.domain.themes.sets import ThemeSet
    from textcx.jobs.context import JobContext
    from textcx.ports import FeedbackReader

    Step = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]

COUNTS = ("rows", "stored", "unchanged", "unprocessable", "unreadable", "conflicts")
SHOWN = {"rows": "read", "conflicts": "renamed"}


class Ingest:
    """One attempt of an ingest job in this process. ``run`` may be replayed from the start at any time."""

    def __init__(self, context: JobContext, job: Job) -> None:
        self._context = context
        self._job = job
        self._progress = JobProgress(context, job.id, attempt=job.attempt, progress=dict(job.progress))
        self._open: _OpenUpload | None = None

    def run(self, step: Step) -> None:
        """Run the job to its end.

        Args:
            step: Carries out a named piece of work once: what it returned is remembered, also by the next process.
        """
        step("open", self._begin)
        number = 0
        while not step(f"batch {number}", lambda number=number: self._batch(number))["last"]:  # type: ignore[misc]
            number += 1
        step("finish", self._finish)

    def _begin(self) -> dict[str, Any]:
        """Find out which columns the upload has, and refuse what contradicts its data set."""
        upload = self._upload()
        with self._progress.stage("open"):
            dataset = self._context.datasets.get(self._job.dataset)
            path = self._context.spool.path(upload.spool or "")
            overrides = overrides_for(
                column_names(path), upload=upload.columns, dataset=dataset.columns, learned=dataset.learned
            )
            reader = open_source(path, overrides)
            earlier = [plan_of(other.plan) for other in self._context.datasets.uploads(dataset.name) if other.plan]
            agree([*earlier, reader.plan])
            if not dataset.learned:
                self._context.datasets.learn(dataset.id, learned_from(reader.plan))
            self._context.datasets.mark_upload(
                upload.id, state=UploadState.READING, plan=plan_for_manifest(reader.plan),
                warnings=list(reader.plan.warnings),
            )  # fmt: skip
        self._context.jobs.note(self._job.id, attempt=self._job.attempt, warnings=list(reader.plan.warnings))
        return {}

    def _batch(self, number: int) -> dict[str, Any]:
        """Store one batch; says whether it was the last."""
        try:
            return self._next_batch(number)
        except StoreProblem:
            self._open = None  # what was read and not stored is read again
            raise

    def _next_batch(self, number: int) -> dict[str, Any]:
        upload = self._upload()
        rows = self._context.settings.batch_rows
        outcome = self._context.batches.outcome(upload.id, number)
        if outcome is None:
            if self._open is None or self._open.number != number:
                self._open = _OpenUpload(self._context, upload, rows=rows)
                number_stored = self._open.number
                if number_stored != number:  # cannot be: batches are stored in their order
                    msg = f"batch {number} of the upload was asked for, but {number_stored} are stored"
                    raise NotFound(msg)
            with self._progress.stage("read"):
                read = next(self._open.batches, None)
            if read is None:
                return {"last": True}
            outcome = self._store(upload, number, read)
            self._open.number += 1
        self._note()
        return {"last": outcome["rows"] < outcome["size"], **outcome}

    def _store(self, upload: Upload, number: int, read: FeedbackBatch) -> dict[str, int]:
        assert self._open is not None  # noqa: S101 - for the type checker
        tools = self._context.tools
        whole = pipeline.analyze_batch(read, number=0, plan=self._open.plan, tools=tools.first, progress=self._progress)
        erased: set[str] = set()
        while True:
            part = _without_respondents(whole, erased)
            batch = self._batch_of(upload, number, part, whole=whole)
            try:
                with self._progress.stage("store"):
                    outcome: dict[str, int] = self._context.batches.save(upload, batch)
            except ErasedMeanwhile as found:
                erased |= found.respondents
                continue
            self._open.repeats.update(batch.repeats)
            for name in (*RECORD_STAGES, "store"):
                self._progress.advance(name, whole.rows)
            return outcome

    def _batch_of(self, upload: Upload, number: int, part: Part, *, whole: Part) -> Batch:
        assert self._open is not None  # noqa: S101 - for the type checker
        asked, repeats = claims(part.records, earlier=self._open.repeats)
        admission = self._context.batches.admission(upload.dataset_id, asked)
        kept = _only(part, admission.record_ids)
        segments = kept.segments.join(
            kept.records.select("row", record_id="given_id", touchpoint="touchpoint"), on="row", maintain_order="left"
        ).with_columns(segment_id=pl.format("{}:{}-{}", "record_id", "start", "end"))
        with self._progress.stage("triage"):
            tools = self._context.tools
            theme_set = self._themes(upload, encoder_id=tools.first.encoder.encoder_id)
            looked = analyze_incoming(segments, kept.vectors, theme_set=theme_set, tools=tools.arrivals)
            main = main_subjects(
                looked, theme_set=theme_set, taxonomy=tools.arrivals.language.journey, level=pipeline.WORKING_LEVEL
            )
            urgencies = self._urgencies(upload, kept.records, looked)
        rows = [*whole.records["row"], *(broken.row for broken in whole.unreadable)]
        outcome = {
            "size": self._context.settings.batch_rows, "first": min(rows, default=0), "rows": whole.rows,
            "stored": kept.records.height, "unchanged": admission.unchanged, "conflicts": admission.conflicts,
            "unreadable": len(whole.unreadable), "unprocessable": kept.records["reason"].count(),
            "urgent": len(urgencies),
        }  # fmt: skip
        return Batch(
            number=number, part=kept, admission=admission, arrivals=looked, main=main, urgencies=urgencies,
            repeats=repeats, outcome=outcome,
        )  # fmt: skip

    def _themes(self, upload: Upload, *, encoder_id: str) -> ThemeSet | None:
        """Return the themes that new records are assigned to; those of another encoder's vectors are of no use."""
        found = self._context.theme_sets.current(upload.dataset_id)
        return None if found is None or found.theme_set.encoder_id != encoder_id else found.theme_set

    def _urgencies(self, upload: Upload, records: pl.DataFrame, segments: pl.DataFrame) -> dict[int, Urgency]:
        """Judge which of the new records need a person."""
        now = datetime.now(tz=UTC)
        pains = (
            segments.filter(pl.col("severity").is_not_null())
            .group_by("row")
            .agg("severity", pl.col("reasons").explode().drop_nulls())
        )
        candidates = records.filter(pl.col("reason").is_null()).join(
            pains.rename({"reasons": "pain_reasons"}), on="row", how="left"
        ).filter((pl.col("label") == "negative") | pl.col("severity").is_not_null())  # fmt: skip
        if not candidates.height:
            return {}
        marks = self._open.marks if self._open is not None and self._open.marks else _values(records)
        known = candidates["respondent_id"].drop_nulls().to_list()
        earlier = self._context.batches.earlier_contacts(upload.dataset_id, known, since=now - LOOK_BACK)
        lexicon = self._context.tools.arrivals.language.pains
        within: Counter[str] = Counter()
        found: dict[int, Urgency] = {}
        for row in candidates.sort("row").iter_rows(named=True):
            who = row["respondent_id"]
            case = Case(
                label=row["label"], severities=row["severity"] or (), reasons=row["pain_reasons"] or (),
                text=row["text"], value_rank=value_rank(row["customer_value"], marks),
                created_at=row["created_at"] or now, earlier=(earlier[who] + within[who]) if who else 0,
            )  # fmt: skip
            if who and row["label"] == "negative":
                within[who] += 1
            urgency = judge_urgency(case, lexicon=lexicon, now=now)
            if urgency is not None:
                found[row["row"]] = urgency
        return found

    def _finish(self) -> dict[str, Any]:
        """Delete the raw file and end the job."""
        upload = self._upload()
        self._note()
        self._progress.write(always=True)
        if upload.spool:
            self._context.spool.delete(upload.spool)
        self._context.datasets.mark_upload(
            upload.id, state=UploadState.DONE, spool=None, finished_at=datetime.now(tz=UTC)
        )
        self._context.jobs.end(self._job.id, JobState.DONE, attempt=self._job.attempt)
        return {}

    def _note(self) -> None:
        _, counts, _ = self._context.batches.progress(self._upload().id)
        told = {SHOWN.get(name, name): counts[name] for name in COUNTS}
        self._context.jobs.note(self._job.id, attempt=self._job.attempt, counts=told)

    def _upload(self) -> Upload:
        return self._context.datasets.upload(self._job.upload_id or "")


class _OpenUpload:
    """An upload that is being read, behind the batches that are stored."""

    def __init__(self, context: JobContext, upload: Upload, *, rows: int) -> None:
        self.number, counts, self.repeats = context.batches.progress(upload.id)
        self.plan = plan_of(upload.plan or {})
        self.marks = context.batches.value_marks(upload.dataset_id)
        path = context.spool.path(upload.spool or "")
        overrides = overrides_for(column_names(path), upload=learned_from(self.plan), dataset={}, learned={})
        reader: FeedbackReader = open_source(path, overrides)
        self.plan = reader.plan
        self.batches: Iterator[FeedbackBatch] = iter(reader.batches(rows=rows, skip=counts["rows"]))


def _values(records: pl.DataFrame) -> list[float]:
    values: list[float] = records["customer_value"].drop_nulls().sort().to_list()
    return values


def _only(part: Part, record_ids: Mapping[int, str]) -> Part:
    """Return the admitted records of a part, each under its id."""
    ids = pl.DataFrame(
        {"row": list(record_ids), "given_id": list(record_ids.values())},
        schema={"row": pl.Int64, "given_id": pl.String},
    )
    records = part.records.drop("given_id").join(ids, on="row", how="inner", maintain_order="left")
    return _rows(replace(part, records=records), list(record_ids))


def _without_respondents(part: Part, respondents: set[str]) -> Part:
    """Return a part without the records of some respondents."""
    if not respondents:
        return part
    stays = part.records.filter(~pl.col("respondent_id").is_in(list(respondents)).fill_null(value=False))
    return _rows(replace(part, records=stays), stays["row"].to_list())


def _rows(part: Part, rows: list[int]) -> Part:
    mine = part.segments["row"].is_in(rows)
    return replace(part, segments=part.segments.filter(mine), vectors=part.vectors[mine.to_numpy()])
