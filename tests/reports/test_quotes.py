"""Quotes: the evidence marked within the words around it."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from textcx.reports.lookup import CONTEXT, QUOTE_LENGTH, Quote, QuoteBook, tidy


def quote_of(text: str, start: int, end: int, **columns: object) -> Quote:
    records = pl.DataFrame({"record_id": ["r1"], "text": [text], "created_at": [None], "source": ["survey"], **columns})
    piece = {"record_id": "r1", "start": start, "end": end, "quote": text[start:end]}
    return QuoteBook(records, [piece], ratings=[name for name in columns if name == "nps"]).quote(piece)


def test_a_quote_stands_within_the_sentence_it_is_from_and_the_next() -> None:
    text = "Long ago. I ordered, but it came late and I was cross. I wrote to you. Twice."
    start = text.index("it came late")
    quote = quote_of(text, start, start + len("it came late"))
    assert (quote.before, quote.span, quote.after) == ("I ordered, but ", "it came late", " and I was cross.")


def test_a_quote_amid_a_text_without_full_stops_has_dots_where_it_is_cut() -> None:
    text = "so " * 200 + "it broke" + " and" * 200
    start = text.index("it broke")
    quote = quote_of(text, start, start + len("it broke"))
    assert quote.before.startswith("…so")
    assert quote.after.endswith("and…")


def test_markup_in_a_verbatim_stays_text() -> None:
    text = "<script>alert(1)</script> & <b>bold</b>"
    assert quote_of(text, 0, len(text)).span == "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;bold&lt;/b&gt;"


def test_masked_characters_become_one_short_label_per_name() -> None:
    assert tidy("Ask █████ ███████ or ██@████.███!") == (
        'Ask <span class="redacted">redacted</span> or <span class="redacted">redacted</span>!'
    )


def test_facts_name_the_answer_and_the_source() -> None:
    assert quote_of("Late.", 0, 5, nps=[3.0]).facts == "NPS answer 3 · survey"


def test_a_quote_whose_record_is_missing_stands_alone() -> None:
    records = pl.DataFrame(
        schema={"record_id": str, "text": str, "created_at": pl.Datetime("us", "UTC"), "source": str}
    )
    piece = {"record_id": "gone", "start": 3, "end": 9, "quote": "so late"}
    quote = QuoteBook(records, [piece], ratings=[]).quote(piece)
    assert (quote.before, quote.span, quote.after, quote.facts) == ("", "so late", "", "")


def test_no_record_and_no_wording_is_quoted_twice() -> None:
    records = pl.DataFrame({
        "record_id": ["a", "b", "c"], "text": ["Late.", "LATE.", "Cold."], "created_at": [None] * 3, "source": ["x"] * 3
    })  # fmt: skip
    pieces = [
        {"record_id": record, "start": 0, "end": 5, "quote": quote}
        for record, quote in [("a", "Late."), ("a", "Late."), ("b", "LATE."), ("c", "Cold.")]
    ]
    quotes = QuoteBook(records, pieces, ratings=[]).quotes(pieces, most=3)
    assert [quote.record_id for quote in quotes] == ["a", "c"]


@given(st.text(alphabet=st.sampled_from("ab .!\n█é👍\u202e"), min_size=1, max_size=1500), st.data())
def test_quotes_stay_short_and_hold_only_words_of_the_record(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = quote_of(text, start, end)
    label = '<span class="redacted">redacted</span>'
    shown = "".join(str(part).replace(label, "") for part in (quote.before, quote.span, quote.after))
    assert len(shown) <= QUOTE_LENGTH + 2 * CONTEXT + 4
    assert set(shown) <= set(text) | {" ", "…"}
