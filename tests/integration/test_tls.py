"""TLS and mTLS between the gateway and a service, and certificates that are replaced while both run."""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import grpc
import pytest
import trustme
from botocore.exceptions import SSLError

from nonet.language.v1 import language_pb2 as pb
from nonet.language.v1 import language_pb2_grpc
from shared.rpc import upstream
from tests.running import nonet

REQUEST = pb.DetectDominantLanguageRequest(text="The weather is fine today.")


class Authority:
    """A certificate authority, and the files of one process that it signed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.root, self.certificate, self.key = folder / "root.pem", folder / "chain.pem", folder / "key.pem"
        self.replace()

    def replace(self) -> None:
        """A new authority and a new certificate into the same files: whoever goes on with the old ones is refused."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.root)
        issued = authority.issue_cert("127.0.0.1", "localhost")
        issued.private_key_pem.write_to_path(self.key)
        self.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))

    def settings(self) -> dict[str, Path]:
        return {
            "tls_certificate": self.certificate,
            "tls_key": self.key,
            "tls_client_authority": self.root,
            "tls_upstream_authority": self.root,
        }

    def channel(self, address: str, *, shown: bool = True) -> grpc.Channel:
        key, chain = (self.key.read_bytes(), self.certificate.read_bytes()) if shown else (None, None)
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(self.root.read_bytes(), key, chain))


@pytest.fixture
def suite_authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "certificates")


@pytest.fixture
def service(tmp_path: Path, suite_authority: Authority) -> Iterator[str]:
    """Address of a language service that takes calls of the suite alone."""
    with nonet(tmp_path / "service", services="language", **suite_authority.settings()) as addresses:
        assert addresses.http.startswith("https://")
        yield addresses.grpc


def language_of(channel: grpc.Channel) -> str:
    with channel:
        answer = language_pb2_grpc.LanguageStub(channel).DetectDominantLanguage(REQUEST, timeout=30)
    return str(answer.languages[0].language_code)


def test_boto3_reaches_a_service_through_two_hops_of_tls(
    tmp_path: Path, service: str, suite_authority: Authority
) -> None:
    settings = suite_authority.settings()
    del settings["tls_client_authority"]  # programs for AWS have no certificate: the gateway asks for signatures
    with nonet(tmp_path / "front", services="gateway", upstreams={"language": service}, **settings) as front:

        def boto(verify: Path | None):  # type: ignore[no-untyped-def]
            return boto3.client(
                "comprehend", endpoint_url=front.http, region_name="us-east-1", verify=verify and str(verify)
            )

        answer = boto(suite_authority.root).detect_dominant_language(Text=REQUEST.text)
        assert answer["Languages"][0]["LanguageCode"] == "en"
        with pytest.raises(SSLError):
            boto(None).detect_dominant_language(Text=REQUEST.text)


def test_a_service_takes_calls_of_the_suite_alone(tmp_path: Path, service: str, suite_authority: Authority) -> None:
    assert language_of(suite_authority.channel(service)) == "en"
    stranger = Authority(tmp_path / "stranger")
    forged = grpc.ssl_channel_credentials(
        suite_authority.root.read_bytes(), stranger.key.read_bytes(), stranger.certificate.read_bytes()
    )
    for channel in (
        suite_authority.channel(service, shown=False),
        grpc.secure_channel(service, forged),
        grpc.insecure_channel(service),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            language_of(channel)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_certificates_are_replaced_without_a_restart(
    tmp_path: Path, service: str, suite_authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "STAMP_SECONDS", 0.0)
    monkeypatch.setattr("gateway.process.STAMP_SECONDS", 0.05)
    settings = suite_authority.settings()
    with nonet(tmp_path / "front", services="gateway", upstreams={"language": service}, **settings) as front:

        def language() -> str:
            return language_of(suite_authority.channel(front.grpc))

        def verified() -> bool:
            context = ssl.create_default_context(cafile=str(suite_authority.root))
            try:
                with urllib.request.urlopen(f"{front.http}/_nonet/live", context=context, timeout=30) as page:
                    return page.status == 200
            except urllib.error.URLError:
                return False

        assert (language(), verified()) == ("en", True)
        suite_authority.replace()
        assert language() == "en", "both hops are made anew with the new files"
        until = time.monotonic() + 60
        while not verified():
            assert time.monotonic() < until, "HTTPS never showed the new certificate"
            time.sleep(0.05)


def test_settings_that_do_not_go_together_are_refused(tmp_path: Path, suite_authority: Authority) -> None:
    for settings in (
        {"tls_key": suite_authority.key},
        {"tls_client_authority": suite_authority.root},
        {"tls_upstream_authority": tmp_path / "nothing.pem"},
    ):
        with pytest.raises(ValueError, match="NONET_TLS_"), nonet(tmp_path / "refused", **settings):
            raise AssertionError("it started")
