"""How often the decisions that shares rest on are right: sensitivity and specificity on labelled open sets.

    python -m benchmarks.sentiment.label_errors --data DIR [--model DIR] [--limit N] [--out FILE.json] [--errors FILE]

Texts go through the record half of ``textcx analyze`` and its rules of pains, without redaction, so that what is
counted is what a result would hold: the record's label, whether it has a segment with ``pain``, and whether one has
``p_request`` of 0.5 or more. Truth is that of ``textcx.evaluation``. Writes counts of all sets to
``benchmarks/results/label_errors.json``, and those that may ship to ``models/sentiment/errors.toml``.

What is no evidence for a user's data is left out, as ``LEFT_OUT`` says of each; what its licence allows for evaluation
only is measured but does not ship: ``HELD_BACK``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.run import MODEL, RESULTS, parser_for, write_result
from textcx.domain.encoding import LABELS
from textcx.domain.feedback import FEEDBACK_SCHEMA, ColumnPlan, FeedbackBatch, TextColumn
from textcx.domain.parts import Part
from textcx.evaluation.heads import PAIN_SETS, REQUEST_SETS
from textcx.evaluation.records import spread
from textcx.evaluation.sentiment_sets import SENTIMENT_SETS, read_labelled
from textcx.pipelines.batch import analyze_batch
from textcx.runs.progress import StageClock
from textcx.settings.analysis import Settings
from textcx.steps.pains.find import REQUEST_THRESHOLD, THRESHOLD, find_pains, mark_pains
from textcx.training.model_toml import write_about
from textcx.wiring.container import Container

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from textcx.ports import Phrase

ROWS = 2_000
"""Records at a time."""
SETS = {
    "cebab": ("review", "restaurant reviews (CEBaB)"),
    "womens_clothing": ("review", "clothing reviews"),
    "sst3": ("review", "film reviews (SST)"),
    "dynasent_r1": ("review", "sentences of reviews (DynaSent)"),
    "pool_labels": ("review", "sentences of reviews (DynaSent)"),
    "huliu": ("review", "product reviews (Hu and Liu)"),
    "pros_cons": ("review", "pros and cons of products"),
    "nhs_survey": ("survey", "patient survey (NHS)"),
    "nhs_phase1": ("survey", "patient survey (NHS, earlier answers)"),
    "jupyter_2015 4+ words": ("survey", "software survey (Jupyter)"),
    "semeval_tweets 2014test": ("social", "tweets (SemEval)"),
    "semeval_tweets 2015test": ("social", "tweets (SemEval)"),
    "semeval_tweets sms-2013test": ("social", "text messages (SemEval)"),
    "semeval_tweets livejournal-2014test": ("social", "LiveJournal posts (SemEval)"),
    "goemotions": ("social", "Reddit posts (GoEmotions)"),
    "suggestion_a": ("social", "developers' forum (SemEval)"),
}
"""The source that the texts of a set are like, and what a reader calls them; what has one title is counted as one."""
LEFT_OUT = {
    "dynasent_r2": "written to fool a model",
    "semeval_tweets 2014sarcasm": "chosen for sarcasm",
    "cfpb + nhs praise": "its two sides come from different sources",
    "jupyter_2015": "answers of one to three words name a thing only; the longer ones are measured",
}
HELD_BACK = frozenset(SETS[name][1] for name in ("sst3", "suggestion_a"))
"""For evaluation only: measured here, used as a stranger's data in simulations, never shipped."""


REQUESTED = pl.col("p_request") >= REQUEST_THRESHOLD


class _NoPhrases:
    """Finds no phrases: whether something is a pain does not depend on how it is named."""

    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        return [[] for _ in texts]


def judge(texts: Sequence[str], container: Container) -> pl.DataFrame:
    """Return what a result would say of texts: ``label`` (null where not analyzed), ``pain``, ``request``, in order."""
    tools, plan, clock = container.record_tools(), ColumnPlan(text=(TextColumn("text"),)), StageClock()
    blank = dict.fromkeys(FEEDBACK_SCHEMA)
    rows = [blank | {"row": row, "where": "", "texts": [text]} for row, text in enumerate(texts)]
    parts = []
    for start in range(0, len(rows), ROWS):
        batch = FeedbackBatch(frame=pl.DataFrame(rows[start : start + ROWS], schema=FEEDBACK_SCHEMA))
        parts.append(analyze_batch(batch, number=0, plan=plan, tools=tools, progress=clock))
        print(f"{min(start + ROWS, len(rows)):,} of {len(rows):,} texts", flush=True)
    part = Part.joined(parts)
    segments = part.segments.with_row_index("place").with_columns(
        pl.col("row").cast(pl.String).alias("record_id"), pl.col("place").cast(pl.String).alias("segment_id")
    )
    pains = find_pains(segments, phrases=_NoPhrases(), lexicon=container.language.pains)
    told = mark_pains(segments, pains).group_by("row").agg(pl.col("pain").any(), request=REQUESTED.any())
    return part.records.select("row", "label").join(told, on="row", how="left").sort("row")


