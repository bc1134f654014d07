"""Hear of the end before it comes: servers wait for open answers first and only then tell the app that it ends.

An answer that goes on until the end would be waited for until time is up. So the app looks for itself whether its
process was told to stop, beside what its server does then.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def heard(tell: Callable[[], None]) -> Iterator[None]:
    """Call ``tell`` when this process is told to stop, and then whatever is called then otherwise.

    It is called in the main thread between any two of its steps: it may set a flag and no more. Outside the main
    thread, where no signal can be heard, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    earlier = {number: handler for number, handler in handlers.items() if callable(handler)}

    def on_signal(number: int, frame: FrameType | None) -> None:
        tell()
        earlier[signal.Signals(number)](number, frame)

    for number in earlier:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            if signal.getsignal(number) is on_signal:
                signal.signal(number, handler)
