"""One thread that asks the model, in batches made of what all callers have sent.

Routes hand texts in and await the answers; they never touch the model, whose tokenizer is not safe for several threads.
While a batch is read, the next one gathers by itself. So nobody waits on an idle server, and the more callers there
are the larger, and cheaper for each text, the batches get. Only where the last batch served several callers does the
worker wait a moment (``max_wait``) for their next requests, which are on their way: else a batch of one would go first.
A text too long for a batch is read alone, and lets small requests pass whenever the model has read another piece of it.

Invariants, all tested: at most ``queue_limit`` texts wait, unless one request alone is larger, and more are refused; a
request whose caller went away is dropped and frees its place; the answers of a request come in its order; a request
that the model fails on fails alone; a large request gives way to small ones between batches; closing answers all that
was accepted, or fails it when time is up.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from textcx.domain.errors import TextcxError
from textcx.domain.items import GivenText

from ..http.errors import Code, Problem
from ..http.logs import log, where
from ..http.metrics import Metrics
from .tasks import Scoring

NAP = 0.001
"""Seconds between two looks while further callers are waited for."""
SHARE = 64
"""Texts of one request in a batch while other requests wait."""
PASSING = 4
"""A long text lets a batch pass of so large a part of a full one."""
SLOWEST_RETRY = 60
"""Most seconds that ``Retry-After`` asks for."""


class CallerGone(Exception):
    """The caller went away before the answer; there is nobody to tell."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A request in the queue; its future is settled by the thread, once."""

    kind: str
    given: Sequence[GivenText]
    future: Future[list[Any]] = field(default_factory=Future)
    results: list[Any] = field(default_factory=list)
    taken: int = 0
    since: float = field(default_factory=time.perf_counter)
    waited: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def left(self) -> int:
        """Texts that no batch has taken yet."""
        return len(self.given) - self.taken

    def settle(self, problem: Problem | None = None) -> None:
        """Give the caller the results, or a problem; a caller who went away gets neither."""
        with self.lock:  # the queue's end and its thread may both come to a ticket
            if self.future.done() or not self.future.set_running_or_notify_cancel():
                return
            if problem is None:
                self.future.set_result(self.results)
            else:
                self.future.set_exception(problem)


Batch = list[tuple[Ticket, Sequence[GivenText]]]
"""Requests, each with those of its texts that are read at once."""


def estimated_tokens(text: GivenText) -> int:
    """About how many tokens the encoder reads for a text: once as a whole, once in segments, four characters each."""
    return 8 + len(text.text) // 2


