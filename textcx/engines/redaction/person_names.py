"""Where a text may name a person: capitals, first names and the words around them.

A small named-entity model takes "WiFi", "Superb" and half of any Hindi sentence for a person, and misses "Sarah was
lovely". So the model is only asked to confirm, and only where something else points to a person as well: a title
("Mrs Okafor"), a naming word ("named", "my name is"), a role ("agent Latoya"), a known first name, or two capitalised
words in a sentence about someone. Known first names and strong signs need no model at all.

Invariant: what is found in a text depends on that text and the word lists alone.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.domain.errors import ModelProblem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CAPITALISED = re.compile(r"(?<![^\W_])(?=[^\W\d_])[^\Wa-z\d_][^\W\d_]*(?:['-][^\W\d_]+)*")
_CAPITAL = re.compile(r"[A-Z\u00c0-\u00de\u0100-\u024f\u0400-\u042f]")
_POSSESSIVE = re.compile(r"'[sS]?$|(?<=[sS])'$")
_NO_NAME = re.compile(r"\w+'(?:ve|d|ll|m|re|t)|x+|.", re.IGNORECASE)  # "I've"; a name that is masked already; a letter
_BEFORE_SENTENCE = re.compile(r"(?:^|[.!?\n:;\u2026\"(\u2022*]|\s-)\s*$")

_STAFF = (
    "agent|manager|manageress|supervisor|adviser|advisor|driver|waiter|waitress|nurse|doctor|dentist|midwife|rep|representative|"
    "assistant|associate|colleague|host|hostess|steward|stewardess|attendant|technician|tech|engineer|mechanic|"
    "therapist|paramedic|receptionist|concierge|cashier|teller|bartender|barista|server|chef|stylist|consultant|clerk|"
    "handler|operator|instructor|trainer|teacher|tutor|guide|courier|installer|plumber|electrician|employee|worker"
)
_TITLE = re.compile(
    r"\b(?:(?i:mr|mrs|ms|mx|dr|prof)|Miss|Professor|Madam|Sister|Captain|MISS)\.?\s+$"
)  # "I miss" is none
_NAMED = re.compile(
    r"\b(?:named|name is|names are|name was|name's|name of|by the name|regards,?|sincerely,?|attn:?|signed by|signed,?)"
    r"\s*(?:of\s+)?$",
    re.IGNORECASE,
)
_ROLE = re.compile(
    rf"\b(?:(?:{_STAFF}),?|(?:lady|guy|gentleman|man|woman|girl|colleague|member) (?:called|by the name of))\s+$",
    re.IGNORECASE,
)
_MET = re.compile(
    rf"\b(?:(?:{_STAFF}),?|(?:lady|guy|gentleman|colleague|friend|boss|husband|wife|partner|son|daughter|brother|sister|"
    r"uncle|aunt),?|(?:spoke|speak|speaking|talked|talking|chatted|dealt|dealing) (?:to|with)|"
    r"(?:helped|served|seen|treated|assisted|handled|answered|greeted|welcomed|looked after|taken care of) by|"
    r"ask for|asked for|shout ?-?out to|kudos to|credit to|grateful to)\s+$",
    re.IGNORECASE,
)
_PERHAPS_NAMED = re.compile(
    r"\b(?:called|i am|i'm|this is|cheers,?|thanks?,?|thank you,?|thanks|thanks to|met|met with|worked with|"
    r"(?:fitted|installed|delivered|sold) by|especially|particularly)\s+$",
    re.IGNORECASE,
)
_ACTED = re.compile(
    r"\s+(?:(?:really|kindly|quickly|patiently|always|also|then)\s+)?(?:helped|explained|answered|greeted|told|said|"
    r"listened|assisted|promised|apologi[sz]ed|treated|went above|went out of|took care|took the time|resolved|"
    r"(?:was|is)\s+(?:(?:so|very|really|extremely|super|incredibly|absolutely|always)\s+)?(?:kind|helpful|rude|polite|"
    r"friendly|lovely|amazing|patient|attentive|professional|wonderful|knowledgeable|dismissive|unhelpful))\b"
)
_SAINTS_AND_KINGS = re.compile(
    r"\b(?:st|ste|saint|san|santa|santo|sao|los|las|el|port|fort|lake|mount|king|queen|prince|princess|terminal|hotel|"
    r"(?:north|south|new|west|east))\.?\s+$",
    re.IGNORECASE,
)
_ABOUT_SOMEONE = re.compile(
    rf"\b(?:he|she|him|his|her|who|spoke|helped|told|said|asked|met|polite|rude|kind|patient|patiently|attentive|{_STAFF})\b",
    re.IGNORECASE,
)
_LOWER_NAME = re.compile(
    rf"\b(?:(?:named|called|name is|name was|name's|i am|i'm|mr|mrs|ms|dr|{_STAFF})\.?|"
    r"(?:spoke|speaking|talked|chatted|dealt) (?:to|with)|(?:helped|served|assisted|seen|treated) by|thanks to)\s+"
    r"([a-z]{3,})\b",
    re.IGNORECASE,
)
_SENTENCE_EDGE = re.compile(r"[.!?\n](?=\s|$)")
_AFTER = re.compile(r"\s+([^\W\d_]+)")
_LONGEST_NAME = 4  # words
_SHORTEST_SHOUTED = 4  # letters: "MIA" and "RAM" are other things
_WINDOW = 200  # characters of a sentence read on each side of a name


@dataclass(frozen=True, slots=True)
class NameWords:
    """Word lists that tell names from other words; everything casefolded."""

    keep: frozenset[str]
    keep_words: frozenset[str]
    common: frozenset[str]
    things: frozenset[str]
    first: frozenset[str]
    doubtful: frozenset[str]

    @classmethod
    def load(cls, path: Path, *, keep: Sequence[str] = ()) -> NameWords:
        """Read ``keep_names.toml`` and add the caller's own product and company names.

        Args:
            path: The file.
            keep: Names that must never be masked.

        Returns:
            The word lists.

        Raises:
            ModelProblem: If the file is missing or is not of this form.
        """
        try:
            lists = tomllib.loads(path.read_text(encoding="utf-8"))
            kept = frozenset(name.casefold() for name in (*lists["keep"], *keep) if name.strip())
            words = {key: frozenset(lists[key].casefold().split()) for key in _WORD_LISTS}
        except (OSError, KeyError, AttributeError, tomllib.TOMLDecodeError) as error:
            msg = f"{path} should list names to keep and names of people ('keep', {_WORD_LISTS}), but: {error}"
            raise ModelProblem(msg) from error
        return cls(
            keep=kept,
            keep_words=frozenset(name for name in kept if " " not in name),
            common=words["common_words"],
            things=words["things_named_after_people"],
            first=words["first_names"] - words["doubtful_first_names"],
            doubtful=words["doubtful_first_names"],
        )


_WORD_LISTS = ("common_words", "things_named_after_people", "first_names", "doubtful_first_names")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch that may be a person's name, and the sentence to read where a model must confirm it."""

    start: int
    end: int
    certain: bool
    sentence: tuple[int, int]
    likely: bool = False  # enough that the model does not take it for something else


