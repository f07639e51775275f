-- Add a key; its secret is known only as a digest.
-- name: create
insert into keys (
    id, project, name, digest, prefix, last_four, scopes, agents, account, created_at, expires_at,
    user_id, service_account
) values (
    :id, :project, :name, :digest, :prefix, :last_four, :scopes, :agents, :account, :created_at, :expires_at,
    :user, :service_account
);

-- Find a key by the digest of its secret, or of the one before it; with what its owner may do.
-- name: by_digest
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at, null, k.user_id, k.service_account,
    case when k.digest = :digest then null else k.previous_until end,
    u.role, u.permissions, coalesce(m.role, s.role),
    k.requests_per_minute, k.tokens_per_minute, k.parallel_runs
from keys as k
join projects as p on p.id = k.project
left join users as u on u.id = k.user_id and u.deleted_at is null
left join members as m on m.project = k.project and m.user_id = k.user_id
left join service_accounts as s on s.id = k.service_account and s.deleted_at is null
where k.digest = :digest or k.previous_digest = :digest;

-- Find a key by its id.
-- name: by_id
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.user_id, k.service_account
from keys as k join projects as p on p.id = k.project
where k.id = :id;

-- List the keys, of one project or of all.
-- name: every
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.user_id, k.service_account
from keys as k join projects as p on p.id = k.project
where k.kind = 'key' and (:project is null or k.project = :project)
order by k.created_at, k.id;

-- The keys of a project that follow one, oldest first, of one user or of all; not those revoked, and not
-- those of administration.
-- name: of_project
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.user_id, k.service_account
from keys as k join projects as p on p.id = k.project
where k.project = :project and k.kind = 'key' and k.revoked_at is null and k.scopes not like :admin
    and (:user is null or k.user_id = :user)
    and (k.created_at, k.id) > (:at, :id)
order by k.created_at, k.id
limit :limit;

-- The keys of administration that follow one, oldest first; not those revoked.
-- name: of_administration
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.user_id, k.service_account
from keys as k join projects as p on p.id = k.project
where k.kind = 'key' and k.revoked_at is null and k.scopes like :admin
    and (k.created_at, k.id) > (:at, :id)
order by k.created_at, k.id
limit :limit;

-- The keys of administration that come before one, newest first; not those revoked.
-- name: of_administration_newest
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.user_id, k.service_account
from keys as k join projects as p on p.id = k.project
where k.kind = 'key' and k.revoked_at is null and k.scopes like :admin
    and (k.created_at, k.id) < (:at, :id)
order by k.created_at desc, k.id desc
limit :limit;

-- Change what a key is called and may do, unless it was revoked.
-- name: update
update keys set name = :name, scopes = :scopes, agents = :agents, expires_at = :expires_at
where id = :id and revoked_at is null
returning id;

-- Give a key a new secret; the one it has opens until a moment, the one before opens no more.
-- name: rotate
update keys set
    previous_digest = digest, previous_until = :until,
    digest = :digest, prefix = :prefix, last_four = :last_four
where id = :id and revoked_at is null
returning id;

-- Revoke a key once; a revoked one stays as it is.
-- name: revoke
update keys set revoked_at = coalesce(revoked_at, :now) where id = :id returning id;

-- Revoke every key of a project.
-- name: revoke_project
update keys set revoked_at = :now where project = :project and revoked_at is null;

-- Note when a key was last used.
-- name: used
update keys set last_used_at = :at where id = :id and (last_used_at is null or last_used_at < :at);

-- Make what a user's tokens spend by in a project, unless there is one.
-- name: sign_in
insert into keys (
    id, project, name, digest, prefix, last_four, scopes, account, created_at, user_id, kind
) values (:id, :project, :name, :digest, '', '', '[]', :account, :now, :user, 'sign_in')
on conflict (project, user_id) where kind = 'sign_in' do nothing;

-- Find what a user's tokens spend by in a project.
-- name: signed_in
select
    k.id, k.project, p.name, k.name, k.prefix, k.last_four, k.scopes, k.agents, k.account,
    k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.user_id, k.service_account
from keys as k join projects as p on p.id = k.project
where k.project = :project and k.user_id = :user and k.kind = 'sign_in';

-- Say whether there is any key at all.
-- name: any_exists
select exists (select 1 from keys);
