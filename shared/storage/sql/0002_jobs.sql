CREATE TABLE jobs (
    sequence $identity,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    client_token TEXT,
    request $bytes NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL,
    error_code TEXT NOT NULL,
    progress $real NOT NULL,
    checkpoint $bytes,
    -- counts claims: the fencing number that a runner must hold to write anything
    attempt $bigint NOT NULL,
    -- counts attempts that ended without a verdict; an attempt that saved progress sets it back to 0
    failures $bigint NOT NULL,
    lease_owner TEXT,
    lease_expires_at $real,
    not_before $real NOT NULL,
    created_at $real NOT NULL,
    started_at $real,
    heartbeat_at $real,
    ended_at $real,
    result $bytes,
    result_location TEXT,
    result_bytes $bigint NOT NULL,
    UNIQUE (account, kind, client_token)
);

-- what a worker may claim, in the order it should
CREATE INDEX jobs_open ON jobs (kind, sequence) WHERE status IN ('QUEUED', 'RUNNING', 'STOPPING');

CREATE INDEX jobs_by_creation ON jobs (account, kind, sequence);

CREATE INDEX jobs_by_end ON jobs (ended_at) WHERE ended_at IS NOT NULL;
