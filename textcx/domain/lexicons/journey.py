"""The customer journey: ordered stages, and the sentences, cues and touchpoints that tell them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "unknown"
"""A valid answer for any segment, never a stage of a taxonomy."""


@dataclass(frozen=True, slots=True)
class JourneyStage:
    """One phase of the relationship between a customer and an organization."""

    id: str
    title: str
    order: int  # from 0
    description: str
    examples: tuple[str, ...]  # sentences that customers might say in this stage
    cues: tuple[str, ...] = ()
    touchpoints: tuple[str, ...] = ()  # names as they stand in a touchpoint column


def touchpoint_key(name: str) -> str:
    """Reduce a touchpoint name to what counts in comparing it: letters and digits, without case."""
    return re.sub(r"[\W_]+", "", name.casefold())


@dataclass(frozen=True)
class JourneyTaxonomy:
    """The stages of a journey in their order, sentences that belong to none of them, and number words of the cues.

    ``name`` says in a report whose journey it is. ``matters`` are titles and names of known matters with the ids of
    their stages, or "unknown" for those that tell of none.

    Raises:
        BadSetting: If there is no stage, an id stands twice or is "unknown", a stage has no example, or one touchpoint
            name maps onto two stages.
    """

    stages: tuple[JourneyStage, ...]
    background: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    name: str = ""
    matters: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a taxonomy that could not be used."""
        ids = self.stage_ids
        if not ids:
            msg = "the journey taxonomy has no stages; give at least one [[stages]] table"
            raise BadSetting(msg)
        for stage_id in ids:
            if stage_id == UNKNOWN or ids.count(stage_id) > 1:
                msg = f"journey stage id {stage_id!r} is reserved or stands twice; ids must be unique and not 'unknown'"
                raise BadSetting(msg)
        for stage in self.stages:
            if not stage.examples:
                msg = f"journey stage {stage.id!r} has no examples; give at least one sentence"
                raise BadSetting(msg)
        _ = self.touchpoint_stages

    @property
    def stage_ids(self) -> tuple[str, ...]:
        """Ids of the stages, in journey order, without "unknown"."""
        return tuple(stage.id for stage in self.stages)

    @property
    def titles(self) -> dict[str, str]:
        """Title of each stage id, "unknown" included, in the order a report shows them."""
        return {stage.id: stage.title for stage in self.stages} | {UNKNOWN: "Unknown"}

    @cached_property
    def touchpoint_stages(self) -> Mapping[str, str]:
        """Stage id of each touchpoint key; a stage's own id and title count as touchpoint names too."""
        found: dict[str, str] = {}
        for stage in self.stages:
            for name in (stage.id, stage.title, *stage.touchpoints):
                key = touchpoint_key(name)
                if found.setdefault(key, stage.id) != stage.id:
                    msg = f"touchpoint {name!r} maps onto two journey stages: {found[key]!r} and {stage.id!r}"
                    raise BadSetting(msg)
        return found
