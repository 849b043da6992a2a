"""The repository: Python files that look like a framework's, committed by git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from random import Random

from bench.words import ADJECTIVES, NOUNS, class_name, function_name, sentence

REPOSITORY = "retrace-bench/atlas"

_BODIES = (
    """\
        if {b} is None:
            {b} = self.{c}
        found = []
        for position, item in enumerate({a}):
            if not item.{c}:
                continue
            found.append((position, self.{f}(item, {b})))
        return found
""",
    """\
        {c} = self.{f}({a})
        if {c} in self._seen and not {b}:
            raise ValueError(f"{a} is {d} already: {{{c}!r}}")
        self._seen[{c}] = {{"{a}": {a}, "{d}": len(self._seen) * 2 + 1}}
        return self._seen[{c}]["{a}"] or {b}
""",
    """\
        # {s}
        with self.{c}_lock:
            {d} = [part.strip() for part in str({a}).split(",") if part]
            while {d} and {d}[-1] == {b}:
                {d}.pop()
        return tuple({d}) or None
""",
    '''\
        try:
            value = getattr({a}, "{c}", {b})
        except AttributeError as error:
            message = """
            {s}
            """
            raise LookupError(message) from error
        return {{"{d}": value, "{c}": not value}}
''',
)


def source_files(rng: Random, n_files: int) -> dict[str, str]:
    """Return path → text: two thirds code, the rest tests; every twentieth file is long."""
    files: dict[str, str] = {}
    while len(files) < n_files:
        package, module = rng.choice(NOUNS), f"{rng.choice(ADJECTIVES)}_{rng.choice(NOUNS)}"
        is_long = rng.random() < 0.05
        n_functions = rng.randint(60, 160) if is_long else rng.randint(3, 26)
        folder = (
            f"atlas/{package}/{rng.choice(NOUNS)}" if rng.random() < 0.6 else f"atlas/{package}"
        )
        files.setdefault(f"{folder}/{module}.py", _module(rng, n_functions))
        if rng.random() < 0.5 and len(files) < n_files:
            files.setdefault(
                f"tests/{package}/test_{module}.py", _module(rng, n_functions // 2 + 1)
            )
    return files


def _module(rng: Random, n_functions: int) -> str:
    parts = [f'"""{sentence(rng)}"""\n\nfrom __future__ import annotations\n']
    for number in range(n_functions):
        if number % 6 == 0:
            parts.append(f'\n\nclass {class_name(rng)}:\n    """{sentence(rng)}"""\n')
        parts.append("\n" + _method(rng))
    return "".join(parts)


def _method(rng: Random) -> str:
    a, b, c, d = rng.sample(NOUNS, 4)
    head = f'    def {function_name(rng)}(self, {a}, {b}=None):\n        """{sentence(rng)}"""\n'
    return head + rng.choice(_BODIES).format(
        a=a, b=b, c=c, d=d, f=function_name(rng), s=sentence(rng)
    )


def make_repository(folder: Path, files: dict[str, str]) -> str:
    """Commit the files, then some changes on top; return the last commit, equal for equal files."""
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8", newline="\n")
    return _commit(folder, "Import", 1)


def _commit(folder: Path, message: str, day: int) -> str:
    date = f"2024-01-{day:02d}T12:00:00+00:00"
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "-m", message, date=date)
    return _git(folder, "rev-parse", "HEAD").strip()


def _git(folder: Path, *arguments: str, date: str = "") -> str:
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
    }
    identity = ("-c", "user.name=Bench", "-c", "user.email=bench@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
