"""Where this host gets its packages from, carried into a build and nowhere else.

uv does not read pip's configuration, so what an administrator set for pip is said to uv in its own
variables. Addresses and credentials reach the build's environment only: whatever is printed there
passes through `PackageIndexes.redact` before anybody keeps it.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from validation.sandbox import Mount

UV_CONFIG = "/opt/retrace/uv.toml"
# pip's options that say where packages come from (pip.conf sections and PIP_ variables).
PIP_OPTIONS = (
    "cert",
    "client-cert",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "no-index",
    "proxy",
    "timeout",
    "trusted-host",
)
PIP_SECTIONS = ("global", "download", "install")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
UV_VARIABLE = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX\w*|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|INSECURE_HOST|HTTP_TIMEOUT"
    r"|NATIVE_TLS|SYSTEM_CERTS)"
)
# https://user:secret@packages.example/simple
CREDENTIALS = re.compile(rb"(?<=://)[^/\s@\"'`]+@")
SHOWN_ALREADY = ("/usr", "/etc/ssl/certs", "/etc/ca-certificates", "/etc/pki/ca-trust")


@dataclass(frozen=True)
class PackageIndexes:
    """What a build needs to reach this host's package indexes, and what must not be told."""

    variables: Mapping[str, str]
    mounts: tuple[Mount, ...]
    secrets: tuple[str, ...]

    def redact(self, output: bytes) -> bytes:
        """Remove every address and credential of this host's indexes."""
        for secret in self.secrets:
            output = output.replace(secret.encode(), b"<package index>")
        return CREDENTIALS.sub(b"", output)


def package_indexes() -> PackageIndexes:
    """Collect this host's settings for pip and uv."""
    pip = _pip_options()
    variables = {f"PIP_{name.replace('-', '_').upper()}": value for name, value in pip.items()}
    variables |= _passed_on()
    variables |= _said_to_uv(pip, variables)
    if certificate := pip.get("cert") or os.environ.get("SSL_CERT_FILE"):
        for name in (*CERTIFICATES[:1], *CERTIFICATES[2:], "PIP_CERT"):
            variables.setdefault(name, certificate)
    config = _uv_config()
    if config is not None:
        variables["UV_CONFIG_FILE"] = UV_CONFIG
    else:
        variables["UV_NO_CONFIG"] = "1"
    locations = sorted({*_locations(variables), *_urls_in(config)}, key=len, reverse=True)
    mounts = [Mount(config, UV_CONFIG)] if config is not None else []
    named = {variables[name] for name in (*CERTIFICATES, "PIP_CERT") if name in variables}
    mounts += [*_local_mounts(locations), *certificates(named)]
    return PackageIndexes(variables, tuple(mounts), tuple(_secrets(locations, variables)))


def _pip_options() -> dict[str, str]:
    """Read pip's configuration as pip does: later files and then variables win."""
    options: dict[str, str] = {}
    for path in _pip_files():
        parser = configparser.RawConfigParser()
        parser.read(path, encoding="utf-8")
        for section in PIP_SECTIONS:
            if parser.has_section(section):
                options |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    options = {name: " ".join(options[name].split()) for name in PIP_OPTIONS if options.get(name)}
    for name in PIP_OPTIONS:
        if value := os.environ.get(f"PIP_{name.replace('-', '_').upper()}"):
            options[name] = value
    return options


def _pip_files() -> Iterator[Path]:
    """Name pip's configuration files, the weakest first (pip's "Configuration" document)."""
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home = Path.home()
    for folder in reversed(os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")):
        yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf")
    yield Path(sys.prefix, "pip.conf")
    if named:
        yield Path(named)


def _passed_on() -> dict[str, str]:
    """Return the host's own variables for uv, certificates and proxies."""
    proxies = {*PROXIES, *(name.lower() for name in PROXIES)}
    return {
        name: value
        for name, value in os.environ.items()
        if value and (name in proxies or name in CERTIFICATES or UV_VARIABLE.fullmatch(name))
    }


def _said_to_uv(pip: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Translate pip's options for uv, except where uv was told something itself."""
    said: dict[str, str] = {}
    if not any(name.startswith(("UV_DEFAULT_INDEX", "UV_INDEX")) for name in variables):
        if "index-url" in pip:
            said["UV_DEFAULT_INDEX"] = pip["index-url"]
        if "extra-index-url" in pip:
            said["UV_INDEX"] = pip["extra-index-url"]
            # pip takes the best version of all its indexes, uv by itself that of the first.
            said["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if "find-links" in pip:
        said["UV_FIND_LINKS"] = ",".join(pip["find-links"].split())
    if "trusted-host" in pip:
        said["UV_INSECURE_HOST"] = pip["trusted-host"]
    if pip.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        said["UV_NO_INDEX"] = "1"
    if timeout := pip.get("timeout") or pip.get("default-timeout"):
        said["UV_HTTP_TIMEOUT"] = timeout
    if proxy := pip.get("proxy"):
        said |= {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}
    return {name: value for name, value in said.items() if name not in variables}


def _uv_config() -> Path | None:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    named = os.environ.get("UV_CONFIG_FILE")
    candidates = [Path(named)] if named else [Path(home, "uv/uv.toml"), Path("/etc/uv/uv.toml")]
    return next((path.resolve() for path in candidates if path.is_file()), None)


def _urls_in(config: Path | None) -> set[str]:
    """Return every address a uv configuration names."""

    def strings(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for inner in value.values():
                yield from strings(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from strings(inner)

    content = tomllib.loads(config.read_text()) if config is not None else {}
    return {text for text in strings(content) if "://" in text or text.startswith("/")}


def _locations(variables: Mapping[str, str]) -> set[str]:
    """Return the addresses and folders in the variables."""
    found: set[str] = set()
    for name, value in variables.items():
        if any(word in name for word in ("INDEX", "LINKS", "PROXY", "proxy")):
            words = (word.partition("=")[2] or word for word in re.split(r"[\s,]+", value))
            found |= {word for word in words if "://" in word or word.startswith("/")}
    return found


def _local_mounts(locations: list[str]) -> Iterator[Mount]:
    for folder in sorted({_local_folder(location) for location in locations} - {None}, key=str):
        assert folder is not None
        if not str(folder).startswith(SHOWN_ALREADY):
            yield Mount(folder.resolve(), str(folder))


def _local_folder(location: str) -> Path | None:
    path = Path(unquote(location.removeprefix("file://")))
    if not path.is_absolute() or not path.exists():
        return None
    # The pages of an index link to files beside them: simple/NAME/ to ../../files/.
    folder = path.parent if path.name == "simple" else path
    return None if folder == Path("/") else folder


def certificates(paths: set[str]) -> Iterator[Mount]:
    """Mount bundles of certificates that a command would not see otherwise."""
    for path in sorted(paths - {""}):
        if Path(path).exists() and not path.startswith(SHOWN_ALREADY):
            yield Mount(Path(path).resolve(), path)


def _secrets(locations: list[str], variables: Mapping[str, str]) -> Iterator[str]:
    for location in locations:
        parts = urlsplit(location)
        yield location
        yield unquote(parts.path) if parts.scheme == "file" else location.rstrip("/")
        # That something was on this machine tells nothing, and the word is everywhere.
        if parts.hostname and parts.hostname != "localhost":
            yield parts.hostname
        if parts.password:
            yield parts.password
    for name, value in variables.items():
        if name.endswith(("_PASSWORD", "_USERNAME")):
            yield value
