"""Numbers, periods and names as people read them.

Two invariants, both tested: an unknown value is an en dash and never "nan" or "None", and the same value always reads
the same. Shares come in as fractions 0..1 and go out in percent; polarity and effects always carry their sign.
"""

from __future__ import annotations

import math
import re
import tomllib
from calendar import month_abbr
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeGuard

from textcx.domain.ratings import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNKNOWN = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"

STAGES = {
    "awareness": "Awareness",
    "consideration": "Consideration",
    "purchase": "Purchase",
    "delivery": "Delivery and onboarding",
    "use": "Use",
    "support": "Support",
    "renewal": "Renewal",
    "advocacy": "Advocacy",
    "unknown": "Stage unknown",
}
"""Titles of the stages of the default taxonomy, in journey order."""

RATING_NAMES = {"fft": "FFT", **{kind.value: facts.title for kind, facts in KINDS.items() if facts.scale}}

LANGUAGES: Mapping[str, str] = tomllib.loads(
    files("textcx.reports").joinpath("templates/languages.toml").read_text(encoding="utf-8")
)
"""Names of languages by ISO 639-1 code; others read as their code."""

MASK = re.compile("█+(?:[ .@'\u2019-]{0,2}█+)*")
"""Masked characters; those of one name, with what stands between its words."""

SMALL_SHARE = 0.01
LEAST_SHARE = 0.001
SEVERE_AT = 0.67
MODERATE_AT = 0.34
LEAST_Q = 0.001


