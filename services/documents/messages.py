"""Blocks as protobuf messages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nonet.documents.v1 import documents_pb2 as pb
from services.documents.blocks import Block


def block_message(block: Block) -> pb.Block:
    """``block`` in the contract's words; absent members stay absent."""
    message = pb.Block(block_type=block.kind, id=block.id, entity_types=block.entity_types)
    if block.polygon is not None:
        message.geometry.CopyFrom(geometry_message(block.polygon))
    for name, value in (
        ("confidence", block.confidence),
        ("text", block.text),
        ("text_type", block.text_type),
        ("row_index", block.row),
        ("column_index", block.column),
        ("row_span", block.row_span),
        ("column_span", block.column_span),
        ("page", block.page),
    ):
        if value is not None:
            setattr(message, name, value)
    if block.selected is not None:
        message.selection_status = "SELECTED" if block.selected else "NOT_SELECTED"
    if block.question is not None:
        message.query.text = block.question.text
        if block.question.alias is not None:
            message.query.alias = block.question.alias
        message.query.pages.extend(block.question.pages)
    for kind, ids in block.relationships.items():
        message.relationships.add(type=kind, ids=ids)
    return message


def geometry_message(polygon: npt.NDArray[np.float64]) -> pb.Geometry:
    """A polygon of shares (0..1) and the upright box around it."""
    left, top = polygon.min(axis=0).tolist()
    right, bottom = polygon.max(axis=0).tolist()
    message = pb.Geometry(bounding_box=pb.BoundingBox(width=right - left, height=bottom - top, left=left, top=top))
    for x, y in polygon.tolist():
        message.polygon.add(x=x, y=y)
    return message
