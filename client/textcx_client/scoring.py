"""Texts to score, in as many requests as they need.

Invariants, tested: one answer for each text, in order, also where an id comes twice or a text is refused; where the
texts come to several requests, all are answered by one version of the model; no request has more than 1,000 texts, nor
more bytes than a service takes, and one that is too large all the same is halved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from textcx_client.answers.scoring import Batch, FailedItem, ItemError, ItemT, Text
from textcx_client.connection import body_of, convert, json_call
from textcx_client.errors import UNEXPECTED_ANSWER, InvalidParam, ServiceError, WrongUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textcx_client.connection import Connection

TextLike = str | Text | Mapping[str, Any]
"""A text, alone or with id and language; a mapping has the fields of ``Text``."""
MOST_ITEMS = 1000
"""Texts, or records, of one request."""
MOST_BYTES = 4 << 20
"""Bytes of them; the service takes four times as many, unless it is set otherwise."""
TOO_LARGE = frozenset({"too_many_items", "body_too_large"})


class Placed(NamedTuple):
    """A document to send, and its place among all of them."""

    place: int
    document: Mapping[str, Any]


def in_chunks(placed: Iterable[Placed]) -> Iterator[list[Placed]]:
    """Join documents to chunks that one request can hold. The same documents always make the same chunks."""
    chunk, size = list[Placed](), 0
    for each in placed:
        more = len(body_of(each.document))
        if chunk and (len(chunk) == MOST_ITEMS or size + more > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += more
    if chunk:
        yield chunk


def relocated(error: ServiceError, *, name: str, chunk: list[Placed]) -> ServiceError:
    """Return an error about a chunk as one about all documents: ``items.3.text`` becomes ``items.2003.text``."""

    def moved(param: InvalidParam) -> InvalidParam:
        head, number, *rest = [*param.name.split(".", 2), ""]
        if head != name or not number.isdecimal() or int(number) >= len(chunk):
            return param
        return InvalidParam(".".join([head, str(chunk[int(number)].place), *rest[:-1]]), param.reason)

    error.invalid_params = tuple(moved(each) for each in error.invalid_params)
    return error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    model_version: str
    items: tuple[Mapping[str, Any], ...]


class Scorer(Generic[ItemT]):
    """Asks one of the scoring routes about texts."""

    def __init__(self, connection: Connection, path: str, kind: type[ItemT], **options: object) -> None:
        self._connection, self._path, self._kind = connection, path, kind
        self._options = {name: value for name, value in options.items() if value is not None}

    def one(self, text: TextLike) -> ItemT:
        """Ask about one text; where the text itself is refused, the error has the code of the item."""
        item = self.many([text]).items[0]
        if isinstance(item, FailedItem):
            msg = f"The text was refused: {item.message}"
            raise ServiceError(msg, code=item.code, status=200)
        return item

    def many(self, texts: Iterable[TextLike]) -> Batch[ItemT]:
        """Ask about texts; they are taken from their source chunk by chunk."""
        answers: list[ItemT | FailedItem] = []
        version: str | None = None
        for chunk in in_chunks(self._without_repeats(texts, answers)):
            waiting = deque([chunk])
            while waiting:
                part = waiting.popleft()
                try:
                    version, items = self._ask(part, version)
                except ServiceError as error:
                    if error.code not in TOO_LARGE or len(part) == 1:
                        raise relocated(error, name="items", chunk=part) from None
                    half = len(part) // 2
                    waiting.extendleft([part[half:], part[:half]])
                    continue
                for each, item in zip(part, items, strict=True):
                    answers[each.place] = item
        return Batch(model_version=version, items=tuple(answers))

    def _without_repeats(self, texts: Iterable[TextLike], answers: list[ItemT | FailedItem]) -> Iterator[Placed]:
        """Give what is to be sent, and note an error for each id that came before."""
        if isinstance(texts, (str, Mapping, Text)):
            msg = "expected several texts, got one; ask about a single text with sentiment() or analyze()"
            raise WrongUse(msg)
        seen: set[str] = set()
        error = ItemError(code="duplicate_id", message="an item before has the same id")
        for place, text in enumerate(texts):
            document = document_of(Text(text) if isinstance(text, str) else text, Text, place=place)
            if isinstance(text, Mapping) and "text" in text:
                document.setdefault("text", None)  # the service takes null as an empty text
            name = str(document.setdefault("id", f"line-{place + 1}"))
            answers.append(FailedItem(id=name, error=error))  # replaced by the answer where it is sent
            if name not in seen:
                seen.add(name)
                yield Placed(place, document)

    def _ask(self, part: list[Placed], version: str | None) -> tuple[str, list[ItemT | FailedItem]]:
        request = {"items": [each.document for each in part], **self._options}
        if version is not None:
            request["model_version"] = version
        answer = self._connection.ask(_Answer, json_call(self._path, request))
        if len(answer.items) != len(part):
            msg = f"The answer should hold {len(part)} items"
            raise ServiceError(msg, code=UNEXPECTED_ANSWER, hint="see whether base_url is that of the service")
        return answer.model_version, [
            convert(FailedItem, item) if "error" in item else convert(self._kind, item) for item in answer.items
        ]


def document_of(value: object, kind: type, *, place: int) -> dict[str, Any]:
    """Return the fields of something to send, a ``kind`` or a mapping, without those of the kind that are null.

    Other fields of a mapping stay, so that the service can refuse a misspelt name.
    """
    known = [each.name for each in fields(kind)]
    if isinstance(value, kind):
        document = {name: getattr(value, name) for name in known}
    elif isinstance(value, Mapping):
        document = dict(value)
    else:
        expected = "texts, Text" if kind is Text else kind.__name__
        msg = f"expected {expected} or mappings, got {type(value).__name__} at place {place}"
        raise WrongUse(msg)
    return {name: each for name, each in document.items() if each is not None or name not in known}
