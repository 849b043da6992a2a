"""Judge a log with the parsers and rules of the ``swebench`` package.

Only the grading process imports this module. ``swebench`` ships no types, so its modules are
fetched by name.
"""

from __future__ import annotations

import importlib
import re
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from validation.grading.ids import with_recorded_ids
from validation.grading.protocol import MISSING, Grade, GradeRequest
from validation.grading.suspicion import disagreements

_grading: Any = importlib.import_module("swebench.harness.grading")
_constants: Any = importlib.import_module("swebench.harness.constants")
_types: Any = importlib.import_module("swebench.types")
_infra: Any = importlib.import_module("swebench.harness.infra_failure")

Parser = Callable[[str, Any], dict[str, str]]

_LANGUAGES = ("c", "go", "java", "javascript", "php", "python", "ruby", "rust")
_MARKERS: tuple[str, ...] = (
    _constants.APPLY_PATCH_FAIL,
    _constants.RESET_FAILED,
    _constants.TESTS_ERROR,
    _constants.TESTS_TIMEOUT,
    _constants.START_TEST_OUTPUT,
    _constants.END_TEST_OUTPUT,
    _constants.TEST_EXIT_CODE,
)
_BAD = {"FAILED", "ERROR"}
_STATUSES = {status.value for status in _constants.TestStatus}
# What a runner that could not import a test file names in place of the tests in it.
_NOT_COLLECTED = re.compile(
    r"(?P<file>\S+\.py)(?: - .*)?|(?P<module>[\w.]+) \(unittest\.loader\..*"
)
# By whether the task names tests at all.
_NOTHING_HELD = {
    False: "The task names no tests, so nothing can be decided.",
    True: "Every test that the task names is flaky, so nothing can be decided.",
}


def _parsers_by_repository() -> dict[str, Parser]:
    found: dict[str, Parser] = {}
    for language in _LANGUAGES:
        module = importlib.import_module(f"swebench.harness.log_parsers.{language}")
        for name, value in vars(module).items():
            if name.startswith("MAP_REPO_TO_PARSER"):
                found.update(value)
    return found


_BY_REPOSITORY = _parsers_by_repository()


def grade(request: GradeRequest) -> Grade:
    """Parse the log, grade it as the field's harness does, and say why where it cannot be."""
    parser = _find_parser(request)
    if parser is None:
        return Grade(valid=False, resolved=False, reason=_no_parser(request))
    name = getattr(parser, "__name__", "")
    forged = [marker for marker in _MARKERS if marker in request.log]
    if forged:
        # The markers are added below, outside of what the tests can write.
        reason = f"The test output contains the harness's own marker “{forged[0]}”."
        return Grade(valid=False, resolved=False, reason=reason, parser=name)
    return _grade_with(parser, name, request)


def _find_parser(request: GradeRequest) -> Parser | None:
    if request.parser:
        found: Parser | None = _grading.PARSER_REGISTRY.get(request.parser)
        return found
    return _BY_REPOSITORY.get(request.repository)


def _no_parser(request: GradeRequest) -> str:
    if request.parser:
        return f"swebench has no log parser named “{request.parser}”: correct the recipe."
    return (
        f"swebench knows no log parser for {request.repository}: name one in the recipe"
        " (log_parser), for example parse_log_pytest."
    )


def _grade_with(parser: Parser, name: str, request: GradeRequest) -> Grade:
    wanted = (*request.fail_to_pass, *request.pass_to_pass)
    log = with_recorded_ids(request.log, wanted)
    spec = _spec(request, name)
    try:
        statuses, found = _read_log(spec, parser, _with_markers(log, request.exit_code))
    except ValueError as error:  # some of the package's parsers refuse what they do not know
        reason = f"The log parser {name} gave up: {error}"
        return Grade(valid=False, resolved=False, reason=reason, parser=name)
    if not found:
        return _unreadable(parser, name, spec, log, request)
    eval_type = _constants.EvalType(spec.eval_type)
    gold = {"FAIL_TO_PASS": spec.FAIL_TO_PASS, "PASS_TO_PASS": spec.PASS_TO_PASS}
    report = _grading.get_eval_tests_report(statuses, gold, eval_type=eval_type)
    full = _constants.ResolvedStatus.FULL.value
    held = bool(spec.FAIL_TO_PASS or spec.PASS_TO_PASS)
    resolved = held and _grading.get_resolution_status(report) == full
    return Grade(
        valid=True,
        resolved=resolved,
        reason=_nothing_ran(statuses) if held else _NOTHING_HELD[bool(wanted)],
        parser=name,
        statuses=_wanted_statuses(wanted, statuses, eval_type),
        others=_others(wanted, statuses),
        suspicions=tuple(disagreements(log, statuses, parser=name, command=request.command)),
    )


