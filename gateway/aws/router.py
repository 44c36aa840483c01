"""Which operation a request means, and in which protocol it speaks.

One port serves every API: target prefixes are unique, and REST-JSON paths do not collide (docs/SURFACE facts 1, 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from shared import errors
from shared.contract.apis import Api, Operation

JSON, REST_JSON, CBOR = "json", "rest-json", "smithy-rpc-v2-cbor"


@dataclass(frozen=True, slots=True)
class Target:
    """An operation, the protocol of the request, and the labels in its path."""

    operation: Operation
    protocol: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Node:
    """One path segment of the REST routes: fixed words before labels."""

    words: dict[str, _Node] = field(default_factory=dict)
    label: _Node | None = None
    label_name: str = ""
    operations: dict[str, Operation] = field(default_factory=dict)
    names: tuple[str, ...] = ()


class Router:
    """Finds the target of a request from its headers and path alone."""

    def __init__(self, apis: Iterable[Api]) -> None:
        self._by_prefix: dict[str, Api] = {}
        self._rest: dict[str, _Node] = {}
        self._rest_signing_names: set[str] = set()
        for api in apis:
            if api.target_prefix:
                self._by_prefix[api.target_prefix] = api
            if REST_JSON in api.protocols:
                self._rest_signing_names.add(api.signing_name)
                for operation in api.operations.values():
                    self._add(operation)

    def _add(self, operation: Operation) -> None:
        self._add_route(operation, operation.http_method)
        if operation.presigned_get:
            self._add_route(operation, "GET")

    def _add_route(self, operation: Operation, method: str) -> None:
        node = self._rest.setdefault(method, _Node())
        names: list[str] = []
        for segment in _segments(operation.http_path):
            if segment.startswith("{"):
                names.append(segment.strip("{}+"))
                node.label = node.label or _Node()
                node = node.label
            else:
                node = node.words.setdefault(segment, _Node())
        node.operations[method] = operation
        node.names = tuple(names)

    def find(self, method: str, raw_path: str, headers: Mapping[str, str], signing_name: str | None) -> Target | None:
        """The target, or None when the request is none of the services' (S3, STS, the console).

        Raises:
            UnknownOperation: it names one of our APIs, but an operation that the contract does not have.
        """
        target = headers.get("x-amz-target")
        if target is not None:
            prefix, _, name = target.rpartition(".")
            return Target(self._named(prefix, name), JSON)
        if raw_path.startswith("/service/") and headers.get("smithy-protocol") == "rpc-v2-cbor":
            parts = raw_path.split("/")
            if len(parts) == 5 and parts[3] == "operation":
                return Target(self._named(parts[2], parts[4]), CBOR)
        if signing_name is not None and signing_name not in self._rest_signing_names:
            return None
        return self._find_rest(method, raw_path, signing_name)

    def _named(self, prefix: str, name: str) -> Operation:
        api = self._by_prefix.get(prefix)
        if api is None or name not in api.operations:
            raise errors.UnknownOperation("The requested operation is not part of any service here.")
        return api.operations[name]

    def _find_rest(self, method: str, raw_path: str, signing_name: str | None) -> Target | None:
        root = self._rest.get(method)
        found = _walk(root, _segments(raw_path), ()) if root is not None else None
        if found is None:
            if signing_name is not None:  # signed for one of our REST services, so it cannot be meant for S3
                raise errors.UnknownOperation("The requested operation is not part of any service here.")
            return None
        node, values = found
        labels = dict(zip(node.names, (unquote(value) for value in values), strict=True))
        return Target(node.operations[method], REST_JSON, labels)


def _segments(path: str) -> list[str]:
    return [segment for segment in path.partition("?")[0].split("/") if segment]


def _walk(node: _Node, segments: list[str], labels: tuple[str, ...]) -> tuple[_Node, tuple[str, ...]] | None:
    if not segments:
        return (node, labels) if node.operations else None
    word = node.words.get(segments[0])
    if word is not None and (found := _walk(word, segments[1:], labels)) is not None:
        return found
    return _walk(node.label, segments[1:], (*labels, segments[0])) if node.label is not None else None
