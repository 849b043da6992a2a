"""docker-compose.yml as a real compose program reads it, and its commands as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
COMPOSE_FILE = PROJECT_FOLDER / "docker-compose.yml"
FILLED_IN = {
    "SECRET_KEY": "not-a-secret-but-long-enough-for-django-0123456789",
    "ALLOWED_HOSTS": "retrace.example.org",
    "POSTGRES_PASSWORD": "postgrespassword",
    "REDIS_PASSWORD": "redispassword",
}


def compose_config(env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Have podman-compose read the file, with .env.example and these variables."""
    program = Path(sys.executable).with_name("podman-compose")
    files = ["--file", str(COMPOSE_FILE), "--env-file", str(PROJECT_FOLDER / ".env.example")]
    # A dry run looks for no container engine.
    return subprocess.run(
        [program, *files, "--dry-run", "config"],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **env},
        capture_output=True,
        text=True,
        check=False,
    )


def read_compose(**variables: str) -> dict[str, Any]:
    """Return the services with every variable put in, as they would be started."""
    done = compose_config({**FILLED_IN, **variables})
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return services


@pytest.fixture(scope="session")
def services() -> dict[str, Any]:
    return read_compose()


@dataclass(frozen=True)
class Commands:
    """Runs the commands of services as processes of this machine."""

    services: dict[str, Any]
    environment: dict[str, str]
    folder: Path

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service's command; its output goes to a file named like it."""
        with self.log(name).open("wb") as log:
            return subprocess.Popen(
                self._arguments(self.services[name]["command"]),
                cwd=PROJECT_FOLDER,
                env=self._environment(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_healthy(self, name: str) -> bool:
        """Run a service's health check once."""
        kind, *arguments = self.services[name]["healthcheck"]["test"]
        command = ["sh", "-c", *arguments] if kind == "CMD-SHELL" else arguments
        done = subprocess.run(
            self._arguments(command),
            cwd=PROJECT_FOLDER,
            env=self._environment(name),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode == 0

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _arguments(self, command: list[str]) -> list[str]:
        # Unlike in a container of its own, only this machine may reach the server.
        return [word.replace("0.0.0.0", "127.0.0.1") for word in command]

    def _environment(self, name: str) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        given = {k: v for k, v in self.services[name]["environment"].items() if v is not None}
        return {"HOME": str(self.folder), **given, "PATH": path, **self.environment}
