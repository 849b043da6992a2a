"""The tests of the sandbox and its hostile programs again, in containers of an engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.validation.engines import STAND_IN, kinds, need_real_engine, stand_in
from tests.validation.sandboxes import Ground, contents, control_groups, made_ground, traces

# The same functions with the fixture `ground` of this module.
from tests.validation.test_sandbox import (  # noqa: F401
    test_a_failing_command_is_a_result,
    test_a_mount_cannot_hide_the_system,
    test_a_mount_in_the_tree_protects_that_part_of_it,
    test_a_mount_may_be_named_from_the_current_folder,
    test_a_mount_that_does_not_exist_is_an_error,
    test_a_name_that_is_no_variable_is_refused,
    test_a_nul_smuggles_no_argument,
    test_a_program_that_does_not_exist_is_a_result,
    test_a_signal_shows_in_the_exit_code,
    test_a_tree_of_any_depth_and_mode_can_be_removed,
    test_a_tree_that_shares_files_with_others_is_refused,
    test_cpu_time_of_all_processes_together_is_bounded,
    test_devices_named_as_files_work,
    test_hard_links_a_command_made_are_no_obstacle,
    test_its_own_loopback_works,
    test_no_variable_reaches_what_runs_before_the_rights_are_dropped,
    test_nothing_is_mounted_through_a_link_in_the_tree,
    test_private_folders_are_writable_and_forgotten,
    test_process_one_has_no_rights_left,
    test_the_environment_is_what_was_given,
    test_the_tree_is_writable_and_owned,
    test_variables_reach_the_command_whole,
)
from tests.validation.test_sandbox_hostile import (  # noqa: F401
    assert_refused,
    test_a_cancelled_program_is_killed,
    test_a_daemon_dies_with_its_program,
    test_a_fork_bomb_stops_at_the_limit_of_processes,
    test_a_memory_hog_is_out_of_memory,
    test_a_program_that_ignores_signals_is_timed_out,
    test_a_program_that_kills_its_parent_kills_itself,
    test_another_network_namespace_is_out_of_reach,
    test_endless_output_is_ended_and_kept_within_bounds,
    test_filling_the_disk_ends_at_the_limit,
    test_links_lead_nowhere_and_are_not_followed_afterwards,
    test_no_more_processes_can_be_had_than_the_limit_allows,
    test_one_file_is_bounded,
    test_paths_that_change_under_the_hands_of_the_reader_lead_nowhere,
    test_private_folders_are_bounded,
    test_secrets_of_the_host_are_out_of_sight,
    test_services_of_the_host_are_out_of_reach,
    test_several_processes_together_are_out_of_memory,
    test_the_embedded_servers_are_out_of_reach,
    test_what_is_left_lying_about_goes_with_the_command,
    test_what_later_runs_read_cannot_be_written,
)
from validation.sandbox import Docker


@pytest.fixture(params=kinds(), ids=lambda kind: f"{kind[0]}-{kind[1]}".replace(" ", "-"))
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    kind, worker = request.param
    with ExitStack() as stack:
        if kind == STAND_IN:
            engine = stack.enter_context(stand_in())
        else:
            need_real_engine()
        sandbox = Docker()
        assert sandbox.unavailable() is None
        made = stack.enter_context(made_ground(worker, sandbox))
        if not Path(made.interpreter.path).exists():
            pytest.skip("an ordinary user can reach no Python on this machine")
        read_only, before = contents(made.folder / "hostile"), traces()
        yield made
        assert contents(made.folder / "hostile") == read_only
        assert traces() - before == set()
        assert made.left_over_processes() == []
        if kind == STAND_IN:
            assert engine.containers == {}
            assert control_groups() == []


@pytest.mark.parametrize(("program", "doors"), [("mounts", 9), ("gains_rights", 14)])
def test_rights_cannot_be_had(ground: Ground, program: str, doors: int) -> None:
    assert_refused(ground.run(program), at_least=doors)


def test_other_processes_are_out_of_sight(ground: Ground) -> None:
    """What a command sees beside itself is the shell that holds its stream, and process 1."""
    lines = ground.execute(("/bin/ls", "/proc")).output.decode().split()

    assert len([name for name in lines if name.isdecimal()]) <= 3


def test_nothing_of_the_worker_is_in_process_ones_variables(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETRACE_SECRET", "hidden")

    output = ground.execute(("/bin/sh", "-c", "cat /proc/*/environ")).output

    assert b"hidden" not in output
    assert os.environ["DOCKER_HOST"].encode() not in output
