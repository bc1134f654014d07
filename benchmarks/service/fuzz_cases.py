"""Cases for ``benchmarks.service.fuzz``: generating them, and changing them before they are sent.

The same seed gives the same cases. Files of records have strategies of their own, since their schema says only that
they are text: lines with quotes, formulas, odd columns, empty cells and bytes that are not UTF-8.
"""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET
from schemathesis.core.errors import SerializationNotPossible
from schemathesis.core.result import Err

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    import requests
    from schemathesis.schemas import APIOperation

    from benchmarks.service.fuzz_state import State

    Operation = APIOperation[Any, Any, Any, Any]
    Case = schemathesis.Case[Any]

AWS_JSON = "application/x-amz-json-1.1"
TEXTS = (
    "Great food, but we waited an hour.",
    "The app crashes whenever I pay. When do I get a refund?",
    "=1+1",
    "",
    "n/a",
    "Mail jane.roe@example.com or 020 7946 0958",
    "Schnell und freundlich",
    '"',
    "a\nb",
    "\u202e\u0000",
    "\U0001f621" * 40,
)
NAMES = ("id", "comment", "Comment", "date", "nps", "plan", "source", "respondent", "text", "", "=cmd", "a" * 300)
HALF, MOSTLY, SOMETIMES = 0.5, 0.8, 0.15
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@st.composite
def sheets(draw: st.DrawFn, mark: str) -> bytes:
    """Generate a delimited file."""
    names = draw(st.lists(st.sampled_from(NAMES) | st.text(max_size=8), min_size=1, max_size=6))
    cell = st.sampled_from(TEXTS) | st.text(max_size=30) | st.integers(-3, 12).map(str)
    rows = draw(st.lists(st.lists(cell, min_size=len(names) - 1, max_size=len(names) + 1), max_size=5))
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=mark, quoting=csv.QUOTE_ALL if draw(st.booleans()) else csv.QUOTE_MINIMAL, escapechar="\\"
    )
    writer.writerows([names, *rows])
    return draw(_spoiled(out.getvalue().encode("utf-8", "surrogatepass")))


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Generate a file of JSON lines."""
    value = st.sampled_from(TEXTS) | st.text(max_size=30) | st.integers() | st.none() | st.booleans() | st.floats()
    line = st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=8), value | st.lists(value, max_size=2), max_size=5
    )
    lines = draw(st.lists(line.map(json.dumps) | st.sampled_from(["", "{", "[]", "7", "null"]), max_size=5))
    return draw(_spoiled("\n".join(lines).encode()))


def _spoiled(whole: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from(
        [whole] * 6 + [whole[: len(whole) // 2], b"\xff\xfe" + whole, whole + b"\x00\x80\n", b"\xef\xbb\xbf" + whole]
    )


def open_document(base: str) -> list[Operation]:
    """Return all operations of the service's OpenAPI document."""
    schemathesis.openapi.media_type("text/csv", sheets(","))
    schemathesis.openapi.media_type("text/tab-separated-values", sheets("\t"))
    schemathesis.openapi.media_type(
        "application/x-ndjson", streams(), aliases=["application/jsonl", "application/jsonlines"]
    )

    @schemathesis.serializer(AWS_JSON)
    def aws_json(_: schemathesis.SerializationContext, value: Json | bytes) -> bytes:
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    schema.config.generation.with_security_parameters = False  # keys are put in by us
    found = []
    for operation in schema.get_all_operations():
        if isinstance(operation, Err):
            raise operation.err()
        found.append(operation.ok())
    return found


def cases_of(
    operation: Operation, *, cases: int, seed: int, coverage: bool = False, modes: list[GenerationMode] | None = None
) -> Iterator[tuple[str, Case]]:
    """Yield the kind of each case, and the case.

    Args:
        operation: Operation to call.
        cases: Random cases of each mode.
        seed: The same seed gives the same cases.
        coverage: Whether to add the systematic cases and the examples of the document.
        modes: Valid by the schema, invalid, or (by default) both.
    """
    both = modes or list(GenerationMode)
    if coverage:
        for strategy in operation.get_strategies_from_examples():
            yield from (("example", case) for case in _drawn(strategy, 1, seed))
        how = operation.schema.config.generation_for(operation=operation, phase="coverage")
        for case in operation.schema.iter_coverage_cases(operation, generation_modes=both, generation_config=how):
            yield "coverage", case
    for mode in both:
        yield from ((mode.value, case) for case in _drawn(operation.as_strategy(generation_mode=mode), cases, seed))


def _drawn(strategy: st.SearchStrategy[Case], count: int, chosen: int) -> list[Case]:
    found: list[Case] = []

    @seed(chosen)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def collect(case: Case) -> None:
        found.append(case)

    try:
        collect()
    except (HypothesisException, SerializationNotPossible):
        return found  # a route without parameters has no invalid cases; examples of files are text, not bytes
    return found


def detach(case: Case) -> None:
    """Copy the values of a case: systematic cases share theirs."""
    case.path_parameters, case.query = dict(case.path_parameters), copy.deepcopy(case.query)
    case.headers, case.body = case.headers.copy(), copy.deepcopy(case.body)


