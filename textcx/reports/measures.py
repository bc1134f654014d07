"""Measured findings ready for the report's templates: headline, journey, drivers, trends.

A number never stands without its n, and where the analysis gives an interval, without its interval.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import polars as pl

from textcx.reports import charts, formats
from textcx.reports.formats import known
from textcx.reports.lookup import title_of
from textcx.reports.mix import mix_sentences, within_detail
from textcx.reports.phrases import MOVING, few, low, rating_detail, shares_between, sure, trend_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.reports.lookup import Lookup, Row

    Cell = tuple[str, str, str, str, str]
    """A heat cell: label, number, a class for its colour, a word that says the same, and its interval and n."""

MOST_RATINGS = 6
MOST_EFFECTS = 16
MOST_STAGES = 30
MOST_PERIODS = 120
MOST_THEME_TRENDS = 6
MOST_MOVERS = 10
FEWEST_SEGMENTS = 10
"""Stages with fewer segments are not coloured."""
HEAT_SHARES = ((0.15, "s0"), (0.3, "s1"), (0.5, "s2"), (0.7, "s3"))


def cards(look: Lookup) -> list[SimpleNamespace]:
    """Collect the headline numbers: ratings, polarity, share of records with a pain."""
    facts: list[tuple[str, Row | None, Callable[[float | None], str]]] = []
    for row in look.overall[:MOST_RATINGS]:
        unit = row.get("unit") or ""
        scale = formats.answers(unit)
        label = f"{formats.rating_name(row['rating'])}{f' ({scale})' if scale else ''}"
        facts.append((label, row, partial(formats.rating, unit=unit)))
    facts.append((f"Polarity ({formats.MINUS}1 to +1)", look.headline.get("polarity"), formats.polarity))
    facts.append(("Records with a pain point", look.headline.get("pain_record_share"), formats.percent))
    return [_card(label, row, write) for label, row, write in facts if row and known(row.get("value"))]


def feelings(look: Lookup) -> list[SimpleNamespace]:
    """Collect the share of records that show each emotion, most first; none where the model predicts none."""
    shown = [item for item in (look.headline.get("emotions") or {}).items() if known(item[1].get("value"))]
    shown.sort(key=lambda item: (-item[1]["value"], item[0]))
    return [_card(formats.sentence(name), row, formats.percent) for name, row in shown]


def _card(label: str, row: Row, write: Callable[[float | None], str]) -> SimpleNamespace:
    ends = formats.interval(row, write)
    rated, commented = row.get("n"), row.get("n_commented")
    n = f"n{formats.SPACE}{formats.count(rated)}"
    if known(commented) and commented != rated:
        n += f", {formats.count(commented)} of them commented"
    ends = f"95{formats.SPACE}%: {ends}" if ends else "no interval: too few"
    return SimpleNamespace(label=label, value=write(row["value"]), interval=ends, n=n)


def shares(look: Lookup) -> SimpleNamespace | None:
    """Collect the shares of the three labels, or null where nothing was analyzed."""
    labels = look.headline.get("label_shares") or {}
    names = (("negative", "neg"), ("neutral", "neu"), ("positive", "pos"))
    if not look.headline.get("analyzed") or not any(known(labels.get(name)) for name, _ in names):
        return None
    values = [(labels.get(name) or 0.0, css, name) for name, css in names]
    asides = []
    if known(mixed := look.headline.get("mixed_share")):
        asides.append(f"{formats.percent(mixed)} are mixed: they praise and blame")
    if known(confident := look.headline.get("confident_share")):
        asides.append(f"the model is confident about {formats.percent(confident)}")
    return SimpleNamespace(
        picture=charts.stack([(value, css) for value, css, _ in values]),
        parts=[(css, name, formats.percent(value)) for value, css, name in values],
        asides=asides,
    )


def _rating_cell(look: Lookup, rating: str, stage: str) -> Cell:
    label = formats.rating_name(rating)
    row = look.value(rating, "stage", stage)
    key = (rating, "stage", stage)
    if row is None or few(row):
        return (label, formats.UNKNOWN, "na", "", rating_detail(row) or "too few ratings")
    css, sign = "z", ""
    driver = next((r for r in look.rows("drivers") if (r["rating"], r["subject_kind"], r["subject_id"]) == key), None)
    if driver is not None and sure(driver):
        css, sign = ("p2", "better than elsewhere") if driver["effect"] > 0 else ("n2", "worse than elsewhere")
    return (label, formats.rating(row["value"], row["unit"]), css, sign, rating_detail(row))


def journey(look: Lookup) -> SimpleNamespace:
    """Collect the stages in journey order, which the table has, "stage unknown" last; none where too few are placed.

    ``fitted`` is the name of the journey where it was chosen because it fits.
    """
    if look.too_few_placed:
        return SimpleNamespace(columns=[], ratings=[], stages=[], people=False, fitted="")
    rows = sorted(look.rows("journey"), key=lambda row: row["stage"] == "unknown")
    stage_ratings = [
        row["rating"] for row in look.overall if any(look.value(row["rating"], "stage", r["stage"]) for r in rows)
    ][:2]
    stages = []
    said = sum(row["segments"] or 0 for row in rows)
    usual = sum((row["negative_share"] or 0.0) * (row["segments"] or 0) for row in rows) / max(said, 1)
    for row in rows[:MOST_STAGES]:
        tone = heat = "na"
        if (row["segments"] or 0) >= FEWEST_SEGMENTS:
            negative = row["negative_share"]
            tone = charts.tone(row["polarity"]) if low(row.get("polarity_q")) else "z"
            heat = next((css for bound, css in HEAT_SHARES if negative < bound), "s4") if known(negative) else "na"
            heat = "z" if not low(row.get("negative_q")) else "p1" if negative < usual else heat
        ends = formats.interval(row, formats.polarity)
        cells = [
            ("Polarity", formats.polarity(row["polarity"]), tone, "", ends),
            ("Negative", formats.percent(row["negative_share"]), heat, "", shares_between(row, "negative")),
            *(_rating_cell(look, rating, row["stage"]) for rating in stage_ratings),
        ]
        stages.append((row, cells))
    people = any(row["respondents"] is not None for row in rows)
    columns = [("Stage", "grow"), ("Segments", "num"), *([("People", "num")] if people else [])]
    columns += [("Polarity", "cell"), ("Negative", "cell")]
    columns += [(formats.rating_name(rating), "cell") for rating in stage_ratings]
    chosen = look.manifest.get("journey") or {}
    fitted = formats.clip(str(chosen["name"]), 60) if chosen.get("shares") else ""
    return SimpleNamespace(columns=columns, ratings=stage_ratings, stages=stages, people=people, fitted=fitted)


def drivers(look: Lookup) -> list[SimpleNamespace]:
    """Collect the effects of themes and stages per rating, the leading rating first, the strongest of each.

    Those of single pain points stand on their cards.
    """
    by_rating: dict[str, list[Row]] = defaultdict(list)
    for row in look.rows("drivers"):
        if known(row["effect"]) and row["subject_kind"] in {"theme", "stage"}:
            by_rating[row["rating"]].append(row)
    order = {row["rating"]: position for position, row in enumerate(look.overall)}
    chosen = []
    for rating in sorted(by_rating, key=lambda name: (order.get(name, len(order)), name))[:MOST_RATINGS]:
        rows = sorted(by_rating[rating], key=lambda row: (-abs(row["effect"]), row["subject_kind"], row["subject_id"]))
        shown = sorted(rows[:MOST_EFFECTS], key=lambda row: (row["effect"], row["subject_kind"], row["subject_id"]))
        ends = [abs(row[end]) for row in shown for end in ("effect", "ci_low", "ci_high") if known(row[end])]
        chosen.append(
            SimpleNamespace(
                rating=formats.rating_name(rating),
                unit=shown[0]["unit"],
                bound=max(ends, default=0.0) or 1.0,
                rows=shown,
                left_out=len(rows) - len(shown),
            )
        )
    return chosen


def _course(
    rows: list[Row],
    *,
    key: str,
    name: str,
    write: Callable[[float | None], str],
    columns: bool = False,
    limits: tuple[float, float] | None = None,
) -> SimpleNamespace:
    """A number over time: its picture, and ``rows`` whose values ``write`` writes."""
    rows = sorted(rows, key=lambda row: row["period"])[-MOST_PERIODS:]
    points = [
        charts.Point(row["period"], row["value"], row["ci_low"], row["ci_high"], row.get("complete") is not False)
        for row in rows
    ]
    with_value = [row for row in rows if known(row["value"]) and row.get("complete") is not False]
    ends = (with_value[0], with_value[-1]) if with_value else ()
    note = ", ".join(f"{write(row['value'])} in {formats.period(row['period'])}" for row in ends)
    title = f"{name} per period: {note}"
    return SimpleNamespace(
        name=name,
        note=note,
        picture=charts.course(points, name=key, title=title, write=write, columns=columns, limits=limits),
        write=write,
        rows=rows,
    )


def _movers(look: Lookup) -> list[SimpleNamespace]:
    """Themes and pain points whose share of the records is surely rising or falling, the biggest changes first."""
    moving = [(row, title_of(row), "pain point", "") for row in look.clear_pain_points]
    themes = [row for row in look.reported_themes if row["theme_id"] not in look.fragile]
    moving += [(row, look.theme(row["theme_id"]), "theme", within_detail(look, row["theme_id"])) for row in themes]
    told = ((entry, entry[0].get("trend") or {}) for entry in moving)
    moving = [entry for entry, trend in told if trend.get("direction") in MOVING or trend.get("alarm")]
    moving.sort(key=lambda entry: (-abs(entry[0]["trend"]["change"] or 0.0), entry[1]))
    return [
        SimpleNamespace(name=name, kind=kind, trend=trend_of(row["trend"], bad=kind == "pain point"), within=within)
        for row, name, kind, within in moving[:MOST_MOVERS]
    ]


def trends(look: Lookup) -> SimpleNamespace:
    """Collect the courses of volume, polarity and ratings, and of the share of the widest themes."""
    frame = look.table("trends")
    by_measure: dict[str, list[Row]] = defaultdict(list)
    for row in frame.filter(pl.col("subject_kind") == "all").iter_rows(named=True):
        by_measure[row["measure"]].append(row)
    order = {"volume": 0, "polarity": 1, "negative_share": 3}
    overall = [
        _measure_course(look, measure, by_measure[measure])
        for measure in sorted(by_measure, key=lambda name: (order.get(name, 2), name))
    ]
    shares = frame.filter((pl.col("subject_kind") == "theme") & (pl.col("measure") == "share"))
    widest = sorted(look.reported_themes, key=lambda row: (row["level"] or 1, -(row["records"] or 0), row["theme_id"]))
    themes = [
        _course(rows, key=f"theme-{position}", name=look.theme(theme), write=formats.percent, limits=(0.0, 1.0))
        for position, theme in enumerate(row["theme_id"] for row in widest[:MOST_THEME_TRENDS])
        if (rows := shares.filter(pl.col("subject_id") == theme).to_dicts())
    ]
    return SimpleNamespace(
        movers=_movers(look),
        mix=mix_sentences(look),
        overall=overall[: MOST_RATINGS + 3],
        themes=themes,
        periods=frame["period"].n_unique(),
        partial="complete" in frame.columns and frame.filter(~pl.col("complete")).height > 0,
    )


def _measure_course(look: Lookup, measure: str, rows: list[Row]) -> SimpleNamespace:
    key = "trend-" + "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in measure).split())
    if measure == "volume":
        return _course(rows, key=key, name="Records", write=formats.count, columns=True)
    if measure == "polarity":
        return _course(rows, key=key, name="Polarity", write=formats.polarity, limits=(-1.0, 1.0))
    if measure.startswith("rating:"):
        rating = measure.removeprefix("rating:")
        unit = look.units.get(rating, "")
        write = partial(formats.rating, unit=unit)
        return _course(rows, key=key, name=formats.rating_name(rating), write=write, limits=formats.scale_of(unit))
    name = "Negative records" if measure == "negative_share" else formats.rating_name(measure)
    return _course(rows, key=key, name=name, write=formats.percent, limits=(0.0, 1.0))
