"""Writes the report, or with `--check` says whether it is what the raw files make."""

import argparse
import sys
from pathlib import Path

from bench.report import page, plots
from bench.report.runs import read_all
from stack.settings import ROOT

PAGE = Path("docs/benchmarks.md")
PLOTS = Path("docs/benchmarks")
RESULTS = Path("bench/results")


def main() -> int:
    """Write or check; 1 when a check finds another page than the raw files make."""
    parser = argparse.ArgumentParser(prog="bench.report", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    options = parser.parse_args()
    root: Path = options.root
    runs = read_all(root / RESULTS)
    text = page.render(runs, root)
    target = root / PAGE
    if options.check:
        # Plots differ between versions of the plotting library; the page's figures do not.
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE} is out of date: run `make bench-report`", file=sys.stderr)
        return 1
    target.write_text(text, encoding="utf-8")
    folder = root / PLOTS
    folder.mkdir(exist_ok=True)
    made = plots.render(runs)
    for old in folder.glob("*.svg"):
        if plots.is_ours(old.name) and old.name not in made:
            old.unlink()
    for name, content in made.items():
        (folder / name).write_bytes(content)
    print(f"{PAGE} and {len(made)} plots from {len(runs)} raw files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
