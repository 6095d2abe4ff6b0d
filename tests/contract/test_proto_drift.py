"""The committed modules of the contract are those that its .proto files give."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


def generated(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted((folder / "trinity").rglob("*"))
        if path.name.endswith(SUFFIXES)
    }


def test_the_generated_modules_are_current(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("proto_generate", PROTO / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.generate(tmp_path)
    fresh = generated(tmp_path)
    assert fresh
    assert generated(PROTO) == fresh, "run `make proto`"
