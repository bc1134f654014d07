"""Dates as files hold them: which formats a column uses, and reading it value by value.

The values themselves show whether day or month comes first; where none does, the day is taken to come first, with a
warning. Values without a time zone are UTC. What fits no format of the column is null, never a guess.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from textcx.domain.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ISO = "ISO 8601"
EPOCH = "epoch"
EPOCH_MS = "epoch_ms"
_PER_SECOND = {EPOCH: 1, EPOCH_MS: 1000}

_ISO_SHAPE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?\s?(?:Z|[+-]\d\d(?::?\d\d)?)?)?$", re.ASCII
)
_EPOCH_SHAPE = re.compile(r"(\d{10})(?:\.\d+)?$", re.ASCII)
_EPOCH_MS_SHAPE = re.compile(r"\d{13}$", re.ASCII)
_NUMERIC = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})(.*)$", re.ASCII)
_DAY_MONTH = re.compile(r"(?:([a-z]{3,9}) )?(\d{1,2})([ -])([a-z]{3,9})\3(\d{4}|\d\d)(.*)$", re.ASCII | re.IGNORECASE)
_MONTH_DAY = re.compile(r"(?:([a-z]{3,9}) )?([a-z]{3,9}) (\d{1,2}) (\d{4})(.*)$", re.ASCII | re.IGNORECASE)
_TIME = re.compile(
    r"([T ])?(?:at )?(\d{1,2}):\d\d(:\d\d)?([.]\d{1,6})?( ?[ap]m)?( ?(?:Z|[+-]\d\d:?\d\d))?$", re.IGNORECASE
)
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b", re.IGNORECASE)
_LETTERS = re.compile(r"[a-z]{3}", re.IGNORECASE)
_FIXED_SHAPES = (
    (_ISO_SHAPE, ISO),
    (_EPOCH_MS_SHAPE, EPOCH_MS),
    (_EPOCH_SHAPE, EPOCH),
    (re.compile(r"\d{4}-\d\d$", re.ASCII), "%Y-%m"),
    (re.compile(r"(?ai)[a-z]{3} [a-z]{3} \d{1,2} \d\d:\d\d:\d\d [+-]\d{4} \d{4}$"), "%a %b %d %H:%M:%S %z %Y"),
)
_ORDER = {True: "day", False: "month"}
_LONGEST = 45
_SHORT_MONTH, _LAST_MONTH = 3, 12
_CENTURIES = (1900, 2200)


@dataclass(frozen=True, slots=True)
class DateReading:
    """How to read a column of dates."""

    formats: tuple[str, ...]  # strptime patterns, ``ISO``, ``EPOCH`` or ``EPOCH_MS``, most frequent first
    doubts: tuple[str, ...] = ()  # sentences for the reader
    share: float = 1.0  # part of the sampled values that could be read, 0..1
    given: bool = False  # the user named the format, and nothing else is read
    day_first: bool = True  # how numbers that could be either are read
    bare_day_first: bool = True  # the same without leading zeros: exports from two tools mix "31/05/2022", "5/31/2022"

    def read(self, values: Iterable[str | None]) -> tuple[list[datetime | None], int, int]:
        """Read cells of the column.

        Returns:
            Instants in UTC, null where there is none; how many cells that are not empty could not be read; and how many
            have day and month in the other order than the column, for certain.
        """
        known: dict[str, tuple[datetime | None, bool]] = {}
        instants: list[datetime | None] = []
        failed = turned = 0
        for value in values:
            if value is None or not value.strip():
                instants.append(None)
                continue
            if value not in known:
                known[value] = self._one(value.strip())
            instant, other_way = known[value]
            failed += instant is None
            turned += other_way
            instants.append(instant)
        return instants, failed, turned

    def _one(self, value: str) -> tuple[datetime | None, bool]:
        if self.given:
            return _read(value, self.formats[0]) or _read(normal_form(value), self.formats[0]), False
        plain = normal_form(value)
        shape = _shape(plain)
        if shape is None or (shape.pattern in _PER_SECOND and shape.pattern not in self.formats):
            return None, False
        wanted = self.bare_day_first if shape.bare else self.day_first
        day_first = wanted if shape.day_first is None else shape.day_first
        return _read(plain, _ordered(shape.pattern, day_first=day_first)), day_first != wanted


class _Shape(NamedTuple):
    """The pattern of one value; ``day_first`` where its own numbers tell, ``bare`` where a leading zero is left out."""

    pattern: str
    day_first: bool | None = None
    open_order: bool = False
    bare: bool = False


def _ordered(pattern: str, *, day_first: bool) -> str:
    one, two = ("%d", "%m") if day_first else ("%m", "%d")
    return pattern.replace("{first}", one).replace("{second}", two)


def given_format(date_format: str) -> DateReading:
    """Read dates in the format a user named, a ``BadSetting`` where it is no strptime pattern."""
    if date_format.casefold() in {"iso", "iso 8601", "iso8601"}:
        return DateReading((ISO,), given=True)
    sample = datetime(2024, 1, 31, 13, 45, tzinfo=UTC)
    known = date_format in _PER_SECOND
    if "%" in date_format:
        with suppress(ValueError):
            known = bool(datetime.strptime(sample.strftime(date_format), date_format).replace(tzinfo=UTC))
    if not known:
        msg = (
            f"--date-format {date_format!r} is no date pattern; expected something like '%d/%m/%Y' or "
            f"'%Y-%m-%d %H:%M', 'ISO 8601', {EPOCH!r} or {EPOCH_MS!r}"
        )
        raise BadSetting(msg)
    return DateReading((date_format,), given=True)


def find_formats(values: Sequence[str], *, column: str) -> DateReading | None:
    """Find the formats of a column from some of its cells that are not empty; null where none looks like a date."""
    found = [shape for value in values if (shape := _shape(normal_form(value.strip()))) is not None]
    if not found:
        return None
    shapes = Counter(shape.pattern for shape in found)
    certain = Counter((shape.bare, shape.day_first) for shape in found if shape.day_first is not None)
    day, month = (certain[False, order] + certain[True, order] for order in (True, False))
    halves = any(pattern.endswith("%p") and "{first}" in pattern for pattern in shapes)
    dotted = any("{first}." in pattern for pattern in shapes)
    day_first = day >= month if day or month else dotted or not halves
    bare_day, bare_month = certain[True, True], certain[True, False]
    bare_day_first = bare_day >= bare_month if bare_day or bare_month else day_first
    doubts = []
    if day and month:
        bare = "" if day_first == bare_day_first else f", without leading zeros with the {_ORDER[bare_day_first]} first"
        doubts.append(
            f"{column!r} mixes dates with the day first ({day} for certain) and the month first "
            f"({month} for certain); those that could be either are read with the {_ORDER[day_first]} first{bare}"
        )
    elif any(shape.open_order for shape in found) and not (day or month or dotted):
        commonest = next(pattern for pattern, _ in shapes.most_common() if "{first}" in pattern)
        other = _ordered(commonest, day_first=not day_first)
        doubts.append(
            f"{column!r} could have the day or the month first, no value tells; read with the {_ORDER[day_first]} "
            f"first, for the other order give --date-format '{other}'"
        )
    kinds = sorted({_kind(pattern) for pattern in shapes})
    if len(kinds) > 1:
        doubts.append(f"{column!r} mixes date formats ({', '.join(kinds)}); each value is read by its own")
    patterns = sorted(shapes, key=lambda pattern: (-shapes[pattern], pattern))
    formats = tuple(dict.fromkeys(_ordered(pattern, day_first=day_first) for pattern in patterns))
    reading = DateReading(formats, tuple(doubts), day_first=day_first, bare_day_first=bare_day_first)
    _, failed, _ = reading.read(values)
    return replace(reading, share=1 - failed / len(values))


def normal_form(value: str) -> str:
    """Bring a date to the form patterns are written for: no ordinals, no commas, "UTC" as Z, single spaces."""
    if len(value) > _LONGEST:
        return value
    plain = " ".join(value.removesuffix(" UTC").removesuffix(" GMT").split())
    if _LETTERS.search(plain):
        plain = _ORDINAL.sub(r"\1", plain.replace(",", " ").replace("Sept ", "Sep ").replace(". ", " "))
        plain = " ".join(plain.split())
    return plain


def _shape(value: str) -> _Shape | None:
    if len(value) > _LONGEST:
        return None
    for fixed, pattern in _FIXED_SHAPES:
        if fixed.match(value):
            return _Shape(pattern)
    if match := _NUMERIC.match(value):
        return _numeric_shape(match)
    if (match := _DAY_MONTH.match(value)) and (time := _time(match[6])) is not None:
        return _Shape(f"{_weekday(match[1])}%d{match[3]}{_month(match[4])}{match[3]}{_year(match[5])}{time}")
    if (match := _MONTH_DAY.match(value)) and (time := _time(match[5])) is not None:
        return _Shape(f"{_weekday(match[1])}{_month(match[2])} %d %Y{time}")
    return None


def _numeric_shape(match: re.Match[str]) -> _Shape | None:
    one, mark, two, three, rest = match.groups()
    time = _time(rest)
    if time is None:
        return None
    if len(one) == len("2024"):
        return _Shape(f"%Y{mark}%m{mark}%d{time}")
    if len(one) > len("31") or len(three) not in {len("24"), len("2024")}:
        return None
    first, second = int(one), int(two)
    day_first = None if (first > _LAST_MONTH) == (second > _LAST_MONTH) else first > _LAST_MONTH
    return _Shape(
        f"{{first}}{mark}{{second}}{mark}{_year(three)}{time}",
        day_first=day_first,
        open_order=day_first is None and first != second,
        bare=len(one) == 1 or len(two) == 1,
    )


def _year(digits: str) -> str:
    return "%Y" if len(digits) == len("2024") else "%y"


def _time(rest: str) -> str | None:
    if not rest:
        return ""
    match = _TIME.match(rest)
    if match is None or not match[1]:
        return None
    at = "at " if "at " in rest else ""
    hour = "%I" if match[5] else "%H"
    optional = ((3, ":%S"), (4, ".%f"), (5, "%p"), (6, "%z"))
    ends = (f"{' ' * match[group].startswith(' ')}{sign}" for group, sign in optional if match[group])
    return f"{match[1]}{at}{hour}:%M{''.join(ends)}"


def _weekday(word: str | None) -> str:
    if word is None:
        return ""
    return "%a " if len(word) == _SHORT_MONTH else "%A "


def _month(word: str) -> str:
    return "%b" if len(word) == _SHORT_MONTH else "%B"


def _kind(pattern: str) -> str:
    if pattern in (ISO, "%Y-%m") or pattern.startswith("%Y"):
        return "year first"
    if pattern in _PER_SECOND:
        return "seconds since 1970"
    return "numbers" if "{first}" in pattern else "month names"


def _read(value: str, pattern: str) -> datetime | None:
    try:
        if pattern == ISO:
            if not _ISO_SHAPE.match(value):
                return None
            instant = datetime.fromisoformat(value[:11] + value[11:].replace(",", ".").replace(" ", ""))
        elif pattern in _PER_SECOND:
            if not (_EPOCH_SHAPE.match(value) or _EPOCH_MS_SHAPE.match(value)):
                return None
            instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(value) / _PER_SECOND[pattern])
        else:
            instant = datetime.strptime(value, pattern)  # noqa: DTZ007  it may have a zone of its own
        if not _CENTURIES[0] <= instant.year < _CENTURIES[1]:
            return None
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
