"""Intents by an encoder of the transformers library that is fine-tuned on a bot's utterances (Devlin et al. 2019).

This is the heavy engine: it needs torch, so its models name the engine environment ``transformers``. A checkpoint is a
folder with ``config.json``, weights as safetensors, and a tokenizer; nothing is fetched, and no code of a checkpoint is
run. A linear head over the mean of the pieces' states is learnt together with the topmost layers, as many as have
``MOST_TRAINED`` weights; what lies below is shared by all builds.
"""

from __future__ import annotations

import collections
import copy
import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.conversation.understanding.lessons import Labels, Learnt, Lesson, Matrix, Question, Slice
from shared import errors
from shared.models.catalog import CatalogEntry

#: Bounds what a build weighs (2 bytes a weight), and what learning needs (16 bytes a weight).
MOST_TRAINED = 32_000_000
LONGEST = 64  # pieces of a text that are read
#: Builds, and lessons, that are kept; the one that was used longest ago goes first.
MOST_BUILDS, MOST_LESSONS = 4, 2
#: How long others wait for a slice of a lesson.
SLICE_SECONDS = 0.3
BATCH, EPOCHS, STEPS_AT_LEAST = 32, 5, 240
#: Batches whose texts are shared out among them by length: padding costs as much as pieces do.
SORTED_BATCHES = 16
#: The share of the steps that is left once the texts that were aside are learnt, too.
LAST_SHARE = 0.2
#: Fine-tuned networks are surer than they are right (Guo et al. 2017).
TEMPERATURE = 2.0
RATE, HEAD_RATE, WARM_UP, DECAY, DROPOUT = 2e-4, 2e-3, 0.1, 0.01, 0.1
SEED = 7
#: Beside the weights of a build: the fingerprint of what they were learnt upon.
_CHECKPOINT = "checkpoint"


