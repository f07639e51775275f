-- Answers to requests that carried an Idempotency-Key, to be given again to the same request.

create table idempotency (
    project text not null,
    operation text not null,
    -- SHA-256 of the caller's key.
    key blob not null,
    -- SHA-256 of what was asked.
    fingerprint blob not null,
    -- The process that works on the answer; null once there is one.
    owner text,
    -- The sealed answer; null where none was kept.
    answer blob,
    expires_at integer not null,
    primary key (project, operation, key)
) strict, without rowid;

create index idempotency_expiring on idempotency (expires_at);
