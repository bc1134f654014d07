"""Find what identifies a person: Presidio's recognizers for patterns, spaCy's entities for names.

Everything is gated: a pattern is looked for only in texts that can hold one (a long number, an "@", a link), and the
model reads only sentences in which something else points to a name. A comment without any of these costs microseconds.

Invariants: redactions are sorted and do not overlap, and nothing is fetched from a network - the suffix list that tells
an e-mail's domain is the one that comes with ``tldextract``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from textcx.domain.feedback import Redaction
from textcx.engines.redaction.person_names import Names, find_candidates
from textcx.engines.spacy.pipeline import DEFAULT_PIPELINE, load_pipeline, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from presidio_analyzer import EntityRecognizer

    from textcx.domain.lexicons.text import NameWords

_URL = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]+|(?<![\w.-])(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}/[^\s<>\"]+", re.IGNORECASE
)
_URL_TAIL = ".,;:!?)'\u2588]}"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_HOUR = r"(?:[01]\d|2[0-4])[.:]?[0-5]\d"
_TIME = re.compile(  # dates, hours and masked dates
    rf"(?:19|20)\d\d[-/.]{_DAY}[-/.]{_DAY}|{_DAY}[-/.]{_DAY}[-/.]\d{{2,4}}|(?:19|20)\d\d[-/ ]\d\d(?:\d\d)?|"
    rf"{_HOUR}\s?-\s?{_HOUR}|[Xx*/-]+(?:19|20)\d\d"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_FEW_DIGITS = 4
_SHORT = 1_000  # characters
_AROUND = 80  # characters to each side of what may be a secret
_ENOUGH_DIGITS_FOR_A_PHONE = 7
_PERSON_LABELS = {"PERSON", "PER"}
_KINDS = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "ACCOUNT",
    "ACCOUNT": "ACCOUNT",
    "IP_ADDRESS": "IP",
}
_STRONGEST_FIRST = ("CARD", "EMAIL", "URL", "IP", "ACCOUNT", "PHONE", "PERSON")


class PresidioRedactor:
    """Implements the ``Redactor`` port by a pipeline with entity recognition; errors as in ``load_pipeline``.

    Kinds: EMAIL, PHONE, CARD, ACCOUNT, URL, IP, PERSON. A link without anything personal in it stays, and so do places.
    ``keep`` are product and company names that must never be masked, besides those of the language.
    """

    def __init__(self, words: NameWords, *, keep: Sequence[str] = (), pipeline: str = DEFAULT_PIPELINE) -> None:
        self._words, self._known = words, Names(words, keep=keep)
        self._pipeline = load_pipeline(pipeline)
        near, numbered, linking, paths = map(
            "|".join, (words.near_numbers, words.numbered, words.linking, words.private_paths)
        )
        self._possible = re.compile(
            r"@|https?:|www\.|\w\.\w{2,}/|(?:\d[\s().-]{0,2}){6}\d|[A-Za-z]{2}\d{2}[ -]?[A-Z0-9]{4}|(?:\d{1,3}\.){3}\d|"
            r"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]+|"
            rf"\b(?:{near})\b[^.!?\n]{{0,24}}?(?:\d{{4}}|(?-i:(?=[A-Z]*\d)[A-Z0-9]{{6}}))|[A-Z]{{2,4}}[-/]?\d{{5}}",
            re.IGNORECASE,
        )
        self._url_secret = re.compile(
            rf"[?#=@&]|//[^/]*@|/(?:{paths})/[^/]+|"
            r"(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{12,}|\d{6,}",
            re.IGNORECASE,
        )
        # What stands before \K must be there and is not masked.
        name = rf"\b(?:{numbered})s?\b[\s.:#-]*(?:(?:{linking})\b[\s.:#-]*){{0,4}}[\s.:#(-]{{0,3}}\K"
        four_digits = r"(?=[A-Z/-]*\d[A-Z/-]*\d[A-Z/-]*\d[A-Z/-]*\d)"
        number = rf"(?:{four_digits}[A-Z0-9][A-Z0-9/-]{{2,}}[A-Z0-9](?:[ ]\d{{3,}})*|\d{{2,4}}(?:[ -]\d{{2,4}}){{2,5}})"
        self._accounts = (
            rf"{name}{number}\b",  # "order no. 4471-2210", "account ending in 4821"
            # capitals with two digits or more: "booking reference QX7R9P2"
            rf"{name}(?-i:(?=[A-Z]*\d[A-Z]*\d)[A-Z0-9]{{6,14}})\b",
            r"\b\d{3}-\d{2}-\d{4}\b",  # United States social security number
            r"(?<![\d.,$\u20ac\u00a3\u20b9])\b(?!(?P<same>\d)(?P=same)+\b)\d{9,}\b(?![.,]\d)",  # a long bare number
            r"\b(?!rs|inr|usd|eur|gbp)[A-Z]{2,4}[-/]?\d{6,}\b",  # CR-1234567, AB1234567
        )

    def find(self, texts: Sequence[str]) -> list[list[Redaction]]:
        """Find what must be masked in each cleaned text: sorted, not overlapping, offsets in code points."""
        found = [list(self._patterns(text)) if self._possible.search(text) else [] for text in texts]
        for place, redaction in self._names(texts):
            found[place].append(redaction)
        return [_without_overlap(each) for each in found]

    def _names(self, texts: Sequence[str]) -> Iterator[tuple[int, Redaction]]:
        doubtful = []
        for place, text in enumerate(texts):
            for candidate in find_candidates(text, self._known):
                if candidate.sentence is None:
                    yield place, Redaction(candidate.start, candidate.end, "PERSON")
                else:
                    doubtful.append((place, candidate, *candidate.sentence))
        sentences = (texts[place][low:high] for place, _, low, high in doubtful)
        docs = read(self._pipeline, sentences, components=("ner",))
        for (place, candidate, low, _), doc in zip(doubtful, docs, strict=True):
            start, end = candidate.start - low, candidate.end - low
            labels = {entity.label_ for entity in doc.ents if entity.start_char < end and start < entity.end_char}
            if labels & _PERSON_LABELS or (candidate.likely and not labels):
                yield place, Redaction(candidate.start, candidate.end, "PERSON")

    def _patterns(self, text: str) -> Iterator[Redaction]:
        for match in _URL.finditer(text):
            address = match[0].rstrip(_URL_TAIL)
            if self._url_secret.search(address.partition("//")[2] or address):
                yield Redaction(match.start(), match.start() + len(address), "URL")
        for low, high in _windows(text, self._possible):
            for recognizer in _recognizers(self._accounts):
                for result in recognizer.analyze(text[low:high], recognizer.supported_entities, None):
                    start, end, kind = low + result.start, low + result.end, _KINDS[result.entity_type]
                    if self._is_secret(text, start, end, kind):
                        yield Redaction(start, end, kind)

    def _is_secret(self, text: str, start: int, end: int, kind: str) -> bool:
        """Tell what identifies somebody from what only looks like it: dates, versions, prices."""
        surface = text[start:end]
        digits = sum(map(str.isdigit, surface))
        if kind == "IP":
            return digits > 0 and not self._words.version_before.search(text, max(0, start - 12), start)
        if kind not in {"PHONE", "ACCOUNT"}:
            return True
        if _TIME.fullmatch(surface.strip()) or (kind == "PHONE" and digits < _ENOUGH_DIGITS_FOR_A_PHONE):
            return False
        if kind == "ACCOUNT" and digits == len(surface) == _FEW_DIGITS:
            called_so = self._words.called_a_number.search(text, max(0, start - 14), start)
            return called_so is not None and not _YEAR.fullmatch(surface)
        return True


@cache
def _recognizers(accounts_like: tuple[str, ...]) -> tuple[EntityRecognizer, ...]:
    """Load the recognizers in use; importing Presidio takes seconds, so it waits for the first text that needs it."""
    import tldextract  # noqa: PLC0415
    from presidio_analyzer import Pattern, PatternRecognizer  # noqa: PLC0415
    from presidio_analyzer.predefined_recognizers import (  # noqa: PLC0415
        CreditCardRecognizer,
        EmailRecognizer,
        IbanRecognizer,
        IpRecognizer,
        PhoneRecognizer,
    )

    domains = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    class OfflineEmailRecognizer(EmailRecognizer):  # type: ignore[misc]  # Presidio is not typed
        """Presidio's e-mail recognizer with the bundled suffix list: its own would ask the network for a newer one."""

        def validate_result(self, pattern_text: str) -> bool:
            return bool(domains(pattern_text).fqdn)

    patterns = [Pattern(f"account {place}", regex, 0.6) for place, regex in enumerate(accounts_like)]
    accounts: Any = PatternRecognizer("ACCOUNT", name="accounts", patterns=patterns)
    others = (CreditCardRecognizer(), IbanRecognizer(), accounts, IpRecognizer(), PhoneRecognizer())
    return OfflineEmailRecognizer(), *others


