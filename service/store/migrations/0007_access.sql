-- Users and what they may do, service accounts, further facts of keys, and the audit log.
-- `user` is a reserved word of PostgreSQL, so the column is `user_id`.

alter table projects add column archived_at integer;

create table users (
    id text primary key,
    name text not null,
    -- In lower case; null where nobody told it.
    email text unique,
    -- Who they are to the issuer of their tokens; null until they first came with one.
    issuer text,
    subject text,
    role text not null check (role in ('owner', 'reader')),
    -- A JSON list.
    permissions text not null,
    created_at integer not null,
    -- Kept after deletion, so that a token of theirs does not make them anew.
    deleted_at integer,
    unique (issuer, subject)
) strict, without rowid;

create table members (
    project text not null references projects (id),
    user_id text not null references users (id),
    -- 'none' is no member any more; the row remembers the account.
    role text not null check (role in ('owner', 'member', 'viewer', 'none')),
    account text references accounts (id),
    created_at integer not null,
    primary key (project, user_id)
) strict, without rowid;

create index members_of_user on members (user_id);

create table service_accounts (
    id text primary key,
    project text not null references projects (id),
    name text not null,
    role text not null check (role in ('owner', 'member', 'none')),
    created_at integer not null,
    deleted_at integer
) strict, without rowid;

create index service_accounts_of_project on service_accounts (project, created_at, id);

-- Whose a key is; neither is set where it is the project's.
alter table keys add column user_id text;
alter table keys add column service_account text;
-- 'sign_in' is what a user's token spends by; no secret opens it.
alter table keys add column kind text not null default 'key' check (kind in ('key', 'sign_in'));
-- The secret before the latest rotation, and how long it still opens.
alter table keys add column previous_digest blob;
alter table keys add column previous_until integer;
alter table keys add column last_used_at integer;

create unique index keys_by_previous_digest on keys (previous_digest) where previous_digest is not null;
create unique index keys_of_sign_in on keys (project, user_id) where kind = 'sign_in';
create index keys_of_user on keys (user_id) where user_id is not null;
create index keys_of_service_account on keys (service_account) where service_account is not null;
create index keys_of_project on keys (project, created_at, id);

create table audit (
    id text primary key,
    type text not null,
    -- Microseconds, so that what follows one another stays in order.
    moment integer not null,
    project text,
    -- What was changed.
    target text not null,
    actor_kind text not null check (actor_kind in ('key', 'user', 'operator', 'service')),
    actor_key text,
    actor_user text,
    actor_email text,
    actor_service_account text,
    request_id text not null,
    -- A JSON object; never a secret.
    details text not null
) strict, without rowid;

create index audit_by_time on audit (moment, id);
