-- What bots remember of the conversations that they are in, one row a session.
CREATE TABLE conversation_sessions (
    account TEXT NOT NULL,
    bot_id TEXT NOT NULL,
    alias_id TEXT NOT NULL,
    locale_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    -- grows with every turn: a turn is written only over the one that it went on from
    version $bigint NOT NULL,
    -- JSON
    document $bytes NOT NULL,
    -- Unix seconds; the session is forgotten then
    expires_at $real NOT NULL,
    PRIMARY KEY (account, bot_id, alias_id, locale_id, session_id)
);

CREATE INDEX conversation_sessions_by_end ON conversation_sessions (expires_at);
