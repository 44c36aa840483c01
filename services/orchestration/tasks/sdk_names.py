"""The names by which Step Functions knows the suite's APIs: those of the AWS SDK for Java.

The resource is ``arn:aws:states:::aws-sdk:<service>:<operation in camelCase>``, an error is
``<Prefix>.<Name>Exception``, and members of requests and answers begin with a capital whatever the wire says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contract.apis import Api, Operation, api_for_client


@dataclass(frozen=True, slots=True)
class SdkService:
    """One API, as the resource of a Task state and as boto3 spell it."""

    #: In resources, "lexruntimev2".
    name: str
    #: boto3's client, "lexv2-runtime".
    client: str
    #: In error names and causes, "LexRuntimeV2".
    prefix: str

    @property
    def api(self) -> Api:
        return api_for_client(self.client)


SERVICES: Mapping[str, SdkService] = {
    service.name: service
    for service in (
        SdkService("comprehend", "comprehend", "Comprehend"),
        SdkService("comprehendmedical", "comprehendmedical", "ComprehendMedical"),
        SdkService("forecast", "forecast", "Forecast"),
        SdkService("forecastquery", "forecastquery", "Forecastquery"),
        SdkService("lexmodelsv2", "lexv2-models", "LexModelsV2"),
        SdkService("lexruntimev2", "lexv2-runtime", "LexRuntimeV2"),
        SdkService("personalize", "personalize", "Personalize"),
        SdkService("personalizeevents", "personalize-events", "PersonalizeEvents"),
        SdkService("personalizeruntime", "personalize-runtime", "PersonalizeRuntime"),
        SdkService("polly", "polly", "Polly"),
        SdkService("rekognition", "rekognition", "Rekognition"),
        SdkService("sfn", "stepfunctions", "Sfn"),
        SdkService("textract", "textract", "Textract"),
        SdkService("transcribe", "transcribe", "Transcribe"),
        SdkService("translate", "translate", "Translate"),
    )
}


def pascal(name: str) -> str:
    """ "detectSentiment" -> "DetectSentiment"; what begins with a capital stays."""
    return name[:1].upper() + name[1:]


def find_operation(service: str, action: str) -> Operation | None:
    """The unary operation that ``aws-sdk:<service>:<action>`` names; None when the contract has none."""
    if service not in SERVICES or action[:1].isupper():
        return None
    operation = SERVICES[service].api.operations.get(pascal(action))
    if operation is None or operation.client_streaming or operation.server_streaming:
        return None
    return operation


def exception_name(service: SdkService, code: str) -> str:
    """The error's name in Retry and Catch: "Comprehend.TextSizeLimitExceededException".

    A code that the API does not document has no class of its own in the SDK: it is the API's general exception,
    "Comprehend.ComprehendException".
    """
    documented = {code for operation in service.api.operations.values() for code in operation.documented_errors}
    if code not in documented:
        return f"{service.prefix}.{service.prefix}Exception"
    return f"{service.prefix}.{class_name(code)}"


def class_name(code: str) -> str:
    """The SDK's class of an error code: every one ends in "Exception"."""
    if code.endswith("Exception"):
        return pascal(code)
    return pascal(code.removesuffix("Fault")) + "Exception"


def error_cause(message: str, service: str, status: int, request_id: str) -> str:
    """What the SDK says of a refused request."""
    return f"{message} (Service: {service}, Status Code: {status}, Request ID: {request_id})"