class Batcher:
    """The queue and its thread. All public methods are called from the event loop."""

    def __init__(
        self, work: Scoring, *, metrics: Metrics, queue_limit: int, batch_tokens: int, max_wait: float
    ) -> None:
        """Prepare a queue of at most ``queue_limit`` texts; ``start`` begins to load the models.

        About ``batch_tokens`` tokens are read at once (one text may be longer), and further callers are waited for at
        most ``max_wait`` seconds.
        """
        self.queue_limit, self.batch_tokens, self.max_wait = queue_limit, batch_tokens, max_wait
        self.failure: str | None = None
        self._work, self._metrics = work, metrics
        self._waiting: deque[Ticket] = deque()
        self.queued = 0  # texts that wait
        self._crowd = 1
        self._rate = 50.0  # texts a second, until it is measured
        self._changed = threading.Condition()
        self._ready = self._draining = self._stopped = self._long = False
        self._thread = threading.Thread(target=self._live, name="inference", daemon=True)

    @property
    def ready(self) -> bool:
        """Whether the models are loaded and requests are taken."""
        return self._ready and not self._draining

    @property
    def full(self) -> bool:
        """Whether a further text would be refused."""
        return self.queued >= self.queue_limit

    def start(self) -> None:
        """Start the thread, which loads the models first."""
        self._thread.start()

    async def submit(
        self, kind: str, given: Sequence[GivenText], *, gone: Callable[[], Any] | None = None
    ) -> list[Any]:
        """Queue texts, at least one, and wait for their answers: one for each, in order.

        Raises ``Problem`` if too much waits already, the models are not loaded, or the work failed, and ``CallerGone``
        if the awaitable that ``gone`` returns ended first.
        """
        ticket = self._enter(kind, given)
        answers = asyncio.wrap_future(ticket.future)
        if gone is None:
            return await answers
        left = asyncio.ensure_future(gone())
        try:
            await asyncio.wait((answers, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            left.cancel()
            if not answers.done():
                self._withdraw(ticket)
                answers.cancel()
        if answers.cancelled():
            raise CallerGone
        return answers.result()

    async def close(self, *, seconds: float) -> None:
        """Take nothing more, answer what was taken, and stop; what is left after ``seconds`` fails."""
        with self._changed:
            self._draining = True
            self._changed.notify_all()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, seconds)
        with self._changed:
            self._stopped = True
            left, self.queued = list(self._waiting), 0
            self._waiting.clear()
        stopped = Problem(Code.NOT_READY, "The service stopped before the answer.", headers={"Retry-After": "5"})
        for ticket in left:
            ticket.settle(stopped)

    def _enter(self, kind: str, given: Sequence[GivenText]) -> Ticket:
        if self.failure is not None:
            raise Problem(Code.NOT_READY, "The model could not be loaded.", hint="see the log of the service")
        if not self.ready:
            detail = "The service is stopping." if self._draining else "The model is being loaded."
            raise Problem(Code.NOT_READY, detail, headers={"Retry-After": "2"})
        ticket = Ticket(kind, given)
        with self._changed:
            if self.queued and self.queued + len(given) > self.queue_limit:
                seconds = min(SLOWEST_RETRY, max(1, math.ceil(self.queued / self._rate)))
                detail = f"More than {self.queue_limit:,} texts would wait for the model."
                raise Problem(Code.OVERLOADED, detail, headers={"Retry-After": str(seconds)})
            self._waiting.append(ticket)
            self.queued += len(given)
            self._changed.notify()
        return ticket

    def _withdraw(self, ticket: Ticket) -> None:
        with self._changed:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self.queued -= ticket.left

    # What follows runs in the thread.

    def _live(self) -> None:
        begin = time.perf_counter()
        try:
            self._work.load()
        except BaseException as error:  # noqa: BLE001 - the outermost edge of this thread
            self.failure = type(error).__name__
            log(
                "model not loaded",
                level=logging.ERROR,
                error=type(error).__name__,
                message=str(error) if isinstance(error, TextcxError) else "",  # others may say anything
                where=where(error),
            )
            return
        self._ready = True
        log("ready", seconds=round(time.perf_counter() - begin, 2))
        while batch := self._take():
            self._do(batch)

    def _take(self) -> Batch:
        """Wait for work and cut the next batch; nothing when the worker is to stop."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._draining)
                if self._stopped or not self._waiting:
                    return []
            end = time.perf_counter() + self.max_wait  # as many callers as were lately; a lone one waits for nobody
            while len(self._waiting) < self._crowd and time.perf_counter() < end:
                time.sleep(NAP)
            with self._changed:
                batch = self._cut(self.batch_tokens)
            if batch:  # else the callers went away meanwhile
                return batch

    def _cut(self, room: int, *, passing: bool = False) -> Batch:
        """Cut a batch of one kind: first come, first served, but no request more than its share while others wait.

        A text that is too long for a batch is one by itself; with ``passing`` none such is taken.
        """
        waiting = [ticket for ticket in self._waiting if not (passing and self._is_long(ticket))]
        same = [ticket for ticket in waiting if ticket.kind == waiting[0].kind]
        batch: Batch = []
        for ticket in same:
            if room <= 0 or (batch and self._is_long(ticket)):
                break
            start, most = ticket.taken, ticket.left if len(same) == 1 else min(SHARE, ticket.left)
            while ticket.taken - start < most and room > 0:
                if ticket.taken > start and self._is_long(ticket):
                    room = 0
                    break
                room -= estimated_tokens(ticket.given[ticket.taken])
                ticket.taken += 1
            if not start:
                ticket.waited = time.perf_counter() - ticket.since
            batch.append((ticket, ticket.given[start : ticket.taken]))
        for ticket, given in batch:
            self.queued -= len(given)
            self._waiting.remove(ticket)
            if ticket.left:  # behind those who came meanwhile
                self._waiting.append(ticket)
        return batch

    def _is_long(self, ticket: Ticket) -> bool:
        """Say whether the next text of a request alone is more than a batch."""
        return estimated_tokens(ticket.given[ticket.taken]) > self.batch_tokens

    def let_pass(self) -> None:
        """Answer small requests that wait while a long text is read; called by the model, between two pieces."""
        if not self._long:
            return
        with self._changed:
            batch = self._cut(self.batch_tokens // PASSING, passing=True)
        if batch:
            self._do(batch)
            self._long = True

    def _do(self, batch: Batch) -> None:
        begin = time.perf_counter()
        kind = batch[0][0].kind
        texts = [text for _, given in batch for text in given]
        self._long = any(estimated_tokens(text) > self.batch_tokens for text in texts)
        try:
            answers = iter(self._work.run(kind, texts))
            for ticket, given in batch:
                ticket.results += [next(answers) for _ in given]
        except Exception as error:  # noqa: BLE001 - the outermost edge of this thread: callers are told, the worker lives
            if len(batch) > 1:  # whoever it was, the others are not to suffer
                for each in batch:
                    self._do([each])
                return
            log("batch failed", level=logging.ERROR, kind=kind, error=type(error).__name__, where=where(error))
            [(ticket, _)] = batch
            self._withdraw(ticket)
            ticket.settle(Problem(Code.INTERNAL, "The model failed on this request."))
            return
        seconds = time.perf_counter() - begin
        self._rate += 0.2 * (len(texts) / max(seconds, 1e-4) - self._rate)
        self._crowd = len(batch) + len(self._waiting)
        done = [ticket for ticket, _ in batch if len(ticket.results) == len(ticket.given)]
        for ticket in done:
            ticket.settle()
        self._metrics.batch(
            kind,
            items=len(texts),
            tokens=sum(map(estimated_tokens, texts)),
            seconds=seconds,
            waited=[ticket.waited for ticket in done],
        )
