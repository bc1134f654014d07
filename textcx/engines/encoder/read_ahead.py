"""Let an iterator run ahead of its reader, in a thread of its own."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Item = TypeVar("Item")


class _End:
    """Comes after the last item, with what went wrong, if anything did."""

    def __init__(self, problem: BaseException | None) -> None:
        self.problem = problem


def read_ahead(items: Iterator[Item], most: int) -> Iterator[Item]:
    """Yield the items of an iterator in order while it already makes the next ones.

    Args:
        items: Made in a thread that ends with this generator, also when the reader stops early.
        most: Items that may wait.

    Raises:
        BaseException: Whatever the iterator raises, after the items before.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(most)
    stopped = threading.Event()

    def put(item: Item | _End) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def work() -> None:
        problem: BaseException | None = None
        try:
            for item in items:
                put(item)
                if stopped.is_set():
                    return
        except BaseException as raised:  # noqa: BLE001 - raised again where the items are read
            problem = raised
        put(_End(problem))

    worker = threading.Thread(target=work, name="read-ahead", daemon=True)
    worker.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.problem is not None:
            raise item.problem
    finally:
        stopped.set()
        worker.join()
