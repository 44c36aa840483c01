"""Every operation that names something, tried with what belongs to another account: nobody sees that it is there."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.model import Shape, StructureShape

from nonet.cli.keys import append
from services.registry import REGISTRY
from shared.auth.principals import new_principal
from shared.contract.apis import all_apis
from shared.rpc.host import implemented
from tests.running import client, nonet

ROLE = "arn:aws:iam::000000000001:role/any"
#: A word in the name of everything that is ann's.
MARK = "annsown"

#: The live interface of Transcribe keeps nothing that could be named.
APIS = {
    api.client: api
    for api in all_apis().values()
    if api.full_name in REGISTRY and api.client != "transcribe-streaming"
}
MODELS = {name: boto3.client(name, region_name="us-east-1").meta.service_model for name in APIS}
#: What an operation says of something that is not there; the services have a code of their own each.
ABSENT = re.compile("(There is|has|have) no |does not exist|not found|is unknown|is not there|is gone|cannot be read|is none of them", re.IGNORECASE)
LEXICON = (
    '<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en-US">'
    "<lexeme><grapheme>W3C</grapheme><alias>World Wide Web</alias></lexeme></lexicon>"
)
ALTERED = {"StartAt": "W", "States": {"W": {"Type": "Succeed"}}}
FACE = "11111111-2222-3333-4444-555555555555"
FILE = f"s3://{MARK}/a.csv"
SLOT_TYPE = {"slotTypeValues": [{"sampleValue": {"value": "a"}}], "valueSelectionSetting": {"resolutionStrategy": "OriginalValue"}}
#: What a request needs beside names, where the smallest value that the model allows is not enough.
REST: dict[str, dict[str, Any]] = {
    "forecast.CreateDatasetImportJob": {"DataSource": {"S3Config": {"Path": FILE, "RoleArn": ROLE}}},
    "lexv2-models.CreateBotAlias": {"botVersion": "1"},
    "lexv2-models.CreateBotVersion": {"botVersionLocaleSpecification": {"en_US": {"sourceBotVersion": "DRAFT"}}},
    "lexv2-models.CreateSlotType": SLOT_TYPE,
    "lexv2-models.DeleteBotAlias": {"botAliasId": "ABCDEFGHIJ"},
    "lexv2-models.DeleteBotVersion": {"botVersion": "1"},
    "lexv2-models.DescribeBotVersion": {"botVersion": "1"},
    "lexv2-models.UpdateBot": {"roleArn": ROLE},
    "lexv2-models.UpdateSlotType": SLOT_TYPE,
    "lexv2-runtime.RecognizeUtterance": {"requestContentType": "text/plain; charset=utf-8", "inputStream": b"Hello"},
    "personalize.CreateDatasetImportJob": {"dataSource": {"dataLocation": FILE}, "roleArn": ROLE},
    "personalize.CreateSolution": {"recipeArn": "arn:aws:personalize:::recipe/aws-popularity-count"},
    "polly.PutLexicon": {"Content": LEXICON},
    "rekognition.DeleteFaces": {"FaceIds": [FACE]},
    "rekognition.IndexFaces": {"Image": {"S3Object": {"Bucket": MARK, "Name": "a.png"}}},
    "rekognition.SearchFaces": {"FaceId": FACE},
    "stepfunctions.TagResource": {"tags": [{"key": "a", "value": "b"}]},
    "stepfunctions.UpdateStateMachine": {"definition": json.dumps(ALTERED)},
    "transcribe.CreateVocabulary": {"Phrases": ["lamp"]},
    "transcribe.CreateVocabularyFilter": {"Words": ["lamp"]},
    "transcribe.StartTranscriptionJob": {"LanguageCode": "en-US", "Media": {"MediaFileUri": f"s3://{MARK}/a.png"}},
    "transcribe.UpdateVocabulary": {"Phrases": ["lamp"]},
    "transcribe.UpdateVocabularyFilter": {"Words": ["lamp"]},
    "translate.ImportTerminology": {"TerminologyData": {"File": b"en,de\nshed,Laube\n", "Format": "CSV"}},
    "translate.TranslateDocument": {
        "Document": {"Content": b"shed", "ContentType": "text/plain"}, "SourceLanguageCode": "en", "TargetLanguageCode": "de",
    },
}  # fmt: skip
#: Those that make something of the caller's own, by a name that is free in their account: tried after all others.
MAKING = re.compile("Create|Put|Import|Start|Index")
#: Says of anything that is not there that it is gone, as AWS does.
FORGIVING = {"stepfunctions.DeleteActivity", "stepfunctions.DeleteStateMachine"}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Any]]:
    """(client name, "ann" or "bob") -> a boto3 client; ann is of account 000000000001, bob of 000000000002."""
    keys = tmp_path_factory.mktemp("keys") / "principals.toml"
    principals = {}
    for index, name in enumerate(("ann", "bob"), start=1):
        principals[name], _ = new_principal(name, f"{index:012d}")
        append(keys, principals[name])
    with nonet(tmp_path_factory.mktemp("isolated"), principals_file=keys, job_workers=0) as addresses:

        def make(name: str, who: str) -> Any:
            return client(
                name, addresses, config={"inject_host_prefix": False, "s3": {"addressing_style": "path"}},
                aws_access_key_id=principals[who].access_key_id,
                aws_secret_access_key=principals[who].secret_access_key,
            )  # fmt: skip

        yield make


@pytest.fixture(scope="module")
def belongings(people: Callable[[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Client -> member of a request -> what of ann's it may name."""
    ann = {name: people(name, "ann") for name in (*APIS, "s3")}
    ann["s3"].create_bucket(Bucket=MARK)
    ann["s3"].put_object(Bucket=MARK, Key="a.png", Body=b"x")
    location = {"S3Object": {"Bucket": MARK, "Name": "a.png"}}
    made: dict[str, dict[str, Any]] = {name: {} for name in APIS}

    vision = ann["rekognition"]
    arn = vision.create_collection(CollectionId=MARK)["CollectionArn"]
    made["rekognition"] = {"CollectionId": MARK, "ResourceArn": arn}

    job = ann["textract"].start_document_text_detection(DocumentLocation=location)["JobId"]
    made["textract"] = {"JobId": job}

    transcribe = ann["transcribe"]
    transcribe.create_vocabulary(VocabularyName=MARK, LanguageCode="en-US", Phrases=["lighthouse"])
    transcribe.create_vocabulary_filter(VocabularyFilterName=MARK, LanguageCode="en-US", Words=["secret"])
    made["transcribe"] = {"VocabularyName": MARK, "VocabularyFilterName": MARK, "TranscriptionJobName": MARK}
    made["transcribe"]["ResourceArn"] = f"arn:aws:transcribe:us-east-1:000000000001:vocabulary/{MARK}"

    ann["polly"].put_lexicon(Name=MARK, Content=LEXICON)
    made["polly"] = {"Name": MARK}

    ann["translate"].import_terminology(
        Name=MARK, MergeStrategy="OVERWRITE", TerminologyData={"File": b"en,de\nshed,Laube\n", "Format": "CSV"}
    )
    made["translate"] = {
        "Name": MARK, "ResourceArn": f"arn:aws:translate:us-east-1:000000000001:terminology/{MARK}/LATEST",
        "TerminologyNames": [MARK],
    }  # fmt: skip

    forecast = ann["forecast"]
    schema = {"Attributes": [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in (("timestamp", "timestamp"), ("target_value", "float"), ("item_id", "string"))
    ]}  # fmt: skip
    dataset = forecast.create_dataset(
        DatasetName=MARK, Domain="CUSTOM", DatasetType="TARGET_TIME_SERIES", DataFrequency="D", Schema=schema
    )["DatasetArn"]
    group = forecast.create_dataset_group(DatasetGroupName=MARK, Domain="CUSTOM", DatasetArns=[dataset])
    made["forecast"] = {
        "DatasetArn": dataset, "DatasetGroupArn": group["DatasetGroupArn"], "ResourceArn": dataset, "DatasetArns": [dataset],
    }  # fmt: skip

    personalize = ann["personalize"]
    avro = {"type": "record", "name": "Interactions", "namespace": "n", "version": "1.0", "fields": [
        {"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"}, {"name": "TIMESTAMP", "type": "long"},
    ]}  # fmt: skip
    schema_arn = personalize.create_schema(name=MARK, schema=json.dumps(avro))["schemaArn"]
    group_arn = personalize.create_dataset_group(name=MARK)["datasetGroupArn"]
    dataset_arn = personalize.create_dataset(
        name=MARK, schemaArn=schema_arn, datasetGroupArn=group_arn, datasetType="Interactions"
    )["datasetArn"]
    tracker = personalize.create_event_tracker(name=MARK, datasetGroupArn=group_arn)
    made["personalize"] = {
        "schemaArn": schema_arn, "datasetGroupArn": group_arn, "datasetArn": dataset_arn, "resourceArn": group_arn,
        "eventTrackerArn": tracker["eventTrackerArn"],
    }  # fmt: skip
    made["personalize-events"] = {"trackingId": tracker["trackingId"], "datasetArn": dataset_arn}

    lex = ann["lexv2-models"]
    bot = lex.create_bot(
        botName=MARK, roleArn=ROLE, dataPrivacy={"childDirected": False}, idleSessionTTLInSeconds=300
    )["botId"]  # fmt: skip
    lex.create_bot_locale(botId=bot, botVersion="DRAFT", localeId="en_US", nluIntentConfidenceThreshold=0.4)
    intent = lex.create_intent(intentName=MARK, botId=bot, botVersion="DRAFT", localeId="en_US")["intentId"]
    made["lexv2-models"] = {
        "botId": bot, "botVersion": "DRAFT", "localeId": "en_US", "intentId": intent,
        "resourceARN": f"arn:aws:lex:us-east-1:000000000001:bot/{bot}", "botAliasId": "TSTALIASID",
    }  # fmt: skip
    made["lexv2-runtime"] = {"botId": bot, "botAliasId": "TSTALIASID", "localeId": "en_US", "sessionId": "one"}

    states = ann["stepfunctions"]
    definition = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})
    machine = states.create_state_machine(name=MARK, definition=definition, roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    activity = states.create_activity(name=MARK)["activityArn"]
    made["stepfunctions"] = {
        "stateMachineArn": machine, "executionArn": execution, "activityArn": activity, "resourceArn": machine,
    }  # fmt: skip
    return made


def minimal(shape: Shape, depth: int = 0) -> Any:
    """A value that the shape's constraints allow, as small as they go."""
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(shape, StructureShape)
        return {name: minimal(shape.members[name], depth + 1) for name in shape.required_members}
    if kind == "list":
        return [minimal(shape.member, depth + 1)] * max(1, shape.metadata.get("min", 0))  # type: ignore[attr-defined]
    if kind == "map":
        return {}
    if kind == "string":
        values = shape.enum  # type: ignore[attr-defined]
        return values[0] if values else "a" * max(1, shape.metadata.get("min", 0))
    if kind in ("integer", "long", "float", "double"):
        return max(1, shape.metadata.get("min", 0))
    if kind == "timestamp":
        return datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return True if kind == "boolean" else b"x"


def of_nobody(value: Any) -> Any:
    """The same kind of name, of something that never was: another word for ours, other digits in what a machine made."""
    if isinstance(value, list):
        return [of_nobody(item) for item in value]
    head, separator, name = value.rpartition("/")
    if MARK in name:
        return f"{head}{separator}{name.replace(MARK, 'nobodys')}"
    if name in ("DRAFT", "en_US", "LATEST", "TSTALIASID", "one"):
        return f"{of_nobody(head)}{separator}{name}" if head else value
    return f"{head}{separator}{name.translate(str.maketrans('0123456789abcdefABCDEF', '1234567890bcdefaBCDEFA'))}"


CASES = [
    pytest.param(name, operation, id=f"{name}.{operation}")
    for name, operation in sorted(
        ((name, operation) for name, api in APIS.items() for operation in implemented(REGISTRY, api)),
        key=lambda pair: (MAKING.match(pair[1]) is not None, pair),
    )
    if not APIS[name].operations[operation].client_streaming
]


def outcome(method: Callable[..., Any], rest: dict[str, Any], names: dict[str, Any]) -> tuple[str, str]:
    """(error code, message), or ("", what was answered), without the names that the caller gave."""
    try:
        answer = method(**rest, **names)
        answer.pop("ResponseMetadata")
        code, told = "", repr(answer)
    except ClientError as error:
        code, told = error.response["Error"]["Code"], error.response["Error"]["Message"]
    for value in names.values():
        for name in [value] if isinstance(value, str) else value:
            told = told.replace(name, "...")
    return code, told


@pytest.mark.parametrize(("name", "operation"), CASES)
def test_what_is_anothers_is_as_if_it_were_not(
    people: Callable[[str, str], Any], belongings: dict[str, dict[str, Any]], name: str, operation: str
) -> None:
    shape = MODELS[name].operation_model(operation).input_shape
    known = {} if shape is None else {key: value for key, value in belongings[name].items() if key in shape.members}
    full_name = f"{name}.{operation}"
    given = REST.get(full_name, {})
    rest = {} if shape is None else {**minimal(shape), **given}
    known = {key: value for key, value in known.items() if key not in given}
    method = getattr(people(name, "bob"), APIS[name].operations[operation].method_name)
    rest = {key: value for key, value in rest.items() if key not in known}
    code, told = outcome(method, rest, known)
    assert MARK not in told or MAKING.match(operation), "an answer shows what is ann's"
    assert "000000000001" not in told
    if not known:
        return  # nothing of anybody's can be named: a list, or an operation on what the request brings along
    other_code, other_told = outcome(method, rest, {key: of_nobody(value) for key, value in known.items()})
    assert code == other_code
    if code:
        assert told == other_told, "the message tells that it is there"
        assert ABSENT.search(told), f"refused for another reason: {told}"
    elif not MAKING.match(operation):
        assert operation.startswith("List") or full_name in FORGIVING, told
        assert told == other_told


def test_all_of_it_is_still_there(people: Callable[[str, str], Any], belongings: dict[str, dict[str, Any]]) -> None:
    ann = {name: people(name, "ann") for name in (*APIS, "s3")}
    ann["rekognition"].describe_collection(CollectionId=MARK)
    ann["textract"].get_document_text_detection(**belongings["textract"])
    assert ann["transcribe"].get_vocabulary(VocabularyName=MARK)["VocabularyName"] == MARK
    ann["transcribe"].get_vocabulary_filter(VocabularyFilterName=MARK)
    ann["polly"].get_lexicon(Name=MARK)
    ann["translate"].get_terminology(Name=MARK)
    ann["forecast"].describe_dataset(DatasetArn=belongings["forecast"]["DatasetArn"])
    ann["personalize"].describe_event_tracker(eventTrackerArn=belongings["personalize"]["eventTrackerArn"])
    ann["lexv2-models"].describe_bot(botId=belongings["lexv2-models"]["botId"])
    states = belongings["stepfunctions"]
    assert ann["stepfunctions"].describe_execution(executionArn=states["executionArn"])["status"] == "RUNNING"
    machine = ann["stepfunctions"].describe_state_machine(stateMachineArn=states["stateMachineArn"])
    assert json.loads(machine["definition"]) != ALTERED and machine["status"] == "ACTIVE"
    ann["stepfunctions"].describe_activity(activityArn=states["activityArn"])
    assert ann["s3"].get_object(Bucket=MARK, Key="a.png")["Body"].read() == b"x"


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("get_object", {"Key": "a.png"}),
        ("head_object", {"Key": "a.png"}),
        ("put_object", {"Key": "b.png", "Body": b"y"}),
        ("delete_object", {"Key": "a.png"}),
        ("list_objects_v2", {}),
        ("create_multipart_upload", {"Key": "c.png"}),
        ("delete_bucket", {}),
    ],
)
def test_objects(people: Callable[[str, str], Any], belongings: Any, method: str, rest: dict[str, Any]) -> None:
    call = getattr(people("s3", "bob"), method)
    assert outcome(call, rest, {"Bucket": MARK})[0] in ("AccessDenied", "403"), "names of buckets are everybody's, as in S3"
