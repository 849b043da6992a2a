"""What a fault is: it spoils a copy of good content and says where."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from bench_checks.material import Material

Content = dict[str, Any]
Card = dict[str, Any]


@dataclass(frozen=True)
class Good:
    """A good annotation, from which a fault takes copies to spoil them."""

    content: Content
    material: Material
    rng: random.Random

    def copy(self) -> Content:
        return copy.deepcopy(self.content)


@dataclass(frozen=True)
class Spoilt:
    """Content with one fault. `places` are the beginnings of the places where it is (`uid/field`).

    Any of them will do: a quote that is wrong for its line is a line that is wrong for its quote.
    """

    content: Content
    places: tuple[str, ...]


Spoil = Callable[[Good], Iterator[Spoilt]]


@dataclass(frozen=True)
class Kind:
    """A kind of fault. What data decide (`is_decidable`) must be caught each time.

    `needs_runs`: it is only decided where the tests were run.
    """

    name: str
    spoil: Spoil
    is_decidable: bool = True
    needs_runs: bool = False


KINDS: Final[dict[str, Kind]] = {}


def kind(
    name: str, *, decidable: bool = True, needs_runs: bool = False
) -> Callable[[Spoil], Spoil]:
    """Register a generator of spoilt copies under the name of its kind."""

    def register(spoil: Spoil) -> Spoil:
        if name in KINDS:
            raise ValueError(f"There are two kinds of fault called {name}.")
        KINDS[name] = Kind(name, spoil, decidable, needs_runs)
        return spoil

    return register


# --- finding what can be spoilt ---------------------------------------------------------------


def cards(content: Content) -> list[Card]:
    """Return the root cause and the steps of the chain."""
    root_cause = content.get("root_cause")
    return [*([root_cause] if root_cause else []), *content["reasoning_steps"]]


def steps_of(content: Content, *kinds: str) -> list[Card]:
    return [step for step in content["reasoning_steps"] if step["kind"] in kinds]


def each_step(good: Good, *kinds: str) -> Iterator[tuple[Content, Card]]:
    """Yield a fresh copy for each step of the kinds, with that step in it."""
    for number, step in enumerate(good.content["reasoning_steps"]):
        if not kinds or step["kind"] in kinds:
            spoilt = good.copy()
            yield spoilt, spoilt["reasoning_steps"][number]


def each_citation(good: Good, *kinds: str) -> Iterator[tuple[Content, Card, Card]]:
    """Yield a fresh copy for each citation of the kinds, with its card and itself."""
    for card_number, card in enumerate(cards(good.content)):
        for number, citation in enumerate(card["citations"]):
            if citation["kind"] in kinds:
                spoilt = good.copy()
                own = cards(spoilt)[card_number]
                yield spoilt, own, own["citations"][number]


def at_citation(content: Content, card: Card, citation: Card) -> Spoilt:
    return Spoilt(content, (f"{card['uid']}/citations/{citation['uid']}",))


def at(content: Content, card: Card, *fields: str) -> Spoilt:
    """Say that the fault is in one of these fields of a step, or anywhere in it."""
    return Spoilt(content, tuple(f"{card['uid']}/{field}" for field in fields or ("",)))


def new_uid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    cuts = (0, 8, 12, 16, 20, 32)
    return "-".join(digits[a:b] for a, b in pairwise(cuts))
