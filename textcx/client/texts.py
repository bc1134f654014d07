"""Texts to score, in as many requests as they need.

Invariants, tested: one answer for each text, in order, also where an id comes twice or a text is refused; where the
texts come to several requests, all are answered by one version of the model; no request has more than 1,000 texts, nor
more bytes than a service takes, and one that is too large all the same is halved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from textcx.client.connection import as_json, body_of, posted
from textcx.client.errors import UNEXPECTED_ANSWER, InvalidParam, ServiceError
from textcx.client.reading import read
from textcx.client.scored import Batch, FailedItem, ItemT, Text
from textcx.domain.errors import WrongUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textcx.client.connection import Connection

Given = str | Text | Mapping[str, Any]
"""A text, alone or with id and language; a mapping has the fields of ``Text``."""
MOST = 1000
"""Texts, or records, of one request."""
MOST_BYTES = 4 << 20
"""Bytes of them; the service takes four times as many, unless it is set otherwise."""
TOO_LARGE = frozenset({"too_many_items", "body_too_large"})


@dataclass(frozen=True, slots=True)
class Placed:
    """A document that is to be sent, and its place among all that were given."""

    place: int
    document: Mapping[str, Any]


def in_chunks(placed: Iterable[Placed]) -> Iterator[list[Placed]]:
    """Join documents to chunks that one request can hold. The same documents always make the same chunks."""
    chunk, size = list[Placed](), 0
    for each in placed:
        more = len(body_of(each.document))
        if chunk and (len(chunk) == MOST or size + more > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += more
    if chunk:
        yield chunk


def relocated(error: ServiceError, *, name: str, chunk: list[Placed]) -> ServiceError:
    """Return an error about a chunk as one about all that were given: ``items.3.text`` becomes ``items.2003.text``."""

    def moved(param: InvalidParam) -> InvalidParam:
        head, _, rest = param.name.partition(".")
        number, dot, rest = rest.partition(".")
        if head != name or not number.isdecimal() or int(number) >= len(chunk):
            return param
        return InvalidParam(f"{head}.{chunk[int(number)].place}{dot}{rest}", param.reason)

    error.invalid_params = tuple(moved(each) for each in error.invalid_params)
    return error


class Asking(Generic[ItemT]):
    """Asks one of the scoring routes about texts."""

    def __init__(self, connection: Connection, path: str, kind: type[ItemT], options: Mapping[str, Any]) -> None:
        self._connection, self._path, self._kind = connection, path, kind
        self._options = {name: value for name, value in options.items() if value is not None}

    def one(self, given: Given) -> ItemT:
        """Ask about one text.

        Raises:
            ServiceError: If there is no answer; with the code of the item where the text itself was refused.
        """
        answered = self.many([given]).items[0]
        if isinstance(answered, FailedItem):
            msg = f"The text was refused: {answered.message}"
            raise ServiceError(msg, code=answered.code, status=200)
        return answered

    def many(self, given: Iterable[Given]) -> Batch[ItemT]:
        """Ask about texts; they are taken from their source chunk by chunk.

        Raises:
            ServiceError: If a request failed for good.
        """
        answers: list[ItemT | FailedItem] = []
        version: str | None = None
        for chunk in in_chunks(self._new_ones(given, answers)):
            waiting = deque([chunk])
            while waiting:
                part = waiting.popleft()
                try:
                    version, found = self._ask(part, version)
                except ServiceError as error:
                    if error.code not in TOO_LARGE or len(part) == 1:
                        raise relocated(error, name="items", chunk=part) from None
                    half = len(part) // 2
                    waiting.extendleft([part[half:], part[:half]])
                    continue
                for each, item in zip(part, found, strict=True):
                    answers[each.place] = item
        return Batch(model_version=version, items=tuple(answers))

    def _new_ones(self, given: Iterable[Given], answers: list[ItemT | FailedItem]) -> Iterator[Placed]:
        """Give what is to be sent, and note an error for each id that came before."""
        if isinstance(given, (str, Mapping, Text)):
            msg = "expected several texts, got one; ask about a single text with sentiment() or analyze()"
            raise WrongUse(msg)
        seen: set[str] = set()
        for place, each in enumerate(given):
            document = _document(each, place)
            name = str(document["id"])
            again = FailedItem(id=name, code="duplicate_id", message="an item before has the same id")
            answers.append(again)  # replaced by the answer where it is sent
            if name not in seen:
                seen.add(name)
                yield Placed(place, document)

    def _ask(self, part: list[Placed], version: str | None) -> tuple[str, list[ItemT | FailedItem]]:
        asked = {"items": [each.document for each in part], **self._options}
        if version is not None:
            asked["model_version"] = version
        answer = self._connection.send(posted(self._path, asked), take=as_json)
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list) or len(items) != len(part):
            msg = f"The answer should hold {len(part)} items"
            raise ServiceError(msg, code=UNEXPECTED_ANSWER, hint="see whether base_url is that of the service")
        return str(answer.get("model_version")), [self._item(item) for item in items]

    def _item(self, item: Any) -> ItemT | FailedItem:  # noqa: ANN401 - any JSON
        error = item.get("error") if isinstance(item, dict) else None
        if isinstance(error, dict):
            return read(FailedItem, {"id": item.get("id"), "code": error.get("code"), "message": error.get("message")})
        return read(self._kind, item)


def _document(given: object, place: int) -> dict[str, Any]:
    if isinstance(given, str):
        told: dict[str, Any] = {"text": given}
    elif isinstance(given, Text):
        told = {"text": given.text, "id": given.id, "language": given.language}
    elif isinstance(given, Mapping):
        told = dict(given)
    else:
        msg = f"expected texts, Text or mappings, got {type(given).__name__} at place {place}"
        raise WrongUse(msg)
    if told.get("id") is None:
        told["id"] = f"line-{place + 1}"
    if told.get("language") is None:
        told.pop("language", None)
    return told
