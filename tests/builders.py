"""Builds small, realistic analyses for tests: a fictional meal-kit company, Fernway, and its customers' words.

``an_analysis()`` is consistent in itself: every table follows from the same records, every quote equals its span, and
records in = analyzed + unprocessable. ``an_empty_analysis()`` is what is left when nothing could be analyzed.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from statistics import fmean, stdev
from typing import Any

import polars as pl
from fernway import PLANS, REGIONS, TOPICS, Rows, World, manifest

from textcx.domain.analysis import Analysis
from textcx.domain.feedback import Reason, Unprocessable
from textcx.domain.tables import CAMPAIGNS, EVIDENCE, REQUESTS, SCHEMAS, conform, empty

UNITS = {"nps": "points", "stars": "stars", "csat": "percent", "ces": "scale 1..7"}


def mean_interval(values: list[float], low: float = -math.inf, high: float = math.inf) -> dict[str, Any]:
    """Mean with a normal 95 % interval, null below two values."""
    if not values:
        return {"value": None, "ci_low": None, "ci_high": None, "n": 0}
    half = 1.96 * stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    mean = fmean(values)
    ends = (None, None) if half is None else (max(low, mean - half), min(high, mean + half))
    return {"value": mean, "ci_low": ends[0], "ci_high": ends[1], "n": len(values)}


def _term(rating: str, answer: float) -> float:
    if rating == "nps":
        return 100.0 if answer >= 9 else -100.0 if answer <= 6 else 0.0
    return (100.0 if answer >= 4 else 0.0) if rating == "csat" else answer


def _evidence(rows: Rows, segments: dict[str, dict[str, Any]], *, most: int = 5) -> Rows:
    distinct = {segments[row["segment_id"]]["text"]: segments[row["segment_id"]] for row in reversed(rows)}
    pieces = sorted(distinct.values(), key=lambda segment: str(segment["segment_id"]))[:most]
    return [{"record_id": p["record_id"], "start": p["start"], "end": p["end"], "quote": p["text"]} for p in pieces]


def _pain_points(world: World, segments: dict[str, dict[str, Any]]) -> Rows:
    by_id: dict[str, Rows] = defaultdict(list)
    for pain in world.pains:
        by_id[pain["pain_point_id"]].append(pain)
    found: Rows = []
    for pain_point_id, rows in by_id.items():
        reach = len({row["record_id"] for row in rows})
        change = -3.0 if "app" in pain_point_id else 5.0 if rows[0]["theme_id"] == "theme-0" else 0.2
        direction = "rising" if change > 2 else "falling" if change < -2 else "steady"
        stages = Counter(segments[row["segment_id"]]["stage"] for row in rows)
        found.append({
            "pain_point_id": pain_point_id, "title": rows[0]["aspect"].capitalize(), "fit": 0.9,
            "theme_id": rows[0]["theme_id"], "stage": rows[0]["stage"],
            "stages": [{"stage": stage, "records": n} for stage, n in stages.most_common()],
            "aspect": rows[0]["aspect"],
            "statement": Counter(row["statement"] for row in rows).most_common(1)[0][0],
            "severity": fmean(row["severity"] for row in rows),
            "severity_p90": max(row["severity"] for row in rows), "safety": False, "effect": 0.1,
            "records": reach, "respondents": reach,
            "trend": {"direction": direction, "change": change, "ci_low": change - 2,
                "ci_high": change + 2, "season": True, "aside": [], "alarm": False} if world.dates else None,
            "evidence": _evidence(rows, segments),
        })  # fmt: skip
    return sorted(found, key=lambda row: (-row["records"] * row["severity"], row["pain_point_id"]))


def _themes(world: World, segments: dict[str, dict[str, Any]]) -> Rows:
    by_id: dict[str, Rows] = defaultdict(list)
    for mention in world.mentions:
        by_id[mention["theme_id"]].append(mention)
    dates = {row["record_id"]: row["created_at"] for row in world.records}
    found: Rows = []
    for theme_id, rows in by_id.items():
        topic = TOPICS[int(theme_id.removeprefix("theme-"))]
        said = [segments[row["segment_id"]] for row in rows]
        seen = sorted(dates[row["record_id"]] for row in rows) if world.dates else [None]
        reach = len({row["record_id"] for row in rows})
        found.append({
            "theme_id": theme_id, "parent_theme_id": None, "level": 0, "name": topic.name,
            "keywords": list(topic.keywords),
            "records": reach, "respondents": reach, "share": reach / len(world.records),
            "polarity": fmean(s["polarity"] for s in said),
            "negative_share": fmean(s["label"] == "negative" for s in said), "stability": 0.9, "first_seen": seen[0],
            "last_seen": seen[-1],
            "evidence": _evidence(rows, segments), **_tone(said),
        })  # fmt: skip
    return sorted(found, key=lambda row: (-row["records"], row["theme_id"]))


def _tone(said: Rows) -> dict[str, Any]:
    """Mean polarity and share of negative segments, with their intervals, as of the themes and stages tables."""
    found = {}
    for name, values, low in (
        ("polarity", [row["polarity"] for row in said], -1),
        ("negative", [float(row["label"] == "negative") for row in said], 0),
    ):
        ends = mean_interval(values, low, 1)
        found |= {f"{name}_low": ends["ci_low"], f"{name}_high": ends["ci_high"]}
    return found


def _subjects(world: World) -> dict[tuple[str, str], set[str]]:
    """Record ids by subject, for ratings and drivers."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in world.records:
        found["all", "all"].add(record["record_id"])
        for attribute in ("plan", "region"):
            found["attribute", f"{attribute}={record[attribute]}"].add(record["record_id"])
        if world.dates:
            found["period", record["created_at"].strftime("%Y-%m")].add(record["record_id"])
    for mention in world.mentions:
        found["theme", mention["theme_id"]].add(mention["record_id"])
    for segment in world.segments:
        found["stage", segment["stage"]].add(segment["record_id"])
    return dict(sorted(found.items()))


