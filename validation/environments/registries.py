"""Where this host gets its npm packages from, carried into a build and nowhere else.

npm's own files may name folders and hold credentials that nobody else may read, so a build gets a
file of its own with only what says where packages come from. Like those of package indexes, the
addresses and credentials in it are cut out of whatever is printed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from validation.environments.indexes import CERTIFICATES, PROXIES, PackageIndexes, certificates
from validation.environments.interpreters import Interpreter
from validation.sandbox import Mount

CONFIG = "/opt/retrace/npmrc"
OPTIONS = (
    "ca",
    "cafile",
    "fetch-retries",
    "fetch-timeout",
    "https-proxy",
    "noproxy",
    "proxy",
    "registry",
    "replace-registry-host",
    "strict-ssl",
)
# "@scope:registry", "//packages.example/npm/:_authToken", and what older npm wrote without a host.
OF_A_REGISTRY = re.compile(r"@[^:\s]+:registry|//\S+:\w+|_auth|_authToken|_password|username")
SECRET = re.compile(r"(_auth|_authToken|_password|username)$")
LINE = re.compile(r"^\s*(?P<name>[^\s;#=][^=]*?)\s*=\s*(?P<value>.*?)\s*$", re.MULTILINE)
EXPANDED = re.compile(r"\$\{(\w+)\}")


def npm_registries(node: Interpreter, file: Path) -> PackageIndexes:
    """Collect this host's settings for npm; write those that a build needs to the file."""
    settings = _settings(node)
    if certificate := os.environ.get("NODE_EXTRA_CA_CERTS") or os.environ.get("SSL_CERT_FILE"):
        settings.setdefault("cafile", certificate)
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), "utf-8")
    file.chmod(0o644)
    variables = {
        "npm_config_userconfig": CONFIG,
        "npm_config_globalconfig": f"{CONFIG}-of-the-host",
        **_proxies(),
    }
    # A variable goes before the project's own .npmrc, which may name a registry out of reach.
    if "registry" in settings:
        variables["npm_config_registry"] = settings["registry"]
    if "cafile" in settings:
        variables |= dict.fromkeys((*CERTIFICATES[:1], "NODE_EXTRA_CA_CERTS"), settings["cafile"])
    mounts = (Mount(file, CONFIG), *certificates({settings.get("cafile", "")}))
    return PackageIndexes(variables, mounts, tuple(_secrets(settings, variables)))


def _settings(node: Interpreter) -> dict[str, str]:
    """Read npm's configuration as npm does: later files and then variables win."""
    found: dict[str, str] = {}
    for path in _files(node):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            found |= {match["name"]: _value(match["value"]) for match in LINE.finditer(text)}
    for name, value in os.environ.items():
        if name.lower().startswith("npm_config_") and value:
            found[name[len("npm_config_") :].lower().replace("_", "-")] = value
    return {
        name: value
        for name, value in found.items()
        if value and (name in OPTIONS or OF_A_REGISTRY.fullmatch(name))
    }


def _files(node: Interpreter) -> Iterator[Path]:
    yield Path("/etc/npmrc")
    yield Path(node.prefix, "etc", "npmrc")
    for variable, default in (
        ("npm_config_globalconfig", None),
        ("npm_config_userconfig", Path.home() / ".npmrc"),
    ):
        named = os.environ.get(variable) or os.environ.get(variable.upper())
        if named or default is not None:
            yield Path(named or str(default))


def _value(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return EXPANDED.sub(lambda match: os.environ.get(match[1], match[0]), text)


def _proxies() -> dict[str, str]:
    names = {*PROXIES, *(name.lower() for name in PROXIES)}
    return {name: value for name, value in os.environ.items() if value and name in names}


def _secrets(settings: Mapping[str, str], variables: Mapping[str, str]) -> Iterator[str]:
    for name, value in settings.items():
        if SECRET.search(name):
            yield value
        if name.startswith("//"):
            yield from _of_address("https:" + name.rpartition(":")[0])
    for value in (*settings.values(), *variables.values()):
        if "://" in value:
            yield from _of_address(value)


def _of_address(address: str) -> Iterator[str]:
    parts = urlsplit(address)
    yield address.rstrip("/")
    if parts.hostname and parts.hostname != "localhost":
        yield from (parts.netloc, parts.hostname)
    if parts.password:
        yield parts.password