class FineTunedEncoder:
    """Lessons and slices in, shares and ``Learnt`` out; questions in, probabilities out: see ``lessons.py``."""

    def __init__(self, directory: Path, device: str) -> None:
        import transformers

        options = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(directory, use_fast=True, **options)
        self._encoder: Any = transformers.AutoModel.from_pretrained(directory, use_safetensors=True, **options)
        self._encoder.to(device).requires_grad_(False)
        _thaw(self._encoder)
        self._checkpoint = _fingerprint(directory)
        self._device = device
        self._lessons: collections.OrderedDict[str, Iterator[float | Learnt]] = collections.OrderedDict()
        self._builds: collections.OrderedDict[str, _Classifier] = collections.OrderedDict()

    def run(self, items: Sequence[Lesson | Slice | Question]) -> list[float | Learnt | Matrix | None]:
        return [self._tell(item) if isinstance(item, Question) else self._go_on(item) for item in items]

    def close(self) -> None:
        self._lessons.clear()
        self._builds.clear()
        self._encoder = None

    def _tell(self, question: Question) -> Matrix | None:
        classifier = self._builds.get(question.build)
        if classifier is None:
            if question.weights is None:
                return None
            classifier = _Classifier.load(self._encoder, question.weights, self._checkpoint)
            _keep(self._builds, question.build, classifier, MOST_BUILDS)
        self._builds.move_to_end(question.build)
        row: Matrix = classifier.probabilities(self._pieces([question.text]))[0]
        return row

    def _go_on(self, item: Lesson | Slice) -> float | Learnt:
        if isinstance(item, Lesson):
            _keep(self._lessons, item.name, self._learn(item), MOST_LESSONS)
        steps = self._lessons.get(item.name)
        if steps is None:
            raise errors.Unavailable("The lesson has made way for newer ones: begin it again.")
        end = time.monotonic() + SLICE_SECONDS
        for state in steps:
            if isinstance(state, Learnt):
                del self._lessons[item.name]
            if isinstance(state, Learnt) or time.monotonic() > end:
                return state
        raise errors.Internal("A lesson ended without a result.")

    def _learn(self, lesson: Lesson) -> Iterator[float | Learnt]:
        """One step after the other, with the share that is done; then what was learnt."""
        import torch
        import transformers

        torch.manual_seed(SEED)
        classifier = _Classifier(self._encoder, lesson.classes)
        groups = [
            {"params": [p for p in classifier.encoder.parameters() if p.requires_grad]},
            {"params": classifier.head.parameters(), "lr": HEAD_RATE},
        ]
        optimizer = torch.optim.AdamW(groups, RATE, weight_decay=DECAY)
        aside, rest = np.flatnonzero(lesson.aside), np.flatnonzero(~lesson.aside)
        count = max(STEPS_AT_LEAST, EPOCHS * -(-len(lesson.texts) // BATCH))
        schedule = transformers.get_linear_schedule_with_warmup(optimizer, round(WARM_UP * count), count)
        learns_all = count - round(LAST_SHARE * count)
        told = [np.zeros((0, lesson.classes), np.float32)]
        batches = _batches(rest, lesson.texts)
        for step in range(count):
            if step == learns_all:
                for begin in range(0, len(aside), BATCH):
                    told.append(classifier.probabilities(self._pieces(lesson.texts, aside[begin : begin + BATCH])))
                    yield step / count
                batches = _batches(np.arange(len(lesson.texts)), lesson.texts)
            some = next(batches)
            torch.manual_seed(SEED + step)  # others draw between two of our steps
            logits = classifier.logits(self._pieces(lesson.texts, some), learning=True)
            labels = torch.as_tensor(lesson.labels[some], device=self._device)
            loss = torch.nn.functional.cross_entropy(logits, labels)
            if not torch.isfinite(loss):
                raise errors.FailedPrecondition("The encoder cannot be fine-tuned: its weights grow without bounds.")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            yield (step + 1) / count
        yield Learnt(classifier.to_bytes(self._checkpoint), np.concatenate(told))

    def _pieces(self, texts: Sequence[str], rows: Sequence[int] | Labels = (0,)) -> Any:
        # The tokeniser refuses half characters.
        legible = [texts[i].encode("utf-8", "replace").decode() for i in rows]
        pieces = self._tokenizer(legible, truncation=True, max_length=LONGEST, padding=True, return_tensors="pt")
        return pieces.to(self._device)


class _Classifier:
    """An encoder of one build, whose frozen weights are those of all, and a head of its own."""

    def __init__(self, encoder: Any, classes: int) -> None:
        import torch

        shared = {id(p): p for p in encoder.parameters() if not p.requires_grad}
        self.encoder = copy.deepcopy(encoder, shared)
        self.head = torch.nn.Linear(encoder.config.hidden_size, classes, device=encoder.device)

    def logits(self, pieces: Any, learning: bool) -> Any:
        import torch

        self.encoder.train(learning)
        states = self.encoder(**pieces).last_hidden_state
        read = pieces["attention_mask"].unsqueeze(-1)
        mean = (states * read).sum(1) / read.sum(1)
        return self.head(torch.nn.functional.dropout(mean, DROPOUT, learning))

    def probabilities(self, pieces: Any) -> Matrix:
        import torch

        with torch.inference_mode():
            logits = self.logits(pieces, learning=False).float() / TEMPERATURE
            rows: Matrix = logits.softmax(-1).cpu().numpy()
        return rows

    def to_bytes(self, checkpoint: bytes) -> bytes:
        import safetensors.torch  # type: ignore[import-not-found]  # beside transformers
        import torch

        weights = {name: p.detach().to("cpu", torch.float16).contiguous() for name, p in self._learnt()}
        learnt_upon = torch.tensor(list(checkpoint), dtype=torch.uint8)
        return bytes(safetensors.torch.save({**weights, _CHECKPOINT: learnt_upon}))

    @classmethod
    def load(cls, encoder: Any, data: bytes, checkpoint: bytes) -> _Classifier:
        """What ``to_bytes`` gave. Raises FailedPrecondition if another checkpoint was fine-tuned."""
        import safetensors.torch
        import torch

        weights = safetensors.torch.load(data)
        if bytes(weights[_CHECKPOINT].tolist()) != checkpoint:
            raise errors.FailedPrecondition(
                "The bot locale was built with another checkpoint of that name: build it again, or add the former one."
            )
        classifier = cls(encoder, len(weights["head.bias"]))
        with torch.no_grad():
            for name, p in classifier._learnt():
                p.copy_(weights[name])
        return classifier

    def _learnt(self) -> Iterator[tuple[str, Any]]:
        """The weights that are this build's own, by name."""
        for part, module in (("encoder", self.encoder), ("head", self.head)):
            yield from ((f"{part}.{name}", p) for name, p in module.named_parameters() if p.requires_grad)


def _thaw(encoder: Any) -> None:
    """Let the topmost layers learn, as many as may, but one at least."""
    import torch

    layers = max((m for m in encoder.modules() if isinstance(m, torch.nn.ModuleList)), key=len, default=[encoder])
    left = MOST_TRAINED
    for place, layer in enumerate(reversed(layers)):
        left -= sum(p.numel() for p in layer.parameters())
        if left < 0 and place:
            return
        layer.requires_grad_(True)


def _fingerprint(directory: Path) -> bytes:
    """Of the weights, for a build knows only what it has changed of them."""
    digest = hashlib.sha256()
    for path in sorted(directory.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.digest()


def _batches(rows: Labels, texts: Sequence[str]) -> Iterator[Labels]:
    """Batches of ``rows`` without end, in another order each time round."""
    generator = np.random.default_rng(SEED)
    lengths = np.array([len(text) for text in texts])
    while True:
        order = generator.permutation(rows)
        for begin in range(0, len(order), BATCH * SORTED_BATCHES):
            some = order[begin : begin + BATCH * SORTED_BATCHES]
            some = some[np.argsort(lengths[some], kind="stable")]
            batches = [some[first : first + BATCH] for first in range(0, len(some), BATCH)]
            yield from (batches[i] for i in generator.permutation(len(batches)))


def _keep(kept: collections.OrderedDict[str, Any], name: str, value: Any, most: int) -> None:
    kept[name] = value
    kept.move_to_end(name)
    while len(kept) > most:
        kept.popitem(last=False)


def load(entry: CatalogEntry, directory: Path, device: str) -> FineTunedEncoder:
    """An ``AutoModel`` with ``last_hidden_state``, the states of its pieces."""
    return FineTunedEncoder(directory, device)
