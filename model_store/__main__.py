"""`python -m model_store fetch | list | verify`: the models, for people and CI."""

import argparse
import sys
import time
from collections.abc import Sequence

from pydantic import ValidationError
from rich.console import Console

from model_store import (
    DigestError,
    Lines,
    ModelLock,
    ModelMissingError,
    ModelStoreError,
    ModelStoreSettings,
    Reporter,
    fetch,
    load_lock,
    verify,
    wanted_models,
)
from model_store.store import folder_of
from model_store.terminal import Bar


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model_store", description="Models as locked dependencies (models.toml)."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("fetch", "bring models and verify them (default: those that the settings ask for)"),
        ("list", "show the locked models and whether they are on disk"),
        ("verify", "read every byte of models (default: all that are on disk)"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("names", nargs="*", metavar="NAME", help="a name of models.toml")
    return parser


def _fetch(names: Sequence[str], settings: ModelStoreSettings, lock: ModelLock) -> int:
    def run(reporter: Reporter) -> int:
        started_s = time.monotonic()
        folders = fetch(names or None, settings=settings, lock=lock, reporter=reporter)
        total = sum(lock.get(folder.name).size for folder in folders)
        reporter.say(
            f"{len(folders)} models, {total / 1e6:.0f} MB, in {settings.models_dir} "
            f"({time.monotonic() - started_s:.1f} s)"
        )
        return 0

    console = Console()
    if console.is_terminal:
        with Bar(console) as bar:
            return run(bar)
    return run(Lines())


def _state(name: str, settings: ModelStoreSettings, lock: ModelLock, *, again: bool) -> str:
    try:
        verify(lock.get(name), settings, again=again)
    except ModelMissingError:
        return "missing"
    except DigestError:
        return "damaged"
    return "verified"


def _list(names: Sequence[str], settings: ModelStoreSettings, lock: ModelLock) -> int:
    wanted = wanted_models(settings, lock)
    print(f"{'name':<20} {'kind':<8} {'MB':>7} {'on disk':<9} {'asked for':<9} licence, what it is")
    for model in [lock.get(name) for name in names or lock.names]:
        state = _state(model.name, settings, lock, again=False)
        asked = "yes" if model.name in wanted else ""
        print(
            f"{model.name:<20} {model.kind:<8} {model.size / 1e6:>7.1f} {state:<9} {asked:<9} "
            f"{model.licence}: {model.description}"
        )
    return 0


def _verify(names: Sequence[str], settings: ModelStoreSettings, lock: ModelLock) -> int:
    chosen = names or [model.name for model in lock.models() if folder_of(model, settings).is_dir()]
    failures = 0
    for name in chosen:
        try:
            folder = verify(lock.get(name), settings)
        except ModelStoreError as error:
            failures += 1
            print(f"models: {name}: {error}", file=sys.stderr, flush=True)
        else:
            print(f"models: {name}: verified in {folder}", flush=True)
    return 1 if failures else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status (0 done, 1 failed, 2 misused)."""
    options = _parser().parse_args(arguments)
    run = {"fetch": _fetch, "list": _list, "verify": _verify}[options.command]
    try:
        settings = ModelStoreSettings()
        return run(options.names, settings, load_lock(settings.lock_file))
    except ModelStoreError as error:
        print(f"models: {error}", file=sys.stderr)
        return 1
    except ValidationError as error:
        for item in error.errors(include_url=False, include_context=False):
            print(f"models: setting {item['loc'][0]}: {item['msg']}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("models: stopped; the next fetch continues", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
