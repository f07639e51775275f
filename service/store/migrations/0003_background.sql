-- Runs in the background: what resumes one, and its log as far as it has been written down.

create table background_runs (
    run text primary key,
    response text not null unique,
    project text not null,
    state text not null check (state in ('queued', 'in_progress', 'ended')),
    -- JSON of all that a process needs to start the run anew; gone once it has ended.
    job text,
    cancelled integer not null default 0 check (cancelled in (0, 1)),
    owner text not null,
    lease_until integer not null,
    -- Grows with each claim: what a former owner still writes is refused.
    fence integer not null default 1,
    created_at integer not null,
    ended_at integer,
    check ((state = 'ended') = (ended_at is not null)),
    check ((state = 'ended') = (job is null))
) strict, without rowid;

create index background_open on background_runs (lease_until) where state <> 'ended';
create index background_ended on background_runs (ended_at) where state = 'ended';

-- Batches of events; a batch is numbered by its first event, from 0.
create table run_events (
    run text not null,
    sequence integer not null,
    size integer not null check (size > 0),
    payload text not null,
    primary key (run, sequence)
) strict;

-- A response that is forgotten takes its log along.
create trigger response_forgotten after delete on responses begin
    delete from run_events where run = old.run;
    delete from background_runs where run = old.run;
end;