def _ratings_and_drivers(world: World) -> tuple[Rows, Rows]:
    ratings: Rows = []
    drivers: Rows = []
    for name in world.ratings:
        terms = {row["record_id"]: _term(name, row[name]) for row in world.records if row[name] is not None}
        for (kind, subject), members in _subjects(world).items():
            inside = [term for record, term in terms.items() if record in members]
            base = {"rating": name, "subject_kind": kind, "subject_id": subject, "unit": UNITS[name]}
            ratings.append({**base, **mean_interval(inside), "n_commented": len(inside)})
            outside = [term for record, term in terms.items() if record not in members]
            if kind in {"theme", "stage"} and len(inside) >= 10 and len(outside) >= 10:
                effect = fmean(inside + outside) - fmean(outside)
                half = 1.96 * stdev(inside) / math.sqrt(len(inside)) * len(inside) / (len(inside) + len(outside))
                drivers.append({
                    **base, "unit": {"percent": "percentage points"}.get(UNITS[name], UNITS[name]), "effect": effect,
                    "ci_low": effect - half,
                    "ci_high": effect + half, "n_with": len(inside), "n_without": len(outside),
                    "q_value": min(1.0, 2 * math.exp(-2 * (effect / half) ** 2)) if half else 1.0,
                    "gap": fmean(inside) - fmean(outside), "gap_low": None, "gap_high": None,
                    "effect_beside": effect / 2, "beside_low": effect / 2 - half, "beside_high": effect / 2 + half,
                })  # fmt: skip
    return ratings, sorted(drivers, key=lambda row: -abs(row["effect"]))


