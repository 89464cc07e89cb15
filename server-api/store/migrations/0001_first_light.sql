-- Every key starts with the organisation, so that one organisation's rows can be read, moved,
-- erased or given to another server alone. Times are seconds since 1970 by the server's clock.
-- Tables with large rows keep their rowid: without it SQLite moves a row over 1 KB to pages of
-- its own.

CREATE TABLE organisation (
    organisation TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation)
) STRICT, WITHOUT ROWID;

CREATE TABLE machine (
    organisation TEXT NOT NULL REFERENCES organisation,
    machine TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (organisation, machine)
) STRICT, WITHOUT ROWID;

-- One use for each of the two keys. The secret itself is never stored.
CREATE TABLE join_token (
    organisation TEXT NOT NULL REFERENCES organisation,
    token TEXT NOT NULL,
    secret_digest BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    machine TEXT,
    tls_spki BLOB,
    tls_used_at INTEGER,
    signing_spki BLOB,
    signing_used_at INTEGER,
    PRIMARY KEY (organisation, token),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT, WITHOUT ROWID;

-- The one with the highest number is the machine's present one of that purpose.
CREATE TABLE certificate (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('tls', 'signing')),
    number INTEGER NOT NULL,
    spki BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    der BLOB NOT NULL,
    PRIMARY KEY (organisation, machine, purpose, number),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT, WITHOUT ROWID;

CREATE INDEX certificate_by_key ON certificate (organisation, spki);

-- Where a machine's chain of snapshots stands. arrivals counts the answers with a nonce and so
-- orders the nonces; nonce is the last one issued, echoed the newest that came back.
-- epoch_arrival is when the present epoch began.
CREATE TABLE chain (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    epoch TEXT NOT NULL,
    epoch_arrival INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    arrivals INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    nonce_at INTEGER NOT NULL,
    echoed_arrival INTEGER NOT NULL,
    echoed_nonce TEXT NOT NULL,
    echoed_at INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    forked_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, machine),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT, WITHOUT ROWID;

-- A receipt is kept without its header, which thousands share.
CREATE TABLE receipt_header (
    organisation TEXT NOT NULL REFERENCES organisation,
    digest BLOB NOT NULL,
    header TEXT NOT NULL,
    PRIMARY KEY (organisation, digest)
) STRICT;

-- What was accepted, byte for byte, and what was answered. applied: the full state could be
-- rebuilt.
CREATE TABLE snapshot (
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
    bytes BLOB NOT NULL,
    receipt_header BLOB,
    receipt TEXT,
    PRIMARY KEY (organisation, machine, epoch, seq),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT;

-- Snapshots that contradict the chain: signed by the machine, believed by nobody.
CREATE TABLE quarantine (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    hash BLOB NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    receipt_header BLOB,
    receipt TEXT,
    PRIMARY KEY (organisation, machine, hash),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT;

-- Sections by the digest of their exact bytes, and the states that are made of them.
CREATE TABLE content (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    digest BLOB NOT NULL,
    schema INTEGER NOT NULL,
    facts TEXT NOT NULL,
    reasons TEXT NOT NULL,
    PRIMARY KEY (organisation, machine, digest),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT;

CREATE TABLE state (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    digest BLOB NOT NULL,
    sections TEXT NOT NULL,
    PRIMARY KEY (organisation, machine, digest),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT;

-- The newest state of each machine. seen_at: when its facts were true, as far as can be known.
CREATE TABLE current (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    state BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    wall_time INTEGER NOT NULL,
    clock TEXT NOT NULL,
    kind TEXT NOT NULL,
    system TEXT NOT NULL,
    PRIMARY KEY (organisation, machine),
    FOREIGN KEY (organisation, machine, state) REFERENCES state
) STRICT, WITHOUT ROWID;

CREATE TABLE verdict (
    organisation TEXT NOT NULL,
    machine TEXT NOT NULL,
    check_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    fact TEXT NOT NULL,
    since INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    PRIMARY KEY (organisation, machine, check_id),
    FOREIGN KEY (organisation, machine) REFERENCES machine
) STRICT, WITHOUT ROWID;
