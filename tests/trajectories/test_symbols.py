from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trajectories.git_repositories import make_sample
from trajectories.git import Mirror, ObjectMissing
from trajectories.symbols import Symbol, enclosing, language_of, symbols_of
from trajectories.symbols.languages import _GRAMMARS
from trajectories.symbols.parse import symbols_in

PYTHON = b"""\
X = 1

class A(B):
    y = 2

    @decorated
    def f(self):
        def inner(): pass

async def g(): pass
"""

# Code by language, and what is found in it: kind, qualified name, first and last line.
EXAMPLES = {
    "python": (
        PYTHON,
        "variable X 1-1, class A 3-8, variable A.y 4-4, method A.f 7-8, function A.f.inner 8-8,"
        " function g 10-10",
    ),
    "javascript": (
        b"const a = () => 1, b = 2;\nclass K { static m() {}\n #p() {} }\nx.q = function() {};\n",
        "function a 1-1, variable b 1-1, class K 2-3, method K.m 2-2, method K.#p 3-3,"
        " function q 4-4",
    ),
    "typescript": (
        b"export interface I { m(): void }\nabstract class K<T> { abstract n(): void }\n"
        b"type T = string; enum E {A}\nnamespace N { function f() {} }\n",
        "interface I 1-1, method I.m 1-1, class K 2-2, method K.n 2-2, type T 3-3, enum E 3-3,"
        " module N 4-4, function N.f 4-4",
    ),
    "tsx": (b"export const C = () => <div/>;\n", "function C 1-1"),
    "java": (
        b"class A<T> { int f = 1; A() {}\n @Override public void run() {} enum E { P } }\n"
        b"interface I { void m(); } record R(int a) {}\n",
        "class A 1-2, variable A.f 1-1, method A.A 1-1, method A.run 2-2, enum A.E 2-2,"
        " variable A.E.P 2-2, interface I 3-3, method I.m 3-3, class R 3-3",
    ),
    "go": (
        b"package x\ntype S struct{}\ntype I interface{}\nfunc (s *S) Run() {}\nfunc f() {}\n"
        b"var (\n c = 1\n)\n",
        "class S 2-2, interface I 3-3, method S.Run 4-4, function f 5-5, variable c 7-7",
    ),
    "rust": (
        b"pub struct S<T>(T);\nimpl<T> S<T> { fn new() -> Self {} }\nmod m { fn f() {} }\n"
        b"macro_rules! mac { () => {} }\ntrait T { fn a(&self); }\n",
        "class S 1-1, impl S 2-2, method S.new 2-2, module m 3-3, function m.f 3-3,"
        " macro mac 4-4, interface T 5-5, method T.a 5-5",
    ),
    "c": (
        b"#define M(x) x\nstatic char **f(int a) { return 0; }\nstruct s { int a; };\n"
        b"typedef struct { int b; } t;\nenum e { A };\n",
        "macro M 1-1, function f 2-2, class s 3-3, type t 4-4, enum e 5-5, variable e.A 5-5",
    ),
    "cpp": (
        b"namespace a { class K { void m() {} }; }\nvoid a::K::n() {}\n"
        b"template<class T> T mx(T a) { return a; }\n",
        "module a 1-1, class a.K 1-1, method a.K.m 1-1, method a.K.n 2-2, function mx 3-3",
    ),
    "ruby": (
        b"module M\n class A < B\n  X = 1\n  def f?; end\n  def self.g; end\n end\nend\n",
        "module M 1-7, class M.A 2-6, variable M.A.X 3-3, method M.A.f? 4-4, method M.A.g 5-5",
    ),
    "php": (
        b"<?php\nclass A { const X = 1; function f() {} }\nfunction g() {}\n",
        "class A 2-2, variable A.X 2-2, method A.f 2-2, function g 3-3",
    ),
}


def written(symbols: tuple[Symbol, ...]) -> str:
    return ", ".join(f"{s.kind} {s.qualified_name} {s.line}-{s.end_line}" for s in symbols)


