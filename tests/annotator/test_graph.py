from __future__ import annotations

import itertools
import re

from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from annotator.contexts.graph import (
    TYPES,
    Bearing,
    ChainStep,
    Graph,
    bearings,
    chain_graph,
    lay_out,
)


def chain(n: int) -> list[ChainStep]:
    return [ChainStep(f"u{k}", f"R{k}", "observation", f"Claim {k}") for k in range(1, n + 1)]


def step(uid: str, kind: str = "observation", **fields: object) -> dict[str, object]:
    return {"uid": uid, "kind": kind, "claim": f"<{uid}>", "details": {}, "relations": [], **fields}


def words(graph: Graph) -> list[str]:
    return [line.words for line in graph.lines]


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[ChainStep], list[Bearing]]:
    """Draw a chain of up to 60 steps with any relations, to itself and to the unknown included."""
    steps = chain(draw(st.integers(0, 60)))
    uid = st.sampled_from([*(each.uid for each in steps), "gone"])
    types = st.sampled_from([*TYPES, "praises"])
    return steps, draw(st.lists(st.builds(Bearing, uid, uid, types), max_size=120))


def branches(graph: Graph) -> list[float]:
    """Return the heights at which lines leave or reach a box."""
    drawn = "".join(line.path for line in graph.lines)
    return [float(y) for y in re.findall(r"M\d+ ([\d.]+)H", drawn)]


@given(chains())
def test_boxes_stand_in_order_and_apart(given_chain: tuple[list[ChainStep], list[Bearing]]) -> None:
    graph = lay_out(*given_chain)
    assert [box.step for box in graph.boxes] == given_chain[0]
    for above, below in itertools.pairwise(graph.boxes):
        assert above.y + above.height < below.y
    assert all(box.y + box.height <= graph.height for box in graph.boxes)


@given(chains())
def test_no_two_lines_share_a_lane_in_the_same_rows(
    given_chain: tuple[list[ChainStep], list[Bearing]],
) -> None:
    graph = lay_out(*given_chain)
    rows = {box.step: row for row, box in enumerate(graph.boxes)}
    taken = [
        (line.lane, row)
        for line in graph.lines
        for ends in [[rows[end] for end in (line.target, *line.sources)]]
        for row in range(min(ends), max(ends) + 1)
    ]
    assert len(taken) == len(set(taken))


@given(chains())
def test_every_end_of_a_line_has_a_height_of_its_own_within_its_box(
    given_chain: tuple[list[ChainStep], list[Bearing]],
) -> None:
    graph = lay_out(*given_chain)
    heights = branches(graph)
    assert len(heights) == sum(1 + len(line.sources) for line in graph.lines)
    assert len(set(heights)) == len(heights)
    for height in heights:
        assert any(box.y < height < box.y + box.height for box in graph.boxes)


@given(chains(), st.randoms())
def test_the_drawing_does_not_depend_on_the_order_of_the_relations(
    given_chain: tuple[list[ChainStep], list[Bearing]], random: object
) -> None:
    steps, related = given_chain
    shuffled = [*related, *related]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert lay_out(steps, related) == lay_out(steps, shuffled)


def test_a_cycle_is_drawn_like_any_other_relations() -> None:
    graph = lay_out(chain(2), [Bearing("u1", "u2", "supports"), Bearing("u2", "u1", "refutes")])
    assert words(graph) == ["R2 refutes R1", "R1 supports R2"]


def test_relations_of_one_type_to_one_step_are_one_line() -> None:
    related = [Bearing(f"u{k}", "u4", "supports") for k in (1, 2, 3)]
    graph = lay_out(chain(4), related)
    assert words(graph) == ["R1, R2 and R3 support R4"]
    assert graph.n_relations == 3


def test_relations_to_what_is_gone_and_to_itself_are_left_out() -> None:
    related = [Bearing("u1", "gone", "supports"), Bearing("u1", "u1", "answers")]
    assert lay_out(chain(1), related).lines == ()


def test_a_settled_hypothesis_is_settled_by_the_step_it_names() -> None:
    hypothesis = step("a", "hypothesis", details={"settled_by": "b"})
    answer = step("b", relations=[{"type": "answers", "to": "root"}])
    graph = chain_graph([hypothesis, answer], {"uid": "root", "claim": "The sign"})
    assert words(graph) == ["R2 answers Cause", "R2 settles R1"]
    assert bearings([hypothesis]) == {Bearing("b", "a", "settles")}


def test_an_empty_chain_has_an_empty_drawing() -> None:
    assert chain_graph([]).boxes == ()


def test_its_steps_are_links_and_its_relations_are_told_in_words() -> None:
    steps = [step("a"), step("b", relations=[{"type": "refutes", "to": "a"}])]
    written = render_to_string(
        "annotator/_graph.html", {"graph": chain_graph(steps), "anchor": "r-"}
    )
    assert "style=" not in written
    page = html.fromstring(written)
    assert [a.get("href") for a in page.cssselect("a.graph-step")] == ["#r-a", "#r-b"]
    [line] = page.cssselect(".graph-words li")
    assert " ".join(line.text_content().split()) == "R2 refutes R1"
    assert page.cssselect("#graph-desc")[0].text_content() == "R2 refutes R1"
    assert page.cssselect("a.graph-step")[0].get("aria-label") == "R1, observation: <a>"


def test_sixty_steps_with_all_kinds_of_relations_are_drawn_within_narrow_lanes() -> None:
    steps = chain(60)
    related = [Bearing(f"u{k}", f"u{k - 3}", TYPES[k % 4]) for k in range(4, 61)]
    assert max(line.lane for line in lay_out(steps, related).lines) < 5