def _trends(world: World, ratings: Rows) -> Rows:
    if not world.dates:
        return []
    month = {row["record_id"]: row["created_at"].strftime("%Y-%m") for row in world.records}
    by_month: dict[str, list[float]] = defaultdict(list)
    for row in world.records:
        by_month[month[row["record_id"]]].append(row["polarity"])
    blank = {"ci_low": None, "ci_high": None}
    found: Rows = []
    for period, values in by_month.items():
        base = {"subject_kind": "all", "subject_id": "all", "period": period}
        found.append({**base, "measure": "volume", "value": float(len(values)), **blank, "n": len(values)})
        found.append({**base, "measure": "polarity", **mean_interval(values, -1, 1)})
    for row in ratings:
        if row["subject_kind"] == "period":
            numbers = {key: row[key] for key in ("value", "ci_low", "ci_high", "n")}
            found.append(
                {
                    "subject_kind": "all",
                    "subject_id": "all",
                    "period": row["subject_id"],
                    "measure": f"rating:{row['rating']}",
                    **numbers,
                }
            )
    counts = Counter((mention["theme_id"], month[mention["record_id"]]) for mention in world.mentions)
    for theme in sorted({theme for theme, _ in counts}):
        for period, values in by_month.items():
            n, total = counts[theme, period], len(values)
            base = {"subject_kind": "theme", "subject_id": theme, "period": period}
            found.append({**base, "measure": "volume", "value": float(n), **blank, "n": n})
            found.append({**base, "measure": "share", **mean_interval([1.0] * n + [0.0] * (total - n), 0, 1)})
    return sorted(found, key=lambda row: (row["subject_kind"], row["subject_id"], row["measure"], row["period"]))


def _journey(world: World) -> Rows:
    by_stage: dict[str, Rows] = defaultdict(list)
    for segment in world.segments:
        by_stage[segment["stage"]].append(segment)
    found: Rows = []
    for stage, rows in sorted(by_stage.items()):
        spread = mean_interval([row["polarity"] for row in rows], -1, 1)
        people = len({row["record_id"] for row in rows})
        found.append({
            "stage": stage, "segments": len(rows), "respondents": people, "polarity": spread["value"],
            "ci_low": spread["ci_low"],
            "ci_high": spread["ci_high"], "negative_share": fmean(row["label"] == "negative" for row in rows),
            **{name: end for name, end in _tone(rows).items() if name.startswith("negative")},
            "polarity_q": 0.01, "negative_q": 0.5,
        })  # fmt: skip
    return found


def _groups(world: World) -> Rows:
    hurt = {pain["record_id"] for pain in world.pains}
    found: Rows = []
    for attribute, names in (("plan", PLANS), ("region", REGIONS)):
        for name in names:
            rows = [row for row in world.records if row[attribute] == name]
            if not rows:
                continue
            share = mean_interval([float(row["record_id"] in hurt) for row in rows], 0, 1)
            rest = [float(row["record_id"] in hurt) for row in world.records if row[attribute] != name]
            difference = 100 * (share["value"] - fmean(rest)) if rest else None
            found.append({
                "attribute": attribute, "group": name, "records": len(rows), "respondents": len(rows),
                "polarity": fmean(row["polarity"] for row in rows),
                "negative_share": fmean(row["label"] == "negative" for row in rows),
                "pain_share": share["value"], "pain_share_low": share["ci_low"], "pain_share_high": share["ci_high"],
                "pain_difference": difference, "pain_difference_low": difference - 8 if rest else None,
                "pain_difference_high": difference + 8 if rest else None,
                "q_value": (0.03 if abs(difference) > 5 else 0.4) if rest else None,
            })  # fmt: skip
    return sorted(found, key=lambda row: -(row["pain_difference"] or 0))


def _praise(world: World, segments: dict[str, dict[str, Any]]) -> Rows:
    by_id: dict[str, Rows] = defaultdict(list)
    for mention in world.mentions:
        if segments[mention["segment_id"]]["label"] == "positive":
            by_id[mention["theme_id"]].append(mention)
    totals = Counter(mention["theme_id"] for mention in world.mentions)
    found: Rows = []
    for theme_id, rows in by_id.items():
        reach = len({row["record_id"] for row in rows})
        if len(rows) / totals[theme_id] < 0.4:
            continue
        found.append({
            "theme_id": theme_id, "name": TOPICS[int(theme_id.removeprefix("theme-"))].name, "records": reach,
            "respondents": reach,
            "polarity": fmean(segments[row["segment_id"]]["polarity"] for row in rows),
            "share_positive": len(rows) / totals[theme_id],
            "evidence": _evidence(rows, segments),
        })  # fmt: skip
    return sorted(found, key=lambda row: (-row["records"] * row["share_positive"], row["theme_id"]))[:6]


