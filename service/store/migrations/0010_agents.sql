-- Agents that were made over the API: who owns and sees them, and every version of what they are.

-- One row: counts every change to an agent, so that a process learns with one look whether there was any.
create table agent_changes (
    id integer primary key check (id = 1),
    number integer not null
) strict;

insert into agent_changes (id, number) values (1, 0);

create table agents (
    id text primary key,
    project text not null references projects (id),
    -- The user whose it is; null where it is the whole project's.
    owner text,
    visibility text not null check (visibility in ('private', 'shared', 'public')),
    -- JSON of whom it is shared with; agent_shares has the same for lists.
    sharing text not null,
    version integer not null check (version > 0),
    -- The number of the change that made it: the order of lists.
    place integer not null unique,
    -- The number of its latest change.
    changed integer not null,
    created_at integer not null,
    updated_at integer not null,
    -- A deleted agent leaves this row alone, by which other processes learn of it.
    deleted integer not null default 0 check (deleted in (0, 1))
) strict, without rowid;

create index agents_of_project on agents (project, place);
create index agents_public on agents (place) where visibility = 'public';
create index agents_changed on agents (changed);

create table agent_versions (
    agent text not null references agents (id),
    version integer not null check (version > 0),
    project text not null references projects (id),
    -- Of the JSON in body.
    schema integer not null,
    body text not null,
    created_at integer not null,
    -- The user or else the key that made it.
    created_by text not null,
    primary key (agent, version)
) strict, without rowid;

create table agent_aliases (
    project text not null references projects (id),
    alias text not null,
    agent text not null references agents (id),
    primary key (project, alias)
) strict, without rowid;

create index agent_aliases_of on agent_aliases (agent);

create table agent_shares (
    agent text not null references agents (id),
    -- The agent's own project.
    project text not null references projects (id),
    kind text not null check (kind in ('project', 'user')),
    -- Id or name of a project, or id of a user.
    name text not null,
    primary key (agent, kind, name)
) strict, without rowid;

create index agent_shares_with on agent_shares (name, kind);
