"""The calls that ``bench.kills`` makes, each with what its answer must be."""

from __future__ import annotations

import io
import itertools
import json
import math
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from PIL import Image, ImageDraw, ImageFont

from bench.conversations import TURNS, make_bot

CALLERS = 64
ROLE = "arn:aws:iam::000000000000:role/bench"
LEXICON = (
    '<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en-US">'
    "<lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme></lexicon>"
)
TEXTS = ("I love this place!", "This is the worst day of my life.", "The train leaves at nine.")
#: One text is asked for its sentiment and its translation side by side, and the execution is parked in between.
CHAIN = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Feel", "States": {"Feel": {
                    "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:comprehend:detectSentiment",
                    "Parameters": {"Text.$": "$.text", "LanguageCode": "en"}, "End": True}}},
                {"StartAt": "Wait", "States": {
                    "Wait": {"Type": "Wait", "Seconds": 2, "Next": "Say"},
                    "Say": {
                        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:translate:translateText",
                        "Parameters": {"Text.$": "$.text", "SourceLanguageCode": "en", "TargetLanguageCode": "de"},
                        "End": True}}},
            ],
            "End": True,
        }
    },
}  # fmt: skip


def picture(*lines: str) -> bytes:
    """A small PNG of black print on white."""
    page = Image.new("L", (420, 60 * len(lines) + 20), 255)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((15, 15 + 60 * number), line, font=ImageFont.load_default(size=36), fill=0)
    stored = io.BytesIO()
    page.save(stored, "PNG")
    return stored.getvalue()


