"""What keeps a run from a verdict without being the patch's fault."""

from __future__ import annotations


class InfrastructureFailure(Exception):
    """The run could not be carried out. `may_pass`: trying again makes sense."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        self.reason = reason
        self.may_pass = may_pass
        super().__init__(reason)
