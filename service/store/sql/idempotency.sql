-- Claim a key, unless it is taken by a request that has not expired and whose process lives.
-- name: claim
insert into idempotency (project, operation, key, fingerprint, owner, owner_until, answer, expires_at)
values (:project, :operation, :key, :fingerprint, :owner, :owner_until, null, :expires_at)
on conflict (project, operation, key) do update set
    fingerprint = excluded.fingerprint,
    owner = excluded.owner,
    owner_until = excluded.owner_until,
    answer = null,
    expires_at = excluded.expires_at
where idempotency.expires_at <= :now
    or (idempotency.owner is not null and idempotency.owner_until < :now)
returning 1;

-- Find what a key was taken for.
-- name: taken
select fingerprint, owner is not null, answer
from idempotency
where project = :project and operation = :operation and key = :key;

-- Keep the answer of a claimed key.
-- name: keep
update idempotency
set owner = null, answer = :answer
where project = :project and operation = :operation and key = :key and owner = :owner;

-- Free a claimed key for another try.
-- name: free
delete from idempotency
where project = :project and operation = :operation and key = :key and owner = :owner;

-- Keep what a process has claimed and not answered yet.
-- name: renew
update idempotency set owner_until = :owner_until where owner = :owner;

-- Free what other processes claimed; only for one that knows it is alone.
-- name: free_others
delete from idempotency where owner is not null and owner <> :owner;

-- Forget answers whose time is over.
-- name: expire
delete from idempotency where expires_at <= :now;

-- Use an approval up; no row where it was used before.
-- name: spend
insert into idempotency (project, operation, key, fingerprint, owner, owner_until, answer, expires_at)
values (:project, :operation, :key, :key, null, 0, null, :expires_at)
on conflict (project, operation, key) do nothing
returning 1;

-- Whether an approval was used.
-- name: is_spent
select 1 from idempotency where project = :project and operation = :operation and key = :key;
