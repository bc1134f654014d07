"""How urgently a negative record needs a person: 0 to 100 points, as a sum that anybody can check.

    severity            up to 40: 40 x the severity of the worst pain
    consequence words   up to 20: of what the customer says happened, the gravest weigh most
    customer value      up to 15: 15 x the share of known customers who are worth less
    age                 up to 10: grows over seven days without an answer
    repeated contact    up to 10: 5 for each earlier negative record of the respondent, or for saying so
    unanswered question       5: the customer asks something

Only negative records, and others with a severe pain, can need a person; of these, only those with a reason beyond their
tone: a severe pain, a consequence, repeated contact or a question. Every reason is spelled out with its points.

Invariants, tested: the score is the sum of the points and lies within 0..100; a further reason, a higher severity,
a higher value or a greater age never lowers it; the time of day changes nothing but the age.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from textcx.domain.service.datasets import Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from textcx.domain.lexicons.pains import PainLexicon

SEVERITY_POINTS, CONSEQUENCE_POINTS, VALUE_POINTS = 40.0, 20.0, 15.0
AGE_POINTS, CONTACT_POINTS, QUESTION_POINTS = 10.0, 10.0, 5.0
EACH_CONTACT = 5.0
FULL_AGE = timedelta(days=7)
"""After so long without an answer, waiting longer adds nothing."""
LOOK_BACK = timedelta(days=90)
"""How far back an earlier negative record counts as the same matter."""
SEVERE = 0.5
"""Severity from which a pain alone is a reason to look."""
_AGAIN = "repeated_contact"
"""Id of the consequence that tells earlier contacts."""
_LESSER = 0.25
"""What each consequence after the gravest one adds, as a share of its own points."""
SHOWN_DIGITS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of a record when its urgency is judged.

    ``severities`` (0..1) and ``reasons`` are those of its pains, ``text`` is redacted, ``value_rank`` the share of
    known customers who are worth less (0..1, null where the value is not known), ``created_at`` when it was said or
    else came in (UTC), ``earlier`` the number of negative records of the same respondent in the ``LOOK_BACK`` before.
    """

    label: str | None
    severities: Sequence[float]
    reasons: Sequence[str]
    text: str
    value_rank: float | None
    created_at: datetime
    earlier: int


def judge_urgency(case: Case, *, lexicon: PainLexicon, now: datetime) -> Urgency | None:
    """Judge how urgently a record needs a person; null where it needs nobody."""
    worst = max(case.severities, default=0.0)
    if case.label != "negative" and worst < SEVERE:
        return None
    repeated = any(one.id == _AGAIN and one.reason in case.reasons for one in lexicon.consequences)
    found = [*_consequences(case.reasons, lexicon), *_contact(case.earlier, repeated=repeated)]
    if lexicon.statements.question.search(case.text):
        found.append(_reason("unanswered question", "asks a question", QUESTION_POINTS))
    if worst < SEVERE and not found:
        return None
    if case.value_rank is not None:
        detail = f"worth more than {100 * case.value_rank:.0f} % of customers"
        found.append(_reason("customer value", detail, VALUE_POINTS * case.value_rank))
    grade = "severe" if worst >= 0.75 else "serious" if worst >= SEVERE else "light"  # noqa: PLR2004 - words for people
    severity = _reason("severity", f"{grade} pain, severity {worst:.2f}", SEVERITY_POINTS * worst)
    return _urgency([severity, *found, _age(case.created_at, now=now)])


def _urgency(reasons: Sequence[Mapping[str, Any]]) -> Urgency:
    """Sum up reasons, the weightiest first; those without points are left out."""
    kept = sorted((dict(reason) for reason in reasons if reason["points"] > 0), key=lambda one: -one["points"])
    return Urgency(score=round(sum(one["points"] for one in kept), SHOWN_DIGITS), reasons=tuple(kept))


def aged(urgency: Urgency, *, created_at: datetime, now: datetime) -> Urgency:
    """Return the same urgency with the age that the record has by now."""
    rest = [reason for reason in urgency.reasons if reason["kind"] != "age"]
    return _urgency([*rest, _age(created_at, now=now)])


def _age(created_at: datetime, *, now: datetime) -> dict[str, Any]:
    """Return the points for waiting; none for a record from the future."""
    waited = max(now - created_at, timedelta(0))
    detail = f"{waited.days} day{'s' if waited.days > 1 else ''} old" if waited.days else "less than a day old"
    return _reason("age", detail, AGE_POINTS * min(1.0, waited / FULL_AGE))


def value_rank(value: float | None, marks: Sequence[float]) -> float | None:
    """Return the share of other customers who are worth less, 0..1; null without a value or without others.

    ``marks``: their values, or quantiles of them.
    """
    if value is None or not marks:
        return None
    return sum(mark < value for mark in marks) / len(marks)


def _consequences(reasons: Sequence[str], lexicon: PainLexicon) -> list[dict[str, Any]]:
    points = {one.reason: one.urgency for one in lexicon.consequences if one.urgency and one.reason in reasons}
    if not points:
        return []
    gravest_first = sorted(points, key=lambda reason: (-points[reason], reason))
    most, *lesser = (points[reason] for reason in gravest_first)
    total = min(CONSEQUENCE_POINTS, most + _LESSER * sum(lesser))
    return [_reason("consequence", ", ".join(reason.removeprefix("consequence: ") for reason in gravest_first), total)]


def _contact(earlier: int, *, repeated: bool) -> list[dict[str, Any]]:
    if not earlier and not repeated:
        return []
    detail = f"{earlier} earlier negative record{'s' if earlier > 1 else ''} in {LOOK_BACK.days} days"
    if repeated:
        detail = f"{detail}, and says so" if earlier else "says that it is not the first time"
    return [_reason("repeated contact", detail, min(CONTACT_POINTS, EACH_CONTACT * (earlier + repeated)))]


def _reason(kind: str, detail: str, points: float) -> dict[str, Any]:
    return {"kind": kind, "detail": detail, "points": round(points, SHOWN_DIGITS)}
