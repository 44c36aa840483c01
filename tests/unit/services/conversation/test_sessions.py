"""Sessions in the database: compare-and-set, expiry, and rows of one session alone."""

from __future__ import annotations

import asyncio

import pytest

from services.conversation.sessions import LARGEST_BYTES, SessionKey, SessionStore, StoredSession
from shared import errors
from shared.storage.database import Database
from tests.postgres import database, database_url

__all__ = ["database", "database_url"]

KEY = SessionKey("000000000000", "BOT", "ALIAS", "en_US", "ada")


async def test_a_session_is_written_over_the_version_it_was_made_from(database: Database) -> None:
    store = SessionStore(database)
    nothing = await store.load(KEY)
    assert nothing == StoredSession(0, None)
    await store.save(KEY, nothing, {"turn": 1}, 60)
    with pytest.raises(errors.Aborted):
        await store.save(KEY, nothing, {"turn": 9}, 60)
    first = await store.load(KEY)
    assert first == StoredSession(1, {"turn": 1})
    await store.save(KEY, first, {"turn": 2}, 60)
    with pytest.raises(errors.Aborted):
        await store.save(KEY, first, {"turn": 9}, 60)
    assert (await store.load(KEY)).document == {"turn": 2}


async def test_of_turns_at_once_one_is_written(database: Database) -> None:
    store = SessionStore(database)
    former = await store.load(KEY)
    saves = [store.save(KEY, former, {"by": number}, 60) for number in range(8)]
    outcomes = await asyncio.gather(*saves, return_exceptions=True)
    (winner,) = (number for number, outcome in enumerate(outcomes) if outcome is None)
    assert all(outcome is None or isinstance(outcome, errors.Aborted) for outcome in outcomes)
    assert (await store.load(KEY)).document == {"by": winner}


async def test_sessions_run_out_and_begin_again(database: Database) -> None:
    store = SessionStore(database)
    await store.save(KEY, await store.load(KEY), {"turn": 1}, -1)
    former = await store.load(KEY)
    assert former == StoredSession(1, None)
    assert not await store.delete(KEY)
    await store.save(KEY, former, {"turn": 1}, 60)
    assert (await store.load(KEY)).document == {"turn": 1}
    # Sessions that ran out long ago go when others begin.
    old = SessionKey("000000000000", "BOT", "ALIAS", "en_US", "old")
    await store.save(old, await store.load(old), {}, -3600)
    young = SessionKey("000000000000", "BOT", "ALIAS", "en_US", "young")
    await store.save(young, await store.load(young), {}, 60)
    assert await store.load(old) == StoredSession(0, None)
    assert (await store.load(KEY)).document == {"turn": 1}


async def test_sessions_do_not_see_one_another(database: Database) -> None:
    store = SessionStore(database)
    others = [
        SessionKey("111111111111", "BOT", "ALIAS", "en_US", "ada"),
        SessionKey("000000000000", "BOT2", "ALIAS", "en_US", "ada"),
        SessionKey("000000000000", "BOT", "OTHER", "en_US", "ada"),
        SessionKey("000000000000", "BOT", "ALIAS", "en_GB", "ada"),
        SessionKey("000000000000", "BOT", "ALIAS", "en_US", "bob"),
    ]
    await store.save(KEY, await store.load(KEY), {"of": "ada"}, 60)
    for number, key in enumerate(others):
        await store.save(key, await store.load(key), {"of": number}, 60)
    assert await store.delete(KEY)
    assert not await store.delete(KEY)
    assert [(await store.load(key)).document for key in others] == [{"of": number} for number in range(5)]


async def test_a_session_has_an_end(database: Database) -> None:
    store = SessionStore(database)
    with pytest.raises(errors.InvalidArgument):
        await store.save(KEY, await store.load(KEY), {"text": "x" * LARGEST_BYTES}, 60)
