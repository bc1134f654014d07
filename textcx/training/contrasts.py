"""Contrast examples made from templates that we wrote: what data sets hardly show.

A pain told in a neutral tone; a negative mood without a pain; clauses joined by "but"; negation; wishes. Every example
is built from slots, in a fixed order, so that the same code gives the same texts everywhere. The contrast pairs that
measure the encoder are written by hand elsewhere and share no template with these.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTRAST_SEED = 20_251
MOST_PER_TEMPLATE = 60
SHARE_LOWER_CASE, SHARE_WITHOUT_STOP = 0.2, 0.1


@dataclass(frozen=True, slots=True)
class Contrast:
    """A made text with its targets; ``label`` is None where the tone is a matter of taste."""

    text: str
    label: str | None
    pain: float | None
    request: float | None


SLOTS: dict[str, tuple[str, ...]] = {
    "times": ("two times", "three times", "twice", "five times", "several times", "six times", "more than once"),
    "contacted": ("called", "emailed", "rang", "wrote to", "messaged", "phoned", "contacted", "chased"),
    "them": (
        "support",
        "the help desk",
        "the office",
        "customer service",
        "the surgery",
        "the bank",
        "your team",
        "reception",
    ),
    "span": (
        "forty minutes",
        "two hours",
        "three weeks",
        "ten days",
        "half a day",
        "a month",
        "an hour and a half",
        "six weeks",
    ),
    "short": ("two minutes", "five minutes", "a day", "ten minutes", "an hour"),
    "thing": (
        "order",
        "parcel",
        "refund",
        "replacement",
        "invoice",
        "appointment letter",
        "router",
        "card",
        "prescription",
        "sofa",
        "ticket",
    ),
    "part": (
        "a screw",
        "the charger",
        "one of the legs",
        "the lid",
        "the manual",
        "the remote",
        "a cable",
        "the second shoe",
    ),
    "device": (
        "app",
        "website",
        "printer",
        "heater",
        "laptop",
        "scanner",
        "camera",
        "washing machine",
        "ticket machine",
        "login page",
    ),
    "fails": (
        "froze",
        "crashed",
        "stopped responding",
        "shut down",
        "logged me out",
        "showed an error",
        "went blank",
        "would not load",
    ),
    "when": (
        "yesterday",
        "last week",
        "on Monday",
        "this morning",
        "after the update",
        "during checkout",
        "on the first day",
        "at night",
    ),
    "person": ("driver", "agent", "nurse", "waiter", "technician", "receptionist", "adviser", "doctor", "manager"),
    "good": ("friendly", "very kind", "helpful", "polite", "excellent", "lovely", "patient and clear", "professional"),
    "bad": ("rude", "careless", "unhelpful", "dismissive", "impatient", "cold", "late and rude"),
    "product": ("dress", "phone", "blender", "mattress", "kettle", "backpack", "bike", "meal", "hotel room", "headset"),
    "praise": ("great", "excellent", "really good", "perfect", "brilliant", "wonderful", "superb"),
    "fault": (
        "the zip broke",
        "it arrived scratched",
        "the battery died",
        "it leaks",
        "the screen flickers",
        "it was cold",
        "it was dirty",
        "one side is torn",
    ),
    "topic": (
        "the weather",
        "winter",
        "the news",
        "politics",
        "that football team",
        "traffic in this city",
        "horror films",
        "Mondays",
        "that song",
        "modern art",
    ),
    "hate": ("I hate", "I can't stand", "I really dislike", "I am sick of", "I have never liked", "Honestly I despise"),
    "taste": ("colour", "style", "pattern", "genre", "font", "cut", "smell", "design", "flavour"),
    "feature": (
        "dark mode",
        "a search box",
        "more parking",
        "an evening appointment",
        "a vegetarian option",
        "a larger font",
        "offline maps",
        "a student price",
        "weekend opening",
        "text reminders",
        "keyboard shortcuts",
        "an export button",
        "more seats",
        "a child menu",
    ),
    "place": (
        "the waiting room",
        "the settings page",
        "the branch",
        "the clinic",
        "the lobby",
        "the checkout",
        "the mobile version",
        "the car park",
    ),
    "amount": ("$40", "20 pounds", "15 euros", "$12.50", "a monthly fee", "the delivery fee", "the full price"),
    "fact": (
        "I booked the room for two nights",
        "We ordered the fish and a salad",
        "I use the app on a tablet",
        "The shop is next to the station",
        "I have an account since 2019",
        "It comes in three sizes",
        "My appointment was at ten",
        "The parcel came on Tuesday",
        "I pay by direct debit",
        "The branch opens at nine",
    ),
    "city": ("Leeds", "Denver", "Porto", "Austin", "Cork", "Perth"),
}

# A template, its label, and whether it tells a pain and a request.
TEMPLATES: tuple[tuple[str, str | None, float | None, float | None], ...] = (
    # A pain in a neutral tone: contact again and again, waiting, money, lateness, missing parts, returns.
    ("I had to {contacted_base} {them} {times}.", "neutral", 1, 0),
    ("I {contacted} {them} {times} about the same {thing}.", "neutral", 1, 0),
    ("{contacted_cap} {them} {times}, no answer yet.", None, 1, 0),
    ("I waited {span} before anyone picked up.", None, 1, 0),
    ("The {thing} came {span} after the promised date.", None, 1, 0),
    ("It has been {span} and the {thing} is not here.", None, 1, 0),
    ("I was charged {amount} twice.", None, 1, 0),
    ("They took {amount} from my account although I had cancelled.", None, 1, 0),
    ("The box came without {part}.", None, 1, 0),
    ("{part_cap} was missing when I opened the {product}.", None, 1, 0),
    ("I had to return the {product} after {span}.", None, 1, 0),
    ("We sent the {product} back because {fault}.", None, 1, 0),
    ("The {device} {fails} {when}.", None, 1, 0),
    ("When I tried to pay {when}, the {device} {fails}.", None, 1, 0),
    ("I could not log in {when}.", None, 1, 0),
    ("My {thing} went to the wrong address.", None, 1, 0),
    ("The {thing} was lost and I had to start again.", None, 1, 0),
    ("Nobody told me that the {thing} was cancelled.", None, 1, 0),
    ("I am still waiting for my {thing} since {span_ago}.", None, 1, 0),
    ("The {person} did not turn up {when}.", None, 1, 0),
    ("I was passed to three departments before the {thing} was found.", None, 1, 0),
    ("We got the wrong {product}.", None, 1, 0),
    ("My {thing} still shows as pending after {span}.", "neutral", 1, 0),
    ("I ended up fixing the {device} myself.", "neutral", 1, 0),
    ("Had to fill in the form {times} because the {device} {fails}.", None, 1, 0),
    # Negative, and no pain: mood, taste, the world.
    ("{hate} {topic}.", "negative", 0, 0),
    ("{hate} {topic}, but that is just me.", "negative", 0, 0),
    ("{topic_cap} makes me sad.", "negative", 0, 0),
    ("What a depressing week, {topic} gets worse every year.", "negative", 0, 0),
    ("The {taste} is not for me.", "negative", 0, 0),
    ("Not a fan of the {taste}, others may like it.", "negative", 0, 0),
    ("I never cared for this {taste}.", "negative", 0, 0),
    ("My brother is annoying when he talks about {topic}.", "negative", 0, 0),
    ("I feel awful today and it rains in {city}.", "negative", 0, 0),
    # The calm world.
    ("{fact}.", "neutral", 0, 0),
    ("{fact} and I live in {city}.", "neutral", 0, 0),
    ("I {contacted} {them} {when} to change my address.", "neutral", 0, 0),
    ("The {product} is for my sister in {city}.", "neutral", 0, 0),
    ("My {thing} arrived {when}.", "neutral", 0, 0),
    ("The {person} came {when} and wrote down the number.", "neutral", 0, 0),
    ("It took {short}.", "neutral", 0, 0),
    ("I waited {short} and then it was my turn.", "neutral", 0, 0),
    ("We chose the {product} in the blue {taste}.", "neutral", 0, 0),
    ("I booked the {thing} online and printed it at home.", "neutral", 0, 0),
    ("They sent me the {thing} by post, as usual.", "neutral", 0, 0),
    ("The {person} called me back {when}, as arranged.", "neutral", 0, 0),
    ("My {thing} was moved to another day because I asked for it.", "neutral", 0, 0),
    ("I received my refund {when}.", "neutral", 0, 0),
    ("I spoke to the {person} for {span}.", "neutral", 0, 0),
    ("The {thing} is paid every month.", "neutral", 0, 0),
    ("The {device} shows the number of the {thing}.", "neutral", 0, 0),
    ("I {contacted} {them} once to confirm the date.", "neutral", 0, 0),
    ("We were in {city} for {span} and had a {product}.", "neutral", 0, 0),
    ("The {person} took the {product} to the desk.", "neutral", 0, 0),
    ("They charged {amount}, which is the usual price.", "neutral", 0, 0),
    ("I returned the {product} because I had ordered two, and got my money back in {short}.", None, 0, 0),
    ("The {product} has a {part_name} and a long cable.", "neutral", 0, 0),
    ("I had my {thing} changed to a later hour.", "neutral", 0, 0),
    ("My {thing} goes to my office, not to my home.", "neutral", 0, 0),
    ("I have used the {device} {times} so far.", "neutral", 0, 0),
    ("She asked for my name and the number of the {thing}.", "neutral", 0, 0),
    ("I paid {amount} for the {product} {when}.", "neutral", 0, 0),
    ("The {product} in our room was by the window.", "neutral", 0, 0),
    # More that went wrong, calmly told.
    ("Only half of the {thing} arrived.", None, 1, 0),
    ("The number on my {thing} belongs to another person.", None, 1, 0),
    ("The {part_name} of the {product} snapped on the second day.", None, 1, 0),
    ("The {device} will not turn on since {span_ago}.", None, 1, 0),
    ("I was asked for the same details {times}.", None, 1, 0),
    ("My {thing} has not been processed and the deadline was {when}.", None, 1, 0),
    ("We found hair in the {product_food}.", None, 1, 0),
    ("The {person} forgot our {thing}.", None, 1, 0),
    ("I opened the {product} and it was already cracked.", None, 1, 0),
    ("The {thing} was promised for {when_past} and I have heard nothing since.", None, 1, 0),
    ("It now takes {span} to load one page of the {device}.", None, 1, 0),
    # Praise, also with words of trouble in it.
    ("The {person} was {good}.", "positive", 0, 0),
    ("My {thing} came {short} early, {praise}!", "positive", 0, 0),
    ("No problems at all, the {product} is {praise}.", "positive", 0, 0),
    ("I never had to wait and the {person} was {good}.", "positive", 0, 0),
    ("I expected trouble with the {thing}, there was none. {praise_cap} service.", "positive", 0, 0),
    ("I {contacted} {them} once and it was solved in {short}. {praise_cap}.", "positive", 0, 0),
    ("Nothing was too much trouble for the {person}.", "positive", 0, 0),
    ("The {device} never {fails_base}, even {when}.", "positive", 0, 0),
    ("Couldn't be happier with the {product}.", "positive", 0, 0),
    ("I can't fault the {person}.", "positive", 0, 0),
    ("There is nothing I would change about {place}.", "positive", 0, 0),
    ("It costs more than others, but the {product} is worth the money.", "positive", 0, 0),
    ("Much nicer than I had imagined, this {product}.", "positive", 0, 0),
    ("We didn't expect much and were amazed by the {product}.", "positive", 0, 0),
    ("I was sceptical about the {product} and I was wrong, it is {praise}.", "positive", 0, 0),
    ("My daughter won't put the {product} down, she adores it.", "positive", 0, 0),
    ("Not a single thing went wrong with my {thing}.", "positive", 0, 0),
    ("The {person} had my {thing} fixed in {short}, I take my hat off to them.", "positive", 0, 0),
    ("You will not regret the {product}.", "positive", 0, 0),
    ("Much smaller and duller than I had imagined, this {product}.", "negative", None, 0),
    ("We expected so much more of the {product}.", "negative", None, 0),
    ("You will regret the {product}.", "negative", None, 0),
    ("For {amount} the {product} should at least last a year.", "negative", 1, 0),
    ("The {product} gets {praise} reviews and I can't see why.", "negative", None, 0),
    # Two sides of one matter.
    ("The {person} was {good}, but the {product} {was_bad}.", None, 1, 0),
    ("The {product} looks {praise}, but {fault}.", None, 1, 0),
    ("I wanted to love the {product}, but {fault}.", "negative", 1, 0),
    ("The {product} is {praise}, but I waited {span} for it.", None, 1, 0),
    ("The wait was long, but the {person} was {good} and the {product} is {praise}.", "positive", None, 0),
    ("It looks cheap, but the {product} is {praise}.", "positive", 0, 0),
    ("I was worried at first, but the {person} was {good}.", "positive", 0, 0),
    ("The {person} was {bad}.", "negative", 1, 0),
    ("The {person} was {bad} and {fault}.", "negative", 1, 0),
    ("The {product} is {praise}. The {device}, however, {fails} {when}.", None, 1, 0),
    # Negation.
    ("The {product} is not {praise}.", "negative", None, 0),
    ("The {person} was not {good} at all.", "negative", 1, 0),
    ("The {person} wasn't {bad} at all, quite the opposite.", "positive", 0, 0),
    ("The {product} is not bad.", "positive", 0, 0),
    ("I would not buy the {product} again.", "negative", None, 0),
    ("I don't think the {product} is worth {amount}.", "negative", None, 0),
    ("Neither good nor bad, the {product} does its job.", "neutral", 0, 0),
    ("The {product} is okay, nothing special.", "neutral", 0, 0),
    ("Average {product}, about what I expected for {amount}.", "neutral", 0, 0),
    # Wishes and suggestions.
    ("Please add {feature} to {place}.", "neutral", 0, 1),
    ("It would help to have {feature}.", "neutral", 0, 1),
    ("You should offer {feature}.", "neutral", 0, 1),
    ("{feature_cap} would be useful in {place}.", "neutral", 0, 1),
    ("I would like {feature}.", "neutral", 0, 1),
    ("Have you thought about {feature}?", "neutral", 0, 1),
    ("How about {feature} for {place}?", "neutral", 0, 1),
    ("Why not give us {feature}?", "neutral", 0, 1),
    ("Let people choose {feature}.", "neutral", 0, 1),
    ("There ought to be {feature}.", "neutral", 0, 1),
    ("My only request is {feature}.", "neutral", 0, 1),
    ("Consider {feature} next time.", "neutral", 0, 1),
    ("All {praise}, though I'd welcome {feature}.", "positive", 0, 1),
    ("The {person} was {good}. A suggestion: {feature}.", "positive", 0, 1),
    ("If you had {feature} I would come more often.", None, 0, 1),
    ("Can the {device} get {feature} some day?", "neutral", 0, 1),
    ("The {device} {fails} {when}, please fix it.", "negative", 1, 1),
    ("I waited {span}. Hire more staff for {place}.", "negative", 1, 1),
    ("{feature_cap} is missing, I need it every day.", None, 1, 1),
    # Words of asking that ask for nothing.
    ("I would recommend the {product} to anyone.", "positive", 0, 0),
    ("I wish I had bought the {product} sooner.", "positive", 0, 0),
    ("They have {feature}, which I like.", "positive", 0, 0),
    ("Thanks for adding {feature}!", "positive", 0, 0),
    ("{feature_cap} is on the second floor.", "neutral", 0, 0),
    ("The {person} should be proud, {praise} work.", "positive", 0, 0),
    ("You should buy this {product}, it is {praise}.", "positive", 0, 0),
)

_BASE = {
    "called": "call",
    "emailed": "email",
    "rang": "ring",
    "wrote to": "write to",
    "messaged": "message",
    "phoned": "phone",
    "contacted": "contact",
    "chased": "chase",
}
_FAILS = ("freezes", "crashes", "logs me out", "shows an error", "lets me down", "stalls")
_WAS_BAD = (
    "was cold",
    "was broken",
    "did not fit",
    "came late",
    "smelled of smoke",
    "had a hole in it",
    "never worked",
    "was not what I ordered",
)
_MOODS = ("", "", "", "", "", "", " Just so you know.", " That's all.", " Anyway.", " Thank you for reading.", " ...")


def contrast_examples() -> Iterator[Contrast]:
    """Yield the made examples, always the same ones in the same order; some twice, which readers drop."""
    chance = random.Random(CONTRAST_SEED)
    for template, label, pain, request in TEMPLATES:
        for _ in range(MOST_PER_TEMPLATE):
            text = template.format_map(_filled(chance))
            text = text[0].upper() + text[1:]
            if chance.random() < SHARE_LOWER_CASE:
                text = text.lower()
            elif chance.random() < SHARE_WITHOUT_STOP:
                text = text.rstrip(".!")
            yield Contrast(text + chance.choice(_MOODS), label, pain, request)


def _filled(chance: random.Random) -> dict[str, str]:
    """Choose a filling for every slot and its other forms."""
    chosen = {name: chance.choice(options) for name, options in SLOTS.items()}
    for name in ("contacted", "part", "topic", "praise", "feature"):
        chosen[f"{name}_cap"] = chosen[name][0].upper() + chosen[name][1:]
    chosen["contacted_base"] = _BASE[chosen["contacted"]]
    chosen["fails_base"] = _any(chance, _FAILS)
    chosen["was_bad"] = _any(chance, _WAS_BAD)
    chosen["part_name"] = _any(chance, ("handle", "strap", "hinge", "lens", "pocket", "switch", "wheel"))
    chosen["product_food"] = _any(chance, ("salad", "pasta", "sandwich", "rice", "cake"))
    chosen["when_past"] = _any(chance, ("last week", "Monday", "the first of May", "yesterday", "noon"))
    chosen["span_ago"] = _any(chance, ("March", "last month", "Easter", "the tenth", "two weeks ago"))
    return chosen


def _any(chance: random.Random, options: Sequence[str]) -> str:
    return chance.choice(options)
