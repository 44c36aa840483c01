-- a definition that executions were started with; the same text is kept once
CREATE TABLE definitions (
    digest TEXT PRIMARY KEY,
    definition TEXT NOT NULL
);

CREATE TABLE executions (
    id $identity,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    arn TEXT NOT NULL UNIQUE,
    machine_arn TEXT NOT NULL,
    version_arn TEXT,
    alias_arn TEXT,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    digest TEXT NOT NULL,
    -- where in the definition it walks: [] or, for a distributed map's item, the map state
    level TEXT NOT NULL,
    status TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    cause TEXT,
    trace_header TEXT,
    started_at $real NOT NULL,
    stopped_at $real,
    deadline $real,
    redrive_count $bigint NOT NULL,
    redriven_at $real,
    -- idempotency key of the task that started it
    origin TEXT UNIQUE,
    -- the execution, frame and attempt that its end is told to
    parent $bigint,
    parent_frame $bigint,
    parent_attempt $bigint,
    map_run_arn TEXT,
    item_index $bigint,
    item_count $bigint NOT NULL,
    next_event $bigint NOT NULL,
    next_frame $bigint NOT NULL,
    -- the replica that runs it; none while it waits
    owner TEXT,
    -- counts claims: the fencing number that the owner must hold to write anything
    epoch $bigint NOT NULL,
    -- owners that died since the last step that was written
    crashes $bigint NOT NULL,
    -- when somebody has to look at it; none while it only waits for others
    wake_at $real
);

CREATE INDEX executions_by_machine ON executions (account, machine_arn, id);
CREATE INDEX executions_by_map_run ON executions (map_run_arn, item_index) WHERE map_run_arn IS NOT NULL;
CREATE INDEX executions_by_parent ON executions (parent, parent_frame) WHERE parent IS NOT NULL;
CREATE INDEX executions_due ON executions (wake_at) WHERE owner IS NULL AND wake_at IS NOT NULL;
CREATE INDEX executions_owned ON executions (owner) WHERE owner IS NOT NULL;
CREATE INDEX executions_by_end ON executions (stopped_at) WHERE stopped_at IS NOT NULL;

CREATE TABLE execution_frames (
    execution $bigint NOT NULL,
    frame $bigint NOT NULL,
    content TEXT NOT NULL,
    map_items TEXT,
    PRIMARY KEY (execution, frame)
);

-- the events of one step in a row, as a JSON list
CREATE TABLE execution_events (
    execution $bigint NOT NULL,
    first_id $bigint NOT NULL,
    last_id $bigint NOT NULL,
    events TEXT NOT NULL,
    PRIMARY KEY (execution, first_id)
);

-- what happened to an execution that its owner has not taken in yet
CREATE TABLE execution_messages (
    id $identity,
    execution $bigint NOT NULL,
    content TEXT NOT NULL
);

CREATE INDEX execution_messages_by_execution ON execution_messages (execution, id);

CREATE TABLE task_tokens (
    token TEXT PRIMARY KEY,
    sequence $bigint NOT NULL,
    execution $bigint NOT NULL,
    frame $bigint NOT NULL,
    attempt $bigint NOT NULL,
    activity TEXT,
    input TEXT NOT NULL,
    -- WAITING (an activity's task that no worker has), OPEN, CLOSED
    status TEXT NOT NULL
);

CREATE INDEX task_tokens_by_execution ON task_tokens (execution, frame);
CREATE INDEX task_tokens_waiting ON task_tokens (activity, sequence) WHERE status = 'WAITING';

CREATE TABLE map_runs (
    id $identity,
    arn TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    execution $bigint NOT NULL,
    frame $bigint NOT NULL,
    status TEXT NOT NULL,
    started_at $real NOT NULL,
    stopped_at $real,
    max_concurrency $bigint NOT NULL,
    tolerated_count $bigint NOT NULL,
    tolerated_percentage $real NOT NULL,
    -- items taken from the source; children made of them; whether the source has ended
    items_taken $bigint NOT NULL,
    children $bigint NOT NULL,
    exhausted $bigint NOT NULL,
    -- whether its results go to a bucket
    writes_results $bigint NOT NULL,
    redrive_count $bigint NOT NULL,
    redriven_at $real
);

CREATE INDEX map_runs_by_execution ON map_runs (execution, id);

-- processes that may own executions, and when each was last alive
CREATE TABLE orchestrators (
    id TEXT PRIMARY KEY,
    alive_at $real NOT NULL
);
