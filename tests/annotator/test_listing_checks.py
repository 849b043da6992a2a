from __future__ import annotations

import pytest
from django.core.management import call_command

from tests.paths import PROJECT_FOLDER


@pytest.mark.checks
def test_the_guide_lists_every_check_as_the_command_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("list_checks")
    guide = (PROJECT_FOLDER / "docs" / "checks.md").read_text()
    assert guide.partition("-->\n")[2] == capsys.readouterr().out
