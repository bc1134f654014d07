"""Clean a text without moving a single character, and tell which texts hold no answer at all.

Invariants, all tested:

* ``len(clean(text)) == len(text)``: every replacement puts one code point where one stood, or fills up with spaces. An
  offset into the cleaned text is therefore an offset into the verbatim, and nothing has to be mapped back.
* What is plain already is not touched: a text of letters, digits, punctuation and single spaces comes back unchanged.
* A text with a letter of content, an emoji or an emoticon is never called empty.

Only ``polish`` changes lengths; its result is for models to read, and ``unpolished`` takes offsets into it back.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING

from textcx.domain.feedback import Reason

if TYPE_CHECKING:
    from textcx.domain.lexicons.text import AnswerWords

_REPLACEMENT = "\ufffd"
_ZERO_WIDTH_JOINERS = frozenset("\u200c\u200d")
_ONE_FOR_ONE = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\u2035", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2036", '"'),
    # The em dash stays: without spaces around it, it parts two clauses, where a hyphen would join two words.
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\u2043", "-"),
    **dict.fromkeys("\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\u115f\u1160\u2800\u3164\uffa0\ufffc\ufffe\uffff", " "),  # letters and symbols that show nothing
    "\n": "\n",
}


class _PlainCharacters(dict[int, str]):
    """The plain form of each code point, worked out when first met; what ``str.translate`` looks things up in."""

    def __missing__(self, code: int) -> str:
        plain = self[code] = _plain_character(chr(code))
        return plain


def _plain_character(character: str) -> str:
    compatible = unicodedata.normalize("NFKC", character)
    plain = compatible if len(compatible) == 1 else character
    known = _ONE_FOR_ONE.get(character) or _ONE_FOR_ONE.get(plain)
    if known:
        return known
    category = unicodedata.category(plain)
    if category == "Cs":
        return _REPLACEMENT
    if plain in _ZERO_WIDTH_JOINERS:
        return plain  # decided by its neighbours: it may hold an emoji or an Indic letter together
    return " " if category in {"Cc", "Cf", "Zs", "Zl", "Zp", "Co"} else plain


_PLAIN = _PlainCharacters()

_CARRIAGE_RETURN = re.compile(r"\r(?=\n)")
_LONE_JOINER = re.compile(r"(?:^|(?<=[\x00-\x7f]))[\u200c\u200d]+|[\u200c\u200d]+(?=[\x00-\x7f]|$)")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_AMPERSAND = re.compile("[&\ufe60\uff06]")
_BREAKING_TAGS = "br|p|div|li|ul|ol|tr|table|tbody|thead|h[1-6]|hr|blockquote|section|article|pre|script|style"
_INLINE_TAGS = "a|abbr|b|big|center|code|del|em|font|i|img|ins|s|small|span|strike|strong|sub|sup|td|th|tt|u"
_TAG = re.compile(
    rf"(?:<|&lt;)/?(?:(?P<breaking>{_BREAKING_TAGS})|{_INLINE_TAGS})(?:\s[^<>]{{0,500}}?)?\s?/?(?:>|&gt;)"
    r"|<!--.{0,2000}?-->",
    re.IGNORECASE | re.DOTALL,
)


def clean(text: str) -> str:
    r"""Return the text in plain characters, code point for code point.

    Control, invisible and odd white space characters become spaces (line breaks of any kind ``\n``), lone surrogates
    U+FFFD; curly quotes, hyphens and full-width, mathematical or other compatibility forms become their plain form
    where Unicode's NFKC maps one to one. An HTML entity becomes its character, filled up with spaces; an HTML tag
    becomes white space of its length, beginning with a line break where the tag breaks the line. ``<3`` and ``a < b``
    stay. ``text`` may hold lone surrogates and NUL.
    """
    plain = _without_tags(text)
    return _ENTITY.sub(_entity_as_character, plain) if "&" in plain else plain


def entities_in(text: str) -> list[tuple[int, int]]:
    """Return ``[start, end)`` of each HTML entity that ``clean`` fills up with spaces, of a text as given or masked.

    A segment trimmed in the cleaned text begins or ends within one; in the text as given it should hold all of it.
    """
    if not _AMPERSAND.search(text):
        return []
    return [match.span() for match in _ENTITY.finditer(_without_tags(text))]


def _without_tags(text: str) -> str:
    plain = _CARRIAGE_RETURN.sub(" ", text).translate(_PLAIN)
    if "\u200c" in plain or "\u200d" in plain:
        plain = _LONE_JOINER.sub(lambda joiners: " " * len(joiners[0]), plain)
    return _TAG.sub(_tag_as_space, plain) if "<" in plain or "&lt;" in plain else plain


def _tag_as_space(match: re.Match[str]) -> str:
    return ("\n" if match["breaking"] else " ").ljust(len(match[0]))


def _entity_as_character(match: re.Match[str]) -> str:
    entity = match[0]
    decoded = html.unescape(entity)
    if decoded == entity or len(decoded) > len(entity):
        return entity
    decoded = decoded.translate(_PLAIN)
    text, start, end = match.string, match.start(), match.end()
    before = text[start - 1 : start]
    after = text[end : end + 1]
    opens_a_word = (not before or before.isspace()) and bool(after) and not after.isspace()
    # "&" and "<" may not lean on a letter: the result would read as another entity or tag.
    if opens_a_word and (decoded not in {"&", "<"} or decoded + after == "<3"):
        return decoded.rjust(len(entity))
    return decoded.ljust(len(entity))


_SPACES = re.compile(r"\s+")
_PARTED_CONTRACTION = re.compile(r"(?<=[A-Za-z])'\s{4,6}(?=(?:t|s|d|m|re|ve|ll)\b)", re.IGNORECASE)


def polish(text: str) -> str:
    """Return a cleaned text as models read it: single spaces, none around, contractions of entities joined again."""
    if "'  " in text:
        text = _PARTED_CONTRACTION.sub("'", text)
    return _SPACES.sub(" ", text).strip()


def unpolished(cleaned: str, start: int, end: int) -> tuple[int, int]:
    """Return where a stretch of ``polish(cleaned)`` stands in the cleaned text; it has no white space at its edges."""
    polished = polish(cleaned)
    if polished == cleaned:
        return start, end
    # what is polished away is white space, so that all else stands in both, in one order
    places = [place for place, character in enumerate(cleaned) if not character.isspace()]
    before, inside = (sum(not each.isspace() for each in part) for part in (polished[:start], polished[start:end]))
    return places[before], places[before + inside - 1] + 1


_EMOTICON = re.compile(r"[:;=8][-o^']?[)(\[\]|/\\*>{}<]|[)(\[\]][-o^']?[:;=]|<3|\^[_.-]?\^|[tT>][_.][tT<]|-_-")
_LONGEST_NO_ANSWER = 60
_EMPTY_SYMBOLS = frozenset({_REPLACEMENT, "\u2588"})


def why_unprocessable(cleaned: str, *, question: str | None, answers: AnswerWords) -> Reason | None:
    """Tell why a cleaned text holds no answer, or null where it holds one, such as an emoji or an emoticon.

    ``Reason.EMPTY`` where there is only white space, ``Reason.NOT_AN_ANSWER`` where punctuation or a set phrase stands
    for silence: "Nothing" answers a question and says nothing without one.
    """
    stripped = cleaned.strip().strip(_REPLACEMENT).strip()
    if not stripped:
        return Reason.EMPTY
    if not has_content(stripped):
        return None if _EMOTICON.search(stripped) else Reason.NOT_AN_ANSWER
    if len(stripped) > _LONGEST_NO_ANSWER:
        return None
    has_question = bool(question and question.strip())
    return Reason.NOT_AN_ANSWER if answers.silent(stripped, has_question=has_question) else None


def has_content(text: str) -> bool:
    """Tell whether a text holds a letter, a digit or a symbol such as an emoji (punctuation is no content)."""
    return text.isalnum() or any(
        character.isalnum() or (character > "\x7f" and unicodedata.category(character) == "So")
        for character in text
        if character not in _EMPTY_SYMBOLS
    )