def _mix(world: World) -> Rows:
    """A change of the first rating and one of a theme's share, as if another mix of sources had a part in them."""
    if not world.dates:
        return []
    themes = sorted({mention["theme_id"] for mention in world.mentions})[:1]
    subjects = [("all", "all", f"rating:{rating}", 10.0) for rating in world.ratings[:1]]
    subjects += [("theme", theme, "share", 0.1) for theme in themes]
    return [
        {
            "subject_kind": kind, "subject_id": subject, "measure": measure, "by": "source", "earlier": 3 * size,
            "later": 2 * size, "change": -size, "mix": -size, "mix_low": -1.4 * size, "mix_high": -0.6 * size,
            "within": 0.0, "within_low": -0.2 * size, "within_high": 0.2 * size, "q_value": 0.001, "turns": False,
            "n_earlier": 60, "n_later": 50,
        }
        for kind, subject, measure, size in subjects
    ]  # fmt: skip


def _tables(world: World) -> dict[str, pl.DataFrame]:
    segments = {row["segment_id"]: row for row in world.segments}
    ratings, drivers = _ratings_and_drivers(world)
    rows: dict[str, Rows] = {
        "segments": world.segments, "mentions": world.mentions, "themes": _themes(world, segments),
        "pains": world.pains,
        "pain_points": _pain_points(world, segments), "ratings": ratings, "drivers": drivers,
        "trends": _trends(world, ratings), "journey": _journey(world),
    }  # fmt: skip
    tables = {
        name: pl.DataFrame([{key: row[key] for key in SCHEMAS[name]} for row in found], schema=SCHEMAS[name])
        for name, found in rows.items()
    }
    own = dict.fromkeys(world.ratings, pl.Float64) | {"plan": pl.String, "region": pl.String}
    order = dict(SCHEMAS["records"]) | own
    records = conform(pl.DataFrame(world.records, schema=order), SCHEMAS["records"], name="records")
    extra = {
        "groups": (_groups(world), {}),
        "mix": (_mix(world), {}),
        "praise": (_praise(world, segments), {"evidence": EVIDENCE}),
    }
    sent = [
        {
            "record_id": row["record_id"], "records": 9 - n, "respondents": 8 - n,
            "first": row["created_at"], "last": row["created_at"],
            "evidence": [
                {"record_id": one["record_id"], "start": one["start"], "end": one["end"], "quote": one["text"]}
                for one in world.segments
                if one["record_id"] == row["record_id"]
            ][:1],
        }
        for n, row in enumerate(world.records[:2])
    ]  # fmt: skip
    asked = [{key: row[key] for key in REQUESTS} for row in extra["praise"][0][:2]]
    tables |= {name: pl.DataFrame(found, schema_overrides=types) for name, (found, types) in extra.items() if found}
    tables |= {"campaigns": pl.DataFrame(sent, schema=CAMPAIGNS)}
    tables |= {"requests": pl.DataFrame(asked, schema=REQUESTS)} if asked else {}
    return {"records": records, **tables}


def _decided(flags: list[bool]) -> dict[str, Any]:
    """A share that the model counts, and that may truly be half or three times as large."""
    share = mean_interval([float(flag) for flag in flags], 0, 1)
    ends = {"true_low": share["ci_low"] / 2, "true_high": min(3 * share["ci_high"], 1.0)}
    return {**share, **ends, "measured_on": ["restaurant reviews", "tweets"]}


