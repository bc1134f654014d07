"""The report as a page."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
import pytest
from builders import an_analysis, an_empty_analysis

from textcx.domain.tables import SCHEMAS
from textcx.reports import formats
from textcx.reports.html import render
from textcx.reports.lookup import FEWEST_PLACED

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis

HOSTILE = (
    "<script>alert('x')</script>",
    '"><img src=https://evil.example/x.png onerror=alert(1)>',
    "'; DROP TABLE records; -- {{ 7 * 7 }} {% raw %}",
    '=HYPERLINK("https://evil.example")',
    "W" * 5000,
    "\u202eright to left\u202c שלום עולם مرحبا",
    "so bad 😡👎🏽 👨‍👩‍👧",
    "</style><style>body{display:none}</style>",
    "</mark></blockquote></section>",
    "█████ ██████ never called back",
)  # fmt: skip
VOID = {"meta", "br", "img", "link", "input", "hr", "circle", "line", "rect", "polyline", "polygon"}


class Page(HTMLParser):
    """What a browser would see: elements with attributes, texts, and whether everything is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


ANALYSES = {
    "full": an_analysis(200),
    "bare": an_analysis(40, dates=False, ratings=(), themes=0),
    "empty": an_empty_analysis(),
    "hostile": an_analysis(30, words=HOSTILE),
}


@pytest.fixture(params=sorted(ANALYSES))
def analysis(request: pytest.FixtureRequest) -> Analysis:
    return ANALYSES[request.param]


def test_the_page_is_well_formed(analysis: Analysis) -> None:
    assert Page(render(analysis)).open == []


def test_the_page_runs_nothing_and_loads_nothing(analysis: Analysis) -> None:
    page = Page(render(analysis))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "video", "audio", "form", "base", "use"}
    for tag, attributes in page.elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in {"src", "srcset", "style", "action"}
        ]
        assert tag != "a" or (attributes["href"] or "").startswith("#")


def test_the_style_loads_nothing_and_the_policy_allows_only_it(analysis: Analysis) -> None:
    html = render(analysis)
    styles = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    assert len(styles) == 1
    assert "url(" not in styles[0]
    assert "@import" not in styles[0]
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    policy = next(a["content"] for tag, a in Page(html).elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_verbatims_stay_text(words: str) -> None:
    page, harmless = (Page(render(an_analysis(4, words=(said,)))) for said in (words, "Nothing came."))
    shown = words.rsplit("█", maxsplit=1)[-1][:40].strip()
    assert shown in page.text
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in harmless.elements}


def test_hostile_names_of_files_groups_themes_and_notes_stay_text() -> None:
    full = ANALYSES["full"]
    bad = HOSTILE[1]
    tables = {
        **full.tables,
        "themes": full.themes.with_columns(name=pl.lit(bad), keywords=pl.lit([bad], dtype=pl.List(pl.String))),
        "groups": full.tables["groups"].with_columns(group=pl.lit(bad)),
        "praise": full.tables["praise"].with_columns(name=pl.lit(bad)),
        "pain_points": full.pain_points.with_columns(title=pl.lit(bad)),
        "drivers": full.drivers.with_columns(rating=pl.lit(bad)),
    }
    manifest = {**full.manifest, "title": bad, "inputs": [{"name": bad, "rows": 3}], "warnings": [bad]}
    page = Page(render(replace(full, tables=tables, manifest=manifest, notes=(bad,))))
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert page.text.count("<img src") > 10


def test_the_same_analysis_gives_the_same_bytes(analysis: Analysis) -> None:
    assert render(analysis) == render(analysis)


def test_headings_never_skip_a_level_and_there_is_one_first(analysis: Analysis) -> None:
    levels = [int(tag[1]) for tag, _ in Page(render(analysis)).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_every_table_header_has_a_scope_and_every_table_a_caption(analysis: Analysis) -> None:
    elements = Page(render(analysis)).elements
    assert all(attributes.get("scope") in {"col", "row"} for tag, attributes in elements if tag == "th")
    counts = Counter(tag for tag, _ in elements)
    assert counts["table"] == counts["caption"]


def test_ids_are_unique_and_every_link_leads_somewhere(analysis: Analysis) -> None:
    elements = Page(render(analysis)).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for tag, a in elements if tag == "a"} <= set(ids)


