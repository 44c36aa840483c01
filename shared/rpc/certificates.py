"""TLS between processes: certificate files, read again for new connections once they have changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc

from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of this process: with ``certificate`` it serves TLS, with ``upstream_ca`` it calls others by TLS."""

    certificate: Path | None = None
    key: Path | None = None
    #: Callers must show a certificate that this authority signed (mTLS).
    client_ca: Path | None = None
    #: The authority that signed the certificates of the processes that this one calls.
    upstream_ca: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Certificates:
        """The files that the settings name.

        Raises:
            ValueError: settings that do not go together, or a file that is not there.
        """
        files = cls(
            settings.tls_certificate, settings.tls_key, settings.tls_client_authority, settings.tls_upstream_authority
        )
        if (files.certificate is None) != (files.key is None):
            raise ValueError("NONET_TLS_CERTIFICATE and NONET_TLS_KEY go together: set both or neither.")
        if files.client_ca is not None and files.certificate is None:
            raise ValueError("NONET_TLS_CLIENT_AUTHORITY needs NONET_TLS_CERTIFICATE: without TLS nobody shows one.")
        for path in files._paths():
            if not path.is_file():
                raise ValueError(f"{path}, which a setting NONET_TLS_... names, is not a file.")
        return files

    def stamp(self) -> tuple[int, ...]:
        """Another value once a file has been replaced."""
        return tuple(path.stat().st_mtime_ns for path in self._paths())

    def server_credentials(self) -> grpc.ServerCredentials | None:
        """For a gRPC server; each new connection gets the certificate that is in the files by then."""
        if self.certificate is None:
            return None
        known = [self.stamp()]

        def changed() -> grpc.ServerCertificateConfiguration | None:
            try:
                stamp = self.stamp()
                if stamp == known[0]:
                    return None
                configuration = self._server_configuration()
            except OSError:  # in the middle of being replaced: the old one is good for one more connection
                return None
            known[0] = stamp
            return configuration

        return grpc.dynamic_ssl_server_credentials(
            self._server_configuration(),
            changed,  # type: ignore[arg-type]  # the stubs forget that None is "no change"
            require_client_authentication=self.client_ca is not None,
        )

    def channel_credentials(self) -> grpc.ChannelCredentials | None:
        """For a channel to another process, with our own certificate as the client's."""
        if self.upstream_ca is None:
            return None
        key = None if self.key is None else self.key.read_bytes()
        chain = None if self.certificate is None else self.certificate.read_bytes()
        return grpc.ssl_channel_credentials(self.upstream_ca.read_bytes(), key, chain)

    def _server_configuration(self) -> grpc.ServerCertificateConfiguration:
        assert self.certificate is not None and self.key is not None
        authority = None if self.client_ca is None else self.client_ca.read_bytes()
        return grpc.ssl_server_certificate_configuration(
            [(self.key.read_bytes(), self.certificate.read_bytes())], authority
        )

    def _paths(self) -> list[Path]:
        return [path for path in (self.certificate, self.key, self.client_ca, self.upstream_ca) if path is not None]
