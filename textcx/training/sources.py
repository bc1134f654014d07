"""The open data of the mix, one reader for each: what it teaches, and how much its labels weigh.

A reader turns the records of one split into examples. A target that is ``None`` teaches nothing. Labels that a data set
does not have are weak: pain and requests are inferred from the question asked, the stars given or the wording, and such
examples weigh less. The weights are shares of a full label. Only ``train`` teaches; ``dev`` chooses and calibrates.
"""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textcx.domain.encoding import EMOTIONS
from textcx.training.examples import (
    BY_LABEL,
    NEUTRAL_BORDER,
    Corpus,
    Example,
    Reader,
    Source,
    labelled,
    letters,
    request_from_wording,
    shares_from_intensity,
    split_by_hash,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from textcx.domain.lexicons.text import RequestPatterns

FEWEST_WORDS_FOR_INTENT = 4
LOW_STARS, MIDDLE_STARS, GOOD_STARS, BEST_STARS = 2, 3, 4, 5
CLEAR_CRITICALITY = 2
CLEAR_STRENGTH = 2
CLEAR_PRAISE, NO_TONE = 0.5, 0.3  # intensity of -4 to 4
LONG_COMPLAINT, COMPLAINT_START, COMPLAINT_READ = 300, 250, 900  # characters

LABELS = Path(__file__).with_name("labels")
POOL_LABELS = LABELS / "dynasent_pool.tsv"
HARD_LABELS = LABELS / "dynasent_pool_hard.tsv"
"""Sentences that an earlier encoder was least sure about."""
POOL_VOTES = LABELS / "dynasent_pool_votes.tsv"
"""Sentences with the votes that an AI reader expects of five people; for two thirds an encoder was least sure."""
WRITTEN = LABELS / "written.tsv"
WRITTEN_VOTES = LABELS / "written_votes.tsv"
CONTRASTS = LABELS / "contrasts.json"
CONTRAST_SEED = 20_251
MOST_PER_TEMPLATE = 60
SHARE_LOWER_CASE, SHARE_WITHOUT_STOP = 0.2, 0.1
EMOTION_LETTERS = "adgc"
MIXED = (0.5, 0.0, 0.5)
VOTES_OF_LABELS = {
    BY_LABEL["negative"]: (0.695, 0.242, 0.063),
    BY_LABEL["neutral"]: (0.083, 0.775, 0.142),
    BY_LABEL["positive"]: (0.030, 0.214, 0.756),
    MIXED: (0.350, 0.264, 0.386),
}
"""Mean votes for sentences by the label of their code, over 3,876 drawn at random that have both."""
CODES = {"n": "negative", "0": "neutral", "p": "positive"}
VOTES = 3
"""Digits of a code of votes: how many of five readers say negative, neutral, positive."""
ANNOYED = frozenset(["anger", "annoyance"])


def _each(name: str) -> Callable[[Callable[[dict[str, Any], RequestPatterns], Example]], Reader]:
    """Make what turns one record into an example the reader of a JSON lines file."""
    return lambda example_of: (
        lambda directory, split, wording: (example_of(record, wording) for record in labelled(directory, name, split))
    )


@_each("sentiment/cebab")
def _cebab(record: dict[str, Any], wording: RequestPatterns) -> Example:
    text, stars, polarities = record["text"], record["stars"], set(record["aspects"].values())
    pain = None
    if "negative" in polarities and (stars is None or stars <= MIDDLE_STARS):
        pain = 1.0
    elif "negative" not in polarities and stars is not None and (stars >= GOOD_STARS or not polarities):
        pain = 0.0 if stars >= MIDDLE_STARS else None
    label, request = BY_LABEL.get(record["label"]), request_from_wording(text, wording)
    return Example(text, label, pain, request, pain_weight=0.4, request_weight=0.3)


@_each("sentiment/nhs_survey")
def _nhs_survey(record: dict[str, Any], wording: RequestPatterns) -> Example:
    text, label = record["text"], record["label"]
    pain = {"negative": 1.0, "positive": 0.0}.get(label)
    return Example(text, BY_LABEL.get(label), pain, request_from_wording(text, wording), request_weight=0.7)


@_each("sentiment/nhs_phase1")
def _nhs_phase1(record: dict[str, Any], wording: RequestPatterns) -> Example:
    # Criticality 0 is used for plain praise by one trust, so it says nothing about the sentiment.
    text, label, request = record["text"], record["label"], request_from_wording(record["text"], wording)
    if label == "neutral":
        return Example(text, request=request, request_weight=0.3)
    strong = abs(record["criticality"]) >= CLEAR_CRITICALITY
    return Example(
        text,
        BY_LABEL[label],
        float(label == "negative"),
        request,
        sentiment_weight=0.7 if strong else 0.4,
        pain_weight=1.0 if strong else 0.6,
        request_weight=0.7,
    )


@_each("sentiment/semeval2017_tweets")
def _tweets(record: dict[str, Any], _wording: RequestPatterns) -> Example:
    pain = None if record["label"] == "negative" else 0.0
    return Example(record["text"], BY_LABEL[record["label"]], pain, pain_weight=0.1)


@_each("sentiment/goemotions")
def _goemotions(record: dict[str, Any], wording: RequestPatterns) -> Example:
    text, label, shown = record["text"], record["label"], set(record["emotions"])
    pain, request = 0.0 if label else None, None if wording.may_ask(text) else 0.0
    emotions = (float(bool(shown & ANNOYED)), *(float(emotion in shown) for emotion in EMOTIONS[1:]))
    return Example(
        text, BY_LABEL.get(label), pain, request, emotions, sentiment_weight=0.8, pain_weight=0.2, request_weight=0.2
    )


@_each("sentiment/pros_cons")
def _pros_cons(record: dict[str, Any], wording: RequestPatterns) -> Example:
    text, label = record["text"], record["label"]
    pain, request = float(label == "negative"), request_from_wording(text, wording)
    return Example(text, BY_LABEL[label], pain, request, sentiment_weight=0.5, pain_weight=0.3, request_weight=0.2)


@_each("sentiment/vader_intensity")
def _vader(record: dict[str, Any], wording: RequestPatterns) -> Example:
    intensity, subset, text = record["intensity"], record["subset"], record["text"]
    bought = subset == "amazon"
    calm = subset in {"nyt", "movie"} or intensity > CLEAR_PRAISE or (bought and abs(intensity) < NO_TONE)
    request = request_from_wording(text, wording)
    if request == 1.0 and not bought:
        request = None
    pain = 0.0 if calm else None
    return Example(text, shares_from_intensity(intensity), pain, request, pain_weight=0.3, request_weight=0.2)


def _polarity(directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    # The same snippets were rated for intensity: a label is used where the raters were not near neutral.
    rated = {
        letters(record["text"]): record["intensity"]
        for record in labelled(directory, "sentiment/vader_intensity", split)
        if record["subset"] == "movie"
    }
    for record in labelled(directory, "sentiment/sentence_polarity", split):
        text, label = record["text"], record["label"]
        intensity = rated.get(letters(text))
        if intensity is None or intensity * (1.0 if label == "positive" else -1.0) > NEUTRAL_BORDER:
            yield Example(text, BY_LABEL[label], 0.0, sentiment_weight=0.5, pain_weight=0.2)


@_each("sentiment/huliu")
def _huliu(record: dict[str, Any], wording: RequestPatterns) -> Example:
    text, strengths = record["text"], [item["strength"] for item in record["features"]]
    pain = None
    if strengths:
        pain = 1.0 if min(strengths) <= -CLEAR_STRENGTH else 0.0 if min(strengths) > 0 else None
    label, request = BY_LABEL.get(record["label"]), request_from_wording(text, wording)
    return Example(text, label, pain, request, sentiment_weight=0.7, pain_weight=0.7, request_weight=0.3)


def _clothing(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    with (directory / "dumps/womens_clothing.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            text = row["Review Text"].strip()
            if not text or split_by_hash(text) != split:
                continue
            stars = int(row["Rating"])
            # Most reviews praise; every fifth of the best and every third of the good ones keep the classes even.
            if split == "train" and len(text) % {BEST_STARS: 5, GOOD_STARS: 3}.get(stars, 1):
                continue
            label = "negative" if stars <= LOW_STARS else "neutral" if stars == MIDDLE_STARS else "positive"
            pain = 1.0 if stars <= LOW_STARS and row["Recommended IND"] == "0" else 0.0 if stars == BEST_STARS else None
            title = row["Title"].strip()
            yield Example(
                f"{title}. {text}" if title and int(row["Clothing ID"]) % 2 else text,
                BY_LABEL[label],
                pain,
                request_from_wording(text, wording),
                sentiment_weight=0.6 if stars != GOOD_STARS else 0.3,
                pain_weight=0.3,
                request_weight=0.3,
            )


def _cfpb(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "problems/cfpb", split):
        text, read = record["text"], record["text"][:COMPLAINT_READ]
        yield Example(read, pain=1.0, request=request_from_wording(read, wording), request_weight=0.3)
        if len(text) > LONG_COMPLAINT:
            yield Example(text[:COMPLAINT_START].rsplit(" ", 1)[0], pain=1.0, pain_weight=0.5)


@_each("problems/jupyter_2015")
def _jupyter(record: dict[str, Any], wording: RequestPatterns) -> Example:
    text, question = record["text"], record["question"]
    whole = 1.0 if len(text.split()) >= FEWEST_WORDS_FOR_INTENT else None
    request = request_from_wording(text, wording)
    pain = None
    if question in {"wanted_integration", "wanted_change"}:
        request = whole
    elif question in {"needed_and_missing", "difficult", "hinders"}:
        pain = whole
    elif question in {"pleasant", "needed_and_met"}:
        pain = 0.0
    if question == "needed_and_missing" and request == 0.0:
        request = None
    return Example(text, None, pain, request, pain_weight=0.5, request_weight=0.6)


def _annotated(text: str, code: str) -> Example:
    """Turn a code of the labelling guide into an example: a sentiment letter, then letters for what else is said."""
    also, label = code[1:], CODES.get(code[0])
    return Example(
        text,
        BY_LABEL[label] if label else MIXED,
        float("w" in also),
        float("r" in also),
        tuple(float(letter in also) for letter in EMOTION_LETTERS),
        sentiment_weight=1.0 if label else 0.5,
    )


def _voted(text: str, code: str) -> Example:
    """Turn a code of votes into an example: three digits, then letters for what else is said; emotions are not told."""
    negative, neutral, positive = (int(digit) / 5 for digit in code[:VOTES])
    also = code[VOTES:]
    return Example(text, (negative, neutral, positive), float("w" in also), float("r" in also))


def with_codes(path: Path, directory: Path, split: str) -> Iterator[Example]:
    """Yield the sentences of DynaSent's pool whose codes, letters or votes, are in ``path``."""
    codes = dict(_rows(path))
    annotated = _voted if path == POOL_VOTES else _annotated
    for record in labelled(directory, "sentiment/dynasent_pool", "train"):
        code = codes.get(record["id"])
        if code and split_by_hash(record["text"]) == split:
            yield annotated(record["text"], code)


def _softened(path: Path) -> Reader:
    """Make the reader of a file of codes: each stands for the votes it usually gets, where its sentence has none."""

    def read(directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
        voted = {example.text for example in with_codes(POOL_VOTES, directory, split)}
        for example in with_codes(path, directory, split):
            own = None if example.text in voted else example.sentiment
            yield replace(example, sentiment=own and VOTES_OF_LABELS[own], sentiment_weight=1.0)

    return read


def _pool_votes(directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    return with_codes(POOL_VOTES, directory, split)


def _written(_directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    return (_annotated(text, code) for code, text in _rows(WRITTEN) if split_by_hash(text) == split)


def _written_votes(_directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    return (_voted(text, code) for code, text in _rows(WRITTEN_VOTES) if split_by_hash(text) == split)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the two cells of each row of a tab-separated file with a header."""
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        first, second = line.split("\t")
        yield first, second


def contrast_examples() -> Iterator[Example]:
    """Yield examples made from templates, for what data sets hardly show. No template is one of the contrast pairs.

    A pain told in a neutral tone; a negative mood without a pain; clauses joined by "but"; negation; wishes. They are
    always the same ones in the same order; some come twice, which readers drop.
    """
    made = json.loads(CONTRASTS.read_text(encoding="utf-8"))
    chance = random.Random(CONTRAST_SEED)
    for template, label, pain, request in (one for group in made["templates"].values() for one in group):
        for _ in range(MOST_PER_TEMPLATE):
            words = {slot: chance.choice(options) for slot, options in made["slots"].items()}
            words["contacted_base"] = made["base_forms"][words["contacted"]]
            words |= {f"{slot}_cap": word[0].upper() + word[1:] for slot, word in words.items()}
            text = template.format_map(words)
            text = text[0].upper() + text[1:]
            if chance.random() < SHARE_LOWER_CASE:
                text = text.lower()
            elif chance.random() < SHARE_WITHOUT_STOP:
                text = text.rstrip(".!")
            yield Example(text + chance.choice(made["endings"]), BY_LABEL.get(label), pain, request)


def _contrasts(_directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    return (example for example in contrast_examples() if split_by_hash(example.text) == split)


_NHS = "NHS Friends and Family Test comments, NHS England pxtextmining"
_LIU = "(c) 2004, 2007 Bing Liu"
_POOL, _OURS = "DynaSent, Potts et al. 2021", "text CC BY 4.0, labels that of textcx"
SOURCES = (
    Source("cebab", _cebab, 12_000, "CEBaB v1.1, Abraham et al. 2022", "CC BY 4.0"),
    Source("nhs_survey", _nhs_survey, 5_200, _NHS, "MIT, (c) 2021 NHS England", repeat=2),
    Source("nhs_phase1", _nhs_phase1, 5_000, _NHS, "MIT, (c) 2021 NHS England"),
    Source("semeval_tweets", _tweets, 43_000, "SemEval-2017 Task 4, Rosenthal et al. 2017", "annotations CC BY 3.0"),
    Source("goemotions", _goemotions, 34_000, "GoEmotions, Demszky et al. 2020", "Apache-2.0"),
    Source("pros_cons", _pros_cons, 6_000, "(c) 2008 Bing Liu", "CC BY 4.0"),
    Source("vader_intensity", _vader, 17_200, "VADER, Hutto & Gilbert 2014", "MIT, (c) 2016 C.J. Hutto"),
    Source("sentence_polarity", _polarity, 7_000, "(c) 2005 Bo Pang and Lillian Lee", "CC BY 4.0"),
    Source("huliu", _huliu, 5_000, _LIU, "CC BY 4.0"),
    Source("womens_clothing", _clothing, 5_000, "Women's E-Commerce Clothing Reviews", "CC0"),
    Source("cfpb", _cfpb, 1_200, "CFPB Consumer Complaint Database", "public domain"),
    Source("jupyter_2015", _jupyter, 6_000, "Project Jupyter surveys", "CC0 1.0"),
    Source("pool_labels", _softened(POOL_LABELS), 24_000, _POOL, _OURS),
    Source("hard_labels", _softened(HARD_LABELS), 16_000, _POOL, _OURS),
    Source("pool_votes", _pool_votes, 36_000, _POOL, _OURS),
    Source("written", _written, 4_800, "textcx", "that of textcx", repeat=3),
    Source("written_votes", _written_votes, 8_000, "textcx", "that of textcx", repeat=3),
    Source("contrasts", _contrasts, 4_000, "textcx", "that of textcx"),
)


def read_corpus(
    directory: Path, *, wording: RequestPatterns, split: str = "train", sources: Sequence[Source] = SOURCES
) -> Corpus:
    """Read a split of the sources into one corpus, in a fixed order, without repeated texts inside a source."""
    corpus = Corpus(tuple(sources))
    for source in sources:
        start = len(corpus.examples)
        found: dict[str, Example] = {}
        for example in source.read(directory, split, wording):
            if example.text.strip():
                found.setdefault(example.text, example)
        corpus.examples += found.values()
        corpus.bounds[source.name] = (start, len(corpus.examples))
    return corpus