def test_pictures_are_titled_or_hidden_from_screen_readers(analysis: Analysis) -> None:
    for tag, attributes in Page(render(analysis)).elements:
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or attributes.get("aria-labelledby")


def test_no_number_reads_nan_or_none(analysis: Analysis) -> None:
    assert not re.search(r"\b(nan|None|inf|null)\b", Page(render(analysis)).text)


def test_every_finding_can_be_read_without_pictures() -> None:
    full = ANALYSES["full"]
    text = Page(re.sub(r"<svg.*?</svg>", "", render(full), flags=re.DOTALL)).text.replace(formats.SPACE, " ")
    for theme in full.themes.iter_rows(named=True):
        assert theme["name"] in text
        assert formats.percent(theme["share"]).replace(formats.SPACE, " ") in text
    for driver in full.drivers.filter(pl.col("rating") == "nps").head(16).iter_rows(named=True):
        assert formats.effect(driver["effect"], driver["unit"]) in text
    for point in full.tables["trends"].filter(pl.col("measure") == "rating:nps").iter_rows(named=True):
        assert formats.rating(point["value"], "points") in text
    for stage in full.tables["journey"].iter_rows(named=True):
        assert formats.polarity(stage["polarity"]) in text
    for pain in full.pain_points.head(8).iter_rows(named=True):
        assert pain["title"] in text
        assert f"{pain['severity']:.2f}" in text
        assert f"worst tenth {pain['severity_p90']:.2f}" in text


def test_quotes_mark_the_evidence_within_its_record() -> None:
    html = render(ANALYSES["full"])
    marked = {mark.replace("&#39;", "'") for mark in re.findall(r"<mark>(.*?)</mark>", html)}
    evidence = ANALYSES["full"].pain_points.explode("evidence").unnest("evidence")
    assert len(marked & set(evidence["quote"])) >= 8


def test_masked_names_read_redacted() -> None:
    text = Page(render(an_analysis(3, words=("█████ ██████ never called back",)))).text
    assert "█" not in text
    assert "redacted never called back" in text


def test_a_file_without_dates_ratings_and_themes_says_so() -> None:
    text = Page(render(ANALYSES["bare"])).text
    assert "No dates in this file, so no trends." in text
    assert "No ratings in this file, so no drivers." in text
    assert "No themes: it takes more records that say similar things." in text


def test_an_empty_analysis_says_what_happened_to_every_record() -> None:
    text = Page(render(ANALYSES["empty"])).text
    assert "No record could be analyzed" in text
    assert "No text 3 The comment is empty" in text.replace(f"{formats.MINUS} ", "")


def test_what_customers_feel_is_shown_with_n_and_only_where_the_model_tells_it() -> None:
    full = ANALYSES["full"]
    told = Page(render(full)).text
    assert "What customers feel" in told
    assert "Gratitude 30 % 95 %: 15 % to 60 % n 200" in told
    untold = {name: {"value": None, "n": 0} for name in full.headline["emotions"]}
    for emotions in (untold, None):
        silent = Page(render(replace(full, headline={**full.headline, "emotions": emotions})))
        assert "What customers feel" not in silent.text
        assert not any(attributes.get("href") == "#feelings" for _, attributes in silent.elements)


def test_leaving_is_one_sentence_with_its_number_and_none_where_nobody_leaves() -> None:
    full = ANALYSES["full"]
    assert (
        "Leaving 3 records, 2 % of all, say that the customer has left, will leave or may." in Page(render(full)).text
    )
    one = Page(render(replace(full, headline={**full.headline, "leaving": 1}))).text
    assert "1 record, 0.5 % of all, says" in one
    assert "will leave or may" not in Page(render(replace(full, headline={**full.headline, "leaving": 0}))).text