def find_candidates(text: str, words: NameWords) -> list[Candidate]:
    """Find where a text may name a person.

    Args:
        text: A cleaned text.
        words: The word lists.

    Returns:
        Candidates in text order, not overlapping; those that are not certain need a model's word.
    """
    found: list[Candidate] = []
    if _CAPITAL.search(text):
        for run in _capitalised_runs(text, words):
            candidate = _judge(text, run, words)
            if candidate is not None:
                found.append(candidate)
    for match in _LOWER_NAME.finditer(text):
        start, end = match.span(1)
        if match[1].casefold() in words.first and not any(each.start < end and start < each.end for each in found):
            found.append(Candidate(start, end, certain=True, sentence=(start, end)))
    if found:
        kept = _kept_spans(text, words)
        found = [each for each in found if not any(start < each.end and each.start < end for start, end in kept)]
    return sorted(found, key=lambda each: each.start)


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    folded: str
    shouted: bool


def _capitalised_runs(text: str, words: NameWords) -> list[list[_Word]]:
    """Capitalised words side by side, parted at words that are no names."""
    runs: list[list[_Word]] = []
    last_end = -2
    for match in _CAPITALISED.finditer(text):
        surface = _POSSESSIVE.sub("", match[0])
        folded = surface.casefold()
        if folded in words.common or folded in words.keep_words or not surface[0].isupper():
            continue
        word = _Word(match.start(), match.start() + len(surface), folded, surface.isupper() and len(surface) > 1)
        between = text[last_end : match.start()] if last_end >= 0 else ""
        joined = between == " " or (between == ". " and runs and len(runs[-1][-1].folded) == 1)
        if runs and joined and len(runs[-1]) < _LONGEST_NAME:
            runs[-1].append(word)
        else:
            runs.append([word])
        last_end = match.start() + len(surface)
    return runs


