"""How much of what identifies a person is masked, and how much else, on comments that we wrote ourselves.

Every comment is a template with one planted secret (or none). Half of the names are not in the word list that ships
with textcx, and some are in lower case or alone, so that the figure says something about names nobody thought of. The
set is synthetic: it shows what the rules can and cannot do, not what a particular file will give.

    python -m benchmarks.accuracy.redaction_recall   # writes benchmarks/results/redaction_recall.json
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from benchmarks.run import RESULTS, ROOT, write_result
from textcx.engines.redaction.presidio import PresidioRedactor

if TYPE_CHECKING:
    from collections.abc import Iterator

    Case = tuple[str, str, tuple[int, int] | None]  # group, comment, offsets of the secret

NAMES = ROOT / "models" / "taxonomies" / "keep_names.toml"
PER_TEMPLATE = 25
IPV6_SHARE = 0.2

COMMON_NAMES = [
    "Sarah",
    "Mohammed",
    "Priya",
    "James Miller",
    "Olivia",
    "Kevin",
    "Fatima Khan",
    "Claire",
    "Rahul Verma",
    "Anna",
]
RARE_NAMES = [
    "Thandiwe",
    "Oluwatobi",
    "Nerys",
    "Caoimhe",
    "Zbigniew",
    "Akosua Mensah",
    "Ngozi Adeyemi",
    "Siofra Kehoe",
    "Tjark Hansen",
    "Lwazi",
    "Meseret Tadesse",
    "Yildiz Aksoy",
    "Kaito Murakami",
    "Ximun Etxeberria",
    "Rutendo Moyo",
]

PERSON_TEMPLATES = {
    "after a title": ["Mrs. {} at the desk ignored us.", "I complained to Mr {} twice."],
    "after a role": ["The driver {} left it in the rain.", "Our waiter, {}, was so kind.", "agent {} hung up on me"],
    "after a naming word": [
        "My name is {} and I want my money back.",
        "a lady called {} helped",
        "someone named {} rang",
    ],
    "after a contact": [
        "I spoke to {} about the refund.",
        "Thanks to {} the room was changed.",
        "We were served by {} today.",
    ],
    "as a signature": ["Never again. Regards, {}", "I am done with you. Thanks, {}"],
    "who acted": ["{} explained everything patiently.", "Then {} told me to wait.", "{} was very helpful on the phone"],
    "in passing": [
        "It was {} who lost my file.",
        "Ask {} and you get no answer.",
        "I dealt with {} and with the bank.",
    ],
}
ACCOUNT_TEMPLATES = [
    "My account number is {} and it is locked.",
    "order {} never arrived",
    "Order no. {}: wrong size again",
    "policy no {} was cancelled",
    "Booking reference {} is gone",
    "Tracking number {} shows nothing",
    "claim #{} is open",
]
EMAIL_TEMPLATES = ["Write to {} please.", "you have my mail ({})", "I used {} to sign up and got nothing", "contact:{}"]
PHONE_TEMPLATES = ["Call me on {}.", "my number is {} , call after six", "You rang {} at 7 am!", "phone {} thanks"]
CARD_TEMPLATES = ["My card {} was charged twice.", "you took it from {} without asking", "visa {} declined"]
URL_TEMPLATES = ["I got {} and it does not open.", "the link {} has expired", "see {} for my order"]
IP_TEMPLATES = ["You blocked {} for no reason.", "logged in from {} which is not me"]
CLEAN = [
    "The delivery was late and the box was damaged.",
    "Netflix keeps buffering since version 8.12.1 on my Samsung TV.",
    "Size 8 is too small, I am 5'4\" and 130 lbs.",
    "Paid $1,299.00 on 12/05/2025 and waited 45 minutes.",
    "WORST APP EVER",
    "Great App For Movies And Series",
    "WiFi was slow at Charles de Gaulle, lounge was lovely.",
    "I miss Friends, bring it back in May or June please.",
    "Retailer sizes run large. Beautiful Petite dress.",
    "Superb service from Virgin Atlantic and British Airways!",
    "See www.example.com for opening hours 9-17.",
    "They closed the desk in Terminal 3 at 10:30 pm, gate B42.",
    "In 2023-24 the plan cost 15000 rupees a year.",
    "The Jessa tee is cute, the Charlie pants are not.",
    "James Cook hospital saved my life.",
    "Hindi dubbing please, also Kannada and Tamil.",
    "I'm Gold member and got nothing.",
    "Kudos to the team in Leeds.",
]


def main() -> None:
    """Measure and write the result."""
    generator = random.Random(20260101)
    cases = list(_cases(generator))
    redactor = PresidioRedactor(names=NAMES)
    redacted = redactor.find([text for _, text, _ in cases])
    planted: dict[str, list[bool]] = defaultdict(list)
    right: dict[str, list[bool]] = defaultdict(list)
    for (group, _, span), redactions in zip(cases, redacted, strict=True):
        if span is not None:
            hidden = {place for each in redactions for place in range(each.start, each.end)}
            planted[group].append(set(range(*span)) <= hidden)
        for each in redactions:
            right[each.kind].append(span is not None and each.start < span[1] and span[0] < each.end)
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for group, hits in planted.items():
        by_kind[group.partition(":")[0]].extend(hits)
    result: dict[str, Any] = {
        "comments": len(cases),
        "without a secret": sum(span is None for _, _, span in cases),
        "recall": {kind: _rate(hits) for kind, hits in sorted(by_kind.items())},
        "recall of names": {
            group.partition(":")[2]: _rate(planted[group]) for group in sorted(planted) if ":" in group
        },
        "precision": {kind: _rate(hits) for kind, hits in sorted(right.items())},
    }
    write_result(result, RESULTS / "redaction_recall.json")
    print(json.dumps(result, indent=1))


def _rate(hits: list[bool]) -> dict[str, float | int]:
    return {"rate": round(sum(hits) / len(hits), 3), "n": len(hits)}


def _cases(generator: random.Random) -> Iterator[Case]:
    yield from _names()
    makers = {
        "ACCOUNT": (ACCOUNT_TEMPLATES, _account),
        "EMAIL": (EMAIL_TEMPLATES, _email),
        "CARD": (CARD_TEMPLATES, _card),
        "PHONE": (PHONE_TEMPLATES, _phone),
        "URL": (URL_TEMPLATES, _url),
        "IP": (IP_TEMPLATES, _ip),
    }
    for kind, (templates, make) in makers.items():
        for template in templates:
            for _ in range(PER_TEMPLATE):
                yield _planted(kind, template, make(generator))
    for text in CLEAN:
        for _ in range(PER_TEMPLATE):
            yield "", text, None


def _names() -> Iterator[Case]:
    for place, templates in PERSON_TEMPLATES.items():
        for template in templates:
            for known, names in (("known", COMMON_NAMES), ("rare", RARE_NAMES)):
                for name in names:
                    yield _planted(f"PERSON:{place}, {known} name", template, name)
    for template in ("my name is {} ok", "i spoke to {} today"):
        for name in COMMON_NAMES:
            yield _planted("PERSON:lower case, known name", template, name.partition(" ")[0].lower())


def _planted(group: str, template: str, value: str) -> Case:
    start = template.index("{}")
    return group, template.replace("{}", value), (start, start + len(value))


def _digits(generator: random.Random, count: int) -> str:
    return "".join(generator.choice("0123456789") for _ in range(count))


def _account(generator: random.Random) -> str:
    letters = "".join(generator.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(3))
    forms = [
        generator.choice("123456789") + _digits(generator, 7),
        f"{_digits(generator, 3)}-{_digits(generator, 7)}",
        f"{letters}{_digits(generator, 5)}",
        f"{letters[0]}{_digits(generator, 1)}{letters[1:]}{_digits(generator, 2)}",
    ]
    return generator.choice(forms)


def _email(generator: random.Random) -> str:
    name = generator.choice(["anna", "j.miller", "priya_k", "o-brien", "max+news", "k7"])
    host = generator.choice(["example.com", "mail.example.org", "example.co.uk", "example.de"])
    return f"{name}{generator.randint(1, 99)}@{host}"


def _phone(generator: random.Random) -> str:
    last = _digits(generator, 2)
    area = generator.choice(["212", "305", "415", "617"])
    forms = [
        f"({area}) 555-01{last}",
        f"{area}-555-01{last}",
        f"+1 {area} 555 01{last}",
        f"+44 20 7946 09{last}",
        f"020 7946 09{last}",
    ]
    return generator.choice(forms)


def _card(generator: random.Random) -> str:
    body = generator.choice("45") + "1" + _digits(generator, 13)
    total = sum(sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10)) for place, digit in enumerate(body))
    number = body + str(-total % 10)
    between = generator.choice(["", " ", "-"])
    return between.join(number[place : place + 4] for place in range(0, 16, 4))


def _url(generator: random.Random) -> str:
    forms = [
        f"https://shop.example.com/reset?token={_digits(generator, 9)}",
        f"www.example.com/orders/{_digits(generator, 7)}",
        f"http://anna:pw{_digits(generator, 3)}@example.com/x",
        f"https://example.com/u/anna{_digits(generator, 3)}",
    ]
    return generator.choice(forms)


def _ip(generator: random.Random) -> str:
    if generator.random() < IPV6_SHARE:
        return "2001:db8:85a3::8a2e:370:" + _digits(generator, 3)
    return ".".join(str(generator.randint(1, 254)) for _ in range(4))


if __name__ == "__main__":
    main()