def test_a_campaign_is_named_with_its_number_its_dates_and_a_quote() -> None:
    full = an_analysis(60)
    first, last = (datetime(2026, 5, day, 9, tzinfo=UTC) for day in (3, 5))
    dated = full.tables["campaigns"].head(1).with_columns(
        records=pl.lit(212), respondents=pl.lit(212), first=pl.lit(first), last=pl.lit(last)
    )  # fmt: skip
    quote = dated["evidence"][0][0]["quote"]
    page = Page(render(replace(full, tables={**full.tables, "campaigns": dated}))).text.replace(formats.SPACE, " ")
    named = "212 records say almost the same words, most of them from 3 to 5 May 2026:"
    assert page.index(named) < page.index(quote, page.index(named)) < page.index("Doubts and warnings")


def test_a_campaign_without_dates_is_named_without_and_counts_people_where_they_are_fewer_than_records() -> None:
    full = an_analysis(60)
    undated = full.tables["campaigns"].with_columns(first=None, last=None)
    page = Page(render(replace(full, tables={**full.tables, "campaigns": undated}))).text.replace(formats.SPACE, " ")
    assert "8 people in 9 records say almost the same words:" in page


def test_further_campaigns_are_counted_and_none_has_no_heading() -> None:
    full = an_analysis(60)
    many = pl.concat([full.tables["campaigns"]] * 4)
    page = Page(render(replace(full, tables={**full.tables, "campaigns": many}))).text.replace(formats.SPACE, " ")
    assert "3 smaller ones in the table campaigns." in page
    assert "Campaigns" not in Page(render(an_empty_analysis())).text


def test_that_people_differ_and_that_the_model_is_unsure_are_two_sentences() -> None:
    text = Page(render(ANALYSES["full"])).text
    people, model = (re.search(f"{lead} Had [^.]*[.]", text) for lead in ("People differ", "The model is unsure"))
    assert people
    assert model
    for found in (people, model):
        assert re.search(
            r"\d+ % to \d+ % of records might be negative and .* might tell of a pain point", found.group()
        )
    assert "restaurant reviews, tweets" in text


def test_a_model_whose_errors_were_never_measured_is_not_called_unsure() -> None:
    headline = dict(ANALYSES["full"].headline)
    for key in ("negative_record_share", "pain_record_share"):
        headline[key] = headline[key] | {"true_low": None, "true_high": None, "measured_on": []}
    text = Page(render(replace(ANALYSES["full"], headline=headline))).text
    assert "People differ Had others" in text
    assert "The model is unsure" not in text
    assert "What the model leaves open" not in text


def test_records_add_up_on_the_page() -> None:
    text = Page(render(ANALYSES["full"])).text.replace(f"{formats.MINUS} ", "")
    assert "In the input 213" in text
    assert "No text 6" in text
    assert "Another language than English 4" in text
    assert "Analyzed 200" in text


def test_tables_of_further_findings_may_be_absent() -> None:
    full = ANALYSES["full"]
    tables = {name: frame for name, frame in full.tables.items() if name not in {"groups", "praise"}}
    text = Page(render(replace(full, tables=tables))).text
    assert "No column of this file groups customers" in text
    assert "No theme is praised clearly enough" in text


def test_a_rating_few_gave_is_not_shown_for_a_theme() -> None:
    full = ANALYSES["full"]
    ratings = full.tables["ratings"].with_columns(
        n=pl.when(pl.col("subject_kind") == "theme").then(4).otherwise(pl.col("n"))
    )
    text = Page(render(replace(full, tables={**full.tables, "ratings": ratings}))).text.replace(formats.SPACE, " ")
    assert text.count("too few: n 4") == full.themes.height


def test_a_pain_point_tells_its_own_effect_and_else_that_of_its_theme() -> None:
    full = ANALYSES["full"]
    first = full.pain_points["pain_point_id"][0]
    own = full.drivers.head(1).with_columns(
        rating=pl.lit("nps"),
        unit=pl.lit("points"),
        subject_kind=pl.lit("pain_point"),
        subject_id=pl.lit(first),
        effect=pl.lit(-77.7),
    )
    text = Page(render(replace(full, tables={**full.tables, "drivers": pl.concat([full.drivers, own])}))).text
    assert f"{formats.MINUS}77.7 points" in text
    assert "Effect on NPS of its theme" in text
    assert first not in text