def _judge(  # noqa: PLR0911 - a list of signs, the strongest first
    text: str, run: list[_Word], words: NameWords
) -> Candidate | None:
    """Decide whether a run of capitalised words names a person, perhaps does, or does not."""
    first_known = next((place for place, word in enumerate(run) if _is_known(word, words)), None)
    if first_known is not None:
        run = run[first_known:]
    start, end = run[0].start, run[-1].end
    before = text[max(0, start - 40) : start]
    after = _AFTER.match(text, end)
    if all(_NO_NAME.fullmatch(word.folded) for word in run):
        return None
    if _TITLE.search(before):
        return Candidate(start, end, certain=True, sentence=(start, end))
    if (after and after[1].casefold() in words.things) or run[-1].folded in words.things:
        return None
    if _SAINTS_AND_KINGS.search(before):
        return None
    if first_known is not None:
        return Candidate(start, end, certain=True, sentence=(start, end))
    if any(word.shouted for word in run):
        return None
    doubtful = run[0].folded in words.doubtful
    met = _MET.search(before) is not None
    perhaps_named = met or _PERHAPS_NAMED.search(before) is not None
    opens = not before or _BEFORE_SENTENCE.search(before) is not None
    told = _NAMED.search(before) is not None or _ROLE.search(before) is not None
    if len(run[0].folded) > 1 and (told or (perhaps_named and doubtful)):
        return Candidate(start, end, certain=True, sentence=(start, end))
    sentence = _sentence_around(text, start, end)
    acted = _ACTED.match(text, end) is not None
    full_name = 1 < len(run) < _LONGEST_NAME and (doubtful or (not opens and _ABOUT_SOMEONE.search(text, *sentence)))
    if perhaps_named or full_name or acted:
        return Candidate(start, end, certain=False, sentence=sentence, likely=(met or acted) and not opens)
    return None


def _is_known(word: _Word, words: NameWords) -> bool:
    first_part = word.folded.partition("-")[0]
    if word.shouted and len(first_part) < _SHORTEST_SHOUTED:
        return False
    return word.folded in words.first or first_part in words.first


def _sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    low = max(0, start - _WINDOW)
    for match in _SENTENCE_EDGE.finditer(text, low, start):
        low = match.end()
    edge = _SENTENCE_EDGE.search(text, end, end + _WINDOW)
    return low, min(edge.end() if edge else len(text), end + _WINDOW)


def _kept_spans(text: str, words: NameWords) -> list[tuple[int, int]]:
    folded = text.lower()
    if len(folded) != len(text):
        folded = text
    spans = []
    for name in words.keep:
        at = folded.find(name)
        while at >= 0:
            spans.append((at, at + len(name)))
            at = folded.find(name, at + 1)
    return [
        (start, end)
        for start, end in spans
        if not (start and text[start - 1].isalnum()) and not (end < len(text) and text[end].isalnum())
    ]
