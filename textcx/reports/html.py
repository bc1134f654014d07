"""The report: one self-contained page for a person with three minutes.

Invariants, all tested: the page loads nothing from anywhere and runs no script (its content security policy says so);
whatever stands in a verbatim, a name or a file name stays text; the same analysis gives the same bytes; lists and
quotes are capped, so that the page stays far below 6 MB however large the input is.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from textcx.reports import accounts, charts, findings, formats, measures, phrases
from textcx.reports.lookup import Lookup

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis

MOST_NOTES = 30


def _readable(value: object) -> object:
    """Texts come with masked characters as a word; quotes are markup already, with a label of their own."""
    return formats.unmask(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("textcx.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_readable,
    )
    environment.globals |= {"f": formats, "charts": charts, "phrases": phrases}
    return environment


@cache
def _style() -> tuple[Markup, str]:
    """The style sheet and its hash for the content security policy."""
    source = _environment().get_template("report.css").render().strip()
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")
    return Markup(source), f"sha256-{digest}"  # noqa: S704 - our own file, no data in it


def _period(look: Lookup) -> str:
    ends: dict[str, Any] = look.headline.get("period") or {}
    first, last = formats.period(str(ends.get("first") or "")), formats.period(str(ends.get("last") or ""))
    if formats.UNKNOWN in {first, last}:
        return ""
    return first if first == last else f"{first} to {last}"


def _title(look: Lookup) -> str:
    names = [str(entry.get("name", "")) for entry in look.manifest.get("inputs") or []]
    return formats.clip(str(look.manifest.get("title") or ", ".join(names[:3]) or "Customer feedback"), 120)


PEOPLE_KNOWN = {
    "attributes": "The file does not say who wrote what, so records with the same attributes count as one person's.",
    "nothing": "The file does not say who wrote what: where people wrote more than once, intervals are too narrow.",
}
"""What to know of the intervals, by what tells whose records are whose."""


def render(analysis: Analysis) -> str:
    """Render the report, a complete HTML page below 6 MB; tables may be empty or, beyond the declared ones, absent."""
    look = Lookup(analysis)
    style, digest = _style()
    template = _environment().get_template("report.html.j2")
    return template.render(
        look=look,
        style=style,
        style_hash=digest,
        title=_title(look),
        period=_period(look),
        sources=formats.joined(look.headline.get("sources") or {}),
        headline=look.headline,
        has_records=look.counted > 0,
        rated=bool(look.overall),
        leading=look.leading and formats.rating_name(look.leading),
        people_known=PEOPLE_KNOWN.get(str(look.headline.get("people_known_by")), ""),
        alarms=f"{(analysis.manifest.get('settings') or {}).get('alarms_a_year', 1.0):g}",
        masked=bool((analysis.manifest.get("settings") or {}).get("redact", True)),
        cards=measures.cards(look),
        shares=measures.shares(look),
        takeaways=phrases.takeaways(look),
        doubts=phrases.doubts(look),
        notes=tuple(formats.clip(note, accounts.LINE_LENGTH) for note in analysis.notes[:MOST_NOTES]),
        pains=findings.pains(look),
        feelings=measures.feelings(look),
        themes=findings.themes(look),
        journey=measures.journey(look),
        driver_charts=measures.drivers(look),
        trends=measures.trends(look),
        groups=findings.groups(look),
        praise=findings.praise(look),
        requests=findings.requests(look),
        left_out=accounts.left_out(look),
        inputs=accounts.inputs(look),
        run=accounts.run(look),
    )
