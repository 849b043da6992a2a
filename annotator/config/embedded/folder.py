"""Where things are in the data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataFolder:
    """The folder that RETRACE_DATA names; all of it is for its owner alone (mode 0700)."""

    root: Path

    @property
    def run(self) -> Path:
        """Sockets, the lock and the leases."""
        return self.root / "run"

    @property
    def leases(self) -> Path:
        return self.run / "leases"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    def create(self) -> DataFolder:
        """Make the folders that are missing; folders above the data folder are left as they are."""
        self.root.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.root, self.run, self.leases, self.logs, self.redis):
            folder.mkdir(mode=0o700, exist_ok=True)
        return self
