"""How it is written: empty phrases, length, copies, pasted blocks. None of it blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from annotator.checks.base import Check, Finding, Place, Severity, StepContent, Subject
from annotator.checks.likeness import containment, has_in_a_row, words_of
from annotator.checks.prose import outside_code, proses, sentences

# What is said where evidence should be.
_EMPTY = (
    "it is important to note", "it is worth noting", "it should be noted", "needless to say",
    "it goes without saying", "at the end of the day", "as we all know", "of course",
    "everything works", "works as expected", "works as intended", "works correctly",
    "work as expected", "works fine", "works perfectly", "works properly", "behaves correctly",
    "looks good", "looks correct", "looks right", "looks fine", "seems fine", "seems correct",
    "seems reasonable", "makes sense", "is self-explanatory", "speaks for itself",
    "best practice", "best practices", "industry standard", "clean and robust",
    "robust solution", "elegant solution", "comprehensive solution", "proper solution",
    "all edge cases", "various edge cases", "handles everything", "in a robust manner",
    "in a proper way", "in an appropriate way", "properly handles", "correctly handles",
    "ensures correctness", "ensures that everything", "fixes the issue completely",
    "resolves the issue completely", "is clearly the", "obviously", "trivially", "self-evident",
    "without any issues", "without any problems", "and so on and so forth", "a deep dive",
    "delves into", "plays a crucial role", "it is crucial to", "lorem ipsum", "tbd",
)  # fmt: skip
_EMPTY_PHRASE = re.compile(
    rf"(?<![\w-])(?:{'|'.join(re.escape(phrase) for phrase in _EMPTY)})(?![\w-])", re.IGNORECASE
)
# Claims that could stand in any annotation of any task.
_EMPTY_CLAIM = re.compile(
    r"(?:the |this |that )?(?:agent |model |patch |fix |change |code |test |tests |bug |issue |"
    r"problem |function |file |it |they |we |all )*(?:now |then |also )?(?:is |are |was |were |has "
    r"been )?(?:fix(?:es|ed)?|solv(?:es|ed)|resolv(?:es|ed)|work(?:s|ed)?|look(?:s|ed) at|reads?|"
    r"pass(?:es|ed)?|correct|good|right|wrong|broken|run(?:s)?|ran|done|understood|check(?:s|ed)?|"
    r"investigat(?:es|ed)|observation|hypothesis|verification|decision|change)"
    r"(?: (?:the|this|that|a|an|it|its|bug|issue|problem|code|test|tests|file|files|fix|correctly|"
    r"fine|now|well|again|successfully))*[.!]?",
    re.IGNORECASE,
)
# Thirty seconds are about 120 words; a step may have some more, and its citations.
_MOST_WORDS, _MOST_SENTENCES, _MOST_CITATIONS = 150, 12, 10
_MOST_CLAIM_WORDS = 35
_FENCED = re.compile(
    r"^ {0,3}(?P<sign>`{3,}|~{3,})[^\n]*\n(?P<block>.*?)(?:^ {0,3}(?P=sign)|\Z)", re.M | re.S
)
_INDENTED = re.compile(r"(?:^(?: {4}|\t)[^\n]*\n?){6,}", re.MULTILINE)
# Output as programs print it, without a fence.
_PRINTED = re.compile(
    r"^(?:Traceback \(most recent call last\):|  File \"[^\"]+\", line \d+|diff --git |@@ -\d|"
    r">>> |\$ |E   |FAILED |PASSED |={5,})",
    re.MULTILINE,
)
_LONG_BLOCK = 8
_MANY_PRINTED = 3
_QUOTED = re.compile(r"“[^”]*”|\"[^\"\n]{15,}\"|^\s*>.*$", re.MULTILINE)
# Shorter texts are alike by chance.
_FEWEST_WORDS = 10
_FEWEST_OF_SENTENCE = 8
_COPIED = 0.5


class EmptyPhrases(Check):
    id = "empty-phrases"
    title = "No empty phrases"
    tells = "Whether texts hold phrases from a list that stand where evidence should."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        for prose in proses(subject):
            found = dict.fromkeys(
                match.group().lower()
                for match in _EMPTY_PHRASE.finditer(_QUOTED.sub(" ", outside_code(prose.text)))
            )
            for phrase in found:
                yield self.finding(
                    f"{prose.name} says “{phrase}”, which nobody can verify. Say what shows it, or "
                    "leave it out.",
                    Place(prose.place.step, prose.place.field, phrase),
                )
        for card in subject.cards:
            claim = str(card.get("claim") or "").strip()
            if claim and _EMPTY_CLAIM.fullmatch(claim):
                yield self.finding(
                    f"{subject.name_of(card['uid'])} claims “{claim[:60]}”, which could stand "
                    "anywhere. Say what, and where.",
                    Place(card["uid"], "claim"),
                )


class StepTooLong(Check):
    id = "step-too-long"
    title = "A step can be verified in thirty seconds"
    tells = "Whether a step is short enough, in words, sentences and citations."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        for card in subject.cards:
            yield from self._of_card(card, subject.name_of(card["uid"]))

    def _of_card(self, card: StepContent, name: str) -> Iterator[Finding]:
        claim, rationale = str(card.get("claim") or ""), str(card.get("rationale") or "")
        n_words = len(words_of(claim)) + len(words_of(outside_code(rationale)))
        n_sentences, n_cited = len(sentences(rationale)), len(card.get("citations") or ())
        place = Place(card["uid"], "rationale")
        if len(words_of(claim)) > _MOST_CLAIM_WORDS:
            yield self.finding(
                f"{name} claims in {len(words_of(claim))} words what should be one short line. "
                "Move the rest to the rationale.",
                Place(card["uid"], "claim"),
            )
        if n_words > _MOST_WORDS:
            yield self.finding(
                f"{name} has {n_words} words; nobody verifies that in thirty seconds. Shorten or "
                "split it.",
                place,
            )
        elif n_sentences > _MOST_SENTENCES:
            yield self.finding(
                f"{name} has {n_sentences} sentences; nobody verifies that in thirty seconds. "
                "Shorten or split it.",
                place,
            )
        if n_cited > _MOST_CITATIONS:
            yield self.finding(
                f"{name} has {n_cited} citations; keep those that show it, or split the step.",
                Place(card["uid"], "citations"),
            )


class NearCopies(Check):
    id = "near-copy"
    title = "Own words"
    tells = (
        "Whether texts are near copies of the issue, the hints, the gold commit message where the "
        "row has it, or of what another annotator handed in."
    )
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        texts = subject.facts.texts
        uids = [str(card["uid"]) for card in subject.cards]
        others = texts.handed_in(uids)
        for name, place, text in _own_texts(subject):
            if _is_copied(text, texts.gold_message) or _has_title(text, texts.gold_message):
                of = "the gold patch's commit message"
            elif _is_copied(text, texts.issue):
                of = "the issue"
            elif _is_copied(text, texts.hints):
                of = "the hints of the task"
            # What the other one wrote is not told.
            elif any(_is_copied(text, other) for each in others for other in each):
                of = "what another annotator handed in"
            else:
                continue
            yield self.finding(
                f"{name} is nearly a copy of {of}. Write what you found in your own words, and "
                "cite what should be quoted.",
                place,
            )


def _own_texts(subject: Subject) -> Iterator[tuple[str, Place, str]]:
    """Yield the texts that are compared, without what they quote."""
    for card in subject.cards:
        text = f"{card.get('claim') or ''}\n\n{card.get('rationale') or ''}"
        yield subject.name_of(card["uid"]), Place(card["uid"], "rationale"), _unquoted(text)
    strategy = str(subject.overview.get("strategy") or "")
    yield "The strategy", Place("", "strategy"), _unquoted(strategy)


def _unquoted(text: str) -> str:
    return _QUOTED.sub(" ", outside_code(text))


def _is_copied(text: str, source: str) -> bool:
    if not source or len(words_of(text)) < _FEWEST_WORDS:
        return False
    return containment(text, source) >= _COPIED


def _has_title(text: str, message: str) -> bool:
    """Tell whether a text has the first line of a commit message, of five words or more."""
    title = words_of(message.strip().split("\n", 1)[0])
    return len(title) >= 5 and has_in_a_row(text, title)


class PastedBlocks(Check):
    id = "pasted-block"
    title = "No pasted blocks"
    tells = "Whether texts hold long blocks of code or output that no citation of the step quotes."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        for card in subject.cards:
            quotes = "\n".join(str(c.get("quote")) for c in card.get("citations") or ())
            rationale = str(card.get("rationale") or "")
            n_lines = longest_block(rationale, quotes)
            if n_lines:
                yield self.finding(
                    f"{subject.name_of(card['uid'])} holds a pasted block of {n_lines} lines. Cite "
                    "the place instead, so that it can be checked.",
                    Place(card["uid"], "rationale"),
                )


def longest_block(text: str, quotes: str) -> int:
    """Return how many lines the longest pasted block has that `quotes` do not hold; else 0."""
    blocks = [match["block"] for match in _FENCED.finditer(text)]
    bare = _FENCED.sub("\n", text)
    blocks += [match.group() for match in _INDENTED.finditer(bare)]
    paragraphs = re.split(r"\n\s*\n", bare)
    printed = [part for part in paragraphs if len(_PRINTED.findall(part)) >= _MANY_PRINTED]
    cited = {line.strip() for line in quotes.splitlines()}
    longest = 0
    for block in blocks + printed:
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        own = [line for line in lines if line not in cited]
        is_long = len(lines) >= _LONG_BLOCK or block in printed
        if is_long and 2 * len(own) > len(lines):
            longest = max(longest, len(lines))
    return longest


class SaidTwice(Check):
    id = "said-twice"
    title = "Nothing is said twice"
    tells = "Whether two steps hold the same sentence."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        first: dict[tuple[str, ...], str] = {}
        told: set[tuple[str, str]] = set()
        for prose in proses(subject):
            for sentence in sentences(prose.text):
                words = words_of(sentence)
                is_claim = prose.place.field == "claim" and len(words) > 1
                if not prose.place.step or (len(words) < _FEWEST_OF_SENTENCE and not is_claim):
                    continue
                before = first.setdefault(words, prose.place.step)
                pair = (before, prose.place.step)
                if before != prose.place.step and pair not in told:
                    told.add(pair)
                    yield self.finding(
                        f"{prose.name} says the same as {_inside(subject.name_of(before))}: "
                        f"“{sentence[:60]}”. Say it once, and relate the steps.",
                        Place(prose.place.step, prose.place.field, before),
                    )


def _inside(name: str) -> str:
    return name[:1].lower() + name[1:] if name.startswith("The ") else name


WRITING_CHECKS: tuple[Check, ...] = (
    EmptyPhrases(),
    StepTooLong(),
    NearCopies(),
    PastedBlocks(),
    SaidTwice(),
)
