"""Kinds of fault. They read and write JSON alone, and know neither the checks nor their facts."""

from bench_checks.faults import agent, citing, shape, writing
from bench_checks.faults.base import KINDS, Good, Kind, Spoilt

__all__ = ["KINDS", "Good", "Kind", "Spoilt", "agent", "citing", "shape", "writing"]
