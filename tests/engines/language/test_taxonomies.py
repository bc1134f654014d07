"""The TOML files people edit: what ships is complete, what is wrong is said."""

import re
from collections import Counter
from pathlib import Path

import pytest
from languages import ENGLISH, LANGUAGES
from places import SAMPLE

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.domain.lexicons.journey import UNKNOWN
from textcx.domain.themes.seed_topics import ThemeTaxonomy
from textcx.engines.language.taxonomies import load_journey, load_theme_taxonomy

SHIPPED = sorted((LANGUAGES.parent / "taxonomies").glob("*.toml"))
STAGES = ("awareness", "consideration", "purchase", "delivery", "use", "support", "renewal", "advocacy")

STAGED: dict[str, list[tuple[str, str]]] = {path.stem: [] for path in (LANGUAGES / "en" / "journeys").glob("*.toml")}
SECTORS = sorted((LANGUAGES / "en" / "journeys").glob("*.toml"))


def _write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_the_journey_that_ships_has_eight_stages_in_order_each_with_examples_matters_and_touchpoints() -> None:
    taxonomy = ENGLISH.journey
    assert taxonomy.stage_ids == STAGES
    assert [stage.order for stage in taxonomy.stages] == list(range(8))
    assert all(len(stage.examples) >= 8 and stage.touchpoints for stage in taxonomy.stages)
    staged = Counter(stage for _, stage in taxonomy.matters)
    assert set(staged) == {*STAGES[:-1], UNKNOWN}
    assert min(staged.values()) >= 20
    assert taxonomy.titles["delivery"] == "Delivery and onboarding"
    assert list(taxonomy.titles)[-1] == "unknown"


@pytest.mark.parametrize("path", SECTORS, ids=lambda path: path.stem)
def test_the_journey_of_a_sector_is_complete(path: Path) -> None:
    taxonomy = load_journey(path, matters=STAGED)
    assert taxonomy.name.split()[0] == path.stem.split("_")[0]
    assert 5 <= len(taxonomy.stages) <= 8
    examples = [example.casefold() for stage in taxonomy.stages for example in stage.examples]
    assert len(set(examples)) == len(examples)
    assert not set(examples) & {example.casefold() for example in taxonomy.background}
    for stage in taxonomy.stages:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", stage.id)
        assert len(stage.examples) >= 12
        assert stage.description.endswith(".")
        assert stage.touchpoints


def test_all_sectors_are_there_and_each_says_what_it_is_for() -> None:
    assert [path.stem for path in SECTORS] == [
        "app_software", "education", "health_public", "retail_subscription", "travel_hospitality", "work",
    ]  # fmt: skip
    assert all(path.read_text(encoding="utf-8").startswith("# A journey of one sector: ") for path in SECTORS)
    names = [load_journey(path, matters=STAGED).name for path in SECTORS]
    assert len({*names, ENGLISH.journey.name}) == len(SECTORS) + 1


def test_a_journey_without_a_name_is_called_as_its_file(tmp_path: Path) -> None:
    stage = "[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples=['e']"
    assert load_journey(_write(tmp_path / "ours.toml", stage)).name == "ours"


def test_a_journey_takes_over_the_matters_of_another_for_the_stages_that_it_has(tmp_path: Path) -> None:
    stage = "matters='trips'\n[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples=['e']"
    path = _write(tmp_path / "ours.toml", stage)
    trips = [("Late train", "travel"), ("Hard seat", "use"), ("Thanks", UNKNOWN)]
    assert load_journey(path, matters={"trips": trips}).matters == (("Hard seat", "use"), ("Thanks", UNKNOWN))
    with pytest.raises(BadSetting, match="'matters' must name one of shops; got 'trips'"):
        load_journey(path, matters={"shops": []})


def test_a_missing_file_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"no such file.*mine\.toml"):
        load_journey(tmp_path / "mine.toml")


