"""Redis and PostgreSQL restarted while a run is on its way: real servers, a real worker."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from annotator.config.embedded import DataFolder, PostgresServer, RedisServer, services
from annotator.config.start import processes
from tests.paths import PROJECT_FOLDER
from tests.running_site import environment, manage, short_folder
from tests.validation.conftest import F2P, GOLD, P2P, TESTS, CalcRepository
from tests.validation.test_worker import kill
from validation.sandbox import SandboxUnavailable, choose_sandbox

TEST_COMMAND = "sleep 6; python run_tests.py tests/test_calc.py"
COUNT_ENDINGS = """
CREATE TABLE ending (run_id bigint NOT NULL);
CREATE FUNCTION count_ending() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO ending VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER count_ending AFTER UPDATE ON validation_run FOR EACH ROW
  WHEN (OLD.state <> 'finished' AND NEW.state = 'finished') EXECUTE FUNCTION count_ending();
"""


@dataclass
class Site:
    """Servers, a worker, and a task that can be validated."""

    data: Path
    postgres: PostgresServer
    redis: RedisServer
    log: Path

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database, which may be away for a moment."""
        deadline = time.monotonic() + 30
        server = self.postgres.django_settings()
        while True:
            try:
                with psycopg.connect(
                    host=str(server["HOST"]),
                    port=str(server["PORT"]),
                    user=str(server["USER"]),
                    dbname=str(server["NAME"]),
                    autocommit=True,
                ) as connection:
                    done = connection.execute(query.encode())
                    return done.fetchall() if done.description else []
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def manage(self, *arguments: str) -> None:
        done = manage(self.data, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr

    def ask(self) -> int:
        """Ask for a run on gold; return its id."""
        self.manage("validate", "retrace__calc-1", "--tree", "gold")
        return int(self.rows("SELECT max(id) FROM validation_run")[0][0])

    def wait_for_tests(self, run: int) -> None:
        """Wait until the test command of a run has begun."""
        self.wait(run, lambda state: state == "running")
        begun = f"SELECT 1 FROM validation_run WHERE id = {run} AND n_tests_expected IS NOT NULL"
        deadline = time.monotonic() + 30
        while not self.rows(begun):
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def wait(self, run: int, condition: Callable[[str], bool], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        state = ""
        while time.monotonic() < deadline:
            (state,) = self.rows(f"SELECT state FROM validation_run WHERE id = {run}")[0]
            if condition(state):
                return
            time.sleep(0.1)
        raise AssertionError(f"run {run} is {state}\n{self.log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def site(calc: CalcRepository) -> Iterator[Site]:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with short_folder() as folder, pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        data = folder / "data"
        with services(data):
            folders = DataFolder(data)
            found = Site(data, PostgresServer(folders), RedisServer(folders), folder / "log")
            load(found, folder, calc)
            worker = start_worker(found)
            try:
                yield found
            finally:
                kill(worker)


def load(site: Site, folder: Path, calc: CalcRepository) -> None:
    row = {
        "instance_id": "retrace__calc-1",
        "repo": "retrace/calc",
        "base_commit": calc.base,
        "patch": GOLD,
        "test_patch": TESTS,
        "problem_statement": "Halve odd numbers.",
        "FAIL_TO_PASS": [F2P],
        "PASS_TO_PASS": [P2P],
    }
    recipe = {
        "instance_id": "retrace__calc-1",
        "test_command": TEST_COMMAND,
        "log_parser": "parse_log_pytest",
    }
    for name, content in (("tasks.jsonl", row), ("recipes.jsonl", recipe)):
        (folder / name).write_text(json.dumps(content) + "\n")
    site.manage("migrate", "--verbosity", "0")
    site.manage("load_tasks", "--batch", "calc", str(folder / "tasks.jsonl"))
    site.rows(f"UPDATE trajectories_repository SET source = '{calc.path}'")
    site.manage("load_recipes", str(folder / "recipes.jsonl"))
    site.rows(COUNT_ENDINGS)


def start_worker(site: Site) -> subprocess.Popen[bytes]:
    with site.log.open("ab") as log:
        return subprocess.Popen(
            processes(0)["runs"],
            cwd=PROJECT_FOLDER,
            env=environment(site.data),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def check_ended_once(site: Site, run: int) -> int:
    """Check that a run ended once, with all it has and no more; return its attempts."""
    site.wait(run, lambda state: state == "finished")
    ended = f"SELECT outcome, attempt FROM validation_run WHERE id = {run}"
    ((outcome, attempts),) = site.rows(ended)
    assert outcome == "resolved"
    counted = "SELECT count(*) FROM {} WHERE run_id = {} {}"
    assert site.rows(counted.format("ending", run, "")) == [(1,)]
    assert site.rows(counted.format("validation_runtest", run, "")) == [(2,)]
    assert site.rows(counted.format("validation_runcommand", run, "AND phase = 'test'")) == [(1,)]
    assert list((site.data / "work").glob(f"run-{run}-*")) == []
    return int(attempts)


def test_postgresql_restarted_in_the_middle_of_the_tests_costs_no_attempt(site: Site) -> None:
    run = site.ask()
    site.wait_for_tests(run)
    site.postgres.stop()
    time.sleep(1.5)
    site.postgres.start()
    assert check_ended_once(site, run) == 1


def test_redis_restarted_while_one_run_runs_and_another_waits(site: Site) -> None:
    first = site.ask()
    site.wait_for_tests(first)
    site.redis.stop()
    time.sleep(1.5)
    site.redis.start()
    assert check_ended_once(site, first) == 1
    assert check_ended_once(site, site.ask()) == 1


def test_a_message_that_redis_lost_is_no_run_that_is_lost(site: Site) -> None:
    first = site.ask()
    site.wait_for_tests(first)
    site.rows(
        "INSERT INTO validation_run SELECT (jsonb_populate_record(run, jsonb_build_object("
        "'id', nextval('validation_run_id_seq'), 'state', 'queued', 'lease_token', NULL,"
        " 'lease_expires_at', NULL, 'attempt', 0))).*"
        f" FROM validation_run run WHERE id = {first}"
    )
    (second,) = site.rows("SELECT max(id) FROM validation_run")[0]
    site.redis.stop()
    site.redis.start()
    assert check_ended_once(site, first) == 1
    assert check_ended_once(site, second) == 1