def counts(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> dict[str, int]:
    """Count the texts of which something is true, those of these that are found, and likewise for those without it."""
    return {
        "n_with": int(truth.sum()),
        "found": int((truth & said).sum()),
        "n_without": int((~truth).sum()),
        "cleared": int((~truth & ~said).sum()),
    }


def both_sides(figures: dict[str, Any]) -> bool:
    """Tell whether a set says something of both kinds of error."""
    return figures["n_with"] > 0 and figures["n_without"] > 0


def labelled_sets(data: Path, limit: int | None) -> Iterator[tuple[str, list[str], NDArray[np.int64]]]:
    """Yield name, texts and truth of each set of three labels; the parts of a set are sets of their own."""
    for one in SENTIMENT_SETS:
        if one.two_way or one.name in LEFT_OUT:
            continue
        read = read_labelled(one, data, limit=limit)
        for part in sorted(set(read.parts.tolist())):
            name = f"{one.name} {part}".strip()
            if name not in LEFT_OUT:
                at = np.flatnonzero(read.parts == part)
                yield name, [read.texts[place] for place in at], read.truth[at]


def add(found: dict[str, dict[str, Any]], name: str, figures: dict[str, int]) -> None:
    """Add the counts of a set to those under its title."""
    source, title = SETS[name]
    known = found.setdefault(title, {"source": source} | dict.fromkeys(figures, 0))
    known.update({key: known[key] + value for key, value in figures.items()})


def measure(data: Path, container: Container, *, limit: int | None) -> dict[str, dict[str, Any]]:
    """Measure every set; returns, by decision and title, the source it is like and its counts."""
    labelled = list(labelled_sets(data, limit))
    heads = {
        head: [(one, spread(one.read(data), limit)) for one in sets if one.name not in LEFT_OUT]
        for head, sets in (("pain", PAIN_SETS), ("request", REQUEST_SETS))
    }
    every = [text for _, texts, _ in labelled for text in texts]
    every += [text for sets in heads.values() for _, texts in sets for text, _ in texts]
    distinct = list(dict.fromkeys(every))
    said = judge(distinct, container)
    place = {text: row for row, text in enumerate(distinct)}
    label, analyzed = said["label"].fill_null("").to_numpy(), said["label"].is_not_null().to_numpy()
    flags = {head: said[head].fill_null(value=False).to_numpy() for head in heads}
    report: dict[str, dict[str, Any]] = {name: {} for name in (*LABELS, *heads)}
    for name, texts, truth in labelled:
        at = np.array([place[text] for text in texts])
        right, at = truth[analyzed[at]], at[analyzed[at]]
        for number, wanted in enumerate(LABELS):
            add(report[wanted], name, counts(right == number, label[at] == wanted))
    for head, sets in heads.items():
        for one, texts in sets:
            at = np.array([place[text] for text, _ in texts])
            truth = np.array([yes for _, yes in texts], dtype=bool)
            kept = analyzed[at]
            add(report[head], one.name, counts(truth[kept], flags[head][at[kept]]))
    return {head: {name: one for name, one in sets.items() if both_sides(one)} for head, sets in report.items()}


def shipped(report: dict[str, Any]) -> dict[str, Any]:
    """Return what ships: the counts of the sets whose licence allows it."""
    measured = [
        {"decision": decision, "texts": title, **figures}
        for decision, sets in report["measured"].items()
        for title, figures in sets.items()
        if title not in HELD_BACK
    ]
    return {key: report[key] for key in ("encoder_id", "pain_threshold")} | {"measured": measured}


def main() -> None:
    """Measure, and write the result and what ships."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--limit", type=int, help="texts of each set at most, for a trial")
    parser.add_argument("--out", type=Path, default=RESULTS / "label_errors.json")
    parser.add_argument("--errors", type=Path, default=MODEL / "errors.toml")
    given = parser.parse_args()
    container = Container(Settings(model=str(given.model), redact=False))
    report = {
        "encoder_id": container.encoder.encoder_id,
        "precision": container.encoder.precision,
        "pain_threshold": THRESHOLD,
        "left_out": LEFT_OUT,
        "held_back": sorted(HELD_BACK),
        "measured": measure(given.data, container, limit=given.limit),
    }
    write_result(report, given.out)
    write_about(given.errors, shipped(report), first="# Written by `benchmarks.sentiment.label_errors`.")
    for decision, sets in report["measured"].items():
        for name, figures in sets.items():
            found, cleared = figures["found"] / figures["n_with"], figures["cleared"] / figures["n_without"]
            print(f"{decision:<9} {name:<38} sensitivity {found:.3f}, specificity {cleared:.3f}")


if __name__ == "__main__":
    main()
