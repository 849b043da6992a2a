from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories import make_task, make_trajectory
from tests.trajectories.git_repositories import SampleRepository, make_sample
from trajectories.code import fetch_repository
from trajectories.models import Repository, Trajectory


@pytest.fixture
def sample(tmp_path: Path) -> SampleRepository:
    """A plain repository whose code the factories' patches fit."""
    return make_sample(tmp_path / "sample")


@pytest.fixture
def fetched(db: None, sample: SampleRepository) -> Trajectory:
    """A trajectory whose repository has been fetched."""
    return fetched_trajectory(sample)


def fetched_trajectory(sample: SampleRepository, **fields: str) -> Trajectory:
    """Fetch the sample and make a trajectory on its last commit; `fields` of the revision."""
    repository = Repository.objects.create(name="retrace/fetched", source=str(sample.path))
    fetch_repository(repository)
    return make_trajectory(make_task(repository=repository, base_commit=sample.commit, **fields))
