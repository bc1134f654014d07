"""What the queue knows of an attempt of a job."""

from __future__ import annotations

from enum import StrEnum

MOST_BEGINNINGS = 50
"""So often an attempt is begun in processes that die of it or otherwise; one that kills them all must end some time."""


class WorkflowStatus(StrEnum):
    """What became of the present attempt of a job, as far as the queue knows."""

    ALIVE = "alive"
    ENDED = "ended"
    GIVEN_UP = "given up"
    UNKNOWN = "unknown"
