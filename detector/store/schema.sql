-- The schema of `Store.in_memory`: what all migrations together lead to. A file gets the same by `migrations.py`, which
-- is what counts; tests/integration/test_store_migrate.py compares the two. Columns that a migration added come last.

-- What was observed and decided, each row with the occurrence that it belongs to.

CREATE TABLE occurrences (
    id TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    began INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    ended INTEGER,
    end_reason TEXT,
    started_well INTEGER,
    started_at INTEGER
) STRICT;
CREATE INDEX idx_occurrences_began ON occurrences (began);

CREATE TABLE observations (
    id INTEGER PRIMARY KEY NOT NULL,
    occurrence TEXT NOT NULL REFERENCES occurrences(id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    device TEXT NOT NULL,
    kind TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;
CREATE INDEX idx_observations_occurrence ON observations (occurrence);
CREATE INDEX idx_observations_signs ON observations (occurrence) WHERE kind IN ('PickedUp', 'PutAway');

CREATE TABLE uses (
    occurrence TEXT NOT NULL REFERENCES occurrences(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    device TEXT NOT NULL,
    category TEXT NOT NULL,
    name TEXT,
    began INTEGER NOT NULL,
    ended INTEGER,
    trusted INTEGER NOT NULL,
    PRIMARY KEY (occurrence, number)
) STRICT;

CREATE TABLE coverage (
    occurrence TEXT NOT NULL REFERENCES occurrences(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    device TEXT NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    PRIMARY KEY (occurrence, number)
) STRICT;

CREATE TABLE moments (
    occurrence TEXT NOT NULL REFERENCES occurrences(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    rule TEXT NOT NULL,
    device TEXT NOT NULL,
    use INTEGER,
    category TEXT,
    name TEXT,
    began INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    ended INTEGER,
    decided TEXT NOT NULL,
    reason TEXT,
    evidence TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    shown_by TEXT,
    answer TEXT,
    answered_at INTEGER,
    outcome TEXT,
    PRIMARY KEY (occurrence, number)
) STRICT;
CREATE INDEX idx_moments_decided_at ON moments (decided_at);

CREATE TABLE unknown_apps (
    occurrence TEXT NOT NULL REFERENCES occurrences(id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    app TEXT NOT NULL,
    opens INTEGER NOT NULL,
    apps INTEGER NOT NULL,
    PRIMARY KEY (occurrence, device, app)
) STRICT;

-- What the person declared: partner times, changes to single occurrences, calendars and what they propose.

CREATE TABLE partner_times (
    number INTEGER PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    begins TEXT NOT NULL,
    lasts INTEGER NOT NULL,
    zone TEXT NOT NULL,
    recurrence TEXT,
    without TEXT NOT NULL DEFAULT '[]',
    also TEXT NOT NULL DEFAULT '[]',
    moved TEXT NOT NULL DEFAULT '[]',
    floats INTEGER NOT NULL DEFAULT 0,
    as_rfc INTEGER NOT NULL DEFAULT 0,
    quiet INTEGER NOT NULL DEFAULT 0,
    instead_of TEXT,
    proposal INTEGER
) STRICT;

CREATE TABLE exceptions (
    occurrence TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    instead_at INTEGER,
    PRIMARY KEY (occurrence, kind)
) STRICT;

CREATE TABLE cancelled (
    occurrence TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    at INTEGER NOT NULL,
    instead INTEGER
) STRICT;

CREATE TABLE calendars (
    number INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    tag TEXT,
    category TEXT,
    everything INTEGER NOT NULL,
    subscribed INTEGER NOT NULL,
    accepts INTEGER NOT NULL,
    local INTEGER NOT NULL,
    etag TEXT,
    modified TEXT,
    refreshed INTEGER,
    tried INTEGER,
    why TEXT,
    problems TEXT NOT NULL DEFAULT '[]'
) STRICT;

CREATE TABLE proposals (
    number INTEGER PRIMARY KEY NOT NULL,
    calendar INTEGER NOT NULL,
    uid TEXT NOT NULL,
    partner_time TEXT NOT NULL,
    decided TEXT NOT NULL,
    accepted_as INTEGER
) STRICT;
CREATE UNIQUE INDEX idx_proposals_calendar_uid ON proposals (calendar, uid);

-- The paired phones, and small JSON values of the program by name.

CREATE TABLE phones (
    number INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    paired INTEGER,
    token TEXT,
    code TEXT,
    code_until INTEGER,
    adb TEXT,
    shows_nudges INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX idx_phones_name ON phones (name);

CREATE TABLE state (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;
