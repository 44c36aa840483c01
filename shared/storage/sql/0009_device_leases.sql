-- Memory of GPUs that several processes share: one row a model that holds some, or waits for some.
CREATE TABLE device_leases (
    -- the GPU's UUID, the same in every container that sees it
    device TEXT NOT NULL,
    -- the process
    holder TEXT NOT NULL,
    model TEXT NOT NULL,
    memory_bytes $bigint NOT NULL,
    priority $bigint NOT NULL,
    -- 1: holds the memory; 0: waits for it
    granted $bigint NOT NULL,
    asked_at $real NOT NULL,
    -- Unix seconds; NULL while it is used
    idle_since $real,
    -- 1: another process waits for this model to be unloaded
    wanted $bigint NOT NULL,
    -- a holder that lives puts it off again and again
    expires_at $real NOT NULL,
    PRIMARY KEY (device, holder, model)
);
