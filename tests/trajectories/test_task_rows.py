from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.task_rows import ParsedTask, RefusedRow, UnreadableRows, read_rows

ROW: dict[str, Any] = {
    "repo": "owner/name",
    "instance_id": "owner__name-1",
    "base_commit": "A" * 40,
    "patch": "diff --git a/x b/x\n",
    "test_patch": "diff --git a/t b/t\n",
    "problem_statement": "It fails.\r\n",
    "hints_text": "",
    "created_at": "2020-01-01T00:00:00Z",
    "version": "0.10",
    "FAIL_TO_PASS": '["t::a"]',
    "PASS_TO_PASS": "[]",
    "environment_setup_commit": "b" * 40,
}


def read(content: bytes) -> list[ParsedTask | RefusedRow]:
    return list(read_rows(io.BytesIO(content)))


def read_row(**changes: Any) -> ParsedTask | RefusedRow:
    (result,) = read(json.dumps({**ROW, **changes}).encode())
    return result


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in ROW.items() if key not in keys}


def reason(content: bytes) -> str:
    (result,) = read(content)
    assert isinstance(result, RefusedRow)
    return result.reason


@pytest.mark.parametrize("value", ['["t::a"]', ["t::a"], "['t::a']"])
def test_test_lists_come_as_arrays_or_as_text(value: Any) -> None:
    task = read_row(FAIL_TO_PASS=value)
    assert isinstance(task, ParsedTask)
    assert task.fail_to_pass == ("t::a",)


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_text_is_not_an_empty_list(value: Any) -> None:
    task = read_row(PASS_TO_PASS=value)
    assert isinstance(task, ParsedTask)
    assert task.pass_to_pass is None


def test_a_row_without_test_lists_is_read() -> None:
    (task,) = read(json.dumps(without("FAIL_TO_PASS", "PASS_TO_PASS", "version")).encode())
    assert isinstance(task, ParsedTask)
    assert (task.fail_to_pass, task.pass_to_pass, task.version) == (None, None, "")


def test_lower_case_test_lists_are_read() -> None:
    row = {**without("FAIL_TO_PASS"), "fail_to_pass": ["a | b"]}
    (task,) = read(json.dumps(row).encode())
    assert isinstance(task, ParsedTask)
    assert task.fail_to_pass == ("a | b",)
    assert task.extra == {}


def test_fields_of_a_recipe_are_kept_beside_the_known_ones() -> None:
    task = read_row(install_config={"python": "3.9"}, docker_image="x:latest")
    assert isinstance(task, ParsedTask)
    assert task.extra == {"install_config": {"python": "3.9"}, "docker_image": "x:latest"}


def test_the_version_stays_text() -> None:
    task = read_row(version="0.10")
    assert isinstance(task, ParsedTask)
    assert task.version == "0.10"
    assert isinstance(read_row(version=13704), ParsedTask)
    refused = read_row(version=0.10)
    assert isinstance(refused, RefusedRow)
    assert "version is a number" in refused.reason


def test_the_hash_of_a_row_does_not_depend_on_the_order_of_its_keys() -> None:
    first, second = read_row(), read(json.dumps(dict(reversed(ROW.items()))).encode())[0]
    assert isinstance(first, ParsedTask)
    assert isinstance(second, ParsedTask)
    assert first.row_sha256 == second.row_sha256


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"version https://git-lfs.github.com/spec/v1 ", "Git LFS"),
        (b"{", "Not valid JSON"),
        (b'"text"', "Not an object but text"),
        (b"12", "Not an object but a number"),
        (b"\xff\xfe\xfd{}"[2:], "Not valid UTF-8 (byte 1"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1, "a": 2}', "The key 'a' stands twice"),
        (b'{"instance_id": "\\ud800"}', "surrogate"),
        (b"{}", "no instance_id"),
        (b'{"a":' * 50_000, "nested too deeply"),
    ],
)
def test_a_bad_line_is_refused_with_its_place_and_the_good_ones_are_read(
    line: bytes, expected: str
) -> None:
    good = json.dumps(ROW).encode()
    results = read(good + b"\n\n" + line + b"\n" + good)
    assert [result.place for result in results] == ["line 1", "line 3", "line 4"]
    assert isinstance(results[1], RefusedRow)
    assert expected in results[1].reason


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"instance_id": "../etc"}, "instance_id is not usable"),
        ({"instance_id": 7, "patch": ""}, "patch is empty"),
        ({"repo": "name"}, "repo is not usable"),
        ({"repo": "a/../b"}, "repo is not usable"),
        ({"base_commit": "--upload-pack=x"}, "base_commit is not usable"),
        ({"base_commit": None}, "no base_commit"),
        ({"patch": None}, "no patch"),
        ({"patch": ["x"]}, "patch is an array"),
        ({"problem_statement": " "}, "problem_statement is empty"),
        ({"FAIL_TO_PASS": "t::a"}, "FAIL_TO_PASS is no list"),
        ({"FAIL_TO_PASS": [1]}, "FAIL_TO_PASS is no list"),
        ({"PASS_TO_PASS": {"a": 1}}, "PASS_TO_PASS is no list"),
        ({"difficulty": "x" * 41}, "difficulty is longer"),
    ],
)
def test_an_unusable_field_is_named(changes: dict[str, Any], expected: str) -> None:
    result = read_row(**changes)
    assert isinstance(result, RefusedRow)
    assert expected in result.reason


def test_rows_of_other_benchmarks_are_named() -> None:
    nested = {"org": "o", "number": 1, "fix_patch": "", "instance_id": "o__r-1"}
    assert "Multi-SWE-bench" in reason(json.dumps(nested).encode())
    repackaged = {**without("patch"), "gold_patch": "x"}
    assert "SWE-bench Pro" in reason(json.dumps(repackaged).encode())


def test_an_array_a_single_object_and_parquet_hold_the_same_rows() -> None:
    parquet = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([ROW]), parquet)
    contents = [
        b"\xef\xbb\xbf" + json.dumps([ROW]).encode(),
        json.dumps(ROW, indent=2).encode(),
        parquet.getvalue(),
    ]
    hashes = set()
    for content in contents:
        (task,) = read(content)
        assert isinstance(task, ParsedTask)
        hashes.add(task.row_sha256)
    assert len(hashes) == 1


def test_times_in_parquet_become_text() -> None:
    rows = pa.table({"instance_id": ["a__b-1"], "created_at": pa.array([0], pa.timestamp("s"))})
    parquet = io.BytesIO()
    pq.write_table(rows, parquet)
    (result,) = read(parquet.getvalue())
    assert result == RefusedRow("row 1", "The row has no repo.", "a__b-1")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"[]", "empty"),
        (b"[1,", "broken"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\xff\xfe[\x00", "UTF-16"),
        (b"PAR1broken", "Parquet"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    ],
)
def test_a_file_without_rows_is_refused_as_a_whole(content: bytes, expected: str) -> None:
    with pytest.raises(UnreadableRows, match=expected):
        read(content)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(ROW)), json_values))
def test_any_values_in_a_row_are_read_or_refused(changes: dict[str, Any]) -> None:
    content = json.dumps({**ROW, **changes}).encode()
    assert all(isinstance(result, ParsedTask | RefusedRow) for result in read(content))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        results = read(content)
    except UnreadableRows:
        return
    assert all(isinstance(result, ParsedTask | RefusedRow) for result in results)