def same(one: Any, other: Any) -> bool:
    """Whether two answers are equal, numbers to within a thousandth."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-3)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def content(answer: Any) -> Any:
    """What an answer says, without what names this answer alone: headers, ids of blocks."""
    if isinstance(answer, list):
        return [content(each) for each in answer]
    if isinstance(answer, dict):
        return {name: content(each) for name, each in answer.items() if name not in ("ResponseMetadata", "Id", "Ids")}
    return answer


class Session:
    """A conversation of ten turns; every answer must have all numbers that were said in it."""

    def __init__(self, lex: Any, bot_id: str) -> None:
        self._lex, self._bot_id = lex, bot_id
        self._name, self._turn = uuid.uuid4().hex, 0
        self.lock = threading.Lock()

    def say(self) -> tuple[Any, Any]:
        """The next turn: slots as answered, and as they must be. A turn that fails is the session's last."""
        turn, name = self._turn, self._name
        self._turn += 1
        if self._turn == TURNS:
            self._name, self._turn = uuid.uuid4().hex, 0
        try:
            answer = self._lex.recognize_text(
                botId=self._bot_id, botAliasId="TSTALIASID", localeId="en_US", sessionId=name,
                text=str(100 + turn) if turn else "take some numbers",
            )  # fmt: skip
        except BaseException:
            self._name, self._turn = uuid.uuid4().hex, 0
            raise
        slots = answer["sessionState"]["intent"]["slots"]
        filled = {slot: value["value"]["interpretedValue"] for slot, value in slots.items() if value}
        return filled, {f"N{number}": str(100 + number) for number in range(1, turn + 1)}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of call: the service that answers it, its share of all, and what gives an answer and what it must be."""

    name: str
    service: str
    share: int
    make: Callable[[], tuple[Any, Any]]


class Calls:
    """The calls of the load, on clients that make none again by themselves."""

    def __init__(self, port: int) -> None:
        self._endpoint = f"http://127.0.0.1:{port}"
        self._first: dict[str, Any] = {}
        self._random = random.Random(port)
        #: Acknowledged executions, by ARN, with their text; names of those whose start failed; acknowledged jobs.
        self.executions: dict[str, str] = {}
        self.failed_starts: list[str] = []
        self.jobs: list[str] = []
        self._textract, self._states = self._client("textract"), self._client("stepfunctions")
        self._comprehend, self._translate = self._client("comprehend"), self._client("translate")
        self._small = picture("Total 42.00")
        lex = self._client("lexv2-runtime")
        bot_id = make_bot(port)
        self._sessions: Iterator[Session] = itertools.cycle([Session(lex, bot_id) for _ in range(8)])
        machine = self._states.create_state_machine(name="kills", definition=json.dumps(CHAIN), roleArn=ROLE)
        self._machine = str(machine["stateMachineArn"])
        s3 = self._client("s3")
        s3.create_bucket(Bucket="kills")
        s3.put_object(Bucket="kills", Key="form.png", Body=picture("Invoice 2026-0519", "Due 2 June"))
        self.kinds = [
            Kind("DetectSentiment", "language", 24, self._feel),
            Kind("TranslateText", "translation", 4, self._say),
            Kind("RecognizeText", "conversation", 12, self._talk),
            Kind("StartExecution", "orchestration", 4, self._start),
            Kind("DetectDocumentText", "documents", 1, self._read),
            Kind("StartDocumentTextDetection", "documents", 1, self._begin),
            *self._readers(),
        ]

    def _client(self, name: str) -> Any:
        config = Config(
            retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=CALLERS,
            s3={"addressing_style": "path"},
        )  # fmt: skip
        return boto3.client(
            name, endpoint_url=self._endpoint, region_name="us-east-1", config=config,
            aws_access_key_id="any", aws_secret_access_key="any",
        )  # fmt: skip

    def _readers(self) -> Iterator[Kind]:
        """One cheap call to each of the other services, of what is made here for it."""
        rekognition, transcribe, polly = map(self._client, ("rekognition", "transcribe", "polly"))
        forecast, personalize = self._client("forecast"), self._client("personalize")
        rekognition.create_collection(CollectionId="kills")
        transcribe.create_vocabulary(VocabularyName="kills", LanguageCode="en-US", Phrases=["nonet"])
        while transcribe.get_vocabulary(VocabularyName="kills")["VocabularyState"] == "PENDING":
            pass
        polly.put_lexicon(Name="kills", Content=LEXICON)
        group = forecast.create_dataset_group(DatasetGroupName="kills", Domain="CUSTOM")["DatasetGroupArn"]
        people = personalize.create_dataset_group(name="kills")["datasetGroupArn"]
        while personalize.describe_dataset_group(datasetGroupArn=people)["datasetGroup"]["status"] != "ACTIVE":
            pass

        def kind(name: str, service: str, call: Callable[..., Any], **request: str) -> Kind:
            return Kind(name, service, 2, lambda: self._asked(name, call, **request))

        yield kind("DescribeCollection", "vision", rekognition.describe_collection, CollectionId="kills")
        yield kind("GetVocabulary", "transcription", transcribe.get_vocabulary, VocabularyName="kills")
        yield kind("GetLexicon", "speech", polly.get_lexicon, Name="kills")
        yield kind(
            "DescribeDatasetGroup of Forecast", "forecasting", forecast.describe_dataset_group, DatasetGroupArn=group
        )
        yield kind(
            "DescribeDatasetGroup of Personalize", "personalization", personalize.describe_dataset_group,
            datasetGroupArn=people,
        )  # fmt: skip

    def _asked(self, key: str, call: Callable[..., Any], **request: Any) -> tuple[Any, Any]:
        """The answer, and the first one that the same request had."""
        answer = content(call(**request))
        return answer, self._first.setdefault(key, answer)

    def _feel(self) -> tuple[Any, Any]:
        text = self._random.choice(TEXTS)
        return self._asked(f"feel {text}", self._comprehend.detect_sentiment, Text=text, LanguageCode="en")

    def _say(self) -> tuple[Any, Any]:
        text = self._random.choice(TEXTS)
        return self._asked(
            f"say {text}", self._translate.translate_text, Text=text, SourceLanguageCode="en", TargetLanguageCode="de"
        )

    def _read(self) -> tuple[Any, Any]:
        return self._asked("read", self._textract.detect_document_text, Document={"Bytes": self._small})

    def _talk(self) -> tuple[Any, Any]:
        session = next(self._sessions)
        with session.lock:
            return session.say()

    def _start(self) -> tuple[Any, Any]:
        name, text = uuid.uuid4().hex, self._random.choice(TEXTS)
        try:
            answer = self._states.start_execution(
                stateMachineArn=self._machine, name=name, input=json.dumps({"text": text})
            )
        except BaseException:
            self.failed_starts.append(name)
            raise
        self.executions[answer["executionArn"]] = text
        return answer["executionArn"], self._execution_arn(name)

    def _begin(self) -> tuple[Any, Any]:
        location = {"S3Object": {"Bucket": "kills", "Name": "form.png"}}
        job = self._textract.start_document_text_detection(DocumentLocation=location)["JobId"]
        self.jobs.append(job)
        return bool(job), True

    def _execution_arn(self, name: str) -> str:
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"

    def happened(self, name: str) -> bool:
        """Whether an execution whose start failed is there all the same."""
        try:
            self._states.describe_execution(executionArn=self._execution_arn(name))
        except self._states.exceptions.ExecutionDoesNotExist:
            return False
        return True

    def result_of_job(self, job: str) -> Any:
        """What an ended job found; None while it runs."""
        answer = self._textract.get_document_text_detection(JobId=job)
        return None if answer["JobStatus"] == "IN_PROGRESS" else content(answer)

    def result_of_execution(self, arn: str) -> Any:
        """What an ended execution came to; None while it runs."""
        answer = self._states.describe_execution(executionArn=arn)
        if answer["status"] == "RUNNING":
            return None
        output = json.loads(answer["output"]) if "output" in answer else None
        return {"status": answer["status"], "output": content(output), "cause": answer.get("cause")}
