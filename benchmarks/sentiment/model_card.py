"""Write the model card: text from ``model_card.md.j2``, numbers from ``model.toml`` and the committed results.

    python -m benchmarks.sentiment.model_card [--model DIR] [--result FILE.json] [--left-out FILE.json] [--out FILE.md]

Run ``quality``, ``leave_one_out`` and ``calibration_picture`` of this package first. A result that was measured on
other weights is refused. Failures are shown with our own hand-written sentences only.
"""

from __future__ import annotations

import json
import math
import sys
import tomllib
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from safetensors import safe_open

from benchmarks.run import MODEL, RESULTS, parser_for
from textcx.domain.encoding import LABELS
from textcx.evaluation.pairs import pairs_directory, read_pairs
from textcx.evaluation.report import as_markdown, number, tables

TEMPLATE = Path(__file__).with_suffix(".md.j2")
TEACHES = {
    "cebab": "sentiment; pain by aspects (weak)",
    "nhs_survey": "sentiment, pain; request by wording (weak)",
    "nhs_phase1": "sentiment and pain by criticality; request by wording (weak)",
    "semeval_tweets": "sentiment; no text is passed on",
    "goemotions": "sentiment (derived from its emotions); emotions",
    "pros_cons": "sentiment, pain (weak)",
    "vader_intensity": "sentiment as shares",
    "sentence_polarity": "sentiment",
    "huliu": "sentiment; pain by strength",
    "womens_clothing": "sentiment by stars (weak)",
    "cfpb": "pain",
    "jupyter_2015": "pain and request by question (weak)",
    "pool_labels": "all heads: sentences labelled for textcx, see below",
    "hard_labels": "the same, for sentences that an earlier encoder was least certain about",
    "pool_votes": "sentiment as shares of votes, pain, request: sentences of the same pool, see below",
    "written": "all heads: sentences written and labelled for textcx, see below",
    "written_votes": "sentiment as shares of votes, pain, request: more such sentences, see below",
    "contrasts": "pain, request, negation: sentences from our own patterns",
}
FAILURES = 5
"""Failures shown of each head."""
PAIRS_AIM = 0.85
"""Our aim for the share of pain pairs ordered right."""
WEAKEST = 6
"""Weak labels listed."""


def failures(report: dict[str, Any]) -> list[dict[str, str]]:
    """Return the most confident errors on our own sentences, with the answer given and the right one."""
    by_line = {pair["line"]: pair for pair in read_pairs(pairs_directory())}
    found = []
    for head, figures in report["pairs"].items():
        for one in figures["failures"][:FAILURES]:
            pair = by_line[one["line"]]
            if head == "sentiment":
                text, should = pair["texts"][one["side"]], pair["labels"][one["side"]]
                says = f"{one['said']} {one['wrongly']:.2f}"
            else:
                text, should = pair[one["side"]], head if one["side"] == "yes" else f"no {head}"
                chance = 1 - one["wrongly"] if one["side"] == "yes" else one["wrongly"]
                says = f"{head} {chance:.2f}"
            found.append({"text": text.replace("|", "\\|"), "says": says, "should": should})
    return found


