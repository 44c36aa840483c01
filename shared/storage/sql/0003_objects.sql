CREATE TABLE buckets (
    name TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    created_at $real NOT NULL
);

CREATE INDEX buckets_by_account ON buckets (account, name);

-- Keys are bytes, so that both products sort them as S3 does (UTF-8 order) and take every character.
CREATE TABLE objects (
    bucket TEXT NOT NULL REFERENCES buckets (name),
    object_key $bytes NOT NULL,
    size $bigint NOT NULL,
    etag TEXT NOT NULL,
    modified_at $real NOT NULL,
    -- response headers (content-type, ...) and user metadata, JSON
    attributes TEXT NOT NULL,
    -- blobs that make up the object, in order, as JSON: [["<blob>", bytes], ...]
    segments TEXT NOT NULL,
    PRIMARY KEY (bucket, object_key)
);

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES buckets (name),
    object_key $bytes NOT NULL,
    attributes TEXT NOT NULL,
    created_at $real NOT NULL
);

CREATE INDEX uploads_by_key ON uploads (bucket, object_key, id);

CREATE TABLE upload_parts (
    upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    size $bigint NOT NULL,
    etag TEXT NOT NULL,
    blob TEXT NOT NULL,
    modified_at $real NOT NULL,
    PRIMARY KEY (upload, number)
);

-- Blobs to delete: being written and not yet visible (due far ahead), or no longer visible (due soon).
CREATE TABLE blob_garbage (
    blob TEXT PRIMARY KEY,
    due_at $real NOT NULL
);

CREATE INDEX blob_garbage_by_due ON blob_garbage (due_at);
