-- A key's own limits; each replaces the configured ones of its kind.
alter table keys add column requests_per_minute integer check (requests_per_minute >= 0);
alter table keys add column tokens_per_minute integer check (tokens_per_minute >= 0);
alter table keys add column parallel_runs integer check (parallel_runs >= 0);

-- What projects and users are known by at providers; sealed for their own id and project alone.
create table credentials (
    id text primary key,
    project text not null references projects (id),
    -- The user whose it is, or '' where it is the project's: a null would not be unique.
    owner text not null,
    provider text not null,
    base_url text,
    sealed blob not null,
    last_four text not null,
    -- Grows with every rotation: what was built with an older one is not used again.
    version integer not null default 1,
    created_at integer not null,
    created_by text,
    rotated_at integer not null,
    checked_at integer,
    check_error text,
    unique (project, owner, provider)
) strict, without rowid;