def with_pain_points(**columns: pl.Expr | list[object]) -> Analysis:
    """The full analysis, with other columns in the first eight of its pain points, the only ones left."""
    full = ANALYSES["full"]
    given = {
        name: pl.Series(values, dtype=SCHEMAS["pain_points"][name]) if isinstance(values, list) else values
        for name, values in columns.items()
    }
    return replace(full, tables={**full.tables, "pain_points": full.pain_points.head(8).with_columns(**given)})


def headings(analysis: Analysis) -> list[str]:
    section = render(analysis).partition('id="pain-points"')[2].partition("</section>")[0]
    return re.findall(r"<h3>(.*?)</h3>", section)


def test_pain_points_are_headed_by_their_titles_and_what_one_customer_said_stands_in_quotes_only() -> None:
    titles = [f"Title {n}" for n in range(8)]
    analysis = with_pain_points(title=titles, statement=["Only one said this"] * 8)
    assert headings(analysis) == titles
    text = Page(render(analysis)).text
    assert "Only one said this" not in text
    assert "Biggest pain point Title 0:" in text


def test_a_mixed_group_stands_last_says_so_and_is_no_news() -> None:
    rising = [{"direction": "rising", "change": 5.0, "ci_low": 3.0, "ci_high": 7.0}] * 8
    titles, fits = [f"Title {n}" for n in range(8)], [0.69, 0.7, None, 1.0, 1.0, 1.0, 1.0, 0.2]
    analysis = with_pain_points(title=titles, fit=fits, trend=rising)
    assert headings(analysis) == [*titles[1:7], "Title 0", "Title 7"]
    html = render(analysis)
    assert html.count(">mixed group<") == 2
    assert "Biggest pain point Title 1:" in Page(html).text
    for title in titles:
        told = html.count(title)
        assert told == 1 if title in {"Title 0", "Title 7"} else told > 1


def test_mixed_groups_alone_give_no_sentence_of_the_summary() -> None:
    text = Page(render(with_pain_points(fit=[0.1] * 8))).text
    assert "Biggest pain point" not in text
    assert "Getting worse" not in text


def test_safety_is_told_in_words() -> None:
    assert render(with_pain_points(safety=[True, False, None] + [False] * 5)).count(">Safety</span>") == 1


def test_further_stages_are_named_from_a_fifth_of_the_records_on() -> None:
    shares = [[("use", 50), ("support", 30), ("delivery", 20), ("unknown", 25)], [("use", 90), ("support", 10)]]
    stages = [[{"stage": stage, "records": n} for stage, n in row] for row in shares]
    html = render(with_pain_points(stage=["use"] * 8, stages=[stages[0], *[stages[1]] * 6, None]))
    assert html.count("also in") == 1
    assert ">Use, also in Support</span>" in html


def test_neighbours_whose_weights_hardly_differ_are_called_about_equal() -> None:
    weights = [100, 96, 90, 80, 40, 39, 0, 0]
    html = render(with_pain_points(respondents=weights, severity=[0.5] * 8))
    points = html.split('<li class="pain">')[1:]
    assert [n for n, point in enumerate(points) if "about equal to the one before" in point] == [1, 5]


def test_a_result_of_an_earlier_version_is_told_by_what_its_pain_points_concern() -> None:
    full = ANALYSES["full"]
    new = ["title", "fit", "stages", "severity_p90", "safety", "effect"]
    text = Page(render(replace(full, tables={**full.tables, "pain_points": full.pain_points.drop(new)}))).text
    assert f"Biggest pain point {formats.sentence(full.pain_points['aspect'][0])}:" in text


