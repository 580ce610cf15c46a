"""What can be switched on. switches.toml says what each switch does, and what the checker must say of it."""

import tomllib
from pathlib import Path

_table = tomllib.loads(Path(__file__).with_name("switches.toml").read_text(encoding="utf-8"))
KNOWN = _table["over-stdio"] | _table["over-http"]

_switched_on: set[str] = set()


def switch_on(names: list[str]) -> None:
    for name in names:
        if name not in KNOWN:
            raise SystemExit(f"There is no switch {name!r}. switches.toml has them all.")
        _switched_on.add(name)


def on(name: str) -> bool:
    assert name in KNOWN, name
    return name in _switched_on
