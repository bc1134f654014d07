"""Pictures as inline SVG."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textcx.reports import charts, formats

NAMES = ("Late delivery", "Price", "A theme with quite a long name, longer than fits", "App", "Support")


def picture(points: list[charts.Bubble], **options: object) -> str:
    drawn = {"width": 960, "height": 460, "name": "b", "title": "Themes", "labels": 20, **options}
    return charts.bubbles(points, **drawn)


def circles(svg: str) -> list[tuple[float, float, float]]:
    found = re.findall(r'<circle class="bubble [^"]*" cx="([-\d.]+)" cy="([-\d.]+)" r="([\d.]+)"', svg)
    return [(float(x), float(y), float(r)) for x, y, r in found]


@pytest.mark.parametrize(
    ("value", "css"),
    [(-1, "n3"), (-0.3, "n2"), (-0.1, "n1"), (0, "z"), (0.1, "p1"), (0.3, "p2"), (1, "p3"), (None, "na")],
)
def test_the_palette_is_symmetric_around_zero(value: float | None, css: str) -> None:
    assert charts.tone(value) == css


def test_bubbles_at_the_same_place_are_moved_apart_and_all_numbered() -> None:
    svg = picture([charts.Bubble(n, NAMES[n], 0.1, -0.2) for n in range(5)])
    placed = circles(svg)
    assert len(placed) == 5
    for index, (x, y, r) in enumerate(placed):
        for other_x, other_y, other_r in placed[index + 1 :]:
            assert (x - other_x) ** 2 + (y - other_y) ** 2 >= (r + other_r) ** 2 * 0.9
    assert all(f">{n}</text>" in svg for n in range(5))


def test_names_of_bubbles_never_overlap() -> None:
    points = [charts.Bubble(n, f"Theme number {n} with words", 0.02 + 0.004 * n, -0.3 + 0.03 * n) for n in range(20)]
    svg = picture(points)
    boxes = []
    for x, y, anchor, words in re.findall(
        r'<text class="name" x="([-\d.]+)" y="([-\d.]+)" text-anchor="(\w+)">([^<]+)<', svg
    ):
        long = len(words) * charts.CHAR_WIDTH
        left = float(x) - {"start": 0, "end": long, "middle": long / 2}[anchor]
        boxes.append((left, float(y) - 10, left + long, float(y) + 2))
    assert boxes
    for index, box in enumerate(boxes):
        left, top, right, bottom = box
        assert not [o for o in boxes[index + 1 :] if left < o[2] and o[0] < right and top < o[3] and o[1] < bottom]


def test_a_bar_marks_a_second_value_within_its_track() -> None:
    assert 'class="tick"' not in charts.bar(0.5, css="severity")
    for tick, x in ((0.0, "0"), (0.5, "98"), (2.0, "196")):
        assert f'<rect class="tick" x="{x}"' in charts.bar(0.5, css="severity", tick=tick)


def test_names_in_pictures_are_escaped() -> None:
    svg = picture([charts.Bubble(1, "<script>&", 0.1, 0.2)])
    assert "<script>" not in svg
    assert "&lt;script&gt;&amp;" in svg


def test_pictures_have_a_title_that_labels_them() -> None:
    svg = charts.course([charts.Point("2026-01", 1.0)], name="c1", title="NPS per period", write=formats.count)
    assert 'role="img" aria-labelledby="c1"' in svg
    assert '<title id="c1">NPS per period</title>' in svg


def test_a_period_without_a_value_breaks_the_line() -> None:
    values = [1.0, 2.0, None, 3.0, 4.0]
    points = [charts.Point(f"2026-0{n + 1}", value) for n, value in enumerate(values)]
    svg = charts.course(points, name="c", title="t", write=formats.polarity)
    assert svg.count('<polyline class="line"') == 2
    assert svg.count("<circle") == 4


def test_a_period_covered_in_part_looks_different() -> None:
    points = [charts.Point("2026-01", 4.0, whole=False), charts.Point("2026-02", 9.0)]
    svg = charts.course(points, name="c", title="t", write=formats.count, columns=True)
    assert svg.count('class="column part"') == 1
    assert svg.count('class="column"') == 1


def test_an_effect_that_chance_could_explain_is_hollow() -> None:
    assert "neg unsure" in charts.effect_bar(-2.0, -5.0, 1.0, bound=5.0, sure=False)
    assert "pos sure" in charts.effect_bar(2.0, 1.0, 3.0, bound=5.0, sure=True)


@example(points=[charts.Point("2026-01", 0.0, 0.0, 5e-324)], columns=False)
@given(
    st.lists(
        st.builds(
            charts.Point,
            st.just("2026-01"),
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
            st.one_of(st.none(), st.floats(-1e6, 1e6)),
            st.one_of(st.none(), st.floats(-1e6, 1e6)),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_whatever_the_numbers_a_course_has_finite_coordinates(points: list[charts.Point], columns: bool) -> None:  # noqa: FBT001 - a parameter of the test
    sane = [point for point in points if point.value is None or abs(point.value) < 1e9 or point.value != point.value]
    svg = charts.course(sane, name="c", title="t", write=formats.count, columns=columns)
    assert "nan" not in svg
    assert "inf" not in svg


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-1, 1)), min_size=1, max_size=20))
def test_whatever_the_themes_every_bubble_has_a_place(themes: list[tuple[float, float]]) -> None:
    svg = picture([charts.Bubble(n, "Theme", share, polarity) for n, (share, polarity) in enumerate(themes)])
    assert len(circles(svg)) == len(themes)
    assert "nan" not in svg
