"""The evidence: repositories, tasks, trajectories, batches, grants."""

from __future__ import annotations

from trajectories.models.batch import Batch, BatchTask, BatchTrajectory
from trajectories.models.grant import Grant
from trajectories.models.repository import Repository
from trajectories.models.seen import SeenFile
from trajectories.models.task import Task, TaskRevision, TaskRow
from trajectories.models.trajectory import SourceFile, Step, StepKind, Trajectory
from trajectories.models.words import StepWords

__all__ = [
    "Batch",
    "BatchTask",
    "BatchTrajectory",
    "Grant",
    "Repository",
    "SeenFile",
    "SourceFile",
    "Step",
    "StepKind",
    "StepWords",
    "Task",
    "TaskRevision",
    "TaskRow",
    "Trajectory",
]
