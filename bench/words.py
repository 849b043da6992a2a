"""Seeded words, names and sentences."""

from __future__ import annotations

from random import Random

NOUNS = tuple(
    """
    query field model index cache token parser node state buffer signal schema record cursor
    filter lookup widget context session request header column table message handler renderer
    option storage locale offset window batch subquery union clause alias joint router backend
    compiler serializer validator migration fixture template stream chunk label region
    """.split()  # noqa: SIM905 (words in a block read best)
)
VERBS = tuple(
    """
    resolve build collect prepare apply merge split check clean render load find match reset
    register compile update convert expand normalise attach detach walk prune copy emit
    """.split()  # noqa: SIM905 (words in a block read best)
)
ADJECTIVES = tuple(
    """
    nested empty stale default final outer inner shared lazy strict cached partial missing
    reversed quoted escaped ordered distinct combined
    """.split()  # noqa: SIM905 (words in a block read best)
)


def sentence(rng: Random) -> str:
    """Return a sentence of about twelve words."""
    pick = rng.choice
    return (
        f"The {pick(ADJECTIVES)} {pick(NOUNS)} has to {pick(VERBS)} its {pick(NOUNS)} before the "
        f"{pick(ADJECTIVES)} {pick(NOUNS)} is {pick(VERBS)}d."
    )


def paragraph(rng: Random, n_sentences: int) -> str:
    return " ".join(sentence(rng) for _ in range(n_sentences))


def function_name(rng: Random) -> str:
    return f"{rng.choice(VERBS)}_{rng.choice(ADJECTIVES)}_{rng.choice(NOUNS)}"


def class_name(rng: Random) -> str:
    return f"{rng.choice(ADJECTIVES)}_{rng.choice(NOUNS)}".title().replace("_", "")
