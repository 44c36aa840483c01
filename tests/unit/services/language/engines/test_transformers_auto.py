"""The heavy engine on tiny checkpoints that these tests build; skipped where torch is absent (its own environment has it)."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from services.language.tasks import Document
from shared import errors
from shared.models.catalog import CatalogEntry, Tier

torch = pytest.importorskip("torch", reason="torch is in the engine environment `transformers` only")
transformers = pytest.importorskip("transformers", reason="in the engine environment `transformers` only")

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "anna", "lives", "in", "paris", ".", "##s"]


def checkpoint(folder: Path, kind: str, labels: list[str]) -> Path:
    """A random BERT of 8 dimensions, saved as the library saves its own."""
    torch.manual_seed(1)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)},
    )  # fmt: skip
    getattr(transformers, kind)(config).save_pretrained(folder)
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def entry(engine: str, **options: Any) -> CatalogEntry:
    return CatalogEntry(
        id="tiny", task="any", engine=f"services.language.engines.transformers_auto:{engine}", tier=Tier.HEAVY,
        licence="none", description="built by a test", memory_bytes=1, environment="transformers", options=options,
    )  # fmt: skip


def test_sentiment(tmp_path: Path) -> None:
    from services.language.engines.transformers_auto import load_sentiment

    folder = checkpoint(tmp_path, "BertForSequenceClassification", ["negative", "neutral", "positive"])
    engine = load_sentiment(entry("load_sentiment"), folder, "cpu")
    short, long = engine.run([Document("good", "en"), Document("bad good " * 900, "en")])
    for s in (short, long):
        assert s.positive + s.negative + s.neutral + s.mixed == pytest.approx(1, abs=1e-5)
    assert short.mixed == 0  # the checkpoint knows no such class
    engine.close()


def test_labels_can_be_renamed_and_must_be_sentiments(tmp_path: Path) -> None:
    from services.language.engines.transformers_auto import load_sentiment

    folder = checkpoint(tmp_path, "BertForSequenceClassification", ["LABEL_0", "LABEL_1"])
    with pytest.raises(errors.FailedPrecondition, match=r"options\.labels"):
        load_sentiment(entry("load_sentiment"), folder, "cpu")
    engine = load_sentiment(entry("load_sentiment", labels=["negative", "positive"]), folder, "cpu")
    (s,) = engine.run([Document("good", "en")])
    assert s.positive + s.negative == pytest.approx(1, abs=1e-5)
    with pytest.raises(errors.FailedPrecondition, match="3 names for 2 classes"):
        load_sentiment(entry("load_sentiment", labels=["negative", "neutral", "positive"]), folder, "cpu")


def test_language(tmp_path: Path) -> None:
    from services.language.engines.transformers_auto import load_language

    folder = checkpoint(tmp_path, "BertForSequenceClassification", ["en", "fr", "de"])
    (ranked,) = load_language(entry("load_language"), folder, "cpu").run([Document("anna lives in paris .")])
    assert {r.code for r in ranked} <= {"en", "fr", "de"}
    assert [r.score for r in ranked] == sorted((r.score for r in ranked), reverse=True)


def test_syntax_has_a_tag_for_every_word(tmp_path: Path) -> None:
    from services.language.engines.transformers_auto import load_syntax

    folder = checkpoint(tmp_path, "BertForTokenClassification", ["NOUN", "VERB", "PROPN", "PUNCT", "X"])
    text = "Anna lives in Paris. \u4e2d \x00"
    (tagged,) = load_syntax(entry("load_syntax"), folder, "cpu").run([Document(text, "en")])
    assert [t.token.text for t in tagged[:5]] == ["Anna", "lives", "in", "Paris", "."]
    assert {t.tag for t in tagged} <= {"NOUN", "VERB", "PROPN", "PUNCT", "O"}


def test_entities_are_named_as_comprehend_names_them(tmp_path: Path) -> None:
    from services.language.engines.transformers_auto import load_entities

    folder = checkpoint(
        tmp_path, "BertForTokenClassification", ["O", "B-PER", "I-PER", "B-GPE", "I-GPE", "B-LOC", "I-LOC"]
    )
    text = "Anna lives in Paris. " * 60
    (spans,) = load_entities(entry("load_entities"), folder, "cpu").run([Document(text, "en")])
    assert {s.type for s in spans} <= {"PERSON", "LOCATION"}
    assert all(a.end <= b.begin for a, b in itertools.pairwise(spans))


def test_concepts_of_a_checkpoint_without_personal_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from services.language.engines.transformers_auto import load_medical

    labels = ["B-Medication", "I-Medication", "B-Sign_symptom", "I-Sign_symptom", "B-Severity"]
    folder = checkpoint(tmp_path, "BertForTokenClassification", labels)
    (reading,) = load_medical(entry("load_medical"), folder, "cpu").run([Document("Anna lives in Paris. " * 60, "en")])
    assert reading.concepts
    assert {s.type for s in reading.concepts} <= {"DRUG", "PROBLEM"}
    assert all(a.end <= b.begin for a, b in itertools.pairwise(reading.concepts))
    assert reading.personal is None
    assert "tiny: classes that are left out: B-Severity" in caplog.text


def test_personal_data_of_a_checkpoint_that_knows_it(tmp_path: Path) -> None:
    from services.language.engines.transformers_auto import load_medical

    folder = checkpoint(tmp_path, "BertForTokenClassification", ["L-PATIENT", "U-HOSP", "U-problem"])
    text = "Anna lives in Paris. " * 60 + "anna@example.org"
    (reading,) = load_medical(entry("load_medical"), folder, "cpu").run([Document(text, "en")])
    assert {s.type for s in reading.concepts} <= {"PROBLEM"}
    assert {s.type for s in reading.personal} <= {"NAME", "ADDRESS", "EMAIL"}
    assert "EMAIL" in {s.type for s in reading.personal}  # by rule


def test_a_checkpoint_without_concepts_is_refused_until_its_classes_are_named(tmp_path: Path) -> None:
    from services.language.engines.transformers_auto import load_medical

    folder = checkpoint(tmp_path, "BertForTokenClassification", ["LABEL_0", "LABEL_1"])
    with pytest.raises(errors.FailedPrecondition, match=r"options\.labels"):
        load_medical(entry("load_medical"), folder, "cpu")
    engine = load_medical(entry("load_medical", labels="O,I-TEST"), folder, "cpu")
    (reading,) = engine.run([Document("good bad", "en")])
    assert {s.type for s in reading.concepts} <= {"TEST"}
