"""What docker-compose.yml, Dockerfile and .env.example promise each other."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.deploy.conftest import FILLED_IN, PROJECT_FOLDER, compose_config, read_compose

SITE = ("migrate", "web", "default", "runs")


def names_in_env_example() -> set[str]:
    text = (PROJECT_FOLDER / ".env.example").read_text("utf-8")
    return set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", text, re.MULTILINE))


def test_the_services_are_those_of_the_architecture(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "redis", *SITE}


@pytest.mark.parametrize("name", sorted(FILLED_IN))
def test_a_secret_that_is_not_set_stops_the_start(name: str) -> None:
    rest = {key: value for key, value in FILLED_IN.items() if key != name}
    done = compose_config(rest)
    assert done.returncode != 0
    assert f"required variable {name} is missing" in done.stderr


def test_env_example_lists_every_variable_of_the_compose_file() -> None:
    text = (PROJECT_FOLDER / "docker-compose.yml").read_text("utf-8")
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
    assert FILLED_IN.keys() <= used
    assert used <= names_in_env_example()


def test_env_example_lists_every_variable_that_settings_read() -> None:
    config = PROJECT_FOLDER / "annotator" / "config"
    sources = [*config.glob("settings/*.py"), config / "env.py", config / "wsgi.py"]
    code = "".join(path.read_text("utf-8") for path in sources)
    read = set(re.findall(r'env\.(?:text|flag|integer|words|folder)\(\s*"([A-Z_]+)"', code))
    assert "SECRET_KEY" in read
    assert read <= names_in_env_example()


def test_servers_outside_replace_those_of_the_file() -> None:
    services = read_compose(DATABASE_URL="postgresql://u@db/x", REDIS_URL="redis://q/1")
    for name in SITE:
        assert services[name]["environment"]["DATABASE_URL"] == "postgresql://u@db/x"
        assert services[name]["environment"]["REDIS_URL"] == "redis://q/1"


def test_everything_waits_for_the_migrations(services: dict[str, Any]) -> None:
    for name in ("web", "default", "runs"):
        condition = services[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"


def test_every_service_that_stays_has_a_health_check(services: dict[str, Any]) -> None:
    assert {name for name in services if "healthcheck" not in services[name]} == {"migrate"}


def test_only_runs_may_make_namespaces(services: dict[str, Any]) -> None:
    loosened = {
        name
        for name, service in services.items()
        if any("unconfined" in option for option in service.get("security_opt", []))
    }
    assert loosened == {"runs"}


def test_no_service_reaches_its_host(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert not service.get("privileged"), name
        assert not service.get("cap_add"), name
        assert not [volume for volume in service["volumes"] if volume.startswith(("/", ".", "~"))]
        for key in ("network_mode", "pid", "ipc", "userns_mode"):
            assert service.get(key) != "host", name


def test_only_the_web_server_can_be_reached_and_only_from_its_host(
    services: dict[str, Any],
) -> None:
    published = {name: s["ports"] for name, s in services.items() if s.get("ports")}
    assert list(published) == ["web"]
    assert published["web"] == ["127.0.0.1:8000:8000"]


def test_the_images_are_stages_of_the_dockerfile(services: dict[str, Any]) -> None:
    text = (PROJECT_FOLDER / "Dockerfile").read_text("utf-8")
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", text, re.MULTILINE))
    targets = {name: services[name]["build"]["target"] for name in SITE}
    assert set(targets.values()) <= stages
    assert [name for name, target in targets.items() if target == "runs"] == ["runs"]


def test_the_web_image_has_the_base_requirements_only() -> None:
    text = (PROJECT_FOLDER / "Dockerfile").read_text("utf-8")
    before_runs, _, runs = text.partition(" AS runs")
    assert "requirements/base.txt" in before_runs.partition("FROM")[2]
    assert "requirements/runs.txt" not in before_runs.partition("FROM")[2]
    assert "requirements/runs.txt" in runs


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    text = (PROJECT_FOLDER / "Dockerfile").read_text("utf-8")
    ignored = (PROJECT_FOLDER / ".dockerignore").read_text("utf-8").split()
    for source in re.findall(r"^COPY (\S+) ", text, re.MULTILINE):
        assert (PROJECT_FOLDER / source).exists()
        assert source not in ignored
    assert {".git", ".env", "data"} <= set(ignored)
