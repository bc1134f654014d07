from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from api.http.errors import Code, Problem
from api.http.metrics import Metrics
from api.scoring.batching import SHARE, Batcher, CallerGone
from textcx.domain.items import GivenText

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


class Work:
    """Answers each text with its capitals; waits at a gate where there is one."""

    def __init__(self) -> None:
        self.between: Callable[[], None] = lambda: None
        self.batches: list[tuple[str, list[str]]] = []
        self.gate: threading.Event | None = None
        self.reached = threading.Event()

    def load(self) -> None:
        pass

    def run(self, kind: str, given: Sequence[GivenText]) -> list[Any]:
        texts = [each.text for each in given]
        if "poison" in texts:
            raise ArithmeticError
        self.batches.append((kind, texts))
        if self.gate is not None:
            self.reached.set()
            assert self.gate.wait(20)
        if max(map(len, texts)) > LONG:
            self.between()
        return [text.upper() for text in texts]

    def hold(self) -> threading.Event:
        self.gate = threading.Event()
        return self.gate


LONG = 10_000


def given(*texts: str) -> list[GivenText]:
    return [GivenText(str(place), text) for place, text in enumerate(texts)]


def running(test: Callable[[Batcher, Work], Awaitable[None]], **changes: Any) -> None:
    async def live() -> None:
        work = Work()
        batcher = Batcher(
            work, metrics=Metrics(), **{"queue_limit": 100, "batch_tokens": 4096, "max_wait": 0.0, **changes}
        )
        batcher.start()
        while not batcher.ready:  # noqa: ASYNC110 - a thread is waited for
            await asyncio.sleep(0)
        try:
            await test(batcher, work)
        finally:
            if work.gate is not None:
                work.gate.set()
            await batcher.close(seconds=10)

    asyncio.run(live())


async def blocked(batcher: Batcher, work: Work) -> tuple[threading.Event, asyncio.Task[list[Any]]]:
    """Keep the worker busy with one text; open the event to let it go on."""
    gate = work.hold()
    first = asyncio.create_task(batcher.submit("a", given("first")))
    assert await asyncio.to_thread(work.reached.wait, 10)
    work.gate = None
    return gate, first


async def queued(batcher: Batcher, count: int) -> None:
    while batcher.queued < count:  # noqa: ASYNC110 - counted by another thread
        await asyncio.sleep(0)


def test_answers_come_in_the_order_of_the_texts() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        texts = [f"t{n}" for n in range(500)]
        assert await batcher.submit("a", given(*texts)) == [text.upper() for text in texts]

    running(test, batch_tokens=256)


def test_a_lone_request_is_read_at_once_and_alone() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        assert await batcher.submit("a", given("x")) == ["X"]
        assert work.batches == [("a", ["x"])]

    running(test, max_wait=30.0)  # a fixed wait would time out


def test_what_comes_while_a_batch_is_read_is_read_together() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        others = [asyncio.create_task(batcher.submit("a", given(f"t{n}"))) for n in range(20)]
        await queued(batcher, 20)
        gate.set()
        assert await first == ["FIRST"]
        assert await asyncio.gather(*others) == [[f"T{n}"] for n in range(20)]
        assert work.batches[1:] == [("a", [f"t{n}" for n in range(20)])]

    running(test)


def test_different_kinds_of_work_are_never_in_one_batch() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        tasks = [asyncio.create_task(batcher.submit(kind, given(kind))) for kind in "babb"]
        await queued(batcher, 4)
        gate.set()
        await asyncio.gather(first, *tasks)
        assert work.batches[1:] == [("b", ["b", "b", "b"]), ("a", ["a"])]

    running(test)


def test_batches_hold_about_so_many_tokens() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        await batcher.submit("a", given(*["x" * 100] * 50))
        assert [len(texts) for _, texts in work.batches] == [5] * 10  # 58 tokens each; the fifth passes 256

    running(test, batch_tokens=256)


def test_a_text_larger_than_a_batch_is_read_all_the_same() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        assert await batcher.submit("a", given("x" * 10_000)) == ["X" * 10_000]

    running(test, batch_tokens=256)


def test_small_requests_pass_a_long_text_while_it_is_read() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        work.between = batcher.let_pass
        gate = work.hold()
        order: list[str] = []

        async def ask(text: str) -> None:
            [answer] = await batcher.submit("a", given(text))
            order.append(answer[:1])

        long = asyncio.create_task(ask("long" * LONG))
        assert await asyncio.to_thread(work.reached.wait, 10)
        work.gate = None
        others = [asyncio.create_task(ask(text)) for text in ("b", "c", "d" * 4 * LONG)]
        await queued(batcher, 3)
        gate.set()
        await asyncio.gather(long, *others)
        assert order == ["B", "C", "L", "D"]
        assert [len(texts) for _, texts in work.batches] == [1, 2, 1]

    running(test)


