-- What a face collection has beside its resource: made with its first face.
CREATE TABLE face_collections (
    -- the resource's id
    id $bigint PRIMARY KEY,
    -- random; tells the collection from any other that ever was, whatever its name and id
    generation TEXT NOT NULL,
    -- the model that the vectors are of
    model TEXT NOT NULL,
    face_count $bigint NOT NULL,
    -- counts additions and removals of faces; drawn under a lock of this row, so they become visible in order
    last_change $bigint NOT NULL,
    -- removals up to here may be forgotten
    purged_change $bigint NOT NULL
);

CREATE TABLE faces (
    collection $bigint NOT NULL,
    -- the change that added it
    number $bigint NOT NULL,
    face_id TEXT NOT NULL,
    image_id TEXT NOT NULL,
    external_image_id TEXT,
    -- ratios of the image's width and height
    box_left $real NOT NULL,
    box_top $real NOT NULL,
    box_right $real NOT NULL,
    box_bottom $real NOT NULL,
    confidence $real NOT NULL,
    -- little-endian float32
    vector $bytes NOT NULL,
    created_at $real NOT NULL,
    PRIMARY KEY (collection, number)
);

CREATE UNIQUE INDEX faces_by_id ON faces (collection, face_id);

-- That a face is gone, for the indexes that still hold it; nothing of the face itself stays.
CREATE TABLE removed_faces (
    collection $bigint NOT NULL,
    -- the change that removed it
    number $bigint NOT NULL,
    -- the change that had added it
    face $bigint NOT NULL,
    removed_at $real NOT NULL,
    PRIMARY KEY (collection, number)
);

CREATE INDEX removed_faces_by_time ON removed_faces (removed_at);
