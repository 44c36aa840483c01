"""proto/ -> Python: ``python -m tools.build_proto`` writes the modules under ``sdk/nonet`` when proto/ changed."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import re
import sys
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

from tools.clients import client_module

ROOT = Path(__file__).resolve().parents[1]
PROTO_ROOT = ROOT / "proto"
OUTPUT = ROOT / "sdk"
#: A comment line and the rpc below it.
COMMENTED_RPC = re.compile(r"^  // (.+)\n  rpc (\w+)", re.MULTILINE)
STAMP = OUTPUT / "nonet" / "api" / "v1" / ".proto-digest"


def digest(files: list[Path]) -> str:
    """Changes whenever what is generated would: with the protos, the generators, or the version of protoc."""
    hasher = hashlib.sha256(importlib.metadata.version("grpcio-tools").encode())
    for generator in ("build_proto.py", "clients.py"):
        hasher.update(Path(__file__).with_name(generator).read_bytes())
    for file in files:
        hasher.update(file.relative_to(PROTO_ROOT).as_posix().encode())
        hasher.update(file.read_bytes())
    return hasher.hexdigest()


def write_clients(files: list[Path]) -> None:
    """Typed clients of the SDK, from the modules that protoc has just written."""
    sys.path.insert(0, str(OUTPUT))
    annotations_pb2 = importlib.import_module("nonet.api.v1.annotations_pb2")
    for file in files:
        package = file.parents[1].name
        if package == "api":  # options only
            continue
        descriptor = importlib.import_module(f"nonet.{package}.v1.{package}_pb2").DESCRIPTOR
        services = descriptor.services_by_name.values()
        if not any(service.GetOptions().HasExtension(annotations_pb2.api) for service in services):
            continue  # between processes of the suite, not for applications
        method_names = {
            method.name: method.GetOptions().Extensions[annotations_pb2.operation].method_name
            for service in services
            for method in service.methods
        }
        comments = {name: comment for comment, name in COMMENTED_RPC.findall(file.read_text())}
        proto = descriptor_pb2.FileDescriptorProto()
        descriptor.CopyToProto(proto)
        text = client_module(proto, method_names, comments)
        (OUTPUT / "nonet" / package / "v1" / f"{package}_client.py").write_text(text)


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
    write_clients(files)
    STAMP.write_text(wanted)
    print(f"built {len(files)} proto files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
