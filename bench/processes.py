"""Services as processes of their own, as a cluster runs them: one a service, each at a port that stays its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.registry import REGISTRY
from shared.rpc.host import service_folder

ROOT = Path(__file__).resolve().parents[1]
#: Every service folder.
FOLDERS = sorted({service_folder(reference) for reference in REGISTRY.values()})
PATIENCE_SECONDS = 120
#: What serves the service whose name follows.
SERVE = (sys.executable, "-m", "nonet.cli", "serve")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings as the variables that a process reads."""
    return {
        f"NONET_{name.upper()}": json.dumps(value) if isinstance(value, dict | list) else str(value)
        for name, value in settings.items()
    }


class Processes:
    """Starts ``replicas`` of each service; each calls the others where they are. Leaving kills what still runs."""

    def __init__(
        self,
        services: Iterable[str],
        settings: Mapping[str, Any],
        replicas: int = 1,
        log: Path | None = None,
        command: Sequence[str] = SERVE,
    ) -> None:
        self._settings = dict(settings)
        self._ports = {name: [free_port() for _ in range(replicas)] for name in services}
        self._running: dict[tuple[str, int], subprocess.Popen[bytes]] = {}
        self._log = log
        self._command = command

    @property
    def names(self) -> list[tuple[str, int]]:
        """(service, replica) of every process."""
        return [(name, replica) for name, ports in self._ports.items() for replica in range(len(ports))]

    @property
    def upstreams(self) -> dict[str, str]:
        """What ``NONET_UPSTREAMS`` is for whoever calls them."""
        return {name: "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports) for name, ports in self._ports.items()}

    def address(self, name: str, replica: int = 0) -> str:
        """host:port where one speaks gRPC."""
        return f"127.0.0.1:{self._ports[name][replica]}"

    def pid(self, name: str, replica: int = 0) -> int:
        return self._running[name, replica].pid

    def start(self, name: str, replica: int = 0) -> None:
        """Start one and return at once."""
        others = {other: address for other, address in self.upstreams.items() if other != name}
        settings = {**self._settings, "services": name, "upstreams": {**others, **self._settings.get("upstreams", {})}}
        settings |= {"http_port": 0, "grpc_port": self._ports[name][replica]}
        log = subprocess.DEVNULL if self._log is None else self._log.open("ab")
        try:
            self._running[name, replica] = subprocess.Popen(
                [*self._command, name],
                env={**os.environ, **environment(settings)}, cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip
        finally:
            if not isinstance(log, int):
                log.close()

    def kill(self, name: str, replica: int = 0) -> None:
        """kill -9."""
        process = self._running.pop((name, replica))
        process.kill()
        process.wait()

    def stop(self, name: str, replica: int = 0) -> None:
        """SIGTERM, and wait for the end of what runs.

        Raises:
            AssertionError: the process ended in disorder.
        """
        process = self._running.pop((name, replica))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0, f"{name} ended in disorder"

    def wait(self, name: str, replica: int = 0) -> None:
        """Until its health check says that it serves.

        Raises:
            AssertionError: the process ended, or says nothing.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            assert self._running[name, replica].poll() is None, f"{name} ended as it started"
            try:
                with grpc.insecure_channel(self.address(name, replica)) as channel:
                    answer = health_pb2_grpc.HealthStub(channel).Check(
                        health_pb2.HealthCheckRequest(), timeout=10, wait_for_ready=True
                    )
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
            except grpc.RpcError:
                assert time.monotonic() < until, f"{name} does not answer"

    def __enter__(self) -> Processes:
        for name, replica in self.names:
            self.start(name, replica)
        try:
            for name, replica in self.names:
                self.wait(name, replica)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


@contextlib.contextmanager
def gateway(upstreams: Mapping[str, str], settings: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """``nonet serve gateway`` before them, in a process of its own too: its HTTP port and its process id."""
    settings = {**settings, "upstreams": dict(upstreams), "job_workers": 0, "http_port": 0, "grpc_port": 0}
    process = subprocess.Popen(
        [*SERVE, "gateway"], env={**os.environ, **environment(settings)}, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ports = (found[1] for line in process.stdout if (found := re.search(r"http://\S+:(\d+)\s+gRPC", line)))
        yield int(next(ports)), process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
