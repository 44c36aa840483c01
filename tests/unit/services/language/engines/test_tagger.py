from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.language.tasks import ENTITY_TYPES, SYNTAX_TAGS, Document
from tests.unit.services.language.engines.texts import HARD_TEXTS

SPAN_MODELS = ["tagger-en-entities", "tagger-en-key-phrases", "tagger-en-pii"]
TEXT = "Mary Smith works for Siemens in Munich since 12 March 2019 and earns $5,000 a month."


def found(engine: Any, text: str) -> list[tuple[str, str]]:
    (spans,) = engine.run([Document(text, "en")])
    return [(text[s.begin : s.end], s.type) for s in spans]


def test_entities(load_engine: Callable[[str], Any]) -> None:
    entities = found(load_engine("tagger-en-entities"), TEXT)
    assert ("Mary Smith", "PERSON") in entities
    assert ("Siemens", "ORGANIZATION") in entities
    assert ("Munich", "LOCATION") in entities
    assert ("12 March 2019", "DATE") in entities
    assert ("$5,000", "QUANTITY") in entities
    assert {kind for _, kind in entities} <= set(ENTITY_TYPES)


CONTACT = "Call Mary Smith at +1 416 555 0199 or mail mary.smith@example.com; her card is 4111 1111 1111 1111."


def test_no_entity_is_a_part_of_a_number(load_engine: Callable[[str], Any]) -> None:
    entities = found(load_engine("tagger-en-entities"), CONTACT)
    assert entities == [
        ("Mary Smith", "PERSON"), ("+1 416 555 0199", "OTHER"), ("mary.smith@example.com", "OTHER"),
        ("4111 1111 1111 1111", "OTHER"),
    ]  # fmt: skip


def test_names_and_places_neither_begin_nor_end_with_small_words(load_engine: Callable[[str], Any]) -> None:
    text = "She lives at 12 High Street in Leeds and works for Siemens in Berlin since 5 May 2020."
    entities = found(load_engine("tagger-en-entities"), text)
    assert ("Siemens", "ORGANIZATION") in entities
    assert ("Berlin", "LOCATION") in entities
    places = [value for value, kind in found(load_engine("tagger-en-pii"), text) if kind == "ADDRESS"]
    assert places == ["12 High Street", "Leeds", "Berlin"]


def test_a_date_is_one_phrase_and_a_number_is_in_none(load_engine: Callable[[str], Any]) -> None:
    engine = load_engine("tagger-en-key-phrases")
    phrases = [text for text, _ in found(engine, "John paid with the card 4111 1111 1111 1111 on 5 May 2020.")]
    assert phrases == ["John", "the card", "5 May 2020"]


def test_key_phrases_have_their_determiners(load_engine: Callable[[str], Any]) -> None:
    phrases = [text for text, _ in found(load_engine("tagger-en-key-phrases"), "The old house has a leaking roof.")]
    assert phrases == ["The old house", "a leaking roof"]


def test_syntax(load_engine: Callable[[str], Any]) -> None:
    (tagged,) = load_engine("tagger-en-syntax").run([Document("She doesn't like the green apples.", "en")])
    assert [(t.token.text, t.tag) for t in tagged] == [
        ("She", "PRON"), ("does", "AUX"), ("n't", "PART"), ("like", "VERB"), ("the", "DET"), ("green", "ADJ"),
        ("apples", "NOUN"), (".", "PUNCT"),
    ]  # fmt: skip


def test_names_and_addresses(load_engine: Callable[[str], Any]) -> None:
    text = "Dear Mr. Miller,\nplease send it to 12 Park Lane, Leeds LS1 4AP. Call me on (07) 5331 0577."
    spans = found(load_engine("tagger-en-pii"), text)
    assert ("Miller", "NAME") in spans
    assert ("(07) 5331 0577", "PHONE") in spans
    assert any(kind == "ADDRESS" and "12 Park Lane, Leeds" in value for value, kind in spans)


def test_ordinary_text_holds_no_personal_data(load_engine: Callable[[str], Any]) -> None:
    engine = load_engine("tagger-en-pii")
    for text in ("The recipe needs 200 grams of sugar.", "ERROR worker 7 exited with status 1", "It costs $12.50."):
        assert found(engine, text) == []


@pytest.mark.parametrize("text", HARD_TEXTS)
@pytest.mark.parametrize("model", SPAN_MODELS)
def test_hard_texts_have_sound_spans(load_engine: Callable[[str], Any], model: str, text: str) -> None:
    (spans,) = load_engine(model).run([Document(text, "en")])
    place = 0
    for span in spans:
        assert place <= span.begin < span.end <= len(text)
        assert 0 < span.score <= 1 + 1e-6
        place = span.end


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_hard_texts_have_sound_tokens(load_engine: Callable[[str], Any], text: str) -> None:
    (tagged,) = load_engine("tagger-en-syntax").run([Document(text, "en")])
    for t in tagged:
        assert text[t.token.begin : t.token.end] == t.token.text
        assert t.tag in SYNTAX_TAGS
        assert 0 < t.score <= 1 + 1e-6


def test_offsets_after_emoji_count_code_points(load_engine: Callable[[str], Any]) -> None:
    text = "\U0001f600\U0001f600 Angela Merkel spoke in Berlin."
    assert ("Berlin", "LOCATION") in found(load_engine("tagger-en-entities"), text)


def test_company_in_a_batch_changes_nothing(load_engine: Callable[[str], Any]) -> None:
    engine = load_engine("tagger-en-entities")
    texts = [TEXT, "nothing", "Paris and Rome. " * 40, ""]
    together = engine.run([Document(t, "en") for t in texts])
    for text, spans in zip(texts, together, strict=True):
        (alone,) = engine.run([Document(text, "en")])
        assert [(s.begin, s.end, s.type) for s in spans] == [(s.begin, s.end, s.type) for s in alone]


def test_a_note_is_read_once_for_concepts_and_for_people(load_engine: Callable[[str], Any]) -> None:
    text = "Mr. Harold Penn, seen in Dayton, takes lisinopril for hypertension.\nParkinson's disease is stable."
    (reading,) = load_engine("clinical-tagger-en").run([Document(text, "en")])
    concepts = [(text[s.begin : s.end], s.type) for s in reading.concepts]
    assert ("lisinopril", "DRUG") in concepts
    assert ("hypertension", "PROBLEM") in concepts
    people = [text[s.begin : s.end] for s in reading.personal if s.type in ("NAME", "ADDRESS")]
    assert people[:2] == ["Harold Penn", "Dayton"]
    assert not any("Parkinson" in value for value in people)


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_hard_texts_have_sound_concepts(load_engine: Callable[[str], Any], text: str) -> None:
    (reading,) = load_engine("clinical-tagger-en").run([Document(text, "en")])
    spans = [*reading.concepts, *reading.personal]
    assert all(0 <= span.begin < span.end <= len(text) and 0 < span.score <= 1 + 1e-6 for span in spans)


def test_the_tasks_share_one_model(load_engine: Callable[[str], Any]) -> None:
    assert load_engine("tagger-en-syntax")._classifier is load_engine("tagger-en-pii")._classifier


@pytest.mark.slow
@pytest.mark.parametrize("text", ["a" * 100_000, "a b " * 25_000, "x1" * 50_000, "\u4e2d" * 33_000])
def test_100_kb_of_one_thing(load_engine: Callable[[str], Any], text: str) -> None:
    (spans,) = load_engine("tagger-en-entities").run([Document(text, "en")])
    assert all(s.end <= len(text) for s in spans)
