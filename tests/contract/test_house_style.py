"""The size of modules, the public face of packages, and the one door of each engine."""

import ast
import importlib
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "agent",
    "bench",
    "caller",
    "control_api",
    "model_store",
    "speech_server",
    "stack",
    "trinity_cli",
)
CEILING_LINES = 400
MEDIAN_LINES = 150
# Each library and the only modules (or folders) that may import it, a package.
DOORS = {
    "speech_server": {
        "faster_whisper": ("engines",),
        "ctranslate2": ("engines",),
        "piper": ("engines",),
        "onnxruntime": ("engines",),
        "soxr": ("audio",),
    },
    "control_api": {
        "livekit": ("livekit",),
        "redis": ("store",),
        "grpc": ("speech.py",),
    },
    "trinity_cli": {
        "grpc": ("speech",),
        "trinity": ("speech",),
        "httpx": ("control_api.py", "doctor"),
        "soundfile": ("speech",),
    },
    "agent": {"ollama": ("llm", "llm.py"), "redis": ("transcripts", "transcripts.py")},
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def all_modules() -> list[Path]:
    return [path for package in PACKAGES for path in modules(package)]


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_no_module_is_long() -> None:
    sizes = {str(path.relative_to(ROOT)): lines(path) for path in all_modules()}
    assert {name: size for name, size in sizes.items() if size > CEILING_LINES} == {}


def test_the_usual_module_is_short() -> None:
    assert statistics.median(lines(path) for path in all_modules()) <= MEDIAN_LINES


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_names_its_public_face(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__doc__
    names = getattr(module, "__all__", None)
    if names is None:
        assert not modules(package)[1:] or package == "bench", f"{package} has no __all__"
        return
    assert list(names) == sorted(names)
    for name in names:
        assert hasattr(module, name), f"{package}.{name}"


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "bench"])
def test_modules_import_the_faces_of_other_packages_only(package: str) -> None:
    """Another package is imported as `import other` or `from other import name`.

    The benches are left out: they measure the parts from the inside.
    """
    wrong = []
    for path in modules(package):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                top, _, rest = node.module.partition(".")
                if top in PACKAGES and top != package and rest:
                    wrong.append(f"{path.relative_to(ROOT)}: {node.module}")
    assert wrong == []


@pytest.mark.parametrize(
    ("package", "library"), [(p, name) for p, libraries in DOORS.items() for name in libraries]
)
def test_each_engine_enters_by_one_door(package: str, library: str) -> None:
    doors = DOORS[package][library]
    users = {
        path.relative_to(ROOT / package).parts[0]
        for path in modules(package)
        if library in imported(path)
    }
    assert users <= set(doors)
