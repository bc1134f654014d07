"""Pictures of the report as inline SVG: no script, no style attribute, no outside font.

Colours come from classes of the report's style sheet, so that light, dark and print need no second picture. Text in
pictures is escaped; coordinates are rounded to one digit, so the same numbers give the same bytes. Every picture
stands beside a table or a caption with the same numbers: none is the only place a number can be read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from textcx.reports import formats
from textcx.reports.formats import known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHAR_WIDTH = 6.6
LINE_HEIGHT = 14.0
TICK_ROOM = 38.0
EDGE = 199.5
"""Where a strip of 200 counts as full, so that its last part has no gap after it."""
VISIBLE = 0.05
"""Overlap from which the eye can tell."""
LEAST_SPAN = 1e-9
"""Span of an axis from which it has several ticks."""
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 340.0, 176.0, 42.0, 10.0, 24.0
ROOM = WIDTH - LEFT - 12.0
"""Size of a number's course over time, and where its values lie."""
TONES = ((-0.45, "n3"), (-0.2, "n2"), (-0.05, "n1"), (0.05, "z"), (0.2, "p1"), (0.45, "p2"))


def tone(value: float | None) -> str:
    """Class of the diverging palette for a value -1..1: ``n3`` (most negative) .. ``z`` .. ``p3``; ``na``: unknown."""
    return next((name for bound, name in TONES if value < bound), "p3") if known(value) else "na"


def _num(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def _tag(tag: str, content: str = "", /, **attributes: str | float) -> Markup:
    pairs = [
        (name.rstrip("_").replace("_", "-"), _num(value) if isinstance(value, float) else value)
        for name, value in attributes.items()
    ]
    written = "".join(f' {name}="{escape(value)}"' for name, value in pairs)
    return Markup(f"<{tag}{written}>{escape(content)}</{tag}>" if content else f"<{tag}{written}/>")  # noqa: S704 - every part is escaped


def _svg(shapes: Sequence[Markup], *, width: float, height: float, title: str, name: str, css: str) -> Markup:
    opening = Markup(
        '<svg class="{css}" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="{name}"><title id="{name}">{title}</title>'
    ).format(css=css, width=_num(width), height=_num(height), name=name, title=title)
    return opening + Markup("").join(shapes) + Markup("</svg>")


def _strip(css: str, *shapes: Markup) -> Markup:
    """A picture in a table or card whose number stands right beside it, so screen readers skip it."""
    opening = Markup('<svg class="{css}" viewBox="0 0 200 20" preserveAspectRatio="none" aria-hidden="true">')
    return opening.format(css=css) + Markup("").join(shapes) + Markup("</svg>")


def bar(value: float | None, *, css: str, tick: float | None = None) -> Markup:
    """Draw a value 0..1 as a filled track, an unknown value as an empty one; ``tick``: a second value, as a mark."""
    shapes = [_tag("rect", class_="track", x="0", y="4", width="200", height="12", rx="6")]
    if known(value) and value > 0:
        width = max(6.0, min(1.0, value) * 200)
        shapes.append(_tag("rect", class_=css, x="0", y="4", width=width, height="12", rx="6"))
    if known(tick):
        shapes.append(_tag("rect", class_="tick", x=max(0.0, min(1.0, tick)) * 196, y="0", width="4", height="20"))
    return _strip("bar", *shapes)


def stack(shares: Sequence[tuple[float, str]]) -> Markup:
    """Draw shares that add up to 1 side by side, each in its class."""
    shapes, at = [], 0.0
    for share, css in shares:
        width = max(0.0, share) * 200
        gap = 0.6 if at + width < EDGE else 0.0
        shapes.append(_tag("rect", class_=css, x=at, y="0", width=max(0.0, width - gap), height="20"))
        at += width
    return _strip("stack-bar", *shapes)


def effect_bar(effect: float, low: float | None, high: float | None, *, bound: float, sure: bool) -> Markup:
    """Draw an effect from a zero line, with its interval as a whisker; hollow where chance could explain it.

    ``bound`` is the value at either edge, above 0.
    """

    def x(value: float) -> float:
        return 100 + 98 * max(-1.0, min(1.0, value / bound))

    css, length = f"{'neg' if effect < 0 else 'pos'} {'sure' if sure else 'unsure'}", max(0.8, abs(x(effect) - 100))
    shapes = [_tag("rect", class_=css, x=min(100.0, x(effect)), y="4", width=length, height="12")]
    if known(low) and known(high):
        for start, end, top, bottom in ((low, high, "10", "10"), (low, low, "6", "14"), (high, high, "6", "14")):
            shapes.append(_tag("line", class_="whisker", x1=x(start), y1=top, x2=x(end), y2=bottom))
    return _strip("effect", *shapes, _tag("line", class_="zero", x1="100", y1="0", x2="100", y2="20"))


def spark(values: Sequence[float | None]) -> Markup:
    """Draw the course of a number in the height of a line of text; empty with fewer than two values."""
    there = [(index, value) for index, value in enumerate(values) if known(value)]
    if len(there) <= 1:
        return Markup("")
    top = max(value for _, value in there) or 1.0
    step = 200 / max(1, len(values) - 1)
    points = " ".join(f"{_num(index * step)},{_num(18 - 16 * max(0.0, value) / top)}" for index, value in there)
    return _strip("spark", _tag("polyline", class_="line", points=points))


@dataclass(frozen=True, slots=True)
class Bubble:
    """A theme in the volume x polarity picture: its number in the table, its reach 0..1 and its polarity -1..1."""

    number: int
    name: str
    share: float
    polarity: float


def _nice_ticks(low: float, high: float, *, most: int) -> list[float]:
    span = high - low
    if span < LEAST_SPAN:
        return [low]
    raw = span / most
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 10) for index in range(first, math.floor(high / step + 1e-9) + 1)]


