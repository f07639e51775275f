-- Add a key; its secret is known only as a digest.
-- name: create
insert into keys (
    id, project, name, digest, prefix, last_four, scopes, agents, account, created_at, expires_at
) values (
    :id, :project, :name, :digest, :prefix, :last_four, :scopes, :agents, :account, :created_at, :expires_at
);

-- Find a key by the digest of its secret.
-- name: by_digest
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at, null
from keys as k join projects as p on p.id = k.project
where k.digest = :digest;

-- Find a key by its id, with the time of its latest charge.
-- name: by_id
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at,
    (select max(u.created_at) from usage as u where u.key = k.id)
from keys as k join projects as p on p.id = k.project
where k.id = :id;

-- List the keys, of one project or of all, with the time of each one's latest charge.
-- name: every
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at,
    (select max(u.created_at) from usage as u where u.key = k.id)
from keys as k join projects as p on p.id = k.project
where :project is null or k.project = :project
order by k.created_at, k.id;

-- Revoke a key once; a revoked one stays as it is.
-- name: revoke
update keys set revoked_at = coalesce(revoked_at, :now) where id = :id returning id;

-- Say whether there is any key at all.
-- name: any_exists
select exists (select 1 from keys);
