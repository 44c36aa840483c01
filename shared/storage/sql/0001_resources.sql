-- Keys that replicas share (page tokens, ...).
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value $bytes NOT NULL
);

-- Every Create/Describe/List/Update/Delete resource of every service.
CREATE TABLE resources (
    id $identity,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- '' for a resource that stands on its own
    parent TEXT NOT NULL,
    name TEXT NOT NULL,
    arn TEXT NOT NULL,
    status TEXT NOT NULL,
    document $bytes NOT NULL,
    version $bigint NOT NULL,
    created_at $real NOT NULL,
    updated_at $real NOT NULL,
    UNIQUE (account, kind, parent, name),
    UNIQUE (account, arn)
);

CREATE INDEX resources_by_creation ON resources (account, kind, id);

CREATE TABLE resource_tags (
    account TEXT NOT NULL,
    arn TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    PRIMARY KEY (account, arn, tag_key),
    FOREIGN KEY (account, arn) REFERENCES resources (account, arn) ON DELETE CASCADE
);
