"""What identifies a person is found; products, places and prices are left alone."""

import socket

import pytest
from languages import ENGLISH

from textcx.domain.errors import ModelProblem
from textcx.engines.redaction.presidio import PresidioRedactor


@pytest.fixture(scope="module")
def redactor() -> PresidioRedactor:
    return PresidioRedactor(ENGLISH.names)


def _found(redactor: PresidioRedactor, text: str) -> list[tuple[str, str]]:
    return [(text[each.start : each.end], each.kind) for each in redactor.find([text])[0]]


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("mail me at j.doe+shop@example.co.uk please", "j.doe+shop@example.co.uk", "EMAIL"),
        ("call +44 20 7946 0958 after six", "+44 20 7946 0958", "PHONE"),
        ("my number is (212) 555-0147.", "(212) 555-0147", "PHONE"),
        ("card 4111 1111 1111 1111 was charged twice", "4111 1111 1111 1111", "CARD"),
        ("card ending in 4821 was charged", "4821", "ACCOUNT"),
        ("order no. 4471-2210 never came", "4471-2210", "ACCOUNT"),
        ("booking reference QX7R9P2 is lost", "QX7R9P2", "ACCOUNT"),
        ("my NHS number 943 476 5919 was wrong", "943 476 5919", "ACCOUNT"),
        ("they wanted GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32", "ACCOUNT"),
        ("parcel 100200300400 is gone", "100200300400", "ACCOUNT"),
        ("see https://shop.example/reset?token=abc123 now", "https://shop.example/reset?token=abc123", "URL"),
        ("blocked from 192.168.1.44 again", "192.168.1.44", "IP"),
    ],
)
def test_numbers_and_addresses_that_identify_are_found(
    redactor: PresidioRedactor, text: str, secret: str, kind: str
) -> None:
    assert _found(redactor, text) == [(secret, kind)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sarah was lovely", "Sarah"),
        ("SARAH WAS LOVELY", "SARAH"),
        ("The agent, Priya Nair, fixed it", "Priya Nair"),
        ("Mr. Okafor never called back", "Okafor"),
        ("my name is Zubenelgenubi and I am waiting", "Zubenelgenubi"),
        ("my name is priya and I want my money", "priya"),
        ("I spoke to Thandiwe about the refund", "Thandiwe"),
        ("nurse Mark listened to me", "Mark"),
        ("Thanks and regards, Himanshu", "Himanshu"),
        ("Sarah's answer was rude", "Sarah"),
    ],
)
def test_names_of_people_are_found(redactor: PresidioRedactor, text: str, name: str) -> None:
    assert (name, "PERSON") in _found(redactor, text)


@pytest.mark.parametrize(
    "text",
    [
        "Netflix is better than Amazon Prime and Disney Hotstar",
        "Retailer sizes are all over. Superb WiFi. Beautifully made.",
        "We flew from Charles de Gaulle to San Francisco with Virgin Atlantic",
        "I go to James Cook hospital; the Jessa tee runs small",
        "I miss Friends and I mark my words, will never return",
        "In May and June the Petite Dress was on sale in Georgia",
        "works on version 8.1.2.3 since 12/05/2024, I paid 15000 rupees in 2023-24",
        "www.example.com is down, so is https://example.com/help",
        "I'm 5'4\" 130lbs, a 34b, size 8 and waited 45 minutes at 10:30",
        "We visited between 0630-0730, I've said so, and Mr XXXX on XX/XX/2019 too",
        "ok \U0001f600",
        "",
    ],
)
def test_products_places_dates_and_sizes_stay(redactor: PresidioRedactor, text: str) -> None:
    assert _found(redactor, text) == []


def test_the_callers_own_names_are_kept() -> None:
    text = "Ask Oliver about the Oliver Bonas sale"
    assert [each.start for each in PresidioRedactor(ENGLISH.names).find([text])[0]] == [4, 21]
    kept = PresidioRedactor(ENGLISH.names, keep=["Oliver Bonas"]).find([text])[0]
    assert [(each.start, each.end) for each in kept] == [(4, 10)]


def test_redactions_are_sorted_apart_and_inside_the_text(redactor: PresidioRedactor) -> None:
    text = "Sarah Lee (sarah.lee@example.com, https://x.example/u/sarah.lee@example.com) order 99887766, 212-555-0147"
    found = redactor.find([text])[0]
    assert {each.kind for each in found} == {"PERSON", "EMAIL", "URL", "ACCOUNT", "PHONE"}
    reached = 0
    for each in found:
        assert reached <= each.start < each.end <= len(text)
        reached = each.end


def test_what_is_found_does_not_depend_on_the_other_texts(redactor: PresidioRedactor) -> None:
    texts = ["I spoke to Thandiwe", "ok", "driver Akosua Mensah was late", "order 99887766"]
    together = redactor.find(texts)
    assert [redactor.find([text])[0] for text in texts] == together
    assert redactor.find(texts[::-1]) == together[::-1]


def test_no_connection_is_ever_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the redactor opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert PresidioRedactor(ENGLISH.names).find(["write to a@example.com"])[0][0].kind == "EMAIL"


def test_an_unknown_pipeline_is_explained() -> None:
    with pytest.raises(ModelProblem, match="no_such_pipeline"):
        PresidioRedactor(ENGLISH.names, pipeline="no_such_pipeline")