def test_a_long_text_shares_its_batch_with_nobody() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        tasks = [
            asyncio.create_task(batcher.submit("a", given(*texts)))
            for texts in (("b", "c" * 3 * LONG, "d"), ("e",))
        ]  # fmt: skip
        await queued(batcher, 4)
        gate.set()
        await first
        answers = await asyncio.gather(*tasks)
        assert [len(each) for each in answers] == [3, 1]
        assert [[text[0] for text in texts] for _, texts in work.batches[1:]] == [["b"], ["e"], ["c"], ["d"]]

    running(test)


def test_what_would_pile_up_is_refused_and_told_when_to_come_back() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        kept = asyncio.create_task(batcher.submit("a", given(*["x"] * 100)))
        await queued(batcher, 100)
        assert batcher.full
        with pytest.raises(Problem) as refused:
            await batcher.submit("a", given("y"))
        assert refused.value.code is Code.OVERLOADED
        assert int((refused.value.headers or {})["Retry-After"]) >= 1
        gate.set()
        assert len(await kept) == 100
        await first

    running(test)


def test_a_request_larger_than_the_queue_is_taken_when_nobody_waits() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        assert len(await batcher.submit("a", given(*["x"] * 250))) == 250

    running(test)


def test_a_caller_who_goes_away_frees_the_place() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        left = asyncio.Event()
        caller = asyncio.create_task(batcher.submit("a", given(*["gone"] * 100), gone=left.wait))
        await queued(batcher, 100)
        left.set()
        with pytest.raises(CallerGone):
            await caller
        assert batcher.queued == 0
        gate.set()
        assert await batcher.submit("a", given("next")) == ["NEXT"]
        await first
        assert "gone" not in [text for _, texts in work.batches for text in texts]

    running(test)


def test_a_cancelled_request_frees_the_place_too() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        caller = asyncio.create_task(batcher.submit("a", given("gone"), gone=asyncio.Event().wait))
        await queued(batcher, 1)
        caller.cancel()
        await asyncio.wait([caller])
        assert batcher.queued == 0
        gate.set()
        await first

    running(test)


def test_a_request_that_the_model_fails_on_fails_alone() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        tasks = [asyncio.create_task(batcher.submit("a", given(text))) for text in ("good", "poison", "fine")]
        await queued(batcher, 3)
        gate.set()
        good, bad, fine = await asyncio.gather(*tasks, return_exceptions=True)
        assert (good, fine) == (["GOOD"], ["FINE"])
        assert isinstance(bad, Problem)
        assert bad.code is Code.INTERNAL
        assert await batcher.submit("a", given("after")) == ["AFTER"]
        await first

    running(test)


def test_a_large_request_gives_way_to_small_ones() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        large = asyncio.create_task(batcher.submit("a", given(*["large"] * 90)))
        await queued(batcher, 90)
        small = asyncio.create_task(batcher.submit("a", given("small")))
        await queued(batcher, 91)
        gate.set()
        assert await small == ["SMALL"]
        assert len(await large) == 90
        await first
        assert work.batches[1][1] == [*["large"] * SHARE, "small"]

    running(test)


def test_closing_answers_what_was_taken_and_takes_nothing_more() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        waiting = asyncio.create_task(batcher.submit("a", given("waiting")))
        await queued(batcher, 1)
        closing = asyncio.create_task(batcher.close(seconds=10))
        while batcher.ready:  # noqa: ASYNC110 - ditto
            await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await batcher.submit("a", given("late"))
        assert refused.value.code is Code.NOT_READY
        gate.set()
        assert await first == ["FIRST"]
        assert await waiting == ["WAITING"]
        await closing

    running(test)


def test_what_is_left_when_time_is_up_is_told_so() -> None:
    async def test(batcher: Batcher, work: Work) -> None:
        gate, first = await blocked(batcher, work)
        waiting = asyncio.create_task(batcher.submit("a", given("waiting")))
        await queued(batcher, 1)
        await batcher.close(seconds=0.05)
        with pytest.raises(Problem) as refused:
            await waiting
        assert refused.value.code is Code.NOT_READY
        gate.set()
        await first

    running(test)
