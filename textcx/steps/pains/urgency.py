"""How urgently a negative record needs a person: 0 to 100 points, as a sum that anybody can check.

    safety                   40: harm, danger, discrimination or exposed data, told anywhere in the record
    severity            up to 28: 28 x the severity of the worst pain
    consequence words   up to  7: of what the customer says happened, the gravest weigh most
    customer value      up to  6: 6 x the share of known customers who are worth less
    leaving             up to  5: the customer says that they left, will leave or may
    repeated contact    up to  5: 2.5 for each earlier negative record of the respondent, or for saying so
    age                 up to  4: grows over seven days without an answer
    emotion             up to  3: 3 x the probability of the strongest of anger, disappointment and confusion
    unanswered question        2: the customer asks something

A record of safety comes before all others, whatever else they tell.

Only negative records, and others with a severe pain, can need a person; of these, only those with a reason beyond their
tone: a severe pain, a consequence, repeated contact or a question; an emotion is tone. Every reason is spelled out with
its points.

Invariants, tested: the score is the sum of the points and lies within 0..100; a further reason, a higher severity,
a higher value or a greater age never lowers it; the time of day changes nothing but the age.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from textcx.domain.lexicons.pains import ELSEWHERE, LEAVING, MOST_URGENT, SAFETY
from textcx.domain.service.datasets import Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from textcx.domain.lexicons.pains import PainLexicon

SAFETY_POINTS, SEVERITY_POINTS, CONSEQUENCE_POINTS, LEAVING_POINTS = 40.0, 28.0, 7.0, 5.0
VALUE_POINTS, CONTACT_POINTS, AGE_POINTS, EMOTION_POINTS, QUESTION_POINTS = 6.0, 5.0, 4.0, 3.0, 2.0
EACH_CONTACT = 2.5
HARD_FEELINGS = ("anger", "disappointment", "confusion")
STRONG = 0.5
"""Probability from which an emotion is a reason."""
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

    ``severities`` (0..1) and ``reasons`` are those of its pains, ``emotions`` the highest probability of each over its
    segments (empty if the model predicts none), ``text`` is redacted, ``value_rank`` the share of
    known customers who are worth less (0..1, null where the value is not known), ``created_at`` when it was said or
    else came in (UTC), ``earlier`` the number of negative records of the same respondent in the ``LOOK_BACK`` before.
    """

    label: str | None
    severities: Sequence[float]
    reasons: Sequence[str]
    emotions: Mapping[str, float]
    text: str
    value_rank: float | None
    created_at: datetime
    earlier: int


def judge_urgency(case: Case, *, lexicon: PainLexicon, now: datetime) -> Urgency | None:
    """Judge how urgently a record needs a person; null where it needs nobody."""
    worst = max(case.severities, default=0.0)
    if case.label != "negative" and worst < SEVERE:
        return None
    told = {reason.removeprefix(ELSEWHERE) for reason in case.reasons}
    repeated = any(one.id == _AGAIN and one.reason in told for one in lexicon.consequences)
    found = [*_consequences(told, lexicon), *_contact(case.earlier, repeated=repeated)]
    if lexicon.statements.question.search(case.text):
        found.append(_reason("unanswered question", "asks a question", QUESTION_POINTS))
    if worst < SEVERE and not found:
        return None
    found += _emotions(case.emotions)
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


def _consequences(told: Collection[str], lexicon: PainLexicon) -> list[dict[str, Any]]:
    """Return what happened by kind: safety, leaving, other consequences."""
    points = {one.reason: one.urgency / MOST_URGENT for one in lexicon.consequences if one.urgency}
    kinds: dict[str, list[str]] = {"safety": [], "leaving": [], "consequence": []}
    for reason in sorted(points.keys() & told, key=lambda reason: (-points[reason], reason)):
        kind = "safety" if reason.startswith(SAFETY) else "leaving" if reason.startswith(LEAVING) else "consequence"
        kinds[kind].append(reason)
    found = []
    for (kind, gravest_first), most in zip(
        kinds.items(), (SAFETY_POINTS, LEAVING_POINTS, CONSEQUENCE_POINTS), strict=True
    ):
        if gravest_first:
            gravest, *lesser = (points[reason] for reason in gravest_first)
            share = 1.0 if kind == "safety" else min(1.0, gravest + _LESSER * sum(lesser))
            detail = ", ".join(reason.rpartition(": ")[2] for reason in gravest_first)
            found.append(_reason(kind, detail, most * share))
    return found


def _emotions(emotions: Mapping[str, float]) -> list[dict[str, Any]]:
    strong = {name: emotions[name] for name in HARD_FEELINGS if emotions.get(name, 0.0) >= STRONG}
    if not strong:
        return []
    return [_reason("emotion", f"shows {', '.join(strong)}", EMOTION_POINTS * max(strong.values()))]


def _contact(earlier: int, *, repeated: bool) -> list[dict[str, Any]]:
    if not earlier and not repeated:
        return []
    detail = f"{earlier} earlier negative record{'s' if earlier > 1 else ''} in {LOOK_BACK.days} days"
    if repeated:
        detail = f"{detail}, and says so" if earlier else "says that it is not the first time"
    return [_reason("repeated contact", detail, min(CONTACT_POINTS, EACH_CONTACT * (earlier + repeated)))]


def _reason(kind: str, detail: str, points: float) -> dict[str, Any]:
    return {"kind": kind, "detail": detail, "points": round(points, SHOWN_DIGITS)}