@pytest.mark.parametrize("language", sorted(EXAMPLES))
def test_a_language_is_read(language: str) -> None:
    code, found = EXAMPLES[language]
    assert written(symbols_in(code, language)) == found


def test_every_language_has_an_example() -> None:
    assert set(EXAMPLES) == set(_GRAMMARS)


@pytest.mark.parametrize(
    ("path", "language"),
    [("a/b.py", "python"), ("x.PY", "python"), ("a.h", "cpp"), ("a.tsx", "tsx"), ("x", None)],
)
def test_the_suffix_says_the_language(path: str, language: str | None) -> None:
    assert language_of(path) == language


@pytest.mark.parametrize(
    ("line", "name"),
    [(1, None), (3, "A"), (4, "A"), (7, "A.f"), (8, "A.f.inner"), (9, None), (10, "g"), (99, None)],
)
def test_a_line_is_within_the_innermost_function_or_class(line: int, name: str | None) -> None:
    found = enclosing(symbols_in(PYTHON, "python"), line)
    assert (found.qualified_name if found else None) == name


def test_broken_code_keeps_what_can_be_read() -> None:
    code = b"def first(): pass\n\n)))) ((( \xff\n\ndef second(): pass\n"
    assert {"first", "second"} <= {symbol.name for symbol in symbols_in(code, "python")}


def test_names_that_are_not_utf_8_are_legible() -> None:
    assert symbols_in("def é‮x(): pass\n".encode(), "python")[0].name.isprintable()


@pytest.mark.parametrize("language", ["python", "javascript", "cpp"])
@pytest.mark.parametrize("piece", [b"(", b"f'{", b"def f():\n "])
def test_a_hostile_file_takes_bounded_time(language: str, piece: bytes) -> None:
    started = time.monotonic()
    symbols_in(piece * (400_000 // len(piece)), language)
    assert time.monotonic() - started < 15


@settings(max_examples=150, deadline=None)
@given(
    language=st.sampled_from(sorted(EXAMPLES)),
    data=st.one_of(
        st.binary(max_size=2_000),
        st.lists(
            st.sampled_from(
                b"class def { } ( ) ' \" ''' f{ \n \t <<A #define = => ; : \xff x".split(b" ")
            ),
            max_size=200,
        ).map(b" ".join),
    ),
)
def test_any_bytes_give_symbols_within_the_file(language: str, data: bytes) -> None:
    n_lines = data.count(b"\n") + 1
    for symbol in symbols_in(data, language):
        assert 1 <= symbol.line <= symbol.end_line <= n_lines
        assert symbol.name
        assert symbol.qualified_name.endswith(symbol.name)


@pytest.fixture
def mirror(tmp_path: Path) -> tuple[Mirror, str]:
    """A mirror, and the id of pkg/core.py in it."""
    sample = make_sample(tmp_path / "sample")
    mirror = Mirror(tmp_path / "m.git")
    mirror.fetch(str(sample.path))
    blob = mirror.blob_id(mirror.tree_of(sample.commit), "pkg/core.py")
    assert blob
    return mirror, blob


def test_symbols_of_a_blob_are_kept(mirror: tuple[Mirror, str], data_folder: Path) -> None:
    repository, blob = mirror
    first = symbols_of(repository, blob, "pkg/core.py")
    symbols_of.cache_clear()
    assert written(first) == "function add 1-2"
    assert symbols_of(repository, blob, "pkg/core.py") == first
    assert len(list((data_folder / "kept").rglob("symbols-*"))) == 1


def test_the_same_blob_under_a_name_of_no_language_has_none(mirror: tuple[Mirror, str]) -> None:
    repository, blob = mirror
    assert symbols_of(repository, blob, "pkg/core.txt") == ()


def test_a_blob_that_is_not_there_is_told(mirror: tuple[Mirror, str]) -> None:
    with pytest.raises(ObjectMissing):
        symbols_of(mirror[0], "1" * 40, "x.py")
