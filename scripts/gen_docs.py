"""Writes the generated pages of docs/; `--check` only says which are out of date.

docs/settings.md   every environment variable, from the settings classes
docs/metrics.md    every metric, from the telemetry of the services
docs/openapi.json  the control API
docs/api.md        the same for people
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pages

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": pages.settings.page,
    "metrics.md": pages.metrics.page,
    "openapi.json": pages.api.document,
    "api.md": pages.api.page,
}


def main() -> int:
    """Writes or checks the pages; the status is 1 when `--check` finds an old one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if one is old")
    check = parser.parse_args().check
    old = []
    for name, render in PAGES.items():
        page, text = DOCS / name, render()
        if page.is_file() and page.read_text() == text:
            continue
        old.append(name)
        if not check:
            page.write_text(text)
            print(f"wrote docs/{name}")
    if check and old:
        print(f"out of date: {', '.join(old)}: run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