def known(value: object) -> TypeGuard[float]:
    """Tell whether a value is a number: neither null nor NaN nor infinite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def count(value: float | None) -> str:
    """Write a whole number with thousands separators: ``1,234``."""
    return f"{value:,.0f}" if known(value) else UNKNOWN


def percent(share: float | None) -> str:
    """Write a share 0..1 in percent: ``12 %``, ``0.4 %``, ``<0.1 %``, ``99.6 %``."""
    if not known(share):
        return UNKNOWN
    if 0 < share < LEAST_SHARE:
        return f"<0.1{SPACE}%"
    digits = 1 if 0 < share < SMALL_SHARE or 1 - SMALL_SHARE < share < 1 else 0
    return f"{share * 100:.{digits}f}{SPACE}%"


def signed(value: float | None, *, digits: int = 2) -> str:
    """Write a number with its sign, zero without one: ``+0.42``, a true minus sign, ``0.00``."""
    if not known(value):
        return UNKNOWN
    rounded = round(value, digits)
    return f"{rounded:+,.{digits}f}".replace("-", MINUS) if rounded else f"{0:.{digits}f}"


polarity = signed
"""Write a polarity -1..1 with two digits and its sign."""
points = partial(signed, digits=1)
"""Write percentage points, as of a change of a share."""


def rating(value: float | None, unit: str | None) -> str:
    """Write the value of a rating in its unit: NPS ``+12``, CSAT ``71 %``, a mean ``3.42``."""
    if not known(value):
        return UNKNOWN
    if unit == "points":
        return signed(value, digits=0)
    return f"{value:.0f}{SPACE}%" if unit == "percent" else f"{value:.2f}".replace("-", MINUS)


def effect(value: float | None, unit: str | None) -> str:
    """Write a difference on a rating, always with its sign: ``+0.21``."""
    return signed(value, digits=1 if unit in {"points", "percentage points"} else 2)


def unit_words(unit: str | None) -> str:
    """Say what an effect is counted in."""
    return f"on a scale of {answers(unit)}" if unit and unit.startswith("scale ") else unit or ""


def interval(row: Mapping[str, Any], write: Callable[[float | None], str], *, of: str = "ci") -> str:
    """Write the interval in ``ci_low`` and ``ci_high`` of a row: ``+4 to +21``; empty where either end is unknown."""
    low, high = row.get(f"{of}_low"), row.get(f"{of}_high")
    return f"{write(low)} to {write(high)}" if known(low) and known(high) else ""


def in_brackets(ends: str, more: str = "") -> str:
    """Write an interval behind its value, as its 95 % interval; empty where there is none."""
    return f" (95{SPACE}%: {ends}){more}" if ends else ""


def q_value(value: float | None) -> str:
    """Write a q-value: ``0.032``, ``<0.001``."""
    if not known(value):
        return UNKNOWN
    return "<0.001" if value < LEAST_Q else f"{value:.3f}"


def severity_words(value: float | None) -> str:
    """Say a severity 0..1 in a word."""
    if not known(value):
        return "not measured"
    return "high" if value >= SEVERE_AT else "moderate" if value >= MODERATE_AT else "low"


def day(moment: datetime | None) -> str:
    """Write a date: ``4 Mar 2026``."""
    return f"{moment.day} {month_abbr[moment.month]} {moment.year}" if moment else ""


def stretch(first: datetime, last: datetime) -> str:
    """Write a stretch of days: ``on 4 Mar 2026``, ``from 4 to 6 Mar 2026``, ``from 28 Feb to 2 Mar 2026``."""
    if first.date() == last.date():
        return f"on {day(first)}"
    begin = day(first)
    if first.year == last.year:
        begin = f"{first.day}" if first.month == last.month else f"{first.day} {month_abbr[first.month]}"
    return f"from {begin} to {day(last)}"


def period(name: str | None) -> str:
    """Write the name of a period: ``2026-03`` as ``Mar 2026``, ``2026-W12`` as ``week 12, 2026``."""
    if not name:
        return UNKNOWN
    if match := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", name):
        return f"{month_abbr[int(match[2])]} {match[1]}"
    if match := re.fullmatch(r"(\d{4})-W(\d{2})", name):
        return f"week {int(match[2])}, {match[1]}"
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", name):
        return f"Q{match[2]} {match[1]}"
    try:
        return day(datetime.fromisoformat(name)) if re.match(r"\d{4}-\d{2}-\d{2}", name) else clip(name, 40)
    except ValueError:
        return clip(name, 40)


def rating_name(name: str) -> str:
    """Write the name of a rating: ``nps`` as ``NPS``, ``ease_of_use`` as ``Ease of use``."""
    return RATING_NAMES.get(name) or sentence(clip(name.replace("_", " ").strip(), 60))


def stage_name(stage: str | None) -> str:
    """Write the title of a stage; stages of an edited taxonomy read as their id."""
    return STAGES.get(stage or "unknown") or rating_name(stage or "")


def scale_of(unit: str | None) -> tuple[float, float] | None:
    """Return the ends of the scale a unit names, where it names one."""
    named = next((kind for kind in KINDS.values() if unit and kind.unit == unit), None)
    if named is not None:
        return named.value or named.scale
    match = re.match(r"scale (-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)", unit or "")
    return (float(match[1]), float(match[2])) if match else None


def answers(unit: str | None) -> str:
    """Say between which answers a mean lies: ``1 to 5``; empty for a value that is no mean."""
    if unit and unit.startswith("scale "):
        return unit.removeprefix("scale ").replace("..", " to ")
    means = {kind.unit: kind.scale for kind in KINDS.values() if kind.unit and kind.value is None}
    scale = means.get(unit or "")
    return f"{scale[0]:g} to {scale[1]:g}" if scale else ""


def low_is_best(unit: str | None) -> bool:
    """Tell whether a smaller value is the better one, as on a scale of 1 = very good .. 5 = very poor."""
    return "is best" in (unit or "")


def clip(text: str, length: int) -> str:
    """Shorten a text to a number of characters, at a word's end where there is one."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > length // 2 else cut).rstrip(" ,;:.") + "…"


def plural(number: int | None, one: str, many: str | None = None) -> str:
    """Write a count with its noun: ``1 record``, ``1,234 records``."""
    noun = one if number == 1 else many or f"{one}s"
    return f"{count(number)}{SPACE}{noun}"


def unmask(text: str) -> str:
    """Write masked characters as one word, where a text can hold no markup."""
    return MASK.sub("[redacted]", text) if "█" in text else text


def sentence(text: str) -> str:
    """Let a text begin with a capital letter."""
    return text[:1].upper() + text[1:]


def joined(parts: Mapping[str, int], *, most: int = 8) -> str:
    """Write counts by name, most frequent first: ``survey 120, review 80``, and how many names are left out."""
    ordered = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    words = ", ".join(f"{clip(name, 40)} {count(number)}" for name, number in ordered[:most])
    return f"{words} and {count(len(ordered) - most)} more" if len(ordered) > most else words
