-- What is kept of answers: items, the turns they belong to, responses and conversations.

-- Written once, never changed. Callers choose the ids of what they send, so an id may come again.
create table items (
    number integer primary key,
    id text not null,
    project text not null,
    -- Of the payload's schema; older ones are brought up when they are read.
    version integer not null,
    payload text not null,
    created_at integer not null
) strict;

create index items_by_id on items (project, id);

-- A turn has the id of its response and holds its own input and output. What went before is its
-- parent's, or the items that its conversation had below `upto`. It outlives its response while others
-- go on from it.
create table turns (
    id text primary key,
    project text not null,
    parent text references turns (id),
    conversation text,
    upto integer,
    created_at integer not null,
    check (parent is null or conversation is null),
    check ((conversation is null) = (upto is null))
) strict, without rowid;

create index turns_by_parent on turns (parent) where parent is not null;

create table turn_items (
    turn text not null references turns (id),
    side text not null check (side in ('input', 'output')),
    position integer not null,
    item integer not null references items (number),
    primary key (turn, side, position)
) strict, without rowid;

create index turn_items_by_item on turn_items (item);

create table responses (
    id text primary key,
    project text not null,
    key text not null,
    run text not null,
    -- What the caller wrote as `model`.
    agent text not null,
    status text not null
        check (status in ('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled', 'expired')),
    created_at integer not null,
    completed_at integer,
    expires_at integer,
    previous text,
    conversation text,
    -- How the run began and ended, as events; the echo is the API's own. Usage is in the table `usage`.
    began text not null,
    echo text not null,
    ended text,
    check ((ended is null) = (completed_at is null))
) strict;

create index responses_expiring on responses (expires_at) where expires_at is not null;

create table conversations (
    id text primary key,
    project text not null,
    metadata text not null,
    created_at integer not null,
    -- The place of the next item; places are never used again.
    next integer not null default 0,
    -- The run that may add to it now, and until when that holds without a row of the run.
    writer text,
    writer_until integer,
    check ((writer is null) = (writer_until is null))
) strict;

create table conversation_items (
    conversation text not null references conversations (id),
    position integer not null,
    item integer not null references items (number),
    primary key (conversation, position)
) strict, without rowid;

create index conversation_items_by_item on conversation_items (item);
