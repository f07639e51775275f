-- Add a service account.
-- name: create
insert into service_accounts (id, project, name, role, created_at)
values (:id, :project, :name, :role, :created_at);

-- Find a service account of a project.
-- name: by_id
select id, project, name, role, created_at
from service_accounts where project = :project and id = :id and deleted_at is null;

-- The service accounts of a project that follow one, oldest first.
-- name: after
select id, project, name, role, created_at
from service_accounts
where project = :project and deleted_at is null and (created_at, id) > (:at, :id)
order by created_at, id
limit :limit;

-- Change a service account's name and role.
-- name: update
update service_accounts set name = :name, role = :role
where project = :project and id = :id and deleted_at is null
returning id;

-- Delete a service account once.
-- name: delete
update service_accounts set deleted_at = :now
where project = :project and id = :id and deleted_at is null
returning id;

-- Revoke the keys of a service account.
-- name: revoke_keys
update keys set revoked_at = :now
where project = :project and service_account = :id and revoked_at is null;