def known(case: Case, state: State, chance: random.Random) -> None:
    """Make most names in paths, and half of those elsewhere, refer to something that exists."""
    method, path = case.method.upper(), case.operation.path
    for name in case.path_parameters:
        if chance.random() < MOSTLY:
            value = state.known(method, path, name, chance)
            if value is not None:
                case.path_parameters[name] = value
    for name in case.query:
        if isinstance(name, str) and name in state.values and chance.random() < HALF:
            value = state.known(method, path, name, chance)
            case.query[name] = [value] if isinstance(case.query[name], list) else value
    if (
        path.endswith("/records") and method == "POST" and chance.random() < MOSTLY
    ):  # a word for each column is too much
        keep = (
            () if case.media_type == "application/json" else chance.sample(sorted(case.query), min(1, len(case.query)))
        )
        case.query = {name: case.query[name] for name in keep}
        case.headers.pop("Idempotency-Key", None)  # another body under the same key is a conflict
    if isinstance(case.body, dict) and chance.random() < HALF:
        values: dict[str, Any] = {
            "dataset": "small",
            "LanguageCode": "en",
            "Text": TEXTS[0],
            "TextList": list(TEXTS[:3]),
        }
        case.body |= {name: value for name, value in values.items() if name in case.body}


def salted(case: Case, word: str, chance: random.Random) -> bool:
    """Put a word into one to three places of a case: values and names in body, query, path and headers.

    Returns:
        Whether there was such a place.
    """
    places = [_into_query, _into_headers]
    places += [_into_path] * 2 if case.path_parameters else []
    places += [_into_body] * 4 if case.body is not NOT_SET else []
    done = [place(case, word, chance) for place in chance.sample(places, min(len(places), chance.randint(1, 3)))]
    return any(done)


def _into_path(case: Case, word: str, chance: random.Random) -> bool:
    name = chance.choice(sorted(case.path_parameters))
    case.path_parameters[name] = _with(case.path_parameters[name], word, chance)
    return True


def _into_query(case: Case, word: str, chance: random.Random) -> bool:
    names = [name for name in case.query if isinstance(name, str)]
    if names and chance.random() < MOSTLY:
        name = chance.choice(sorted(names))
        value = case.query[name]
        case.query[name] = [_with(None, word, chance)] if isinstance(value, list) else _with(value, word, chance)
    else:
        case.query[word] = word
    return True


def _into_headers(case: Case, word: str, chance: random.Random) -> bool:
    name = chance.choice(
        [
            "Idempotency-Key",
            "Accept",
            "X-Amz-Target",
            "X-Odd",
            "Accept-Language",
            "Referer",
            "Cookie",
            word,
            "Content-Encoding",
            "Content-Type",
        ]
    )
    if name in {"Content-Type", "Content-Encoding"} and (case.body is NOT_SET or chance.random() < HALF):
        name = "X-Forwarded-For"
    case.headers[name] = f"application/{word}" if name == "Content-Type" else word
    return True


def _into_body(case: Case, word: str, chance: random.Random) -> bool:
    body: Any = case.body
    if isinstance(body, bytes):
        at = chance.randint(0, len(body))
        case.body = body[:at] + word.encode() + body[at:]
        return True
    if isinstance(body, str) or not isinstance(body, (dict, list)) or not body:
        case.body = word if chance.random() < HALF else {word: word}
        return True
    here = body
    while True:  # down a random path of the document
        keys = sorted(here, key=str) if isinstance(here, dict) else range(len(here))
        if isinstance(here, dict) and chance.random() < SOMETIMES:
            here[word] = word
            return True
        key: Any = chance.choice(list(keys))
        if isinstance(here[key], (dict, list)) and here[key]:
            here = here[key]
            continue
        here[key] = _with(here[key], word, chance)
        return True


def _with(value: object, word: str, chance: random.Random) -> str:
    old = value if isinstance(value, str) else ""
    return chance.choice([word, f"{old}{word}", f"{word} {old}", f"{word}'; --", f"{{{{{word}}}}}", f"../{word}"])


def bent(prepared: requests.PreparedRequest, chance: random.Random) -> str:
    """Damage the body of a prepared request: compress, break, cut or mislabel it. Returns what was done."""
    body = prepared.body if isinstance(prepared.body, bytes) else str(prepared.body).encode()
    packed = gzip.compress(body, mtime=0)
    members = gzip.compress(body[:9], mtime=0) + gzip.compress(body[9:], mtime=0)
    ways: dict[str, tuple[bytes, dict[str, str]]] = {
        "gzip": (packed, {"Content-Encoding": "gzip"}),
        "x-gzip in two members": (members, {"Content-Encoding": "x-gzip"}),
        "gzip cut": (packed[:-9], {"Content-Encoding": "gzip"}),
        "gzip that is none": (body, {"Content-Encoding": "gzip"}),
        "zlib as gzip": (zlib.compress(body), {"Content-Encoding": "gzip"}),
        "unknown encoding": (body, {"Content-Encoding": "br"}),
        "two encodings": (packed, {"Content-Encoding": "gzip, gzip"}),
        "cut": (body[: len(body) // 2], {}),
        "not UTF-8": (b"\xff\xfe\x80" + body, {}),
        "nested": (b"[" * 60_000, {}),
        "a large number": (b'{"text": ' + b"9" * 6000 + b"}", {}),
        "form": (body, {"Content-Type": "application/x-www-form-urlencoded"}),
        "no kind": (body, {"Content-Type": ""}),
        "plain": (body, {"Content-Type": "text/plain; charset=utf-7"}),
    }
    how = chance.choice(sorted(ways))
    prepared.body, headers = ways[how]
    prepared.headers["Content-Length"] = str(len(prepared.body))
    prepared.headers.update(headers)
    return f"body: {how}"
