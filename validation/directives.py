"""Which tests a task runs: the files of its test patch, named as the recipe's command wants them.

Test ids are no selectors (they are cut, renamed, or the first line of a docstring), so whole files
run and results are looked up afterwards. The rules are those of the field's harness before
version 5, when rows did not yet carry their own script:
https://github.com/SWE-bench/SWE-bench/blob/v4.0.4/swebench/harness/test_spec/python.py
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

_DIFF_HEADER = re.compile(r'^diff --git "?a/.*? "?b/(?P<path>.*?)"?$', re.MULTILINE)
_NOT_TESTS = (
    *(".json", ".png", "csv", ".txt", ".md", ".jpg", ".jpeg", ".pkl", ".yml", ".yaml", ".toml"),
)
_TEST_PATH = re.compile(
    r"::|(^|/)(tests?|testing|specs?|__tests__)(/|$)|(^|/)tests?[\w-]*\.\w+$"
    r"|[\w-]*[_.-](test|tests|spec)\.\w+$"
)
_INTERPRETERS = re.compile(r"^(python[\d.]*|bash|sh|node)$")
_SEPARATORS = {"&&", "||", ";", "|"}


def changed_paths(patch: str) -> list[str]:
    """Return the new paths of a patch's files, in order."""
    return [match["path"] for match in _DIFF_HEADER.finditer(patch.replace("\r\n", "\n"))]


def directives_of(repository: str, test_patch: str) -> list[str]:
    """Return the test files of a test patch; for Django, its runner's labels."""
    paths = [path for path in changed_paths(test_patch) if not path.endswith(_NOT_TESTS)]
    if repository != "django/django":
        return paths
    return [path.removesuffix(".py").removeprefix("tests/").replace("/", ".") for path in paths]


def full_command(command: str, directives: Sequence[str]) -> str:
    """Append the directives to a command that names no tests itself."""
    if not directives or names_tests(command, directives):
        return command
    return f"{command.rstrip()} {shlex.join(directives)}"


def names_tests(command: str, directives: Sequence[str]) -> bool:
    """Tell whether a command already says which tests to run."""
    if any(directive in command for directive in directives):
        return True
    return any(_TEST_PATH.search(word) for word in _arguments(command))


def _arguments(command: str) -> list[str]:
    """Return the words of a command line that are neither programs nor options."""
    arguments: list[str] = []
    program_expected = script_expected = skip = False
    for word in ["&&", *_words(command)]:
        if word in _SEPARATORS:
            program_expected, script_expected, skip = True, False, False
        elif skip:
            skip = False
        elif program_expected:
            if "=" in word and not word.startswith("="):
                continue
            program_expected = False
            script_expected = bool(_INTERPRETERS.match(word))
            skip = word == "cd"
        elif word.startswith("-"):
            # "python -m pytest" and "python -c CODE" bring their program as the next word,
            # "node --test FILE" has none.
            skip = script_expected and word in {"-m", "-c"}
            script_expected = script_expected and not skip and word != "--test"
        elif script_expected:
            script_expected = False
        else:
            arguments.append(word)
    return arguments


def _words(command: str) -> list[str]:
    lexer = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # an unclosed quote: the shell will say so
        return command.split()
