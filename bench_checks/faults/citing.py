"""Citations that do not hold."""

from __future__ import annotations

from collections.abc import Iterator

from bench_checks.faults.base import (
    Card,
    Good,
    Spoilt,
    at,
    at_citation,
    each_citation,
    each_step,
    kind,
    steps_of,
)

_CODE = ("file", "patch")


def _shift(target: Card, by: int) -> None:
    target["start_line"] += by
    target["end_line"] += by


def _is_same_below(good: Good, citation: Card, by: int) -> bool:
    """Tell whether the same text stands at the shifted lines as well."""
    lines = good.material.files.get(citation["target"]["path"], ())
    start, end = citation["target"]["start_line"], citation["target"]["end_line"]
    return lines[start - 1 + by : end + by] == lines[start - 1 : end]


@kind("wrong line")
def wrong_line(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, *_CODE):
        by = good.rng.randint(3, 9)
        if not _is_same_below(good, citation, by):
            _shift(citation["target"], by)
            yield at_citation(content, card, citation)


@kind("off by one line")
def off_by_one(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, *_CODE):
        if not _is_same_below(good, citation, 1):
            _shift(citation["target"], 1)
            yield at_citation(content, card, citation)


@kind("one line too many")
def one_too_many(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, *_CODE):
        citation["target"]["end_line"] += 1
        yield at_citation(content, card, citation)


@kind("line beyond the end of the file")
def beyond_the_end(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, "file"):
        _shift(citation["target"], 10_000)
        yield at_citation(content, card, citation)


@kind("wrong file")
def wrong_file(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, "file"):
        own = citation["target"]["path"]
        others = [
            path
            for path, lines in sorted(good.material.files.items())
            if path != own and citation["quote"] not in "\n".join(lines)
        ]
        citation["target"]["path"] = good.rng.choice(others)
        yield at_citation(content, card, citation)


@kind("file that is not there")
def file_not_there(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, *_CODE):
        citation["target"]["path"] = citation["target"]["path"].replace(".", "_old.")
        yield at_citation(content, card, citation)


@kind("quote altered")
def quote_altered(good: Good) -> Iterator[Spoilt]:
    everything = (*_CODE, "issue", "thought", "tool_call", "observation")
    for content, card, citation in each_citation(good, *everything):
        words = citation["quote"].split(" ")
        number = max(range(len(words)), key=lambda n: len(words[n]))
        words[number] = words[number][::-1] if len(set(words[number])) > 1 else "altered"
        if " ".join(words) != citation["quote"]:
            citation["quote"] = " ".join(words)
            yield at_citation(content, card, citation)


@kind("quote with one sign changed")
def quote_of_one_sign(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, *_CODE, "issue", "observation"):
        quote = citation["quote"]
        places = [place for place, sign in enumerate(quote) if sign.isalpha()]
        if places:
            place = good.rng.choice(places)
            sign = "q" if quote[place] != "q" else "z"
            citation["quote"] = quote[:place] + sign + quote[place + 1 :]
            yield at_citation(content, card, citation)


@kind("quote of another tree")
def quote_of_another_tree(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, "patch"):
        target = citation["target"]
        lines = good.material.files.get(target["path"])
        if target["side"] != "new" or lines is None or citation["quote"] in "\n".join(lines):
            continue
        citation["kind"] = "file"
        citation["target"] = {
            "tree": "base",
            "tree_id": _base_tree_id(good),
            **{name: target[name] for name in ("path", "start_line", "end_line")},
        }
        yield at_citation(content, card, citation)


def _base_tree_id(good: Good) -> str:
    for _, _, citation in each_citation(good, "file"):
        if citation["target"]["tree"] == "base":
            return str(citation["target"]["tree_id"])
    return "0" * 40


@kind("tree of another name")
def tree_of_another_name(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, "file"):
        if citation["target"]["path"] in good.material.patched["gold"]:
            citation["target"]["tree"] = "gold" if citation["target"]["tree"] == "base" else "base"
            yield at_citation(content, card, citation)


@kind("side of the diff swapped")
def side_swapped(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, "patch"):
        lines = good.material.files.get(citation["target"]["path"], ())
        if citation["target"]["side"] == "new" and citation["quote"] not in "\n".join(lines):
            citation["target"]["side"] = "old"
            yield at_citation(content, card, citation)