def an_analysis(
    records: int = 300,
    *,
    seed: int = 7,
    dates: bool = True,
    ratings: tuple[str, ...] = ("nps", "stars"),
    themes: int = 12,
    words: tuple[str, ...] = (),
) -> Analysis:
    """Build an analysis of Fernway's feedback.

    Args:
        records: How many records were analyzed; a few more were unprocessable.
        seed: Another seed, other records.
        dates: Whether records have dates over nine months.
        ratings: Which ratings were asked, among nps, stars, csat, ces.
        themes: How many themes were found, at most 12; 0 for none.
        words: Verbatims of the first records, each a single pain about late delivery.
    """
    world = World(records, seed=seed, dates=dates, ratings=ratings, themes=themes, words=words)
    tables = _tables(world)
    broken = tuple(
        Unprocessable(
            row=records + n, where=f"fernway.csv:{records + n + 2}", reason=reason, hint=hint, language=language
        )
        for n, (reason, hint, language) in enumerate(
            [(Reason.EMPTY, "the comment is empty", None)] * 6
            + [(Reason.NOT_AN_ANSWER, "the comment only says that there is none", None)] * 3
            + [(Reason.LANGUAGE_UNSUPPORTED, "only English is analyzed; translate it first", "de")] * 4
        )
    )
    hurt = {row["record_id"] for row in world.pains}
    labels = Counter(row["label"] for row in world.records)
    overall = tables["ratings"].filter(pl.col("subject_kind") == "all").drop("subject_kind", "subject_id").to_dicts()
    headline = {
        "records_in": records + len(broken), "analyzed": records,
        "unprocessable": dict(Counter(str(b.reason) for b in broken)),
        "segments": len(world.segments), "respondents": len({row["respondent_id"] for row in world.records}), "people_known_by": "respondents",
        "duplicates": 0,
        "polarity": mean_interval([row["polarity"] for row in world.records], -1, 1),
        "label_shares": {name: labels[name] / records for name in ("negative", "neutral", "positive")},
        "mixed_share": fmean(row["mixed"] for row in world.records),
        "confident_share": fmean(row["confident"] for row in world.records),
        "ratings": [{**row, "n": row["n"] + 40} for row in overall],
        "period": {"first": "2025-09-01", "last": "2026-05-28", "unit": "month"} if dates else None,
        "undated": 0 if dates else records, "sources": dict(Counter(row["source"] for row in world.records)),
        "languages": {"en": records, "de": 4},
        "themes": tables["themes"].height, "unassigned_share": 0.11, "pain_points": tables["pain_points"].height,
        "pain_record_share": _decided([row["record_id"] in hurt for row in world.records]),
        "negative_record_share": _decided([row["label"] == "negative" for row in world.records]),
        "positive_record_share": _decided([row["label"] == "positive" for row in world.records]),
        "emotions": {
            name: {"value": share, "ci_low": share / 2, "ci_high": 2 * share, "n": records}
            for name, share in (("anger", 0.2), ("disappointment", 0.1), ("gratitude", 0.3), ("confusion", 0.05))
        },
        "leaving": 3,
    }  # fmt: skip
    notes = ("4 records are in German; they are counted, not analyzed.",)
    return Analysis(
        tables=tables,
        headline=headline,
        manifest=manifest(ratings_asked=ratings, dated=dates, rows=records + len(broken)),
        unprocessable=broken,
        notes=notes,
    )


def an_empty_analysis() -> Analysis:
    """Build what is left when not one of three records could be analyzed: every table empty, no value known."""
    nothing = {"value": None, "ci_low": None, "ci_high": None, "n": 0}
    headline = {
        "records_in": 3, "analyzed": 0, "unprocessable": {"empty": 3}, "segments": 0, "respondents": 0,
        "people_known_by": "nothing",
        "duplicates": 0, "polarity": nothing,
        "label_shares": {"negative": None, "neutral": None, "positive": None}, "mixed_share": None,
        "confident_share": None, "ratings": [],
        "period": None, "undated": 0, "sources": {}, "languages": {}, "themes": 0, "unassigned_share": None,
        "pain_points": 0,
        "pain_record_share": nothing,
        "emotions": dict.fromkeys(("anger", "disappointment", "gratitude", "confusion"), nothing), "leaving": 0,
    }  # fmt: skip
    broken = tuple(
        Unprocessable(row=n, where=f"blank.csv:{n + 2}", reason=Reason.EMPTY, hint="the comment is empty")
        for n in range(3)
    )
    manifest = {
        "textcx_version": "0.1.0",
        "created_at": "2026-06-02T09:30:00Z",
        "inputs": [{"name": "blank.csv", "rows": 3}],
        "columns": [],
    }
    return Analysis(
        tables={name: empty(schema) for name, schema in SCHEMAS.items()},
        headline=headline,
        manifest=manifest,
        unprocessable=broken,
    )