Box = tuple[float, float, float, float]


def _overlaps(box: Box, others: Sequence[Box]) -> bool:
    return any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in others)


@dataclass(slots=True)
class _Disc:
    point: Bubble
    x: float
    y: float
    r: float

    @property
    def box(self) -> Box:
        return self.x - self.r, self.y - self.r, self.x + self.r, self.y + self.r


def _move_apart(discs: Sequence[_Disc], *, rounds: int = 60) -> None:
    """Push discs that hide each other apart, a little at a time, always in the same order."""
    for _ in range(rounds):
        calm = True
        for index, one in enumerate(discs):
            for other in discs[index + 1 :]:
                dx, dy = other.x - one.x, other.y - one.y
                distance = math.hypot(dx, dy)
                lacking = one.r + other.r - distance
                if lacking > VISIBLE:
                    calm = False
                    ux, uy = (dx / distance, dy / distance) if distance else (1.0, 0.0)
                    one.x, one.y = one.x - ux * lacking / 2, one.y - uy * lacking / 2
                    other.x, other.y = other.x + ux * lacking / 2, other.y + uy * lacking / 2
        if calm:
            return


def bubbles(points: Sequence[Bubble], *, width: float, height: float, name: str, title: str, labels: int) -> Markup:
    """Draw themes by reach (across, square-root scale) and polarity (up), numbered, named where a name finds room.

    Bubbles that would hide each other are moved apart a little. Names are placed largest theme first at the first of
    four places that hits no bubble, no other name and no edge; a theme whose name finds none keeps its number, which
    the table below resolves.
    """
    left, right, top, bottom = 44.0, 24.0, 24.0, 44.0
    shares = [point.share for point in points] or [0.01]
    least, most = math.sqrt(max(0.0, min(shares)) * 0.6), math.sqrt(max(0.001, *shares) * 1.08)
    lowest = max(-1.05, min([-0.5, *(point.polarity for point in points)]) - 0.12)
    highest = min(1.05, max([0.5, *(point.polarity for point in points)]) + 0.12)

    def x(share: float) -> float:
        return left + (width - left - right) * (math.sqrt(max(0.0, share)) - least) / (most - least)

    def y(value: float) -> float:
        return top + (height - top - bottom) * (highest - value) / (highest - lowest)

    floor = height - bottom
    shapes = [_tag("rect", class_="plot-bad", x=left, y=y(0), width=width - left - right, height=floor - y(0))]
    for tick in _nice_ticks(max(-1.0, lowest), min(1.0, highest), most=5):
        words = formats.signed(tick, digits=1)
        shapes.append(
            _tag("line", class_="zero" if tick == 0 else "grid", x1=left, y1=y(tick), x2=width - right, y2=y(tick))
        )
        shapes.append(_tag("text", words, class_="tick", x=left - 6, y=y(tick) + 4, text_anchor="end"))
    last = -math.inf
    for tick in (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0):
        if least <= math.sqrt(tick) <= most and x(tick) - last >= TICK_ROOM:
            last = x(tick)
            shapes.append(_tag("line", class_="grid", x1=last, y1=top, x2=last, y2=floor))
            shapes.append(
                _tag("text", formats.percent(tick), class_="tick", x=last, y=floor + 16, text_anchor="middle")
            )
    across = "Share of records that raise the theme →"
    shapes.append(_tag("text", across, class_="axis", x=width - right, y=height - 8, text_anchor="end"))
    shapes.append(_tag("text", "↑ more positive", class_="axis", x="6", y="12"))

    ordered = sorted(points, key=lambda point: (-point.share, point.number))
    discs = [_Disc(p, x(p.share), y(p.polarity), 9 + 9 * math.sqrt(max(0.0, p.share)) / most) for p in ordered]
    _move_apart(discs)
    for disc in discs:
        point, css = disc.point, tone(disc.point.polarity)
        words = f"{point.name}: {formats.percent(point.share)} of records, polarity {formats.polarity(point.polarity)}"
        circle = _tag("circle", class_=f"bubble {css}", cx=disc.x, cy=disc.y, r=disc.r)
        inside = _tag("text", str(point.number), class_=f"inside {css}", x=disc.x, y=disc.y + 4, text_anchor="middle")
        shapes.append(Markup("<g><title>{}</title>{}{}</g>").format(words, circle, inside))
    shapes += _names(discs[:labels], [disc.box for disc in discs], edges=(left, top - 8, width - 2, floor))
    return _svg(shapes, width=width, height=height, title=title, name=name, css="chart")


