from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytest_django import Settings

from trajectories import kept as module
from trajectories.kept import N_SHARDS, kept


class Counter:
    """A result, and how often it was computed."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.calls = 0

    def __call__(self) -> object:
        self.calls += 1
        return self.value


def entries(data_folder: Path) -> list[Path]:
    return sorted(path for path in (data_folder / "kept").rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def nothing_written_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_written", {})


def test_what_was_made_once_is_not_made_again() -> None:
    make = Counter({"a": [1, "ü", None]})
    assert [kept("k-1", ("x",), make) for _ in range(3)] == [make.value] * 3
    assert make.calls == 1


@pytest.mark.parametrize(
    ("kind", "parts"), [("k-2", ("x", "y")), ("k-1", ("xy",)), ("k-1", ("x", "z")), ("k-1", ())]
)
def test_another_kind_or_other_parts_are_another_entry(kind: str, parts: tuple[str, ...]) -> None:
    kept("k-1", ("x", "y"), Counter(1))
    assert kept(kind, parts, Counter(2)) == 2


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[20] ^= 255
    path.write_bytes(bytes(data))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, flip, empty])
def test_a_damaged_entry_is_made_again(damage: Callable[[Path], None], data_folder: Path) -> None:
    make = Counter(["x"] * 50)
    kept("k-1", ("x",), make)
    (path,) = entries(data_folder)
    damage(path)
    assert kept("k-1", ("x",), make) == make.value
    assert kept("k-1", ("x",), make) == make.value
    assert make.calls == 2


def test_an_entry_that_its_loader_cannot_read_is_made_again() -> None:
    kept("k-1", ("x",), Counter("text"))
    pairs = Counter(((1, 2),))
    load = lambda rows: tuple((a, b) for a, b in rows)  # noqa: E731
    assert kept("k-1", ("x",), pairs, load=load) == ((1, 2),)
    assert kept("k-1", ("x",), pairs, load=load) == ((1, 2),)
    assert pairs.calls == 1


def test_what_fails_is_not_kept(data_folder: Path) -> None:
    def fail() -> object:
        raise LookupError("no")

    with pytest.raises(LookupError):
        kept("k-1", ("x",), fail)
    assert entries(data_folder) == []


def test_a_folder_that_cannot_be_written_costs_only_time(data_folder: Path) -> None:
    (data_folder / "kept").write_text("a file is in the way")
    make = Counter(1)
    assert kept("k-1", ("x",), make) == kept("k-1", ("x",), make) == 1
    assert make.calls == 2


def test_the_limit_holds_and_what_was_used_last_stays(
    data_folder: Path, settings: Settings
) -> None:
    settings.RETRACE_KEPT_BYTES = N_SHARDS * 20_000
    for number in range(1_500):
        kept("k-1", (str(number),), lambda: os.urandom(1_000).hex())
        if number % 50 == 0:
            # As if its use had been some time ago: uses within minutes are not told apart.
            for path in entries(data_folder):
                os.utime(path, (time.time() - 5_000, time.time() - 5_000))
            kept("k-1", ("0",), Counter(1))
    total = sum(path.stat().st_size for path in entries(data_folder))
    assert total <= settings.RETRACE_KEPT_BYTES * 17 // 16
    again = Counter(1)
    kept("k-1", ("0",), again)
    assert again.calls == 0


def test_one_entry_never_drives_out_the_others(data_folder: Path, settings: Settings) -> None:
    settings.RETRACE_KEPT_BYTES = N_SHARDS * 20_000
    value = os.urandom(10_000).hex()
    assert kept("k-1", ("x",), lambda: value) == value
    assert entries(data_folder) == []


def test_what_a_killed_process_left_is_removed(data_folder: Path, settings: Settings) -> None:
    kept("k-1", ("x",), Counter(1))
    (path,) = entries(data_folder)
    left = path.with_name(".1-abandoned")
    left.write_bytes(b"x")
    os.utime(left, (1, 1))
    module._written.clear()
    path.unlink()
    kept("k-1", ("x",), Counter(1))
    assert entries(data_folder) == [path]


def test_many_at_once_agree(data_folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = pool.map(
            lambda number: kept("k-1", (str(number % 7),), lambda: number % 7), range(400)
        )
    assert list(results) == [number % 7 for number in range(400)]
    assert len(entries(data_folder)) == 7
