"""Fernway, a fictional meal-kit company: what its customers say (braces hold choices), and the file it came in."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import Any

from textcx.domain.encoding import EMOTIONS

Rows = list[dict[str, Any]]
PLANS, REGIONS = ("family", "couple", "solo"), ("north", "south", "islands")
CHOICE = re.compile(r"\{([^}]+)\}")
START = datetime(2025, 9, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """A sentence a customer may say, and what models should find in it."""

    text: str
    polarity: float
    severity: float = 0.0  # above 0: a pain
    aspect: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topic:
    """What customers talk about: a theme, its stage, how often, and the sentences."""

    name: str
    stage: str
    weight: float
    keywords: tuple[str, ...]
    said: tuple[Said, ...]


TOPICS = (
    Topic("Late or missed delivery", "delivery", 9, ("box", "late", "courier", "evening", "waited"), (
        Said("The box came {two|three|four} days late and the {fish|salad|meat} had to go in the bin.", -0.82, 0.78,
            "delivery", ("money lost", "strong words")),
        Said("Nobody turned up in the {evening|morning|Sunday} window I had {chosen|paid extra for}.", -0.55, 0.52,
            "delivery window", ("repeated contact",)),
        Said("{Third|Second|Fourth} late box this month, so I have {stopped ordering|gone elsewhere}.", -0.88, 0.91,
            "delivery", ("left", "repeated")),
        Said("The driver was early, which suited me fine.", 0.52))),
    Topic("Taste of the recipes", "use", 8, ("tasty", "recipe", "flavour", "dinner", "sauce"), (
        Said("The {lentil curry|ramen|mushroom pie} was the best thing we cooked all year.", 0.93),
        Said("Dinners taste fresh and the sauces are lovely.", 0.86),
        Said("Most sauces taste the same after a month.", -0.34, 0.22, "sauces", ("mild words",)))),
    Topic("Missing or wrong ingredients in the box", "delivery", 6,
        ("missing", "wrong", "ingredient", "packed", "item"), (
        Said("{Two|Three|Half the} ingredients were missing and I found out with the pan already hot.", -0.66, 0.61,
            "ingredients", ("plan spoiled",)),
        Said("I am allergic to {nuts|shellfish} and was sent the {satay|laksa} box anyway.", -0.74, 0.97, "allergens",
            ("safety",)),
        Said("Got {somebody else's|the wrong|my neighbour's} box again.", -0.58, 0.55, "box", ("repeated",)))),
    Topic("Waiting for customer support", "support", 5, ("support", "chat", "answer", "waiting", "hours"), (
        Said("I wrote to support {four|five|six} times before anyone answered.", -0.61, 0.72, "support",
            ("repeated contact",)),
        Said("The chat closed on me after {forty|fifty|ninety} minutes in the queue.", -0.7, 0.66, "chat",
            ("long wait",)),
        Said("█████ from support sorted it out within the hour.", 0.81))),
    Topic("Price", "purchase", 5, ("price", "expensive", "cost", "worth", "value"), (
        Said("It has become too expensive for what you get.", -0.52, 0.44, "price", ("thinks of leaving",)),
        Said("Fair price for what lands on the table.", 0.58),
        Said("It costs about the same as shopping myself.", 0.05))),
    Topic("Changing the plan in the app", "use", 4, ("app", "plan", "skip", "crash", "week"), (
        Said("The app {crashes|freezes|logs me out} whenever I try to skip a week.", -0.72, 0.58, "app",
            ("task failed",)),
        Said("Skipping a week takes two taps.", 0.46))),
    Topic("Packaging waste", "delivery", 3, ("packaging", "plastic", "cardboard", "waste"), (
        Said("So much {plastic|foil} for {two|three} meals.", -0.41, 0.2, "packaging", ("mild words",)),
        Said("I like that the cool bags can be sent back.", 0.55))),
    Topic("Cancelling the subscription", "renewal", 3, ("cancel", "subscription", "charged", "refund", "account"), (
        Said("I cancelled in {May|March|autumn} and was charged for {two more boxes|another month}.", -0.83, 0.93,
            "charge after cancelling", ("money lost", "refund")),
        Said("There is no button to cancel, you have to call and be talked at.", -0.67, 0.7, "cancelling",
            ("task failed",)))),
    Topic("Portion size", "use", 3, ("portion", "hungry", "size", "enough"), (
        Said("Portions have shrunk and {my boys|we both} get up hungry.", -0.48, 0.36, "portions", ("got worse",)),
        Said("There is always enough left for lunch.", 0.6))),
    Topic("Clear recipe cards", "use", 3, ("card", "steps", "clear", "photos"), (
        Said("The cards are so clear that our {ten-year-old|teenager} cooks now.", 0.9),
        Said("Clear steps, good photos.", 0.74))),
    Topic("Freshness of vegetables and herbs", "delivery", 3, ("fresh", "vegetables", "wilted", "herbs"), (
        Said("The {herbs|greens|spring onions} were wilted on arrival.", -0.57, 0.4, "herbs", ("spoiled goods",)),
        Said("Vegetables keep for a week, really fresh.", 0.83))),
    Topic("Telling friends", "advocacy", 2, ("recommend", "friends", "told", "family"), (
        Said("I have told everyone at work about you.", 0.88),
        Said("My sister signed up because of me.", 0.7))),
)  # fmt: skip
FILLERS = (
    Said("We have been customers since spring.", 0.1),
    Said("That is all.", 0.0),
    Said("Ordered the small box.", 0.02),
)


def _label(polarity: float) -> str:
    return "negative" if polarity < -0.15 else "positive" if polarity > 0.15 else "neutral"


def _probabilities(polarity: float) -> dict[str, float]:
    neutral = 0.9 * (1 - abs(polarity))
    return {
        "p_negative": (1 - neutral - polarity) / 2, "p_neutral": neutral, "p_positive": (1 - neutral + polarity) / 2,
    }  # fmt: skip


class World:
    """Records, segments, mentions and pains, from which all findings follow."""

    def __init__(
        self, records: int, *, seed: int, dates: bool, ratings: tuple[str, ...], themes: int, words: tuple[str, ...]
    ) -> None:
        self.rng = random.Random(seed)
        self.dates, self.ratings, self.topics = dates, ratings, TOPICS[:themes]
        self.records: Rows = []
        self.segments: Rows = []
        self.mentions: Rows = []
        self.pains: Rows = []
        for number in range(records):
            self._add(number, words[number] if number < len(words) else None)

    def _choose(self, match: re.Match[str]) -> str:
        return self.rng.choice(match[1].split("|"))

    def _draw(self, late: float) -> list[tuple[int | None, Said]]:
        weights = [topic.weight * (late if topic.stage == "delivery" else 1.0) for topic in TOPICS]
        drawn = dict.fromkeys(self.rng.choices(range(len(TOPICS)), weights, k=self.rng.choice((1, 1, 2, 2, 3))))
        said: list[tuple[int | None, Said]] = [(t, self.rng.choice(TOPICS[t].said)) for t in drawn]
        if self.rng.random() < 0.3:
            said.insert(self.rng.randint(0, len(said)), (None, self.rng.choice(FILLERS)))
        return said

    def _add(self, number: int, words: str | None) -> None:
        rng, record_id = self.rng, f"r{number:05d}"
        created = START + timedelta(minutes=rng.randrange(270 * 24 * 60))
        said = self._draw(1.0 + (created - START).days / 180)
        if words is not None:
            said = [(0, replace(TOPICS[0].said[0], text=words))]
        text, polarities = "", []
        for topic, template in said:
            sentence = (
                template if words is not None else replace(template, text=CHOICE.sub(self._choose, template.text))
            )
            start = len(text) + (1 if text else 0)
            text = f"{text} {sentence.text}" if text else sentence.text
            self._segment(record_id, start, topic, sentence)
            polarities.append(sentence.polarity)
        mood = fmean(polarities)
        source = rng.choice(("survey", "survey", "review"))
        answers = {
            "nps": min(10, max(0, round(7.4 + 4.4 * mood + rng.gauss(0, 1)))),
            "stars": min(5, max(1, round(3.2 + 2 * mood + rng.gauss(0, 0.6)))),
            "csat": min(5, max(1, round(3.4 + 1.8 * mood + rng.gauss(0, 0.7)))),
            "ces": min(7, max(1, round(4.5 + 2 * mood + rng.gauss(0, 1)))),
        }
        asked = {"nps": source == "survey", "stars": source == "review"}
        redactions = (
            [{"start": text.find("█████"), "end": text.find("█████") + 5, "kind": "PERSON"}] if "█████" in text else []
        )
        themed = [topic for topic, _ in said if topic is not None and topic < len(self.topics)]
        self.records.append({
            "record_id": record_id, "source": source, "created_at": created if self.dates else None, "language": "en",
            "text": text,
            "redactions": redactions, "respondent_id": f"p{rng.randrange(10**6):06d}", "touchpoint": None,
            "customer_value": None,
            **{name: float(answers[name]) if asked.get(name, True) else None for name in self.ratings},
            "plan": rng.choice(PLANS), "region": rng.choices(REGIONS, (5, 4, 2))[0],
            "label": _label(mood), "polarity": mood, **_probabilities(mood),
            "mixed": min(polarities) < -0.3 and max(polarities) > 0.3, "confident": abs(mood) > 0.25,
            "primary_theme_id": f"theme-{themed[0]}" if themed else None,
            "primary_stage": TOPICS[said[0][0] or 0].stage, "duplicate_of": None, "n_segments": len(said), "windows": 1,
        })  # fmt: skip

    def _segment(self, record_id: str, start: int, topic: int | None, said: Said) -> None:
        segment_id = f"{record_id}:{start}-{start + len(said.text)}"
        base = {"segment_id": segment_id, "record_id": record_id}
        self.segments.append({
            **base, "text_column": "comment", "start": start, "end": start + len(said.text), "text": said.text,
            "label": _label(said.polarity), "polarity": said.polarity, **_probabilities(said.polarity),
            "pain": said.severity > 0, "p_pain": 0.9 if said.severity else 0.1, "p_request": 0.05,
            **{f"p_{emotion}": 0.02 for emotion in EMOTIONS},
            "stage": "unknown" if topic is None else TOPICS[topic].stage,
            "stage_confidence": 0.3 if topic is None else 0.8,
        })  # fmt: skip
        if topic is None:
            return
        if topic < len(self.topics):
            self.mentions.append({**base, "theme_id": f"theme-{topic}", "strength": 0.8})
        if said.severity:
            theme = f"theme-{topic}" if topic < len(self.topics) else None
            self.pains.append({
                **base, "aspect": said.aspect, "statement": said.text, "severity": said.severity,
                "reasons": list(said.reasons),
                "pain_point_id": f"pain-{topic}-{said.aspect}", "theme_id": theme, "stage": TOPICS[topic].stage,
            })  # fmt: skip


def manifest(*, ratings_asked: tuple[str, ...], dated: bool, rows: int) -> dict[str, Any]:
    """Say how the analysis came to be, as the job does."""
    scales = {"nps": (0, 10), "stars": (1, 5), "csat": (1, 5), "ces": (1, 7)}
    ratings = [
        {"name": n, "column": n.upper(), "kind": n, "low": scales[n][0], "high": scales[n][1], "reversed": False,
         "missing": [], "note": None}
        for n in ratings_asked
    ]  # fmt: skip
    plan = {
        "text": [{"column": "comment", "question": "What could we do better?"}], "id": "answer_id",
        "date": "sent_on" if dated else None,
        "date_format": None, "source": "review", "source_column": "came_in_by", "respondent": "customer",
        "touchpoint": None,
        "customer_value": None, "question_column": None, "attributes": ["plan", "region"], "ratings": ratings,
        "ignored": ["internal_note"],
        "reasons": {"text": "the column with the longest and most varied text", "date": "ISO dates in every cell"},
        "warnings": ["nothing says which end of 'score' (1 to 5) is best; 5 was taken as best"],
    }  # fmt: skip
    return {
        "textcx_version": "0.1.0", "created_at": "2026-06-02T09:30:00Z", "title": "Fernway, spring feedback",
        "inputs": [{"name": "fernway.csv", "sha256": "ab" * 32, "rows": rows, "bytes": 123456}], "columns": [plan],
        "models": [{"name": "sentiment", "version": "1", "sha256": "cd" * 32}],
        "settings": {"redact": True, "min_ratings": 10}, "seed": 7,
        "counts": {"records_in": rows}, "warnings": ["3 dates could not be read and were left out of trends"],
        "boilerplate_share": 0.01,
        "stages": [{"stage": "read", "seconds": 0.2, "peak_memory_mib": 210.0},
            {"stage": "encode", "seconds": 3.4, "peak_memory_mib": 640.0}],
    }  # fmt: skip
