"""Where the report's numbers come from: what came in, what was left out and why, how columns were read, how it ran.

Invariant, tested: records in = analyzed + unprocessable, written out so that a reader can add it up.
"""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from textcx.reports import formats
from textcx.reports.lookup import number, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textcx.reports.lookup import Lookup

MOST_LINES = 40
LINE_LENGTH = 400
MOST_LANGUAGES = 12
MOST_SETTINGS = 80

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


def _lines(lines: Iterable[object]) -> tuple[str, ...]:
    distinct = list(dict.fromkeys(formats.clip(str(line), LINE_LENGTH) for line in lines))
    if len(distinct) > MOST_LINES:
        more = len(distinct) - MOST_LINES
        return (*distinct[:MOST_LINES], f"… and {formats.count(more)} more in manifest.json")
    return tuple(distinct)


def left_out(look: Lookup) -> SimpleNamespace:
    """Add up what came in and what was left out: ``reasons`` with count and what to do, sentences about the rest."""
    head = look.headline
    by_reason: Mapping[str, int] = head.get("unprocessable") or {}
    hints: dict[str, Counter[str]] = {}
    for broken in look.analysis.unprocessable:
        hints.setdefault(str(broken.reason), Counter())[broken.hint] += 1
    reasons = []
    for reason, many in sorted(by_reason.items(), key=lambda item: (-item[1], item[0])):
        common = sorted(hints.get(str(reason), Counter()).items(), key=lambda item: (-item[1], item[0]))
        hint = formats.clip(common[0][0], LINE_LENGTH) if common else ""
        reasons.append((formats.reason_name(str(reason)), formats.count(many), formats.sentence(hint)))
    languages = dict(head.get("languages") or {})
    others = {formats.LANGUAGES.get(str(code), str(code)): n for code, n in languages.items() if code != "en"}
    asides = (
        ("Duplicates, kept but not counted in findings", formats.count, whole(head.get("duplicates"))),
        ("Segments without a theme", formats.percent, number(head.get("unassigned_share"))),
        ("Records without a date, not in trends", formats.count, whole(head.get("undated"))),
        ("Segments of a word or two that name nothing", formats.percent, number(look.manifest.get("short_share"))),
        (
            'Segments without a topic ("love it", "thanks")',
            formats.percent,
            number(look.manifest.get("boilerplate_share")),
        ),
    )
    warnings = [warning for plan in _plans(look) for warning in plan.get("warnings") or ()]
    return SimpleNamespace(
        records_in=formats.count(whole(head.get("records_in"))),
        analyzed=formats.count(whole(head.get("analyzed"))),
        reasons=reasons,
        unprocessable=formats.count(sum(by_reason.values())),
        languages=formats.joined(others, most=MOST_LANGUAGES),
        also=[(name, write(value)) for name, write, value in asides if value is not None],
        warnings=_lines([*warnings, *(look.manifest.get("warnings") or ())]),
    )


def _plans(look: Lookup) -> list[Mapping[str, Any]]:
    return [plan for plan in look.manifest.get("columns") or [] if isinstance(plan, dict)]


def _columns(part: str, value: object) -> str:
    if value is None or value in ("", [], ()):
        return ""
    if not isinstance(value, list | tuple):
        return formats.clip(str(value), 80)
    names = []
    for item in value:
        if not isinstance(item, dict):
            names.append(formats.clip(str(item), 60))
        elif part == "ratings":
            turned = ", low end is best" if item.get("reversed") else ""
            low, high = number(item.get("low")), number(item.get("high"))
            scale = f" ({low:g} to {high:g}{turned})" if low is not None and high is not None else ""
            names.append(
                f"{formats.rating_name(str(item.get('name')))} from {formats.clip(str(item.get('column')), 60)}{scale}"
            )
        else:
            question = f" (“{formats.clip(str(item['question']), 100)}”)" if item.get("question") else ""
            names.append(formats.clip(str(item.get("column")), 60) + question)
    shown = "; ".join(names[:MOST_LINES])
    return shown + (f"; and {len(names) - MOST_LINES} more" if len(names) > MOST_LINES else "")


def inputs(look: Lookup) -> list[SimpleNamespace]:
    """Collect the files: name, number of records, and ``parts`` (part, columns, why)."""
    plans = _plans(look)
    files = []
    for position, entry in enumerate((look.manifest.get("inputs") or [])[:MOST_LINES]):
        plan = plans[position] if position < len(plans) else {}
        reasons: Mapping[str, Any] = plan.get("reasons") or {}
        files.append(
            SimpleNamespace(
                name=formats.clip(str(entry.get("name", "")), 120),
                facts=formats.plural(whole(entry.get("rows")), "record"),
                parts=[
                    (title, columns, formats.clip(str(reasons.get(part, "")), LINE_LENGTH))
                    for part, title in PARTS.items()
                    if (columns := _columns(part, plan.get(part)))
                ],
            )
        )
    return files


def _model(model: object) -> str:
    if not isinstance(model, dict):
        return formats.clip(str(model), LINE_LENGTH)
    return formats.clip(", ".join(f"{key} {value}" for key, value in model.items() if value is not None), LINE_LENGTH)


def run(look: Lookup) -> SimpleNamespace:
    """Collect how the analysis ran: models, settings, ``stages`` (name, seconds, peak memory in MiB), versions."""
    manifest = look.manifest
    settings: Mapping[str, object] = manifest.get("settings") or {}
    facts = (("textcx", "textcx_version"), ("Made", "created_at"), ("Seed", "seed"))
    return SimpleNamespace(
        models=_lines(_model(model) for model in manifest.get("models") or ()),
        settings=[
            (formats.clip(str(key), 60), formats.clip(str(settings[key]), 160))
            for key in sorted(settings)[:MOST_SETTINGS]
        ],
        stages=[
            (
                formats.rating_name(str(stage.get("stage"))),
                f"{number(stage.get('seconds')) or 0:.1f}",
                formats.count(number(stage.get("peak_memory_mib"))),
            )
            for stage in (manifest.get("stages") or [])[:MOST_LINES]
        ],
        facts=[
            (name, formats.clip(str(manifest[key]), 80)) for name, key in facts if manifest.get(key) not in {None, ""}
        ],
    )
