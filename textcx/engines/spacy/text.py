"""Sentences and clauses of informal text, on spaCy's knowledge of English.

Splitting reads characters, not documents: it takes its abbreviations from spaCy's English tokenizer and finds the edges
by rules made for reviews ("great.But", lists, emoji in place of a full stop, a sentence that turns at "but"), which
spaCy's slower sentencizer does not know.

Invariants, all tested: spans are sorted, do not overlap, are trimmed and not empty; together they cover every letter,
digit and emoji; a run of mask characters is never parted.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from spacy.util import get_lang_class

from textcx.steps.text.clean import has_content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textcx.domain.lexicons.language import Language

MAX_WORDS = 60  # a longer sentence is parted at a conjunction, a comma or, if there is neither, at a space

_EMOJI = (
    "[\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u200d\ufe0f\U0001f000-\U0001faff]"
)
_STOP = "[.!?\u2026\u3002\uff01\uff1f]"
_LAST_WORD = re.compile(r"\S+$")
_NUMBER_POINT = re.compile(r"(?:^|\s)\(?\d{1,2}$")
_BULLET = re.compile(r"\s*(?:[-*\u2022\u25cf\u25aa\u00b7+>]|\(?\d{1,2}[.)])\s")
_ENDS_SENTENCE = re.compile(rf"[.!?:;\u2026)\"]\s*$|{_EMOJI}$")
_FULL_LINE = 50  # characters: a line of this length may have been broken by a mail program

_SPACE = re.compile(r"\s+")
_CONTENT = re.compile(rf"[^\W_]|{_EMOJI}")
_WITHOUT_WORDS = re.compile(r"\W*$")
_WORD = re.compile(r"\w\S*")
_NEAR = 200  # characters looked at around an edge, so that a text of a million words stays linear
_FEWEST_WORDS_IN_A_TURN = 3
_FEWEST_WORDS_OF_A_RUN_ON = 8


class SpacySentenceSplitter:
    """Implements the ``SentenceSplitter`` port, with the words and abbreviations of a language."""

    def __init__(self, language: Language) -> None:
        words = self._words = language.splitting
        exceptions: dict[str, Any] = get_lang_class(language.code).Defaults.tokenizer_exceptions
        self._abbreviations = frozenset(key[:-1].casefold() for key in exceptions if key.endswith(".") and key[1:-1])
        starters, but, turns, after_comma, before = map(
            "|".join, (words.starters, words.but, words.turns, words.turns_after_comma, words.turns_before)
        )
        runs_on, subjects, parts = map("|".join, (words.runs_on, words.subjects, words.parts))
        self._edge = re.compile(  # the end of its match is the place of the cut
            rf"""
              (?P<stop> (?<!{_STOP}) {_STOP}++ ["')\]]*+ (?:[ ]?{_EMOJI})*+ (?=\s|$) )
            | (?P<joined> (?<=[a-z)\s]) \.+ (?=[A-Z][a-z']|{words.me}\s)
                | (?<=[a-z]{{2}}) \.+ (?=(?:{starters})\b[\s,])
                | (?<=\w)[!?]+(?=[A-Za-z]) )
            | (?P<dots> (?<=[a-z)!]) (?:\.{{2,}}|\u2026) (?=[A-Za-z]) )
            | (?P<emoji> (?<!{_EMOJI}) {_EMOJI}++ (?=\s{{0,3}}[A-Za-z]) )
            | (?P<break> \n\s* )
            | (?P<number> (?<=\s) (?=\d{{1,2}}[.)]\s?[A-Za-z]) )
            | (?P<bullet> (?<=\s) (?=[\u2022\u25cf\u25aa\u00b7*]\s?[A-Za-z]) )
            """,
            re.VERBOSE,
        )
        self._turn = re.compile(
            rf"""
              (?P<but> (?:,|\s-|\s\u2014)?\s (?=(?:{but})\s) )
            | (?P<turn> [,\s]\s? (?=(?:{turns})\b) )
            | (?P<comma> ,\s? (?=(?:{after_comma})\s) )
            | (?P<though> \s (?=(?:{before})\b) )
            | (?P<mark> ;(?![-)(DpP*]) | \s--?\s | \u2014 | \s\u2013\s )
            """,
            re.VERBOSE | re.IGNORECASE,
        )
        not_after = "".join(rf"(?<!\b{word})" for word in words.runs_on_unless_after)
        self._run_on = re.compile(rf"{not_after},?\s(?=(?:{runs_on})\s+(?:{subjects})\b)", re.IGNORECASE)
        self._comma = re.compile(rf"(?<!\d),|,\s|\s(?=(?:{parts})\s)|:\s", re.IGNORECASE)

    def split(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Find the segments ``(start, end)`` of each cleaned text: sorted, not overlapping, trimmed, not empty."""
        return [[clause for span in self._sentences(text) for clause in self._clauses(text, *span)] for text in texts]

    def _sentences(self, text: str) -> list[tuple[int, int]]:
        cuts = [edge.end() for edge in self._edge.finditer(text) if self._is_edge(text, edge)]
        spans: list[tuple[int, int]] = []
        start = 0
        for cut in (*cuts, len(text)):
            if cut <= start:
                continue
            low, high = _trim(text, start, cut)
            if low < high and (_CONTENT.search(text, low, high) or has_content(text[low:high])):
                if spans and _WITHOUT_WORDS.match(text, low, high) and "\n\n" not in text[spans[-1][1] : low]:
                    spans[-1] = (spans[-1][0], high)  # emoji after a full stop belong to what was said
                else:
                    spans.append((low, high))
            start = cut
        return spans

    def _is_edge(self, text: str, edge: re.Match[str]) -> bool:
        kind = edge.lastgroup
        if kind == "stop":
            return self._stop_ends(text, edge)
        if kind == "break":
            return _break_ends(text, edge)
        if kind == "emoji":
            # An emoji in the place of a full stop; one word before it is no sentence.
            before, after = text[max(0, edge.start() - _NEAR) : edge.start()], text[edge.end() : edge.end() + _NEAR]
            return len(before.split()) > 1 and len(after.split()) > 1
        return True

    def _stop_ends(self, text: str, edge: re.Match[str]) -> bool:
        marks = edge[0].rstrip()
        following = text[edge.end() : edge.end() + 40].lstrip()
        if marks.startswith(("..", "\u2026")):
            return following[:1].isupper() or " " in following.strip()  # "so... cheap" is one thought
        before = _LAST_WORD.search(text, max(0, edge.start() - 20), edge.start()) if marks[0] == "." else None
        if before is None:
            return True
        if following and _NUMBER_POINT.search(text, max(0, edge.start() - 4), edge.start()):
            line = max(0, text.rfind("\n", max(0, edge.start() - _NEAR), edge.start()) + 1, edge.start() - _NEAR)
            return len(text[line : edge.start()].split()) > 1 and not following[:1].isalpha()
        return self._word_may_end(before[0].lstrip("([\"'").casefold(), following)

    def _word_may_end(self, word: str, following: str) -> bool:
        if word in self._words.numbers:
            return not following[:1].isdigit()
        if word in self._words.never_ends:
            return False
        if word in self._abbreviations or word in self._words.list_ends:
            return following[:1].isupper()
        return not (len(word) == 1 and word.isalpha() and word != self._words.me.casefold())  # an initial

    def _clauses(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Part a sentence where it turns, then where it runs on."""
        low = start
        for turn in self._turn.finditer(text, start, end):
            if turn.start() > low and self._turns(text, low, turn, end):
                yield from self._shortened(text, *_trim(text, low, turn.start()))
                low = turn.end()
        yield from self._shortened(text, *_trim(text, low, end))

    def _turns(self, text: str, low: int, turn: re.Match[str], end: int) -> bool:
        """Tell whether a mark of turning parts two clauses that can stand alone."""
        left = text[max(low, turn.start() - _NEAR) : turn.start()].rstrip()
        right = text[turn.end() : min(end, turn.end() + _NEAR)].lstrip()
        if left.count("(") > left.count(")"):
            return False
        words_left, words_right = len(_WORD.findall(left)), len(_WORD.findall(right))
        if turn.lastgroup == "mark":
            fewest = 2 if turn[0].lstrip().startswith(";") else _FEWEST_WORDS_IN_A_TURN
            return words_left >= fewest and words_right >= fewest
        if self._words.no_turn_before.search(left) or self._words.no_turn_after.match(right):
            return False
        enough_left = words_left > 1 or self._words.verdict.match(left) is not None
        return enough_left and words_right >= _FEWEST_WORDS_IN_A_TURN

    def _shortened(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Part a clause that runs on: at a conjunction with a subject, else at a comma, else at a space."""
        while start < end:
            words = [match.start() for match in islice(_WORD.finditer(text, start, end), 2 * MAX_WORDS)]
            if len(words) <= MAX_WORDS:
                yield start, end
                return
            low = words[_FEWEST_WORDS_OF_A_RUN_ON]
            high = words[MAX_WORDS]
            middle = words[MAX_WORDS // 2]
            left = right = high
            for pattern in (self._run_on, self._comma, _SPACE):
                cuts = [match.span() for match in pattern.finditer(text, low, high) if match.start() > low]
                if cuts:
                    aim = high if pattern is _SPACE else middle
                    left, right = min(cuts, key=lambda cut: abs(cut[0] - aim))
                    break
            yield _trim(text, start, left)
            start = _trim(text, right, end)[0]


def _break_ends(text: str, edge: re.Match[str]) -> bool:
    """A line break ends a sentence, unless a long line was only wrapped."""
    if edge[0].count("\n") > 1:
        return True
    line_start = text.rfind("\n", 0, edge.start()) + 1
    following = text[edge.end() : edge.end() + 4]
    wrapped = (
        edge.start() - line_start >= _FULL_LINE
        and following[:1].islower()
        and not _ENDS_SENTENCE.search(text, line_start, edge.start())
    )
    return not wrapped or _BULLET.match(text, edge.end()) is not None


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    stretch = text[start:end]
    start += len(stretch) - len(stretch.lstrip())
    return start, start + len(stretch.strip())
