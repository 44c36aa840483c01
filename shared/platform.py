"""What every servicer is given: settings, models, objects, resources and jobs, opened together and closed together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from shared.auth.principals import PrincipalTable
from shared.jobs.queue import JobQueue
from shared.jobs.runner import JobPolicy
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.observability.audit import Audit
from shared.observability.metrics import RuntimeMetrics
from shared.rpc.certificates import Certificates
from shared.rpc.upstream import Upstream
from shared.runtime.device_leases import DeviceLeases
from shared.runtime.devices import find_devices
from shared.runtime.remote import RemoteBinding
from shared.runtime.runtime import Runtime
from shared.settings import Settings
from shared.storage.blobs import open_blobs
from shared.storage.database import Database
from shared.storage.objects import ObjectStore
from shared.storage.resources import ResourceStore

if TYPE_CHECKING:
    from shared.rpc.operations import Operations

SECONDS_A_DAY = 24 * 3600


@dataclass(slots=True)
class Platform:
    """Made once a process, by ``Platform.open``."""

    settings: Settings
    principals: PrincipalTable
    catalog: Catalog
    models: ModelStore
    runtime: Runtime
    database: Database
    resources: ResourceStore
    objects: ObjectStore
    jobs: JobQueue
    certificates: Certificates
    audit: Audit
    #: Address -> the way to another process of the suite, with this one's key and certificates.
    upstream: Callable[[str], Upstream]
    #: The suite's own operations, for services that chain others; set by the host that can call them.
    operations: Operations = field(init=False)

    @classmethod
    def open(cls, settings: Settings) -> Platform:
        """Open everything that the settings name; the database is migrated on the way.

        Raises:
            ValueError: settings that contradict each other, or files that are not what they should be.
        """
        if settings.principals_file is None and not settings.is_loopback:
            raise ValueError(
                f"NONET_HOST={settings.host} would let anybody on the network in. Make a key with "
                "`nonet keys create NAME` and name its file in NONET_PRINCIPALS_FILE, or bind 127.0.0.1."
            )
        settings.data_directory.mkdir(parents=True, exist_ok=True)
        principals = PrincipalTable.read(settings.principals_file, settings.default_account)
        models = ModelStore(settings.data_directory, settings.model_mirror)
        catalog = Catalog.load(added=models.added())
        certificates = Certificates.of(settings)
        upstream = partial(Upstream, bearer_key=settings.upstream_bearer_key, certificates=certificates)
        remote_models = {
            model_id: partial(_remote_binding, upstream, address, model_id)
            for model_id, address in settings.remote_models.items()
        }
        database = Database.open(settings.database_url or f"sqlite:///{settings.data_directory / 'nonet.db'}")
        devices, metrics = find_devices(settings), RuntimeMetrics()
        device_leases = DeviceLeases(database, devices, settings.gpu_priority, metrics=metrics)
        runtime = Runtime(catalog, models, devices, settings.model_preferences, metrics, remote_models, device_leases)
        blobs = open_blobs(settings.object_store_url or (settings.data_directory / "blobs").as_uri())
        jobs = JobQueue(database, blobs, JobPolicy(retention_s=settings.job_retention_days * SECONDS_A_DAY))
        return cls(
            settings=settings,
            principals=principals,
            catalog=catalog,
            models=models,
            runtime=runtime,
            database=database,
            resources=ResourceStore(database),
            objects=ObjectStore(database, blobs),
            jobs=jobs,
            certificates=certificates,
            audit=Audit.open(settings.audit_log),
            upstream=upstream,
        )

    async def close(self) -> None:
        """Give jobs and models back; running jobs have got their time before (``jobs.drain``)."""
        await self.runtime.close()
        self.database.close()
        self.audit.close()


def _remote_binding(upstream: Callable[[str], Upstream], address: str, model_id: str) -> RemoteBinding:
    # Called on the event loop, as channels have to be opened.
    return RemoteBinding(upstream(address), model_id)
