"""Messages of the API that say the same in different shapes, such as a description and its summary in a listing."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

M = TypeVar("M", bound=Message)


def copy_members(source: Message, target: M) -> M:
    """``target``, with each member that is set in ``source`` and that both have by name, of the same type."""
    wanted = target.DESCRIPTOR.fields_by_name
    for field, value in source.ListFields():
        if field.name not in wanted:
            continue
        if field.is_repeated:
            target.ClearField(field.name)
            getattr(target, field.name).MergeFrom(value)
        elif field.message_type is not None:
            getattr(target, field.name).CopyFrom(value)
        else:
            setattr(target, field.name, value)
    return target
