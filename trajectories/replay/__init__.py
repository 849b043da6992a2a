"""Follow the agent's edits from the base commit on: what each step changed, and who wrote a line.

Edits that name what they write are carried out on the files' texts: an editor's create, replace,
insert and line ranges, and here-documents written to a file. What a program does to a file (sed, a
script, a formatter) is not run here; such a step is named as not followed.
"""

from __future__ import annotations

from trajectories.replay.following import Change, EditStep, NotFollowed, Replay, replay
from trajectories.replay.lines import Line

__all__ = ["Change", "EditStep", "Line", "NotFollowed", "Replay", "replay"]
