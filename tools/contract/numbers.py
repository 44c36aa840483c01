"""Field numbers that the proto files on disk have given away: once given, never changed, never given again."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

FIRST_IMPLEMENTATION_RESERVED, LAST_IMPLEMENTATION_RESERVED = 19000, 19999


@dataclass
class MessageNumbers:
    """Numbers of one message: those in use by field name, and those that removed fields left behind."""

    used: dict[str, int] = field(default_factory=dict)
    retired: dict[str, int] = field(default_factory=dict)

    def assign(self, names: list[str]) -> MessageNumbers:
        """Keep what ``names`` already have, number the new ones upwards, retire those that are gone."""
        retired = dict(self.retired)
        retired.update({name: number for name, number in self.used.items() if name not in names})
        taken = max([0, *self.used.values(), *retired.values()])
        used: dict[str, int] = {}
        for name in names:
            if name in self.used:
                used[name] = self.used[name]
            elif name in retired:  # a field that came back means what it meant
                used[name] = retired.pop(name)
            else:
                taken += 1
                if taken == FIRST_IMPLEMENTATION_RESERVED:
                    taken = LAST_IMPLEMENTATION_RESERVED + 1
                used[name] = taken
        return MessageNumbers(used, retired)


def compile_descriptors(proto_root: Path, files: list[str]) -> descriptor_pb2.FileDescriptorSet:
    """Descriptors of ``files`` (relative to ``proto_root``) by protoc; raises ValueError when it refuses them."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "descriptors.binpb"
        include = Path(grpc_tools.__file__).with_name("_proto")
        status = protoc.main(["protoc", f"-I{proto_root}", f"-I{include}", f"--descriptor_set_out={output}", *files])
        if status != 0:
            raise ValueError(f"protoc refused {', '.join(files)}")
        return descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())


def read_numbers(proto_root: Path, file: str) -> dict[str, MessageNumbers]:
    """Message name -> numbers of one existing proto file; empty when there is no such file yet."""
    if not (proto_root / file).exists():
        return {}
    (descriptor,) = compile_descriptors(proto_root, [file]).file
    numbers: dict[str, MessageNumbers] = {}
    for message in descriptor.message_type:
        used = {entry.name: entry.number for entry in message.field}
        reserved = [number for span in message.reserved_range for number in range(span.start, span.end)]
        # The writer puts reserved names and numbers in the same order, one to one.
        retired = dict(zip(message.reserved_name, reserved, strict=True))
        numbers[message.name] = MessageNumbers(used, retired)
    return numbers