def placed(share: float) -> Analysis:
    """The full analysis, with a share of 1,000 unhappy segments on a stage of its journey."""
    full = ANALYSES["full"]
    rows = [
        {"stage": stage, "segments": count, "respondents": count, "polarity": -0.5, "ci_low": -0.6, "ci_high": -0.4,
         "negative_share": 0.8}
        for stage, count in (("delivery", round(1000 * share)), ("unknown", round(1000 * (1 - share))))
    ]  # fmt: skip
    return replace(full, tables={**full.tables, "journey": pl.DataFrame(rows, schema=SCHEMAS["journey"])})


def test_a_journey_with_too_few_places_is_left_out_with_one_sentence_that_says_so() -> None:
    few, enough = render(placed(FEWEST_PLACED - 0.01)), render(placed(FEWEST_PLACED))
    sentence = "Only 24\N{NO-BREAK SPACE}% of the segments say clearly enough where on the journey they belong"
    assert sentence in few
    assert "Journey stages by polarity" not in few
    assert "Weakest part of the journey" not in few
    assert "Only " not in enough[enough.index('id="journey"') : enough.index('id="drivers"')]
    assert "Journey stages by polarity" in enough
    assert "Weakest part of the journey" in enough


@pytest.mark.parametrize(
    ("journey", "told"),
    [
        ({"name": "travel & hotels", "shares": {"customer journey": 0.3, "travel & hotels": 0.6}}, True),
        ({"name": "travel & hotels", "shares": {}}, False),
        (None, False),
    ],
)
def test_the_section_names_the_journey_where_the_feedback_chose_it(journey: object, *, told: bool) -> None:
    analysis = placed(0.5)
    html = render(replace(analysis, manifest={**analysis.manifest, "journey": journey}))
    assert ("the journey “travel &amp; hotels”, which fits this feedback best" in html) is told


def test_what_is_hardly_praised_is_not_called_praised() -> None:
    full = ANALYSES["full"]
    praise = full.tables["praise"].with_columns(share_positive=pl.lit(0.1))
    text = Page(render(replace(full, tables={**full.tables, "praise": praise}))).text
    assert "No theme is praised clearly enough" in text
    assert "Praised most" not in text


def test_drivers_are_called_an_association() -> None:
    assert "This is an association, not a cause" in Page(render(ANALYSES["full"])).text


def test_nps_leads_where_there_are_several_ratings() -> None:
    html = render(an_analysis(60, ratings=("stars", "csat", "nps")))
    assert "Effect on NPS" in Page(html).text
    assert "Effect on Stars" not in Page(html).text


def enlarged(times: int) -> Analysis:
    """The full analysis with its tables repeated under new ids."""
    full = ANALYSES["full"]
    ids = {
        "records": "record_id", "themes": "theme_id", "pain_points": "pain_point_id", "pains": "pain_point_id",
        "drivers": "subject_id", "journey": "stage", "groups": "group", "praise": "theme_id",
    }  # fmt: skip
    tables = dict(full.tables)
    for name, column in ids.items():
        copies = [
            full.tables[name].with_columns(pl.format("{}#{}", column, pl.lit(n)).alias(column)) for n in range(times)
        ]
        tables[name] = pl.concat([full.tables[name], *copies])
    trends = full.tables["trends"]
    years = [
        trends.with_columns(pl.format("{}{}", pl.lit(y), pl.col("period").str.slice(4)).alias("period"))
        for y in range(1000, 1100)
    ]
    tables["trends"] = pl.concat([trends, *years])
    words = "No end of words. " * 2000
    manifest = {**full.manifest, "warnings": [f"{n} {words}" for n in range(3000)], "title": words}
    return replace(full, tables=tables, notes=tuple(words for _ in range(3000)), manifest=manifest)


def test_the_page_stays_far_below_six_megabytes_with_fifty_thousand_records() -> None:
    many = enlarged(250)
    assert many.records.height > 50_000
    html = render(many)
    assert len(html.encode()) < 1_500_000
    assert "more stand in the pain_points table" in html


def test_a_verbatim_of_two_megabytes_does_not_swell_the_page() -> None:
    page = render(an_analysis(10, words=("late " * 400_000, "W" * 2_000_000)))
    assert len(page.encode()) < 200_000
