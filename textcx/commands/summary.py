"""A finished analysis in a few lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.domain.analysis import Analysis

TOP = 5


def summarize(analysis: Analysis, *, out: Path) -> str:
    """Return the summary: counts, overall polarity and ratings, the top pain points with reach, where the report is."""
    head = analysis.headline
    left_out = sum(head["unprocessable"].values())
    lines = [f"{head['records_in']:,} records in, {head['analyzed']:,} analyzed, {left_out:,} unprocessable"]
    if left_out:
        lines[0] += (
            " (" + ", ".join(f"{count:,} {_words(reason)}" for reason, count in head["unprocessable"].items()) + ")"
        )
    lines.append(f"Polarity {_interval(head['polarity'], '{:+.2f}')}")
    lines += [
        f"{rating['rating']}: {_interval(rating, '{:.1f}')} {rating['unit']}, n = {rating['n']:,}"
        for rating in head["ratings"][:TOP]
    ]
    points = analysis.pain_points.head(TOP)
    judged = head["pain_record_share"]["value"] is not None
    lines.append(
        "Top pain points"
        if points.height
        else "No pain points found"
        if judged
        else "No pain points: this model does not predict them"
    )
    lines += [
        f"  {number}. {point['statement']} ({_reach(point)}, severity {point['severity']:.2f})"
        for number, point in enumerate(points.iter_rows(named=True), start=1)
    ]
    lines += [f"Note: {note}" for note in analysis.notes]
    lines.append(f"Report: {out / 'report.html'}")
    return "\n".join(lines)


def _reach(point: dict[str, Any]) -> str:
    """Distinct respondents where known, else records."""
    if point["respondents"] and point["respondents"] < point["records"]:
        return f"{point['respondents']:,} people in {point['records']:,} records"
    return f"{point['records']:,} records"


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _interval(figure: dict[str, Any], shape: str) -> str:
    if figure.get("value") is None:
        return "unknown"
    text = shape.format(figure["value"])
    if figure.get("ci_low") is not None:
        text += f" ({shape.format(figure['ci_low'])} to {shape.format(figure['ci_high'])})"
    return text
