"""Measured findings ready for the report's templates: headline, journey, drivers, trends.

A number never stands without its n, and where the analysis gives an interval, without its interval.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.reports import charts, formats
from textcx.reports.findings import SURE_AT, Trend, few, rating_detail, trend_of
from textcx.reports.lookup import STATEMENT_LENGTH, Lookup, Row, number, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

MOST_RATINGS = 6
MOST_EFFECTS = 16
MOST_STAGES = 30
MOST_PERIODS = 120
MOST_THEME_TRENDS = 6
MOST_MOVERS = 10
FEWEST_SEGMENTS = 10
"""Stages with fewer segments are not coloured."""
HEAT_SHARES = ((0.15, "s0"), (0.3, "s1"), (0.5, "s2"), (0.7, "s3"))


@dataclass(frozen=True, slots=True)
class Card:
    """One headline number: what it is, its value, its interval and n."""

    label: str
    value: str
    interval: str
    n: str
    css: str = ""


def _card(label: str, row: Row | None, write: Callable[[float | None], str], *, css: str = "") -> Card | None:
    if not row or number(row.get("value")) is None:
        return None
    ends = formats.interval(number(row.get("ci_low")), number(row.get("ci_high")), write)
    rated, commented = whole(row.get("n")), whole(row.get("n_commented"))
    n = f"n{formats.SPACE}{formats.count(rated)}"
    if commented is not None and commented != rated:
        n += f", {formats.count(commented)} of them commented"
    return Card(
        label, write(number(row["value"])), f"95{formats.SPACE}%: {ends}" if ends else "no interval: too few", n, css
    )


def cards(look: Lookup) -> tuple[Card, ...]:
    """Collect the headline numbers: ratings, polarity, share of records with a pain."""
    found: list[Card | None] = []
    for row in look.overall[:MOST_RATINGS]:
        unit = row.get("unit") or ""
        scale = formats.answers(unit)
        label = f"{formats.rating_name(row['rating'])}{f' ({scale})' if scale else ''}"
        found.append(_card(label, row, lambda value, unit=unit: formats.rating(value, unit)))  # type: ignore[misc]
    polarity = look.headline.get("polarity")
    found.append(_card(f"Polarity ({formats.MINUS}1 to +1)", polarity, formats.polarity))
    found.append(_card("Records with a pain point", look.headline.get("pain_record_share"), formats.percent))
    return tuple(card for card in found if card)


@dataclass(frozen=True, slots=True)
class Shares:
    """How many records are negative, neutral and positive, as a picture and in words."""

    picture: Markup
    parts: tuple[tuple[str, str, str], ...]  # class, name, share
    asides: tuple[str, ...]


def shares(look: Lookup) -> Shares | None:
    """Collect the shares of the three labels, or null where nothing was analyzed."""
    told = look.headline.get("label_shares") or {}
    names = (("negative", "neg"), ("neutral", "neu"), ("positive", "pos"))
    if not look.headline.get("analyzed") or all(number(told.get(name)) is None for name, _ in names):
        return None
    values = [(number(told.get(name)) or 0.0, css, name) for name, css in names]
    asides = []
    if (mixed := number(look.headline.get("mixed_share"))) is not None:
        asides.append(f"{formats.percent(mixed)} are mixed: they praise and blame")
    if (confident := number(look.headline.get("confident_share"))) is not None:
        asides.append(f"the model is confident about {formats.percent(confident)}")
    return Shares(
        charts.stack([(value, css) for value, css, _ in values]),
        tuple((css, name, formats.percent(value)) for value, css, name in values),
        tuple(asides),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A heat cell: its number, a class for its colour, a word or sign that says the same, and its interval and n."""

    label: str
    value: str
    css: str
    sign: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One journey stage as a row of the heat map."""

    name: str
    segments: str
    people: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """The heat map: its rating columns and its rows in journey order."""

    columns: tuple[tuple[str, str], ...]  # heading, class
    ratings: tuple[str, ...]
    stages: tuple[Stage, ...]
    people: bool


def _rating_cell(look: Lookup, rating: str, stage: str) -> Cell:
    label = formats.rating_name(rating)
    row = look.value(rating, "stage", stage)
    overall = look.value(rating, "all", "all") or next((r for r in look.overall if r["rating"] == rating), None)
    if row is None or few(row):
        return Cell(label, formats.UNKNOWN, "na", "", rating_detail(row) or "too few ratings")
    css, sign = "z", ""
    base, low, high = number(overall["value"]) if overall else None, number(row["ci_low"]), number(row["ci_high"])
    if base is not None and low is not None and high is not None and not low <= base <= high:
        better = (low > base) is not formats.low_is_best(row["unit"])
        css, sign = ("p2", "better than overall") if better else ("n2", "worse than overall")
    return Cell(label, formats.rating(row["value"], row["unit"]), css, sign, rating_detail(row))


def _heat(share: float | None) -> str:
    """Class of the one-sided palette for a share of negative segments."""
    if share is None:
        return "na"
    return next((css for bound, css in HEAT_SHARES if share < bound), "s4")


def journey(look: Lookup) -> Journey:
    """Collect the stages in journey order, which the table has, "stage unknown" last."""
    rows = look.rows("journey")
    rows.sort(key=lambda row: row["stage"] == "unknown")
    stage_ratings = [
        row["rating"] for row in look.overall if any(look.value(row["rating"], "stage", r["stage"]) for r in rows)
    ][:2]
    stages = []
    for row in rows[:MOST_STAGES]:
        ends = formats.interval(row["ci_low"], row["ci_high"], formats.polarity)
        negative, few_segments = number(row["negative_share"]), (row["segments"] or 0) < FEWEST_SEGMENTS
        tone = "na" if few_segments else charts.tone(number(row["polarity"]))
        cells = [
            Cell("Polarity", formats.polarity(row["polarity"]), tone, "", ends),
            Cell("Negative", formats.percent(negative), "na" if few_segments else _heat(negative)),
            *(_rating_cell(look, rating, row["stage"]) for rating in stage_ratings),
        ]
        stages.append(
            Stage(
                look.stage(row["stage"]),
                formats.count(row["segments"]),
                formats.count(row["respondents"]),
                tuple(cells),
            )
        )
    people = any(row["respondents"] is not None for row in rows)
    names = tuple(formats.rating_name(rating) for rating in stage_ratings)
    columns = [("Stage", "grow"), ("Segments", "num"), ("People", "num"), ("Polarity", "cell"), ("Negative", "cell")]
    columns += [(name, "cell") for name in names]
    return Journey(tuple(c for c in columns if people or c[0] != "People"), names, tuple(stages), people)


@dataclass(frozen=True, slots=True)
class Driver:
    """One effect as a row: subject, bar, numbers."""

    name: str
    kind: str
    bar: Markup
    effect: str
    css: str
    interval: str
    n: str
    q_value: str
    sure: bool


@dataclass(frozen=True, slots=True)
class DriverChart:
    """The effects on one rating, from the one that pulls down most to the one that lifts most."""

    rating: str
    unit: str
    bound: str
    rows: tuple[Driver, ...]
    left_out: int


def drivers(look: Lookup) -> tuple[DriverChart, ...]:
    """Collect the effects of themes and stages per rating, the leading rating first, the strongest of each.

    Those of single pain points stand on their cards.
    """
    by_rating: dict[str, list[Row]] = defaultdict(list)
    for row in look.rows("drivers"):
        if number(row["effect"]) is not None and row["subject_kind"] in {"theme", "stage"}:
            by_rating[row["rating"]].append(row)
    order = {row["rating"]: position for position, row in enumerate(look.overall)}
    found = []
    for rating in sorted(by_rating, key=lambda name: (order.get(name, len(order)), name))[:MOST_RATINGS]:
        rows = sorted(by_rating[rating], key=lambda row: (-abs(row["effect"]), row["subject_kind"], row["subject_id"]))
        shown = sorted(rows[:MOST_EFFECTS], key=lambda row: (row["effect"], row["subject_kind"], row["subject_id"]))
        ends = [
            abs(end)
            for row in shown
            for end in (row["effect"], number(row["ci_low"]) or 0.0, number(row["ci_high"]) or 0.0)
        ]
        bound = max(ends, default=0.0) or 1.0
        unit = shown[0]["unit"]
        found.append(
            DriverChart(
                formats.rating_name(rating),
                formats.unit_words(unit),
                formats.effect(bound, unit).lstrip("+"),
                tuple(_driver(look, row, bound) for row in shown),
                len(rows) - len(shown),
            )
        )
    return tuple(found)


def _driver(look: Lookup, row: Row, bound: float) -> Driver:
    q_value = number(row["q_value"])
    sure = q_value is not None and q_value <= SURE_AT
    return Driver(
        name=look.theme(row["subject_id"]) if row["subject_kind"] == "theme" else look.stage(row["subject_id"]),
        kind=row["subject_kind"],
        bar=charts.effect_bar(row["effect"], number(row["ci_low"]), number(row["ci_high"]), bound=bound, sure=sure),
        effect=formats.effect(row["effect"], row["unit"]),
        css="neg" if row["effect"] < 0 else "pos",
        interval=formats.interval(row["ci_low"], row["ci_high"], lambda value: formats.effect(value, row["unit"])),
        n=f"{formats.count(row['n_with'])} / {formats.count(row['n_without'])}",
        q_value=formats.q_value(q_value),
        sure=sure,
    )


@dataclass(frozen=True, slots=True)
class Course:
    """A number over time: its picture and its numbers."""

    name: str
    note: str
    picture: Markup
    rows: tuple[tuple[str, str, str, str], ...]  # period, value, interval, n


@dataclass(frozen=True, slots=True)
class Mover:
    """A theme or pain point whose share of the records is surely rising or falling."""

    name: str
    kind: str
    trend: Trend


@dataclass(frozen=True, slots=True)
class Trends:
    """The section of trends: of everything, then of the themes most people raise."""

    movers: tuple[Mover, ...]
    overall: tuple[Course, ...]
    themes: tuple[Course, ...]
    periods: int
    partial: bool


def _course(rows: list[Row], *, key: str, name: str, write: Callable[[float | None], str], **drawing: Any) -> Course:  # noqa: ANN401 - passed on as it is
    rows = sorted(rows, key=lambda row: row["period"])[-MOST_PERIODS:]
    points = [
        charts.Point(
            row["period"],
            number(row["value"]),
            number(row["ci_low"]),
            number(row["ci_high"]),
            whole=row.get("complete") is not False,
        )
        for row in rows
    ]
    known = [row for row in rows if number(row["value"]) is not None]
    note = ""
    if known:
        edges = (known[0], known[-1])
        note = ", ".join(f"{write(row['value'])} in {formats.period(row['period'])}" for row in edges)
    return Course(
        name,
        note,
        charts.course(points, name=key, title=f"{name} per period: {note}", write=write, **drawing),
        tuple(
            (
                formats.period(row["period"]),
                write(number(row["value"])),
                formats.interval(row["ci_low"], row["ci_high"], write),
                formats.count(row["n"]),
            )
            for row in rows
        ),
    )


def _movers(look: Lookup) -> tuple[Mover, ...]:
    """What is surely rising or falling, the biggest changes first."""
    found: list[tuple[float, Mover]] = []
    for row in look.rows("pain_points"):
        if (row["trend"] or {}).get("direction") in {"rising", "falling"}:
            name = f"“{formats.clip((row['statement'] or '').rstrip('.'), STATEMENT_LENGTH)}”"
            found.append((number(row["trend"]["change"]) or 0.0, Mover(name, "pain point", trend_of(row["trend"]))))
    for row in look.reported_themes:
        if row["theme_id"] not in look.fragile and ((row.get("trend") or {}).get("direction")) in {"rising", "falling"}:
            mover = Mover(look.theme(row["theme_id"]), "theme", trend_of(row["trend"], good=None))
            found.append((number(row["trend"]["change"]) or 0.0, mover))
    return tuple(mover for _, mover in sorted(found, key=lambda item: (-abs(item[0]), item[1].name))[:MOST_MOVERS])


def trends(look: Lookup) -> Trends:
    """Collect the courses of volume, polarity and ratings, and of the share of the widest themes."""
    frame = look.table("trends")
    widest = sorted(look.reported_themes, key=lambda row: (row["level"] or 1, -(row["records"] or 0), row["theme_id"]))
    wanted = [row["theme_id"] for row in widest][:MOST_THEME_TRENDS]
    everything, theme = pl.col("subject_kind") == "all", pl.col("subject_kind") == "theme"
    share = theme & (pl.col("measure") == "share") & pl.col("subject_id").is_in(wanted)
    by_subject: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in frame.filter(everything | share).iter_rows(named=True):
        by_subject[row["subject_id"] if row["subject_kind"] == "theme" else "", row["measure"]].append(row)
    order = {"volume": 0, "polarity": 1, "negative_share": 3}
    measures = sorted({m for subject, m in by_subject if not subject}, key=lambda m: (order.get(m, 2), m))
    overall = [_measure_course(look, measure, by_subject["", measure]) for measure in measures]
    themes = [
        _course(
            by_subject[theme_id, "share"],
            key=f"theme-{position}",
            name=look.theme(theme_id),
            write=formats.percent,
            limits=(0.0, 1.0),
        )
        for position, theme_id in enumerate(wanted)
        if (theme_id, "share") in by_subject
    ]
    return Trends(
        movers=_movers(look),
        overall=tuple(overall[: MOST_RATINGS + 3]),
        themes=tuple(themes),
        periods=frame["period"].n_unique(),
        partial="complete" in frame.columns and frame.filter(~pl.col("complete")).height > 0,
    )


def _measure_course(look: Lookup, measure: str, rows: list[Row]) -> Course:
    key = "trend-" + "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in measure).split())
    if measure == "volume":
        return _course(rows, key=key, name="Records", write=formats.count, columns=True)
    if measure == "polarity":
        return _course(rows, key=key, name="Polarity", write=formats.polarity, limits=(-1.0, 1.0))
    if measure.startswith("rating:"):
        name = measure.removeprefix("rating:")
        unit = look.units.get(name, "")
        return _course(
            rows,
            key=key,
            name=formats.rating_name(name),
            limits=formats.scale_of(unit),
            write=lambda value: formats.rating(value, unit),
        )
    name = "Negative records" if measure == "negative_share" else formats.rating_name(measure)
    return _course(rows, key=key, name=name, write=formats.percent, limits=(0.0, 1.0))