@kind("content hash altered")
def hash_altered(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, *_CODE, "issue", "observation"):
        citation["content_sha256"] = citation["content_sha256"][::-1]
        yield at_citation(content, card, citation)


@kind("offsets of the quote shifted")
def offsets_shifted(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, "thought", "observation", "issue"):
        citation["start"] += 7
        citation["end"] += 7
        yield at_citation(content, card, citation)


@kind("citation of a step that is not there")
def step_not_there(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, "thought", "tool_call", "observation"):
        citation["target"]["step"] += len(good.material.steps)
        yield at_citation(content, card, citation)


@kind("citation of another step")
def another_step(good: Good) -> Iterator[Spoilt]:
    for content, card, citation in each_citation(good, "observation"):
        others = [
            step.number
            for step in good.material.steps
            if step.number != citation["target"]["step"] and citation["quote"] not in step.output
        ]
        if others:
            citation["target"]["step"] = good.rng.choice(others)
            yield at_citation(content, card, citation)


@kind("test outcome of a run that is not known")
def unknown_run(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "verification"):
        test_id = good.material.fail_to_pass[0]
        quote = f"PASSED {test_id}"
        citation = {
            "uid": step["citations"][0]["uid"][::-1].translate(_HEX) if step["citations"] else "",
            "kind": "test",
            "target": {"run": 999_999_999, "test_id": test_id},
            "quote": quote,
            "prefix": "",
            "suffix": "",
            "start": 0,
            "end": len(quote),
            "content_sha256": "0" * 64,
        }
        citation["uid"] = _uid_like(step["uid"])
        step["citations"].append(citation)
        yield at_citation(content, step, citation)


def _uid_like(uid: str) -> str:
    return uid.translate(_HEX)


_HEX = str.maketrans("0123456789abcdef", "123456789abcdef0")


# --- what has to be cited -----------------------------------------------------------------------


@kind("step without evidence")
def without_evidence(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "observation", "hypothesis", "experiment"):
        step["citations"], step["probes"] = [], []
        yield at(content, step, "citations")


@kind("root cause without code")
def cause_without_code(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    cause = content["root_cause"]
    if cause and not cause["elsewhere"]:
        other = [c for step in content["reasoning_steps"] for c in step["citations"]]
        cause["citations"] = [
            {**citation, "uid": _uid_like(citation["uid"])}
            for citation in other
            if citation["kind"] in ("issue", "thought", "observation")
        ][:1]
        yield at(content, cause, "citations")


@kind("root cause in untouched code")
def cause_in_untouched_code(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    cause = content["root_cause"]
    untouched = sorted(
        path
        for path, lines in good.material.files.items()
        if path not in good.material.patched["gold"] and len(lines) > 8
    )
    if not cause or cause["elsewhere"] or not untouched:
        return
    path = good.rng.choice(untouched)
    lines = good.material.files[path]
    number = next(n for n, line in enumerate(lines, start=1) if len(line) > 12)
    first = next((c for c in cause["citations"] if c["kind"] in _CODE), None)
    if first:
        cause["citations"] = [
            {
                **first,
                "kind": "file",
                "target": {
                    "tree": "base",
                    "tree_id": _base_tree_id(good),
                    "path": path,
                    "start_line": number,
                    "end_line": number,
                },
                "quote": lines[number - 1],
            }
        ]
        yield at(content, cause, "citations")


@kind("evidence of another step's citation")
def option_evidence(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "decision"):
        foreign = [
            citation["uid"]
            for other in content["reasoning_steps"]
            if other is not step
            for citation in other["citations"]
        ]
        if step["options"] and foreign:
            step["options"][0]["evidence"] = [good.rng.choice(foreign)]
            yield at(content, step, "options", "citations")


@kind("evidence later than the claim", decidable=False)
def later_evidence(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "observation", "hypothesis"):
        later = [
            citation
            for other in steps_of(good.content, "verification")
            for citation in other["citations"]
            if citation["kind"] == "observation"
            and step["covers"]
            and citation["target"]["step"] > max(step["covers"])
        ]
        if later:
            step["citations"] = [{**later[0], "uid": _uid_like(later[0]["uid"])}]
            yield at(content, step, "citations")
