"""Where the project lies. Imports nothing, so that what runs without Django's settings can."""

from __future__ import annotations

from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
