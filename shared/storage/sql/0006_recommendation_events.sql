-- What users did, as PutEvents told it. Rows are only added, but for the user of a session that becomes known.
CREATE TABLE recommendation_events (
    -- the order of arrival
    number $identity,
    -- the dataset group's resource id
    dataset_group $bigint NOT NULL,
    -- the session's id until the session's user is known
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    -- '' for an event that names no item
    item_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    event_value $real,
    event_id TEXT,
    -- Unix seconds, by the caller's clock
    sent_at $real NOT NULL,
    recommendation_id TEXT,
    -- JSON
    impression TEXT NOT NULL,
    properties TEXT NOT NULL
);

CREATE INDEX recommendation_events_of_user ON recommendation_events (dataset_group, user_id, number);
CREATE INDEX recommendation_events_of_session ON recommendation_events (dataset_group, session_id);
CREATE INDEX recommendation_events_in_order ON recommendation_events (dataset_group, number);

-- Items and users, as PutItems and PutUsers told them: the row with the highest number of an id is what holds.
CREATE TABLE recommendation_records (
    number $identity,
    -- the dataset's resource id
    dataset $bigint NOT NULL,
    record_id TEXT NOT NULL,
    -- JSON, checked against the dataset's schema
    properties TEXT NOT NULL
);

CREATE INDEX recommendation_records_in_order ON recommendation_records (dataset, number);
CREATE INDEX recommendation_records_by_id ON recommendation_records (dataset, record_id);
