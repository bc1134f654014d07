"""Where the report's numbers come from: what came in, what was left out and why, how columns were read, how it ran.

Invariant, tested: records in = analyzed + unprocessable, written out so that a reader can add it up.
"""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from textcx.reports import formats, phrases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textcx.reports.lookup import Lookup, Quote

MOST_LINES = 40
LINE_LENGTH = 400
MOST_LANGUAGES = 12
MOST_SETTINGS = 80
MOST_CAMPAIGNS = 5

PARTS = {
    "text": "Text",
    "id": "Id",
    "date": "Date",
    "source_column": "Source",
    "respondent": "Respondent",
    "touchpoint": "Touchpoint",
    "customer_value": "Customer value",
    "question_column": "Question",
    "ratings": "Ratings",
    "attributes": "Attributes",
    "ignored": "Not used",
}

REASONS = {
    "empty": "No text",
    "not_an_answer": "Not an answer (“n/a”, “-” and the like)",
    "language_unsupported": "Another language than English",
    "unreadable_row": "Unreadable row",
}


def _lines(lines: Iterable[object]) -> tuple[str, ...]:
    distinct = list(dict.fromkeys(formats.clip(str(line), LINE_LENGTH) for line in lines))
    if len(distinct) > MOST_LINES:
        more = len(distinct) - MOST_LINES
        return (*distinct[:MOST_LINES], f"… and {formats.count(more)} more in manifest.json")
    return tuple(distinct)


def left_out(look: Lookup) -> SimpleNamespace:
    """Add up what came in and what was left out: ``reasons`` with count and what to do, sentences about the rest.

    ``campaigns``: a sentence about each, with a quote; ``more_campaigns``: how many others there are.
    """
    head, manifest = look.headline, look.manifest
    by_reason: Mapping[str, int] = head.get("unprocessable") or {}
    hints: dict[str, Counter[str]] = {}
    for broken in look.analysis.unprocessable:
        hints.setdefault(str(broken.reason), Counter())[broken.hint] += 1
    reasons = []
    for reason, many in sorted(by_reason.items(), key=lambda item: (-item[1], item[0])):
        hint = min(hints.get(str(reason), Counter()).items(), key=lambda item: (-item[1], item[0]), default=("", 0))[0]
        name = REASONS.get(str(reason)) or formats.rating_name(str(reason))
        reasons.append((name, formats.count(many), formats.sentence(formats.clip(hint, LINE_LENGTH))))
    languages = dict(head.get("languages") or {})
    others = {formats.LANGUAGES.get(str(code), str(code)): n for code, n in languages.items() if code != "en"}
    asides = (
        ("Duplicates, kept but not counted in findings", formats.count, head.get("duplicates")),
        ("Segments without a theme", formats.percent, head.get("unassigned_share")),
        ("Records without a date, not in trends", formats.count, head.get("undated")),
        ("Segments of a word or two that name nothing", formats.percent, manifest.get("short_share")),
        ('Segments without a topic ("love it", "thanks")', formats.percent, manifest.get("boilerplate_share")),
    )
    warnings = [warning for plan in _plans(look) for warning in plan.get("warnings") or ()]
    return SimpleNamespace(
        reasons=reasons,
        unprocessable=sum(by_reason.values()),
        languages=formats.joined(others, most=MOST_LANGUAGES),
        also=[(name, write(value)) for name, write, value in asides if formats.known(value)],
        campaigns=_campaigns(look),
        more_campaigns=max(0, look.table("campaigns").height - MOST_CAMPAIGNS),
        warnings=_lines([*warnings, *(manifest.get("warnings") or ())]),
    )


def _campaigns(look: Lookup) -> list[tuple[str, tuple[Quote, ...]]]:
    return [
        (f"{phrases.campaign_words(row)}:", look.book.quotes(row["evidence"], most=1))
        for row in look.rows("campaigns", most=MOST_CAMPAIGNS)
    ]


def _plans(look: Lookup) -> list[Mapping[str, Any]]:
    return [plan for plan in look.manifest.get("columns") or [] if isinstance(plan, dict)]


def _columns(part: str, value: object) -> str:
    """Say which columns a part was read from."""
    if not isinstance(value, list | tuple):
        return formats.clip(str(value), 80) if value else ""
    names = [_column(part, item) if isinstance(item, dict) else formats.clip(str(item), 60) for item in value]
    shown = "; ".join(names[:MOST_LINES])
    return shown + (f"; and {len(names) - MOST_LINES} more" if len(names) > MOST_LINES else "")


def _column(part: str, item: Mapping[str, Any]) -> str:
    column = formats.clip(str(item.get("column")), 60)
    if part != "ratings":
        return column + (f" (“{formats.clip(str(item['question']), 100)}”)" if item.get("question") else "")
    turned = ", low end is best" if item.get("reversed") else ""
    low, high = item.get("low"), item.get("high")
    scale = f" ({low:g} to {high:g}{turned})" if formats.known(low) and formats.known(high) else ""
    return f"{formats.rating_name(str(item.get('name')))} from {column}{scale}"


def inputs(look: Lookup) -> list[SimpleNamespace]:
    """Collect the files: name, number of records, and ``parts`` (part, columns, why)."""
    plans = _plans(look)
    files = []
    for position, entry in enumerate((look.manifest.get("inputs") or [])[:MOST_LINES]):
        plan = plans[position] if position < len(plans) else {}
        reasons: Mapping[str, Any] = plan.get("reasons") or {}
        parts = [
            (title, columns, formats.clip(str(reasons.get(part, "")), LINE_LENGTH))
            for part, title in PARTS.items()
            if (columns := _columns(part, plan.get(part)))
        ]
        name, facts = formats.clip(str(entry.get("name", "")), 120), formats.plural(entry.get("rows"), "record")
        files.append(SimpleNamespace(name=name, facts=facts, parts=parts))
    return files


def _model(model: object) -> str:
    if isinstance(model, dict):
        model = ", ".join(f"{key} {value}" for key, value in model.items() if value is not None)
    return formats.clip(str(model), LINE_LENGTH)


def run(look: Lookup) -> SimpleNamespace:
    """Collect how the analysis ran: models, settings, ``stages`` (name, seconds, peak memory in MiB), versions."""
    manifest = look.manifest
    settings = sorted((manifest.get("settings") or {}).items())[:MOST_SETTINGS]
    stages = [
        (
            formats.rating_name(str(stage.get("stage"))),
            f"{stage.get('seconds') or 0:.1f}",
            formats.count(stage.get("peak_memory_mib")),
        )
        for stage in (manifest.get("stages") or [])[:MOST_LINES]
    ]
    facts = (("textcx", "textcx_version"), ("Made", "created_at"), ("Seed", "seed"))
    return SimpleNamespace(
        models=_lines(_model(model) for model in manifest.get("models") or ()),
        settings=[(formats.clip(str(key), 60), formats.clip(str(value), 160)) for key, value in settings],
        stages=stages,
        facts=[
            (name, formats.clip(str(manifest[key]), 80)) for name, key in facts if manifest.get(key) not in {None, ""}
        ],
    )