def _windows(text: str, possible: re.Pattern[str]) -> list[tuple[int, int]]:
    """Stretches worth a look: some recognizers take time with the square of the length."""
    if len(text) <= _SHORT:
        return [(0, len(text))]
    found: list[tuple[int, int]] = []
    for match in possible.finditer(text):
        start, end = max(0, match.start() - _AROUND), min(len(text), match.end() + _AROUND)
        while start > 0 and not text[start - 1].isspace() and start > match.start() - 2 * _AROUND:
            start -= 1
        while end < len(text) and not text[end].isspace() and end < match.end() + 2 * _AROUND:
            end += 1
        if found and start <= found[-1][1]:
            start = found.pop()[0]
        found.append((start, end))
    return found


def _without_overlap(redactions: list[Redaction]) -> list[Redaction]:
    """Join what overlaps; the joined stretch takes the kind that matters most."""
    joined: list[Redaction] = []
    for each in sorted(redactions, key=lambda one: (one.start, -one.end, one.kind)):
        if joined and each.start < joined[-1].end:
            kind = min(joined[-1].kind, each.kind, key=_STRONGEST_FIRST.index)
            joined[-1] = Redaction(joined[-1].start, max(joined[-1].end, each.end), kind)
        else:
            joined.append(each)
    return joined
