-- A check-in of an unchanged machine adds one row of snapshot and nothing else; docs/decisions.md
-- tells how the signed bytes are kept. What was stored before is kept as it was.

-- What many signed files have in common: headers, and what receipts with the same verdicts say.
CREATE TABLE shared_text (
    organisation TEXT NOT NULL REFERENCES organisation,
    number INTEGER NOT NULL,
    digest BLOB NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (organisation, number),
    UNIQUE (organisation, digest)
) STRICT;

-- shared, receipt_shared: numbers of shared_text that bytes and receipt are built with; NULL when
-- they stand here as they were signed.
CREATE TABLE small_snapshot (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    hash BLOB NOT NULL,
    prev BLOB,
    base BLOB,
    state BLOB NOT NULL,
    applied INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    shared INTEGER,
    bytes BLOB NOT NULL,
    receipt_shared INTEGER,
    receipt BLOB,
    PRIMARY KEY (organisation, machine, epoch, seq),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT;

INSERT INTO small_snapshot (organisation, machine, epoch, seq, arrival, hash, prev, base, state,
    applied, flags, nonce, received_at, bytes, receipt)
SELECT s.organisation, s.machine, s.epoch, s.seq, s.arrival, s.hash, s.prev, s.base, s.state,
    s.applied, s.flags, s.nonce, s.received_at, s.bytes, CAST(h.header || s.receipt AS BLOB)
FROM snapshot AS s LEFT JOIN receipt_header AS h
    ON h.organisation = s.organisation AND h.digest = s.receipt_header
ORDER BY s.rowid;

DROP TABLE snapshot;
ALTER TABLE small_snapshot RENAME TO snapshot;

CREATE TABLE whole_quarantine (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    hash BLOB NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    receipt BLOB,
    PRIMARY KEY (organisation, machine, hash),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT;

INSERT INTO whole_quarantine (organisation, machine, hash, epoch, seq, received_at, bytes, receipt)
SELECT q.organisation, q.machine, q.hash, q.epoch, q.seq, q.received_at, q.bytes,
    CAST(h.header || q.receipt AS BLOB)
FROM quarantine AS q LEFT JOIN receipt_header AS h
    ON h.organisation = q.organisation AND h.digest = q.receipt_header
ORDER BY q.rowid;

DROP TABLE quarantine;
ALTER TABLE whole_quarantine RENAME TO quarantine;
DROP TABLE receipt_header;

-- The verdicts of a machine are written and read together. A line for each check: its id, state,
-- reason, fact, since, valid_until, with tabs between them.
CREATE TABLE judged_current (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    state BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    wall_time INTEGER NOT NULL,
    clock TEXT NOT NULL,
    kind TEXT NOT NULL,
    system TEXT NOT NULL,
    verdicts TEXT NOT NULL,
    PRIMARY KEY (organisation, machine),
    FOREIGN KEY (organisation, machine, state) REFERENCES state
) STRICT, WITHOUT ROWID;

INSERT INTO judged_current (organisation, machine, state, seen_at, received_at, wall_time, clock,
    kind, system, verdicts)
SELECT c.organisation, c.machine, c.state, c.seen_at, c.received_at, c.wall_time, c.clock, c.kind,
    c.system, coalesce((SELECT group_concat(v.check_id || char(9) || v.state || char(9) ||
        v.reason || char(9) || v.fact || char(9) || v.since || char(9) || v.valid_until ||
        char(10), '') FROM verdict AS v WHERE v.organisation = c.organisation AND
        v.machine = c.machine), '')
FROM current AS c;

DROP TABLE current;
ALTER TABLE judged_current RENAME TO current;
DROP TABLE verdict;
