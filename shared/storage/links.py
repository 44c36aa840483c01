"""Links to objects that anybody can follow who was given them: presigned GETs of this installation's own S3.

Source of the signature: "Authenticating requests: using query parameters (AWS Signature Version 4)" in the Amazon S3
API reference; the server checks it in shared/auth/sigv4.py.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from urllib.parse import quote, urlsplit

from shared.auth.sigv4 import ALGORITHM, UNSIGNED_PAYLOAD, Credential, HttpRequest, canonical_request, signing_key
from shared.rpc.call import HOST_KEY, Call
from shared.settings import Settings
from shared.storage.names import ObjectName


def base_url(settings: Settings, call: Call) -> str:
    """Where clients reach our S3: as configured, as the caller addressed us, or where we listen; no final slash."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    if host := call.metadata.get(HOST_KEY):
        return f"http://{host}"
    literal = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{literal}:{settings.http_port}"


def address(settings: Settings, call: Call, place: ObjectName) -> str:
    """The plain URL of an object; who reads it signs the request, as for any object of theirs."""
    return f"{base_url(settings, call)}/{quote(place.bucket)}/{quote(place.key, safe='/-_.~')}"


def presigned(
    settings: Settings, call: Call, place: ObjectName, seconds: int, now: datetime.datetime | None = None
) -> str:
    """A GET of the object in the caller's name, good for so many seconds.

    A caller without an access key (gRPC, or nobody needs one here) gets the plain URL.
    """
    url = address(settings, call, place)
    principal = call.principal
    if not principal.secret_access_key:
        return url
    moment = now or datetime.datetime.now(datetime.UTC)
    credential = Credential(
        principal.access_key_id, moment.strftime("%Y%m%d"), call.region, "s3", ("host",), "", moment, seconds,
        UNSIGNED_PAYLOAD,
    )  # fmt: skip
    parts = urlsplit(url)
    stamp = moment.strftime("%Y%m%dT%H%M%SZ")
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credential.access_key_id}/{credential.scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in parameters.items())
    request = HttpRequest("GET", parts.path, query, {"host": parts.netloc})
    canonical = canonical_request(request, credential.signed_headers, UNSIGNED_PAYLOAD, is_s3=True)
    text = "\n".join((ALGORITHM, stamp, credential.scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = signing_key(principal.secret_access_key, credential)
    return f"{url}?{query}&X-Amz-Signature={hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}"
