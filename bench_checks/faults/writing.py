"""Texts that name what is not there, or that nobody can verify."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench_checks.faults.base import Content, Good, Spoilt, at, cards, each_step, kind

_NAME = re.compile(r"`(_?[a-z]+(?:_[a-z]+)+|[A-Z][a-z]+[A-Za-z]*)(?:\(\))?`")


def _misspelt(name: str, good: Good) -> str:
    """Swap two letters within a name, so that it reads almost the same."""
    places = [n for n in range(1, len(name) - 2) if name[n : n + 2].isalpha()]
    places = [n for n in places if name[n] != name[n + 1]]
    if not places:
        return f"{name}z"
    n = good.rng.choice(places)
    return name[:n] + name[n + 1] + name[n] + name[n + 2 :]


def _with_text(good: Good, sentence: str) -> Iterator[Spoilt]:
    copies = list(each_step(good, "observation", "change", "verification"))
    if copies:
        content, step = good.rng.choice(copies)
        step["rationale"] = f"{step['rationale']} {sentence}"
        yield at(content, step, "rationale")


# --- names ----------------------------------------------------------------------------------------


@kind("symbol misspelt")
def symbol_misspelt(good: Good) -> Iterator[Spoilt]:
    known = set(re.findall(r"\w+", "\n".join("\n".join(x) for x in good.material.files.values())))
    for number, card in enumerate(cards(good.content)):
        for field in ("claim", "rationale"):
            names = [name for name in _NAME.findall(card[field]) if name in known]
            if names:
                name = good.rng.choice(names)
                wrong = _misspelt(name, good)
                if wrong in known:
                    continue
                content = good.copy()
                spoilt = cards(content)[number]
                spoilt[field] = spoilt[field].replace(f"`{name}", f"`{wrong}")
                yield at(content, spoilt, field)


@kind("path misspelt")
def path_misspelt(good: Good) -> Iterator[Spoilt]:
    for path in good.rng.sample(sorted(p for p in good.material.files if "/" in p), 3):
        folder, _, name = path.rpartition("/")
        stem = name.removesuffix(".py")
        if len(stem) > 4:
            yield from _with_text(good, f"See `{folder}/{_misspelt(stem, good)}.py`.")


@kind("path that is not there")
def path_not_there(good: Good) -> Iterator[Spoilt]:
    folders = sorted({path.rpartition("/")[0] for path in good.material.files if "/" in path})
    folder = good.rng.choice(folders)
    yield from _with_text(good, f"The same is done in `{folder}/not_written_yet.py`.")


@kind("test id misspelt")
def test_misspelt(good: Good) -> Iterator[Spoilt]:
    for test_id in [test for test in good.material.fail_to_pass if "[" not in test][:3]:
        file, _, name = test_id.partition("::")
        yield from _with_text(good, f"`{file}::{_misspelt(name, good)}` covers this.")


@kind("test of a verification misspelt")
def named_test_misspelt(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "verification"):
        tests = step["details"]["tests"]
        if tests:
            file, _, name = tests[0].partition("::")
            tests[0] = f"{file}::{_misspelt(name.partition('[')[0], good)}"
            yield at(content, step, "tests")


@kind("line number in the text wrong", decidable=False)
def wrong_line_in_text(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "observation", "change"):
        for citation in step["citations"]:
            if citation["kind"] in ("file", "patch"):
                target = citation["target"]
                line = target["end_line"] + good.rng.randint(4, 40)
                step["rationale"] += f" It is in line {line} of `{target['path']}`."
                yield at(content, step, "rationale")
                break


@kind("line number in the text beyond the end of the file")
def line_beyond_the_end(good: Good) -> Iterator[Spoilt]:
    path = good.rng.choice(sorted(good.material.files))
    yield from _with_text(good, f"See `{path}:{len(good.material.files[path]) + 4321}`.")


# --- writing --------------------------------------------------------------------------------------


@kind("empty phrase", decidable=False)
def empty_phrase(good: Good) -> Iterator[Spoilt]:
    for sentence in (
        "It is important to note that this works as expected.",
        "Obviously the fix handles all edge cases.",
        "This is a robust and elegant solution that follows best practices.",
    ):
        yield from _with_text(good, sentence)


@kind("step far too long")
def too_long(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "observation", "change"):
        step["rationale"] = " ".join([step["rationale"]] * (500 // len(step["rationale"].split())))
        yield at(content, step, "rationale")
        break


@kind("copy of the issue")
def copy_of_issue(good: Good) -> Iterator[Spoilt]:
    yield from _replaced(good, " ".join(good.material.issue.split()[:80]))


@kind("copy of the gold commit message")
def copy_of_message(good: Good) -> Iterator[Spoilt]:
    if good.material.gold_message:
        yield from _replaced(good, good.material.gold_message)


def _replaced(good: Good, text: str) -> Iterator[Spoilt]:
    plain = text.replace("`", "").replace(">", "").replace('"', "")
    for content, step in each_step(good, "observation", "change"):
        step["rationale"] = plain
        yield at(content, step, "rationale", "claim")
        break


@kind("pasted block")
def pasted_block(good: Good) -> Iterator[Spoilt]:
    path = max(good.material.files, key=lambda path: len(good.material.files[path]))
    lines = "\n".join(good.material.files[path][:40])
    for content, step in each_step(good, "observation", "change"):
        step["rationale"] += f"\n\n```python\n{lines}\n```\n"
        yield at(content, step, "rationale")
        break


@kind("step that is there twice")
def step_twice(good: Good) -> Iterator[Spoilt]:
    for number, step in enumerate(good.content["reasoning_steps"]):
        if step["kind"] == "observation":
            content: Content = good.copy()
            uids = {step["uid"]} | {citation["uid"] for citation in step["citations"]}
            twin = content["reasoning_steps"][number]
            twin["uid"] = _other(twin["uid"])
            for citation in twin["citations"]:
                citation["uid"] = _other(citation["uid"])
            twin["relations"] = []
            assert twin["uid"] not in uids
            original = good.copy()["reasoning_steps"][number]
            content["reasoning_steps"].insert(number, original)
            yield Spoilt(content, (f"{twin['uid']}/", f"{original['uid']}/"))
            break


def _other(uid: str) -> str:
    return uid.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
