"""Every setting of the suite. Each is an environment variable ``NONET_<NAME>``; docs/settings.md lists them all."""

from __future__ import annotations

import functools
import ipaddress
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 1024 * 1024


class Settings(BaseSettings):
    """Read from the environment; a name that is not known is an error of whoever set it, but never of ours."""

    model_config = SettingsConfigDict(env_prefix="NONET_", frozen=True)

    # -- where things are
    data_directory: Path = Field(
        default=Path.home() / ".nonet",
        description="Folder of the database, objects, pulled models and engine environments.",
    )
    database_url: str = Field(
        default="", description="SQLAlchemy URL of a PostgreSQL database; empty = SQLite in the data directory."
    )
    object_store_url: str = Field(
        default="",
        description="URL of an S3-compatible store (s3://bucket?endpoint=...); empty = a folder in the data directory.",
    )
    model_mirror: Path | None = Field(
        default=None, description="Folder that is asked for model files before the internet (for air-gapped sites)."
    )

    # -- where it listens
    host: str = Field(default="127.0.0.1", description="Address to bind. Any but loopback needs principals_file.")
    http_port: int = Field(
        default=4567, ge=0, le=65535, description="Port of the AWS endpoints and the console; 0 = any free one."
    )
    grpc_port: int = Field(default=4568, ge=0, le=65535, description="Port of the gRPC services; 0 = any free one.")
    public_url: str = Field(
        default="",
        description="URL by which clients reach the HTTP port, for links in answers; empty = http://host:port.",
    )

    # -- who may call
    principals_file: Path | None = Field(
        default=None,
        description="TOML file of access keys and bearer keys; without it any credentials are taken, on loopback only.",
    )
    default_account: str = Field(
        default="000000000000", pattern=r"^\d{12}$", description="Account of callers without a principal."
    )
    default_region: str = Field(default="us-east-1", description="Region of callers whose credentials name none.")
    tls_certificate: Path | None = Field(
        default=None, description="PEM file of this process's certificate chain: HTTP and gRPC then speak TLS."
    )
    tls_key: Path | None = Field(default=None, description="PEM file of the certificate's private key.")
    tls_client_authority: Path | None = Field(
        default=None,
        description="PEM file of the authority whose certificates gRPC callers must show (mTLS); empty = none needed.",
    )
    tls_upstream_authority: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed upstreams' certificates; empty = they speak plain HTTP/2.",
    )
    clock_skew_seconds: int = Field(default=900, ge=0, description="How far the time of a signature may be off.")

    # -- limits
    max_request_bytes: int = Field(
        default=32 * MEBIBYTE, gt=0, description="Largest request body of a service operation."
    )
    max_object_bytes: int = Field(
        default=5 * 1024 * MEBIBYTE, gt=0, description="Largest object that one S3 upload may write."
    )
    max_concurrent_requests: int = Field(
        default=256, gt=0, description="Operations in flight in one process; more are refused with ThrottlingException."
    )
    account_requests_per_second: float = Field(
        default=0,
        ge=0,
        description="Requests a second of one account in one process, a second's worth of them at once; 0 = any. "
        "The principals file may say otherwise for an account.",
    )
    account_concurrent_requests: int = Field(
        default=0, ge=0, description="Requests of one account in flight in one process; 0 = any. As above."
    )
    request_timeout_seconds: float = Field(default=300, gt=0, description="Longest time one operation may take.")
    drain_seconds: float = Field(default=20, ge=0, description="Time that running requests get after SIGTERM.")

    # -- models
    memory_budget_bytes: int = Field(
        default=0, ge=0, description="Main memory for loaded models; 0 = half of what the machine has."
    )
    gpu_budget_bytes: int = Field(
        default=0, ge=0, description="Memory for models on each GPU; 0 = 90 % of what it has."
    )
    gpu_priority: int = Field(
        default=0,
        description="Who comes first to the memory of a GPU that several processes share; idle models of lower "
        "or equal ones make room.",
    )
    face_index_bytes: int = Field(
        default=1024 * MEBIBYTE,
        ge=0,
        description="Main memory for the indexes of face collections; those used longest ago are let go.",
    )
    devices: str = Field(
        default="auto",
        description="Devices for models, comma separated: cpu, cuda:0, ...; auto = GPUs if any, then cpu.",
    )
    model_preferences: dict[str, list[str]] = Field(
        default_factory=dict,
        description='Model ids by task, the first that fits wins: {"detect-sentiment": ["my-model"]}.',
    )
    engine_threads: int = Field(
        default=0, ge=0, description="Threads that one model may use; 0 = one a core, at most 4."
    )

    # -- services and jobs
    services: str = Field(
        default="",
        description="Services to mount, comma separated (language,documents); empty = all without an upstream; "
        "gateway = none.",
    )
    upstreams: dict[str, str] = Field(
        default_factory=dict, description='Services that run elsewhere: {"language": "language.nonet.svc:4568"}.'
    )
    remote_models: dict[str, str] = Field(
        default_factory=dict,
        description='Models that other processes run: {"model-id": "gpu.nonet.svc:4568"}.',
    )
    upstream_bearer_key: str = Field(
        default="", description="Bearer key that this gateway shows to upstreams; its principal needs gateway = true."
    )
    job_workers: int = Field(
        default=2, ge=0, description="Jobs that run at once in one process; 0 = this replica runs none."
    )
    job_retention_days: int = Field(default=7, ge=1, description="Days that a finished job and its result are kept.")

    # -- orchestration: what Task states may call
    functions: dict[str, str] = Field(
        default_factory=dict,
        description="Functions that Task states and bots' code hooks call, by name, name:qualifier or ARN: "
        '{"name": "http://127.0.0.1:9000/path"}; grpc://host:port/package.Service/Method calls a unary method with '
        "the JSON as bytes.",
    )
    topics: dict[str, str] = Field(
        default_factory=dict,
        description='Webhooks of SNS topics and EventBridge buses, by name or ARN: {"alarms": "https://example.org/hook"}.',
    )
    queues: dict[str, str] = Field(
        default_factory=dict,
        description='Webhooks of SQS queues, by name, ARN or queue URL: {"orders": "https://example.org/hook"}.',
    )
    http_allowed_hosts: list[str] = Field(
        default_factory=list,
        description="Hosts that HTTP tasks may call by http:// or at private addresses: name, name:port or *.domain.",
    )
    http_connections: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        repr=False,
        description="Credentials of HTTP tasks, by name or ARN of their connection: "
        '{"crm": {"authorization": "API_KEY", "name": "x-api-key", "value": "...", "hosts": ["api.example.org"], '
        '"accounts": ["000000000000"]}}; without hosts and accounts it goes to any host, for any account.',
    )
    execution_retention_days: int = Field(
        default=90, ge=1, description="Days that an execution and its history are kept after its end."
    )

    # -- observability
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level that is logged."
    )
    log_format: str = Field(
        default="text", pattern="^(text|json)$", description="text for people, json for collectors."
    )
    audit_log: Path | None = Field(
        default=None,
        description="File that gets a line of JSON for each call: who, what, when, from where, with what outcome.",
    )
    otlp_endpoint: str = Field(
        default="", description="OpenTelemetry collector (http/protobuf) for traces; empty = no tracing."
    )

    @field_validator("data_directory")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can reach us."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def mounts(self, service: str) -> bool:
        """Whether the service folder ``service`` runs here: it is named, or nothing is and it runs nowhere else."""
        named = self.named_services
        return service in named if named else service not in self.upstreams

    @property
    def named_services(self) -> frozenset[str]:
        """The names in ``services``; "gateway" is one that mounts nothing."""
        return frozenset(name.strip() for name in self.services.split(",") if name.strip())


@functools.cache
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