def _nothing_ran(statuses: Mapping[str, str]) -> str:
    """Say so where a verdict stands on tests that never ran, such as where a file has no import."""
    names = [_NOT_COLLECTED.fullmatch(key) for key in statuses]
    found = [match["file"] or match["module"] for match in names if match]
    if not found or any(status != "ERROR" for status in statuses.values()):
        return ""
    return f"No test ran: {', '.join(found[:5])} could not be collected."


def _spec(request: GradeRequest, parser_name: str) -> Any:
    eval_type = request.eval_type or (
        "fail_only" if request.repository in _constants.FAIL_ONLY_REPOS else "pass_and_fail"
    )
    return _types.TestSpec(
        instance_id=request.instance_id,
        image="",
        eval_script_list=[],
        repo=request.repository,
        version=request.version,
        FAIL_TO_PASS=[test for test in request.fail_to_pass if test not in request.flaky],
        PASS_TO_PASS=[test for test in request.pass_to_pass if test not in request.flaky],
        log_parser=parser_name,
        eval_type=eval_type,
    )


def _with_markers(log: str, exit_code: int | None) -> str:
    lines = [_constants.START_TEST_OUTPUT, log, _constants.END_TEST_OUTPUT]
    if exit_code is not None:
        lines.append(f"{_constants.TEST_EXIT_CODE}: {exit_code}")
    return "\n".join(lines) + "\n"


def _read_log(spec: Any, parser: Parser, content: str) -> tuple[dict[str, str], bool]:
    """Hand the content to the package, which reads it from a file and finds parsers by name."""
    # Parsers that only the map from repositories has are not in the registry.
    _grading.PARSER_REGISTRY.setdefault(spec.log_parser, parser)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".log") as file:
        file.write(content)
        file.flush()
        statuses, found = _grading.get_logs_eval(spec, file.name)
    return dict(statuses), bool(found)


def _unreadable(parser: Parser, name: str, spec: Any, log: str, request: GradeRequest) -> Grade:
    """Say why the package does not accept this log."""
    # "ERROR: file or directory not found" is read as a status with a colon, of a test named "file".
    statuses = {key: value for key, value in parser(log, spec).items() if value in _STATUSES}
    fault = _infra.classify_text(log)
    environment_fault = fault[0] if fault and fault[1] == _infra.TIER_ENVIRONMENT else ""
    if statuses and not _BAD.intersection(statuses.values()):
        reason = (
            f"The test command ended with exit code {request.exit_code} although no test in the"
            " log failed: the log does not describe the run."
        )
    else:
        code = "unknown" if request.exit_code is None else str(request.exit_code)
        reason = f"No test result in the log (exit code {code}): the tests did not run."
        if fault:
            reason += f" Sign in the log: {fault[0].replace('_', ' ')}."
    wanted = (*request.fail_to_pass, *request.pass_to_pass)
    return Grade(
        valid=False,
        resolved=False,
        reason=reason,
        parser=name,
        environment_fault=environment_fault,
        statuses=dict.fromkeys(wanted, MISSING),
    )


def _wanted_statuses(
    wanted: tuple[str, ...], statuses: dict[str, str], eval_type: Any
) -> dict[str, str]:
    fail_only = eval_type == _constants.EvalType.FAIL_ONLY
    absent = "PASSED" if fail_only else MISSING
    found: dict[str, str] = {}
    for test_id in wanted:
        key = test_id if fail_only else _grading._resolve_case(test_id, statuses)
        status = statuses.get(key, absent) if key is not None else absent
        found[test_id] = status if status in _STATUSES else absent
    return found


def _others(wanted: tuple[str, ...], statuses: dict[str, str]) -> dict[str, str]:
    return {
        key: status
        for key, status in statuses.items()
        if status in _STATUSES and key not in set(wanted)
    }
