"""Who may import whom, read from the source itself."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src"
FILES = sorted((ROOT / "callcue").rglob("*.py"))


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(file: Path) -> Iterator[str]:
    """Every module that *file* imports, by its full name, wherever in the file."""
    package = _module(file) if file.name == "__init__.py" else _module(file).rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            start = ".".join(base) if node.level else ""
            module = ".".join(filter(None, (start, node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _below(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_given_a_file_then_it_imports_only_what_its_place_allows(file: Path) -> None:
    module = _module(file)
    for name in imports(file):
        assert _allowed(module, name), f"{module} imports {name}"


def _allowed(module: str, name: str) -> bool:
    own = name.startswith("callcue.")
    if _below(module, "callcue.core"):
        return _below(name, "callcue.core") if own else name.split(".")[0] in _STDLIB
    if _below(name, "panoramisk"):
        return _below(module, "callcue.asterisk")
    if _below(name, "prometheus_client"):
        return _below(module, "callcue.metrics")
    if not own:
        return True
    return all(
        _below(name, *allowed) for below, allowed in _MAY_IMPORT.items() if _below(module, below)
    )


_STDLIB = sys.stdlib_module_names
_API = ("callcue.core", "callcue.events", "callcue.media.names", "callcue.__version__")
_SHARED = tuple(
    f"callcue.api.{name}"
    for name in (
        "address",
        "agents",
        "counts",
        "health",
        "keys",
        "lockout",
        "passwords",
        "rates",
        "requests",
        "rights",
        "stored_passwords",
        "users",
    )
)
_MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "callcue.asterisk": ("callcue.asterisk", "callcue.core", "callcue.media"),
    "callcue.media": ("callcue.media", "callcue.core", "callcue.outward"),
    "callcue.outward": ("callcue.outward",),
    "callcue.events": ("callcue.events", "callcue.core", "callcue.outward"),
    "callcue.store": (
        "callcue.store",
        "callcue.core",
        "callcue.events",
        "callcue.api.bird.promises",
        "callcue.api.keys",
        "callcue.api.lockout",
        "callcue.api.rights",
        "callcue.api.stored_passwords",
        "callcue.api.users",
        "callcue.api.vicidial.record",
        "callcue.api.vicidial.written",
    ),
    "callcue.vicidialdb": (
        "callcue.vicidialdb",
        "callcue.core",
        "callcue.api.agents",
        "callcue.api.stored_passwords",
        "callcue.api.users",
    ),
    "callcue.settings": ("callcue.settings",),
    "callcue.metrics": (
        "callcue.metrics",
        "callcue.core",
        "callcue.asterisk.figures",
        "callcue.asterisk.status",
        "callcue.api.counts",
        "callcue.media.watch",
        "callcue.store.store",
    ),
    "callcue.api": ("callcue.api", *_API),
    "callcue.api.vicidial": ("callcue.api.vicidial", *_SHARED, *_API),
    "callcue.api.bird": ("callcue.api.bird", *_SHARED, *_API),
}
"""What of our own each package may import. A dialect never imports the other one."""


@pytest.mark.parametrize(
    ("module", "name", "allowed"),
    [
        ("callcue.core.states", "callcue.core.errors", True),
        ("callcue.core.states", "callcue.asterisk.link", False),
        ("callcue.core.states", "structlog", False),
        ("callcue.app", "panoramisk", False),
        ("callcue.app", "prometheus_client", False),
        ("callcue.metrics.figure", "prometheus_client.Counter", True),
        ("callcue.asterisk.link", "panoramisk.Manager", True),
        ("callcue.api.bird.models", "callcue.api.vicidial.wire", False),
        ("callcue.api.vicidial.login", "callcue.api.bird.codes", False),
        ("callcue.api.vicidial.login", "callcue.api.passwords.Passwords", True),
        ("callcue.api.health", "callcue.asterisk.server", False),
        ("callcue.api.routes", "callcue.api.bird.entrance.Entrance", True),
    ],
)
def test_given_an_import_then_the_rule_says(module: str, name: str, allowed: bool) -> None:
    assert _allowed(module, name) is allowed


def test_given_relative_imports_then_they_are_read_in_full() -> None:
    file = ROOT / "callcue" / "api" / "bird" / "codes.py"
    assert "callcue.core.errors" in set(imports(file))
    handlers = ROOT / "callcue" / "api" / "bird" / "handlers.py"
    assert "callcue.api.bird.views" in set(imports(handlers))
