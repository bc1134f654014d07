"""One reader for each open data set: what it teaches, and how much its labels weigh.

A reader turns the records of one split into examples. A target that is ``None`` teaches nothing. Labels that a data set
does not have are weak: pain and requests are inferred from the question asked, the stars given or the wording, and such
examples weigh less. The weights are shares of a full label.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.encoding import EMOTIONS
from textcx.training.contrasts import contrast_examples
from textcx.training.examples import (
    BY_LABEL,
    NEGATIVE,
    NEUTRAL,
    NEUTRAL_BORDER,
    POSITIVE,
    Example,
    Source,
    labelled,
    letters,
    request_from_wording,
    shares_from_intensity,
    split_by_hash,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

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
"""Sentences that an earlier encoder was least sure about; labelled after the teacher had been trained."""
WRITTEN = LABELS / "written.tsv"
EMOTION_LETTERS = "adgc"
MIXED = (0.5, 0.0, 0.5)
CODES = {"n": "negative", "0": "neutral", "p": "positive"}
ANNOYED = frozenset(["anger", "annoyance"])


def _cebab(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "sentiment/cebab", split):
        polarities = set(record["aspects"].values())
        stars = record["stars"]
        pain = None
        if "negative" in polarities and (stars is None or stars <= MIDDLE_STARS):
            pain = 1.0
        elif "negative" not in polarities and stars is not None and (stars >= GOOD_STARS or not polarities):
            pain = 0.0 if stars >= MIDDLE_STARS else None
        yield Example(
            record["text"],
            "cebab",
            BY_LABEL.get(record["label"] or ""),
            pain,
            request_from_wording(record["text"], wording),
            pain_weight=0.4,
            request_weight=0.3,
        )


def _nhs_survey(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "sentiment/nhs_survey", split):
        label, text = record["label"], record["text"]
        pain = {"negative": 1.0, "positive": 0.0}.get(label or "")
        yield Example(
            text, "nhs_survey", BY_LABEL.get(label or ""), pain, request_from_wording(text, wording), request_weight=0.7
        )


def _nhs_phase1(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    # Criticality 0 is used for plain praise by one trust, so it says nothing about the sentiment.
    for record in labelled(directory, "sentiment/nhs_phase1", split):
        label, text = record["label"], record["text"]
        if label == "neutral":
            yield Example(text, "nhs_phase1", request=request_from_wording(text, wording), request_weight=0.3)
        else:
            pain = float(label == "negative")
            strong = abs(record["criticality"]) >= CLEAR_CRITICALITY
            yield Example(
                text,
                "nhs_phase1",
                BY_LABEL[label],
                pain,
                request_from_wording(text, wording),
                sentiment_weight=0.7 if strong else 0.4,
                pain_weight=1.0 if strong else 0.6,
                request_weight=0.7,
            )


def _tweets(directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "sentiment/semeval2017_tweets", split):
        pain = None if record["label"] == "negative" else 0.0
        yield Example(record["text"], "semeval_tweets", BY_LABEL[record["label"]], pain, pain_weight=0.1)


def _goemotions(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "sentiment/goemotions", split):
        text, shown = record["text"], set(record["emotions"])
        clean = request_from_wording(text, wording) == 0.0
        angry = bool(shown & ANNOYED)
        yield Example(
            text,
            "goemotions",
            BY_LABEL.get(record["label"] or ""),
            0.0 if record["label"] else None,
            0.0 if clean else None,
            (float(angry), *(float(emotion in shown) for emotion in EMOTIONS[1:])),
            sentiment_weight=0.8,
            pain_weight=0.2,
            request_weight=0.2,
        )


def _pros_cons(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "sentiment/pros_cons", split):
        negative = record["label"] == "negative"
        yield Example(
            record["text"],
            "pros_cons",
            BY_LABEL[record["label"]],
            float(negative),
            request_from_wording(record["text"], wording),
            sentiment_weight=0.5,
            pain_weight=0.3,
            request_weight=0.2,
        )


def _vader(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "sentiment/vader_intensity", split):
        intensity, subset, text = record["intensity"], record["subset"], record["text"]
        calm = (
            subset in {"nyt", "movie"} or intensity > CLEAR_PRAISE or (subset == "amazon" and abs(intensity) < NO_TONE)
        )
        pain = 0.0 if calm else None
        yield Example(
            text,
            f"vader_{subset}",
            shares_from_intensity(intensity),
            pain,
            request_from_wording(text, wording) if subset == "amazon" else 0.0 if not wording.may_ask(text) else None,
            pain_weight=0.3,
            request_weight=0.2,
        )


def _polarity(directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    # The same snippets were rated for intensity: a label is used where the raters were not near neutral.
    rated = {
        letters(record["text"]): record["intensity"]
        for record in labelled(directory, "sentiment/vader_intensity", split)
        if record["subset"] == "movie"
    }
    for record in labelled(directory, "sentiment/sentence_polarity", split):
        sign = 1.0 if record["label"] == "positive" else -1.0
        intensity = rated.get(letters(record["text"]))
        if intensity is None or intensity * sign > NEUTRAL_BORDER:
            yield Example(
                record["text"],
                "sentence_polarity",
                BY_LABEL[record["label"]],
                0.0,
                sentiment_weight=0.5,
                pain_weight=0.2,
            )


def _huliu(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "sentiment/huliu", split):
        strengths = [item["strength"] for item in record["features"]]
        pain = None
        if strengths:
            pain = 1.0 if min(strengths) <= -CLEAR_STRENGTH else 0.0 if min(strengths) > 0 else None
        yield Example(
            record["text"],
            "huliu",
            BY_LABEL.get(record["label"] or ""),
            pain,
            request_from_wording(record["text"], wording),
            sentiment_weight=0.7,
            pain_weight=0.7,
            request_weight=0.3,
        )


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
            label = NEGATIVE if stars <= LOW_STARS else NEUTRAL if stars == MIDDLE_STARS else POSITIVE
            pain = 1.0 if stars <= LOW_STARS and row["Recommended IND"] == "0" else 0.0 if stars == BEST_STARS else None
            title = row["Title"].strip()
            yield Example(
                f"{title}. {text}" if title and int(row["Clothing ID"]) % 2 else text,
                "womens_clothing",
                label,
                pain,
                request_from_wording(text, wording),
                sentiment_weight=0.6 if stars != GOOD_STARS else 0.3,
                pain_weight=0.3,
                request_weight=0.3,
            )


def _cfpb(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "problems/cfpb", split):
        text = record["text"]
        yield Example(
            text[:COMPLAINT_READ],
            "cfpb",
            pain=1.0,
            request=request_from_wording(text[:COMPLAINT_READ], wording),
            request_weight=0.3,
        )
        if len(text) > LONG_COMPLAINT:
            yield Example(text[:COMPLAINT_START].rsplit(" ", 1)[0], "cfpb", pain=1.0, pain_weight=0.5)


def _jupyter(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    for record in labelled(directory, "problems/jupyter_2015", split):
        text, question = record["text"], record["question"]
        whole = len(text.split()) >= FEWEST_WORDS_FOR_INTENT
        request = request_from_wording(text, wording)
        pain = None
        if question in {"wanted_integration", "wanted_change"}:
            request = 1.0 if whole else None
        elif question == "needed_and_missing":
            pain = 1.0 if whole else None
            request = 1.0 if request == 1.0 else None
        elif question in {"difficult", "hinders"}:
            pain = 1.0 if whole else None
        elif question in {"pleasant", "needed_and_met"}:
            pain = 0.0
        yield Example(text, "jupyter_2015", None, pain, request, pain_weight=0.5, request_weight=0.6)


def _pool(directory: Path, split: str, wording: RequestPatterns) -> Iterator[Example]:
    # Unlabelled sentences from reviews, for the teacher to label; those that clearly ask teach the request head.
    labelled_by_us = {name for path in (POOL_LABELS, HARD_LABELS) for name, _ in _rows(path)}
    for record in labelled(directory, "sentiment/dynasent_pool", split):
        if record["id"] not in labelled_by_us:
            request = 1.0 if wording.asks_clearly(record["text"]) else None
            yield Example(record["text"], "dynasent_pool", request=request, request_weight=0.4)


def _annotated(text: str, source: str, code: str) -> Example:
    """Turn a code of the labelling guide into an example: a sentiment letter, then letters for what else is said."""
    said = code[1:]
    label = CODES.get(code[0])
    return Example(
        text,
        source,
        BY_LABEL[label] if label else MIXED,
        float("w" in said),
        float("r" in said),
        tuple(float(letter in said) for letter in EMOTION_LETTERS),
        sentiment_weight=1.0 if label else 0.5,
    )


def pool_labels(directory: Path, split: str, _wording: RequestPatterns | None = None) -> Iterator[Example]:
    """Yield the sentences of DynaSent's pool that were labelled for textcx."""
    return _with_codes(directory, split, "pool_labels", POOL_LABELS)


