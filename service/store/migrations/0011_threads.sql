-- Threads, and the runs of agents on them. A thread is a conversation: its items and its metadata are
-- there, and what the Assistants API says beyond them is here, and goes with it.

create table threads (
    -- The order of lists.
    place integer primary key,
    id text not null unique references conversations (id) on delete cascade,
    project text not null,
    -- JSON of what the tools of every run on it work on; null where nothing was said.
    tool_resources text,
    created_at integer not null
) strict;

create index threads_by_project on threads (project, place);

-- What a message has beyond its item; an item without a row has none of it.
create table thread_messages (
    thread text not null references threads (id) on delete cascade,
    id text not null,
    project text not null,
    -- The run and the assistant that wrote it; null where a caller did.
    run text,
    assistant text,
    -- JSON: files and the tools they are for.
    attachments text,
    metadata text not null,
    created_at integer not null,
    ended_at integer not null,
    -- Why it is incomplete.
    reason text,
    primary key (thread, id)
) strict, without rowid;

create table thread_runs (
    -- The order of lists.
    place integer primary key,
    id text not null unique,
    thread text not null references threads (id) on delete cascade,
    project text not null,
    -- As the caller named it.
    assistant text not null,
    status text not null
        check (status in ('queued', 'requires_action', 'cancelling', 'cancelled', 'failed', 'completed',
                          'incomplete', 'expired')),
    -- JSON of what it runs with, copied when it was made; the echo is the API's own.
    terms text not null,
    echo text not null,
    metadata text not null,
    -- The engine's run that works on it, or did last, and how many there were.
    leg text not null,
    legs integer not null,
    -- The place in the thread where what it adds begins.
    begins integer not null,
    created_at integer not null,
    expires_at integer not null,
    ended_at integer,
    -- Why it is incomplete, and how it failed, as JSON.
    reason text,
    error text,
    -- JSON of the items that wait for the caller's outputs; null where none do.
    held text,
    check ((status in ('queued', 'requires_action', 'cancelling')) = (ended_at is null)),
    check ((status = 'requires_action') = (held is not null))
) strict;

-- One at a time: this is the thread's lock.
create unique index thread_runs_active on thread_runs (thread) where ended_at is null;
create index thread_runs_by_thread on thread_runs (thread, place);
create index thread_runs_expiring on thread_runs (expires_at) where ended_at is null;

-- The engine's runs that one of a thread is made of: each goes on until the caller is wanted.
create table thread_legs (
    run text not null references thread_runs (id) on delete cascade,
    number integer not null,
    leg text not null unique,
    -- JSON, once it has ended.
    usage text,
    primary key (run, number)
) strict, without rowid;

create table thread_steps (
    run text not null references thread_runs (id) on delete cascade,
    number integer not null,
    id text not null,
    -- JSON of the step.
    payload text not null,
    primary key (run, number)
) strict, without rowid;
