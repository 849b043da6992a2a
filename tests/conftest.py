"""Real servers for the whole run, and the people and data that tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from accounts.models import Role, User
from annotator.config.embedded import services
from tests.paths import PROJECT_FOLDER

# How fast examples are made and run says something of the machine alone.
hypothesis_settings.register_profile(
    "retrace", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("retrace")


@pytest.fixture(scope="session", autouse=True)
def embedded_services() -> Iterator[None]:
    """Hold PostgreSQL and Redis of the tests' data folder; xdist workers share them."""
    with services(settings.RETRACE_DATA, for_tests=True):
        # Static files are served from where they lie; WhiteNoise misses the folder all the same.
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    embedded_services: None, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Create the test database only once the servers are up."""


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, settings: object) -> Iterator[Path]:
    """Give every test files of its own: mirrors, originals, environments, exports."""
    folder = tmp_path / "data"
    folder.mkdir()
    settings.RETRACE_DATA = folder  # type: ignore[attr-defined]
    storages = settings.STORAGES  # type: ignore[attr-defined]
    settings.STORAGES = {  # type: ignore[attr-defined]
        **storages,
        "default": {**storages["default"], "OPTIONS": {"location": folder / "files"}},
    }
    yield folder


@pytest.fixture(autouse=True)
def only_wanted_checks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test hand in a step or two; only tests marked `checks` ask for whole annotations."""
    if request.node.get_closest_marker("checks") is None:
        monkeypatch.setattr("annotator.checks.ALL_CHECKS", ())


@pytest.fixture(autouse=True)
def no_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure nobody's time but in tests marked `clock`.

    The last heartbeat of a page that is closed may reach the server when its test is over, and the
    database is emptied for the next one.
    """
    if request.node.get_closest_marker("clock") is None:
        monkeypatch.setattr("annotator.contexts.active_time.is_being_done", lambda *_: False)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real data, or skip; in CI a folder that is there must be used."""
    folder = Path(os.environ.get("RETRACE_CORPUS") or PROJECT_FOLDER.parent / "shared" / "real")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; RETRACE_CORPUS names the folder")
    return folder.resolve()


def make_user(username: str, role: str) -> User:
    return User.objects.create_user(username=username, password="a long password", role=role)


@pytest.fixture
def admin_user(db: None) -> User:
    return make_user("ada", Role.ADMIN)


@pytest.fixture
def annotator(db: None) -> User:
    return make_user("nils", Role.ANNOTATOR)


@pytest.fixture
def other_annotator(db: None) -> User:
    return make_user("olga", Role.ANNOTATOR)


@pytest.fixture
def reviewer(db: None) -> User:
    return make_user("rosa", Role.REVIEWER)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin_client(admin_user: User) -> Client:
    return signed_in(admin_user)


@pytest.fixture
def annotator_client(annotator: User) -> Client:
    return signed_in(annotator)


@pytest.fixture
def other_annotator_client(other_annotator: User) -> Client:
    return signed_in(other_annotator)


@pytest.fixture
def reviewer_client(reviewer: User) -> Client:
    return signed_in(reviewer)