def _hard_labels(directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    return _with_codes(directory, split, "hard_labels", HARD_LABELS)


def _with_codes(directory: Path, split: str, source: str, path: Path) -> Iterator[Example]:
    codes = dict(_rows(path))
    for record in labelled(directory, "sentiment/dynasent_pool", "train"):
        code = codes.get(record["id"])
        if code and split_by_hash(record["text"]) == split:
            yield _annotated(record["text"], source, code)


def _written(_directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    for code, text in _rows(WRITTEN):
        if split_by_hash(text) == split:
            yield _annotated(text, "written", code)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the two cells of each row of a tab-separated file with a header."""
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        first, second = line.split("\t")
        yield first, second


def _contrasts(_directory: Path, split: str, _wording: RequestPatterns) -> Iterator[Example]:
    for made in contrast_examples():
        if split_by_hash(made.text) == split:
            yield Example(made.text, "contrasts", BY_LABEL.get(made.label or ""), made.pain, made.request)


_NHS = "NHS Friends and Family Test comments, NHS England pxtextmining"
_LIU = "(c) 2004, 2007 Bing Liu"
_POOL = "DynaSent, Potts et al. 2021"
SOURCES = (
    Source("cebab", _cebab, 12_000, "CEBaB v1.1, Abraham et al. 2022", "CC BY 4.0", taught=0.3),
    Source("nhs_survey", _nhs_survey, 5_200, _NHS, "MIT, (c) 2021 NHS England", repeat=2, taught=0.2),
    Source("nhs_phase1", _nhs_phase1, 5_000, _NHS, "MIT, (c) 2021 NHS England", taught=0.4),
    Source(
        "semeval_tweets",
        _tweets,
        22_000,
        "SemEval-2017 Task 4, Rosenthal et al. 2017",
        "annotations CC BY 3.0",
        taught=0.4,
    ),
    Source("goemotions", _goemotions, 16_000, "GoEmotions, Demszky et al. 2020", "Apache-2.0"),
    Source("pros_cons", _pros_cons, 4_000, "(c) 2008 Bing Liu", "CC BY 4.0"),
    Source("vader_intensity", _vader, 17_200, "VADER, Hutto & Gilbert 2014", "MIT, (c) 2016 C.J. Hutto", taught=0.2),
    Source("sentence_polarity", _polarity, 4_000, "(c) 2005 Bo Pang and Lillian Lee", "CC BY 4.0"),
    Source("huliu", _huliu, 5_000, _LIU, "CC BY 4.0", taught=0.4),
    Source("womens_clothing", _clothing, 5_000, "Women's E-Commerce Clothing Reviews", "CC0", taught=0.4),
    Source("cfpb", _cfpb, 1_200, "CFPB Consumer Complaint Database", "public domain"),
    Source("jupyter_2015", _jupyter, 6_000, "Project Jupyter surveys", "CC0 1.0"),
    Source("pool_labels", pool_labels, 30_000, _POOL, "text CC BY 4.0, labels that of textcx", repeat=2),
    Source(
        "hard_labels",
        _hard_labels,
        20_000,
        _POOL,
        "text CC BY 4.0, labels that of textcx",
        repeat=2,
        taught=0.3,
        for_teacher=False,
    ),
    Source("dynasent_pool", _pool, 13_000, _POOL, "CC BY 4.0", taught=1.0, for_teacher=False),
    Source("written", _written, 4_800, "textcx", "that of textcx", repeat=3),
    Source("contrasts", _contrasts, 6_000, "textcx", "that of textcx"),
)
