-- Small rows. `expires_at` is in milliseconds of Unix time; null: never.
CREATE TABLE lunadefend_rows (
    kind smallint NOT NULL,
    key bytea NOT NULL,
    version bytea NOT NULL,
    expires_at bigint,
    value bytea NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX lunadefend_rows_expiry ON lunadefend_rows (expires_at) WHERE expires_at IS NOT NULL;

-- Values. `parts` is null until the last part is durable.
CREATE TABLE lunadefend_blobs (
    blob bytea PRIMARY KEY,
    parts integer
);
CREATE TABLE lunadefend_parts (
    blob bytea NOT NULL REFERENCES lunadefend_blobs ON DELETE CASCADE,
    part integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (blob, part)
);
-- Sealed bytes are noise: to compress them is wasted time.
ALTER TABLE lunadefend_rows ALTER COLUMN value SET STORAGE EXTERNAL;
ALTER TABLE lunadefend_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- A standby may be behind: it must answer nothing.
CREATE FUNCTION lunadefend_primary() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION 'this server is a standby' USING ERRCODE = 'read_only_sql_transaction';
    END IF;
END
$$;

-- Makes all changes of a batch or none. `op`: 1 inserts, 2 replaces, 3 deletes. Returns 1 when it is applied, 2 when
-- an earlier attempt was, 3 in conflict. It runs as READ COMMITTED: each statement must see what others have
-- committed while the one before waited for their locks.
CREATE FUNCTION lunadefend_write(
    batch bytea,
    now bigint,
    kinds smallint[],
    keys bytea[],
    ops smallint[],
    versions bytea[],
    expiries bigint[],
    contents bytea[]
) RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    is_repeated boolean;
    is_conflict boolean;
    missing bigint;
    made bigint;
BEGIN
    -- The rows that are there are locked, in the order of their keys, so that batches wait in one direction.
    WITH held AS MATERIALIZED (
        SELECT held.kind, held.key, held.version, held.expires_at
        FROM lunadefend_rows AS held
        JOIN unnest(kinds, keys) AS asked (kind, key) USING (kind, key)
        ORDER BY held.kind, held.key
        FOR UPDATE OF held
    )
    SELECT
        coalesce(bool_or(held.version = batch), false),
        coalesce(bool_or(CASE asked.op
            WHEN 1 THEN held.key IS NOT NULL AND (held.expires_at IS NULL OR held.expires_at > now)
            WHEN 2 THEN held.version IS DISTINCT FROM asked.version OR held.expires_at <= now
            ELSE false
        END), false),
        count(*) FILTER (WHERE held.key IS NULL)
    INTO is_repeated, is_conflict, missing
    FROM unnest(kinds, keys, ops, versions) AS asked (kind, key, op, version)
    LEFT JOIN held USING (kind, key);

    IF is_repeated THEN
        RETURN 2;
    ELSIF is_conflict THEN
        RETURN 3;
    END IF;

    -- A row that is not there cannot be locked. It is made, also when it is only to be deleted: so two batches never
    -- both find it missing.
    IF missing > 0 THEN
        WITH inserted AS (
            INSERT INTO lunadefend_rows (kind, key, version, expires_at, value)
            SELECT kind, key, batch, expires_at, coalesce(value, '')
            FROM unnest(kinds, keys, expiries, contents) AS asked (kind, key, expires_at, value)
            WHERE NOT EXISTS (
                SELECT FROM lunadefend_rows AS held WHERE held.kind = asked.kind AND held.key = asked.key
            )
            ORDER BY kind, key
            ON CONFLICT DO NOTHING
            RETURNING 1
        )
        SELECT count(*) INTO made FROM inserted;
        IF made <> missing THEN
            RAISE EXCEPTION 'another batch was faster' USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;

    UPDATE lunadefend_rows AS held
    SET version = batch, expires_at = asked.expires_at, value = asked.value
    FROM unnest(kinds, keys, ops, expiries, contents) AS asked (kind, key, op, expires_at, value)
    WHERE held.kind = asked.kind AND held.key = asked.key AND asked.op <> 3 AND held.version <> batch;

    DELETE FROM lunadefend_rows AS held
    USING unnest(kinds, keys, ops) AS asked (kind, key, op)
    WHERE held.kind = asked.kind AND held.key = asked.key AND asked.op = 3;
    RETURN 1;
END
$$;
