"""Builds of environments of Node, by npm.

`npm ci` runs the scripts of what it installs, and a project's own .npmrc may name programs to run.
So every step here is one that runs foreign code, and the cache of each build is thrown away.
"""

from __future__ import annotations

from pathlib import Path

from validation.environments.building import Build
from validation.environments.environment import ENVIRONMENT
from validation.environments.keeping import CACHE


class NodeBuild(Build):
    """One build of an environment for a Node of this host, which stays where it is."""

    def install_packages(self, shared: Path) -> None:
        """Install the recipe's packages as programs of the environment, beside the project's."""
        if self.recipe.packages:
            install = ("npm", "install", "--global", "--prefix", ENVIRONMENT)
            self.need("packages", (*install, "--", *self.recipe.packages))

    def tool_variables(self) -> dict[str, str]:
        """Return what npm is told."""
        return {
            "npm_config_audit": "false",
            "npm_config_cache": f"{CACHE}/npm",
            "npm_config_fund": "false",
            # Else the address of a private registry would stand in what is kept of the tree.
            "npm_config_omit_lockfile_registry_resolved": "true",
            "npm_config_update_notifier": "false",
        }
