"""Light implementations of the ports, for tests of what is built on them.

Each keeps every promise of its port and passes the same contract suite as the real engine (``tests/ports``); what it
knows of language is a handful of words. All are deterministic and load nothing. ``textcx.runs.progress.StageClock``
serves as ``ProgressReporter``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from languages import ENGLISH, NAMING

from textcx.domain.encoding import Encoding, TokenTags
from textcx.domain.errors import ShapeMismatch
from textcx.domain.feedback import Redaction
from textcx.domain.matters import Coverage, KnownMatters, Nearness
from textcx.domain.themes.findings import MIN_SEGMENTS
from textcx.domain.themes.sets import StrengthCurve
from textcx.ports import LanguageGuess, Phrase, TopicFit
from textcx.steps.themes.geometry.lattice import on_lattice, unit_rows
from textcx.steps.themes.naming import naming_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.ports import Encoder
    from textcx.steps.themes.naming import Naming


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NO_MATTERS = KnownMatters(
    titles=(), names=(), title_words=(), name_words=(), title_tokens=None, near=Nearness(),
    title_vectors=np.zeros((0, 384), np.float32), name_vectors=np.zeros((0, 384), np.float32),
)  # fmt: skip
_WORD = re.compile(r"\w+|[^\w\s]")

WIDTH = 384
WINDOW = 100
"""Words read at once by the encoder."""
_KEPT = 20_000
"""Texts that are remembered, because each analysis reads the thousands of titles and names that are known."""
_POSITIVE = _set(
    "good great lovely friendly helpful kind clean quick tasty perfect love excellent \U0001f600 \U0001f60d"
)
_NEGATIVE = _set("bad rude dirty late slow broken awful terrible hate cold crashes waited lost damaged \U0001f621")
_PAIN = _set("late rude dirty broken crashes crash waited lost damaged cold charged missing nobody never twice")
_ASPECTS = _set("staff room rooms food parcel parcels driver service battery screen app delivery breakfast")
_REQUEST = _set("please add wish should could need would suggest more")
_EMOTIONS = tuple(
    _set(words) for words in ("angry furious hate", "disappointed sad", "thanks thank", "confused puzzled")
)


class FakeEncoder:
    """Implements the ``Encoder`` port: vectors by hashing words, heads by counting words of small lists."""

    encoder_id = "fake-1@sha256:000000000000"
    confident_at = 0.6
    near = Nearness()
    covers = Coverage()
    precision = "fp32"
    finds_aspects = True

    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
        told = [_told(text) for text in texts]
        matrix = _matrix([_vector(text) for text in texts] if vectors else [], WIDTH)
        heads = _matrix([heads for _, heads in told], 5 + len(_EMOTIONS))
        return Encoding(
            matters=matrix,
            sentiment=heads[:, :3],
            pain=heads[:, 3],
            request=heads[:, 4],
            emotions=heads[:, 5:],
            windows=np.array([windows for windows, _ in told], dtype=np.int32),
            tags=_tags(texts) if tags else None,
        )

    def words(self, texts: Sequence[str]) -> None:
        """Tells nothing of single words."""


def _tags(texts: Sequence[str]) -> TokenTags:
    """Words of small lists name aspects or opinions; one that is next to another goes on."""
    words = [list(_WORD.finditer(text)) for text in texts]
    sentiment = [_told(text)[1][:3] for text in texts]
    return TokenTags(
        bounds=np.cumsum([0, *map(len, words)]),
        spans=np.array([word.span() for own in words for word in own], dtype=np.int64).reshape(-1, 2),
        aspects=_matrix([row for own in words for row in _named(own, _ASPECTS)], 3),
        opinions=_matrix([row for own in words for row in _named(own, _POSITIVE | _NEGATIVE)], 3),
        polarity=_matrix([np.log(shares) for own, shares in zip(words, sentiment, strict=True) for _ in own], 3),
    )


def _named(words: list[re.Match[str]], known: frozenset[str]) -> Iterable[NDArray[np.float64]]:
    within = False
    for word in words:
        among = word[0].casefold() in known
        yield np.eye(3)[among + (among and within)] * 8
        within = among


@lru_cache(_KEPT)
def _told(text: str) -> tuple[int, NDArray[np.float64]]:
    """Windows of a text, and what the heads say of it: sentiment, pain, request, emotions."""
    words = _read(text)
    said = [_said(words, known) for known in (_PAIN, _REQUEST, *_EMOTIONS)]
    return max(1, math.ceil(len(words) / WINDOW)), np.array([*_sentiment(words), *said])


def _read(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _matrix(rows: Sequence[NDArray[np.floating]], width: int) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32).reshape(len(rows), width)


def _windows(words: list[str]) -> Iterable[list[str]]:
    return (words[start : start + WINDOW] for start in range(0, max(1, len(words)), WINDOW))


@cache
def _place(word: str) -> tuple[int, float]:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little") % WIDTH, 1.0 if digest[4] % 2 else -1.0


@lru_cache(_KEPT)
def _vector(text: str) -> NDArray[np.float64]:
    words = _read(text)
    vector = np.zeros(WIDTH)
    vector[0] = 0.01  # a text without a word has a direction, too
    for word in [word for word in words if word not in NAMING.stop_words] or words:
        place, sign = _place(word)
        vector[place] += sign
    length = float(np.linalg.norm(vector))
    return vector / length if length else np.eye(WIDTH)[0]


def _sentiment(words: list[str]) -> NDArray[np.float64]:
    total = np.zeros(3)
    for window in _windows(words):
        negative, positive = (min(3, sum(word in known for word in window)) for known in (_NEGATIVE, _POSITIVE))
        odds = np.exp([2.0 * negative, 1.0, 2.0 * positive])
        total += max(1, len(window)) * odds / odds.sum()
    return np.asarray(total / total.sum())


def _said(words: list[str], known: frozenset[str]) -> float:
    most = max(sum(word in known for word in window) for window in _windows(words))
    return 1.0 / (1.0 + math.exp(3.0 - 3.5 * min(most, 3)))


_LANGUAGES = {
    "en": _set("the a is was and to of i my not it for with very we you they were this that but about"),
    "de": _set("der die das und ist war nicht zu ich mit sehr wir sie ein eine es auf aber"),
    "es": _set("el la los las y es fue no muy con mi que de un una por pero"),
}
_FEWEST_WORDS = 3


class FakeLanguageDetector:
    """Implements the ``LanguageDetector`` port by counting the commonest words of three languages."""

    def detect(self, texts: Sequence[str]) -> list[LanguageGuess]:
        return [_guess([word for word in _read(text) if word.isalpha()]) for text in texts]


def _guess(words: list[str]) -> LanguageGuess:
    hits = {language: sum(word in known for word in words) for language, known in _LANGUAGES.items()}
    best = max(hits, key=lambda language: hits[language])
    if len(words) < _FEWEST_WORDS or not hits[best]:
        return LanguageGuess(None, 0.0)
    return LanguageGuess(best, hits[best] / sum(hits.values()))


_PERSONAL = re.compile(r"(?P<EMAIL>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)|(?P<PHONE>(?<!\w)\+?\(?\d[\d ().-]{7,}\d(?!\w))")


class FakeRedactor:
    """Implements the ``Redactor`` port: e-mail addresses and telephone numbers, nothing else."""

    def find(self, texts: Sequence[str]) -> list[list[Redaction]]:
        return [
            [Redaction(*match.span(), str(match.lastgroup)) for match in _PERSONAL.finditer(text)] for text in texts
        ]


_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")


class FakeSplitter:
    """Implements the ``SentenceSplitter`` port: a sentence ends at a full stop, a mark or a line break."""

    def split(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [list(_sentences(text)) for text in texts]


def _sentences(text: str) -> Iterable[tuple[int, int]]:
    for match in _SENTENCE.finditer(text):
        said = match.group()
        start = match.start() + len(said) - len(said.lstrip())
        end = match.start() + len(said.rstrip())
        if start < end:
            yield start, end


_GLUE = _set(
    """
    the a an and or but is are was were it its this that my our your i we they to of in on at for with very too so not
    no again always never still when after before came had has have be been by from great good bad poor
    """
)
_LONGEST_PHRASE = 3


class FakePhraseFinder:
    """Implements the ``PhraseFinder`` port without grammar: runs of words that are neither glue nor praise, as nouns."""

    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        return [_runs(text) for text in texts]


def _runs(text: str) -> list[Phrase]:
    found: list[Phrase] = []
    run: list[re.Match[str]] = []
    for match in [*re.finditer(r"[^\W\d_]+|[^\w\s]", text), None]:
        wanted = match is not None and match.group().isalpha() and match.group().lower() not in _GLUE
        if match is not None and wanted and len(run) < _LONGEST_PHRASE:
            run.append(match)
            continue
        if run:
            start, end = run[0].start(), run[-1].end()
            found.append(Phrase(start, end, text[start:end].lower(), "noun"))
        run = []
    return found


def fake_naming(*known: str, encoder: Encoder | None = None) -> Naming:
    """What themes are named with, where only matters of these names are known."""
    language = replace(ENGLISH, matters=tuple((name, name) for name in known))
    return naming_with(language, phrases=FakePhraseFinder(), encoder=encoder or FakeEncoder())


_FEWEST_MEMBERS = 3
_MOST_KEYWORDS = 10


class FakeThemeModel:
    """Implements the ``ThemeModel`` port: segments belong together that share their most frequent content word."""

    def fit(
        self, texts: Sequence[str], vectors: NDArray[np.float32], *, seed: int, max_unassigned: float | None = None
    ) -> TopicFit:
        del seed, max_unassigned
        if len(vectors) != len(texts):
            msg = f"themes need one vector per segment: {len(texts)} segments came with {len(vectors)} vectors"
            raise ShapeMismatch(msg)
        words = [_content_words(text) for text in texts]
        spread = Counter(word for said in words for word in said)
        main = [min(said, key=lambda word: (-spread[word], word), default=None) for said in words]
        sizes = Counter(word for word in main if word is not None)
        chosen = sorted(word for word in sizes if sizes[word] >= _FEWEST_MEMBERS)
        if len(texts) < MIN_SEGMENTS:
            chosen = []
        chosen.sort(key=lambda word: -sizes[word])
        number = {word: place for place, word in enumerate(chosen)}
        topics = np.array([number.get(word or "", -1) for word in main], dtype=np.int64)
        strengths = np.array([0.5 + 0.5 / len(said) if said else 0.0 for said in words], dtype=np.float64)
        return topic_fit(
            topics,
            vectors,
            strengths=np.where(topics >= 0, strengths, 0.0),
            keywords=tuple(_keywords(topics == n, words) for n in number.values()),
        )


def topic_fit(
    topics: NDArray[np.int64],
    vectors: NDArray[np.float32],
    *,
    strengths: NDArray[np.float64],
    keywords: tuple[tuple[str, ...], ...],
    levels: tuple[NDArray[np.int64], ...] = (),
) -> TopicFit:
    """A fit of topics that are known, with the centroids of their vectors; words of a level are those of its topics."""
    number = len(keywords)
    lattice = on_lattice(vectors)
    sums = np.array([lattice[topics == topic].sum(axis=0, dtype=np.float64) for topic in range(number)])
    words = [
        tuple(
            tuple(word for topic in np.flatnonzero(level == group) for word in keywords[topic])
            for group in range(int(level.max()) + 1)
        )
        for level in levels
    ]
    return TopicFit(
        topics=topics,
        strengths=strengths,
        origin=np.zeros(vectors.shape[1], dtype=np.float32),
        centroids=unit_rows(sums.reshape(number, vectors.shape[1])),
        levels=levels,
        stabilities=(*(np.ones(len(named)) for named in words), np.ones(number)),
        keywords=(*words, keywords),
        curve=StrengthCurve(-2.0, 8.0, 4.0, 0.2),
        stability=1.0,
    )


def _content_words(text: str) -> frozenset[str]:
    return frozenset(word for word in _read(text) if word.isalpha() and len(word) > 2 and word not in NAMING.stop_words)


def _keywords(members: NDArray[np.bool_], words: list[frozenset[str]]) -> tuple[str, ...]:
    counts = Counter(word for mine, said in zip(members, words, strict=True) if mine for word in said)
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:_MOST_KEYWORDS])


class FakeNamer:
    """Implements the ``ThemeNamer`` port: proposes what it was told to, for a group that holds a word."""

    def __init__(self, proposals: Mapping[str, Sequence[str]] | None = None) -> None:
        self.proposals = proposals or {}
        self.shown: list[list[str]] = []
        self.accepted = 0

    def propose(self, groups: Sequence[Sequence[str]], *, titles: bool) -> list[list[str]]:
        del titles
        self.shown += [list(group) for group in groups if group]
        return [self._of(" ".join(group).casefold()) for group in groups]

    def _of(self, said: str) -> list[str]:
        return next((list(names) for word, names in self.proposals.items() if word in said), [])

    def accept(self, count: int) -> None:
        self.accepted += count

    def report(self) -> dict[str, Any]:
        return {"model": "fake", "asked": len(self.shown), "accepted": self.accepted}

    def notes(self) -> tuple[str, ...]:
        return ("The fake was asked.",) if self.shown and not self.proposals else ()