def test_a_file_that_is_not_text_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "journey.toml"
    path.write_bytes(b"\xff\xfe\x00\x00")
    with pytest.raises(UnreadableInput, match="UTF-8"):
        load_journey(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("stages = [", "not valid TOML"),
        ("name = 3\n[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples=['e']", "'name' as text"),
        ("", "no stages"),
        ("[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples=['e']\ncolour='red'", "'colour' is no key"),
        ("[[stages]]\nid='use'\ndescription='d'\nexamples=['e']", "'title' as text"),
        ("[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples='e'", "list of texts"),
        ("[[stages]]\nid='use'\ntitle='Use'\ndescription='d'", "no examples"),
        ("[[stages]]\nid='unknown'\ntitle='Use'\ndescription='d'\nexamples=['e']", "reserved"),
        ("stages = 3", "list of tables"),
        ("background = 3\n[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples=['e']", "as a table"),
        (
            (
                "[[stages]]\nid='a'\ntitle='A'\ndescription='d'\nexamples=['e']\ntouchpoints=['shop']\n"
                "[[stages]]\nid='b'\ntitle='B'\ndescription='d'\nexamples=['e']\ntouchpoints=['Shop']"
            ),
            "maps onto two",
        ),
    ],
)
def test_a_wrong_journey_is_refused_with_what_was_expected(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        load_journey(_write(tmp_path / "journey.toml", content))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_leaf_of_a_taxonomy_that_ships_has_a_description_and_eight_examples_or_more(path: Path) -> None:
    taxonomy = load_theme_taxonomy(path)
    assert {theme.level for theme in taxonomy.tree()} == {1, 2}
    assert all(theme.description for theme in taxonomy.themes)
    assert all(8 <= len(theme.examples) <= 12 for theme in taxonomy.leaves())


def test_the_cx_taxonomy_has_the_main_causes_of_poor_experience() -> None:
    names = {theme.name for theme in load_theme_taxonomy(SHIPPED[0].with_stem("cx")).leaves()}
    assert names >= {
        "Waiting time", "Understanding of customer needs", "Replies to enquiries", "Problem resolution",
        "Human contact and automation", "Individual attention",
    }  # fmt: skip


def themes_from(folder: Path, text: str) -> ThemeTaxonomy:
    path = folder / "themes.toml"
    path.write_text(text, encoding="utf-8")
    return load_theme_taxonomy(path)


def test_given_themes_are_read_from_their_file(tmp_path: Path) -> None:
    taxonomy = themes_from(
        tmp_path,
        """
        [[theme]]
        name = "Delivery"

        [[theme]]
        name = "Late parcel"
        parent = "delivery"
        examples = ["It came a week late.", "Still waiting for my parcel"]
        keywords = ["late", "waiting"]

        [[theme]]
        name = "Broken parcel"
        parent = "Delivery"
        description = "The box or what is in it arrives damaged."
        """,
    )
    assert [theme.name for theme in taxonomy.tree()] == ["Delivery", "Late parcel", "Broken parcel"]
    assert taxonomy.themes[1].keywords == ("late", "waiting")


def test_everything_wrong_with_given_themes_is_told_at_once_with_the_file_and_the_theme(tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as caught:
        themes_from(
            tmp_path,
            """
            titel = "ours"

            [[theme]]
            name = "Price"
            example = ["It costs far too much"]

            [[theme]]
            name = "price"
            examples = "too dear"

            [[theme]]
            name = 7
            """,
        )
    told = str(caught.value)
    assert "themes.toml" in told
    assert "'titel' is no key; known are name, version, theme" in told
    assert "theme 'Price': 'example' is no key; did you mean 'examples'?" in told
    assert "theme 'price' stands there twice" in told
    assert "theme 'price': examples must be a list of texts" in told
    assert "theme 3: name must be text; got int" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "it has no themes"), ("[[themes]]\nname = 'A'", "did you mean 'theme'?"), ("theme = 3", "write [[theme]]")],
)
def test_a_file_without_given_themes_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(said)):
        themes_from(tmp_path, text)


def test_the_taxonomy_of_the_sample_is_sound_and_has_two_levels() -> None:
    taxonomy = load_theme_taxonomy(SAMPLE.parent / "themes.toml")
    assert {theme.level for theme in taxonomy.tree()} == {1, 2}
    assert all(len(theme.examples) >= 5 for theme in taxonomy.leaves())