def goals(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return aim and measured value of every set that has an aim."""
    found = [
        {"set": name, "aim": one["goal"]["value"], "measured": one[one["goal"]["measure"]]}
        | {"measure": one["goal"]["measure"].replace("macro_f1", "macro-F1").replace("macro_recall", "macro-recall")}
        for name, one in report["sentiment"].items()
        if "goal" in one
    ]
    pain = report["pairs"]["pain"]["ordered"]
    found.append({"set": "contrast pairs, pain", "measure": "ordered right", "aim": PAIRS_AIM, "measured": pain})
    return [one | {"reached": one["measured"] >= one["aim"]} for one in found]


def weak_labels(report: dict[str, Any], *, below: float) -> list[str]:
    """Return labels of three-way sets whose F1 is low, lowest first, as ``neutral on sst3 (0.25)``."""
    found = [
        (one["f1_by_label"][label], label, name)
        for name, one in report["sentiment"].items()
        if not one["two_way"]
        for label in LABELS
        if one["f1_by_label"][label] is not None and one["f1_by_label"][label] < below
    ]
    return [f"{label} on {name} ({score:.2f})" for score, label, name in sorted(found)[:WEAKEST]]


def overconfident(report: dict[str, Any], *, above: float) -> list[str]:
    """Return three-way sets on which too many confident answers are wrong, as ``dynasent_r2 (0.31)``."""
    found = [
        (one["confident_errors"], name)
        for name, one in report["sentiment"].items()
        if not one["two_way"] and one["confident_errors"] is not None and one["confident_errors"] > above
    ]
    return [f"{name} ({share:.2f})" for share, name in sorted(found, reverse=True)]


def weights_of(model: Path, about: dict[str, Any]) -> dict[str, float]:
    """Return the number of parameters and the size of the file in bytes, both in millions."""
    path = model / about["weights"]["file"]
    with safe_open(path, "np") as weights:
        count = sum(math.prod(weights.get_slice(name).get_shape()) for name in list(weights.keys()))
    return {"parameters": count / 1e6, "megabytes": path.stat().st_size / 1e6}


def render(model: Path, report: dict[str, Any], left_out: dict[str, Any] | None) -> str:
    """Return the card.

    Args:
        model: The model folder.
        report: Result of ``benchmarks.sentiment.quality``.
        left_out: Result of ``benchmarks.sentiment.leave_one_out``; None where it was not run.
    """
    about = tomllib.loads((model / "model.toml").read_text(encoding="utf-8"))
    encoder_id = f"{about['name']}-{about['version']}@sha256:{about['weights']['sha256'][:12]}"
    same = {encoder_id, about["weights"].get("sentiment")}  # the branch of matters leaves the other layers as they are
    for name, result in (("sentiment_quality", report), ("leave_one_out", left_out)):
        if result is not None and result["encoder_id"] not in same:
            sys.exit(f"{name}.json was measured on {result['encoder_id']}, the model is {encoder_id}: measure again")
    measured = {table.title: as_markdown([table], level=3) for table in tables(report)}
    # Markdown needs no escaping, and no word of it comes from a customer.
    page = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701
    page.filters["number"] = number
    return (
        page.from_string(TEMPLATE.read_text(encoding="utf-8"))
        .render(
            about=about,
            report=report,
            left_out=left_out,
            encoder_id=encoder_id,
            teaches=TEACHES,
            weights=weights_of(model, about),
            table=lambda start: _table(measured, start),
            failures=failures(report),
            goals=goals(report),
            weak=weak_labels(report, below=0.55),
            overconfident=overconfident(report, above=0.10),
        )
        .rstrip()
        + "\n"
    )


def _table(measured: dict[str, str], start: str) -> str:
    """Return the table whose title begins so, without its heading; nothing where it was not measured."""
    for title, layout in measured.items():
        if title.startswith(start):
            return layout.partition("\n\n")[2].rstrip()
    return "Not measured."


def main() -> None:
    """Write the card of the shipped model."""
    parser = parser_for(__doc__)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--result", type=Path, default=RESULTS / "sentiment_quality.json")
    parser.add_argument("--left-out", type=Path, default=RESULTS / "leave_one_out.json")
    parser.add_argument("--out", type=Path, help="MODEL/card.md by default")
    given = parser.parse_args()
    report = json.loads(given.result.read_text(encoding="utf-8"))
    left_out = json.loads(given.left_out.read_text(encoding="utf-8")) if given.left_out.is_file() else None
    out = given.out or given.model / "card.md"
    out.write_text(render(given.model, report, left_out), encoding="utf-8")
    print(out)


if __name__ == "__main__":
    main()
