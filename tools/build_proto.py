"""proto/ -> Python: ``python -m tools.build_proto`` writes the modules under ``sdk/nonet`` when proto/ changed."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[1]
PROTO_ROOT = ROOT / "proto"
OUTPUT = ROOT / "sdk"
STAMP = OUTPUT / "nonet" / "api" / "v1" / ".proto-digest"


def digest(files: list[Path]) -> str:
    hasher = hashlib.sha256(Path(grpc_tools.__file__).with_name("_protoc_compiler.pyx").name.encode())
    for file in files:
        hasher.update(file.relative_to(PROTO_ROOT).as_posix().encode())
        hasher.update(file.read_bytes())
    return hasher.hexdigest()


def main() -> int:
    files = sorted(PROTO_ROOT.rglob("*.proto"))
    wanted = digest(files)
    if STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    include = Path(grpc_tools.__file__).with_name("_proto")
    arguments = ["protoc", f"-I{PROTO_ROOT}", f"-I{include}", f"--python_out={OUTPUT}", f"--pyi_out={OUTPUT}"]
    arguments.append(f"--grpc_python_out={OUTPUT}")
    status = protoc.main([*arguments, *(str(file) for file in files)])
    if status != 0:
        return int(status)
    for file in files:
        package = OUTPUT / file.relative_to(PROTO_ROOT).parent
        for directory in (package, package.parent):
            (directory / "__init__.py").touch()
    STAMP.write_text(wanted)
    print(f"built {len(files)} proto files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