def _names(discs: Sequence[_Disc], bubbles_there: Sequence[Box], *, edges: Box) -> list[Markup]:
    """Place the names of bubbles at the first of four places around each where nothing else is."""
    taken, texts = list(bubbles_there), []
    for disc in discs:
        words, gap = formats.clip(disc.point.name, 36), disc.r + 4
        others, length = [other for other in taken if other != disc.box], len(words) * CHAR_WIDTH
        right_or_left = ((gap, 4.0, "start", 0.0), (-gap, 4.0, "end", length))
        above_or_below = ((0.0, -gap - 1, "middle", length / 2), (0.0, gap + 10, "middle", length / 2))
        for dx, dy, anchor, before in (*right_or_left, *above_or_below):
            x, y = disc.x + dx, disc.y + dy
            left, top = x - before, y - LINE_HEIGHT + 3
            box = (left, top, left + length, top + LINE_HEIGHT)
            inside = box[0] >= edges[0] and box[1] >= edges[1] and box[2] <= edges[2] and box[3] <= edges[3]
            if inside and not _overlaps(box, others):
                taken.append(box)
                texts.append(_tag("text", words, class_="name", x=x, y=y, text_anchor=anchor))
                break
    return texts


@dataclass(frozen=True, slots=True)
class Point:
    """A value of one period, with its 95 % interval where known."""

    period: str
    value: float | None
    low: float | None = None
    high: float | None = None
    whole: bool = True
    """False where the data covers the period only in part."""


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where values of periods lie in a picture: slots from left to right, values from ``low`` (bottom) to ``high``."""

    low: float
    high: float
    slots: int

    def x(self, index: int) -> float:
        return LEFT + ROOM * (index + 0.5) / self.slots

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)


def _ends(points: Sequence[Point], *, columns: bool, limits: tuple[float, float] | None) -> tuple[float, float]:
    """Lowest and highest value of the axis: from zero for columns, else a little beyond all intervals."""
    ends = [end for point in points for end in (point.value, point.low, point.high) if known(end)] or [0.0, 1.0]
    low, high = min(ends), max(ends)
    if columns:
        return 0.0, (high or 1.0) * 1.04
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 0.1
    low, high = low - pad, high + pad
    if limits:
        low, high = max(low, limits[0]), min(high, limits[1])
    return (low, high) if high > low else (low - 0.1, high + 0.1)


def _axes(plane: _Plane, points: Sequence[Point], write: Callable[[float | None], str]) -> list[Markup]:
    shapes = []
    for tick in _nice_ticks(plane.low, plane.high, most=3):
        y, css = plane.y(tick), "zero" if tick == 0 else "grid"
        shapes.append(_tag("line", class_=css, x1=LEFT, y1=y, x2=LEFT + ROOM, y2=y))
        shapes.append(_tag("text", write(tick), class_="tick", x=LEFT - 6, y=y + 4, text_anchor="end"))
    for index in range(0, len(points), max(1, math.ceil(len(points) / 4))):
        words, x = formats.period(points[index].period), max(plane.x(index), LEFT + 12)
        shapes.append(_tag("text", words, class_="tick", x=x, y=HEIGHT - 6, text_anchor="middle"))
    return shapes


def _columns(plane: _Plane, points: Sequence[Point]) -> list[Markup]:
    shapes, wide = [], ROOM / plane.slots * 0.72
    for index, point in enumerate(points):
        if known(point.value):
            tall, css = max(0.5, plane.y(0) - plane.y(point.value)), "column" if point.whole else "column part"
            x, y = plane.x(index) - wide / 2, plane.y(point.value)
            shapes.append(_tag("rect", class_=css, x=x, y=y, width=wide, height=tall))
    return shapes


def _line(plane: _Plane, points: Sequence[Point]) -> list[Markup]:
    """Bands first, lines and dots over them; where a period has no value, the line breaks."""
    runs: list[list[tuple[float, float, Point]]] = [[]]
    for index, point in enumerate(points):
        if known(point.value):
            runs[-1].append((plane.x(index), plane.y(point.value), point))
        else:
            runs.append([])
    bands, lines = [], []
    for run in filter(None, runs):
        banded = [(x, p.low, p.high) for x, _, p in run if known(p.low) and known(p.high)]
        if banded:
            upper = [f"{_num(x)},{_num(plane.y(high))}" for x, _, high in banded]
            lower = [f"{_num(x)},{_num(plane.y(low))}" for x, low, _ in reversed(banded)]
            bands.append(_tag("polygon", class_="band", points=" ".join(upper + lower)))
        lines.append(_tag("polyline", class_="line", points=" ".join(f"{_num(x)},{_num(y)}" for x, y, _ in run)))
        lines += [_tag("circle", class_="dot" if p.whole else "dot part", cx=x, cy=y, r="2.4") for x, y, p in run]
    return bands + lines


def course(
    points: Sequence[Point],
    *,
    name: str,
    title: str,
    write: Callable[[float | None], str],
    columns: bool = False,
    limits: tuple[float, float] | None = None,
) -> Markup:
    """Draw a number over periods: columns from zero, or a line with the band of its interval; gaps stay gaps.

    ``name`` is the id of the picture, unique in the page; ``limits`` are ends of the scale that the axis never passes.
    """
    plane = _Plane(*_ends(points, columns=columns, limits=limits), slots=max(1, len(points)))
    shapes = _axes(plane, points, write) + (_columns if columns else _line)(plane, points)
    return _svg(shapes, width=WIDTH, height=HEIGHT, title=title, name=name, css="chart course")
