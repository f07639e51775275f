-- Add a credential of a project, or of a user in it (`owner`).
-- name: create
insert into credentials (
    id, project, owner, provider, base_url, sealed, last_four, created_at, created_by, rotated_at
) values (
    :id, :project, :owner, :provider, :base_url, :sealed, :last_four, :now, :created_by, :now
)
on conflict (project, owner, provider) do nothing
returning id;

-- One credential of a project.
-- name: get
select
    id, project, owner, provider, base_url, last_four, version, created_at, rotated_at, checked_at, check_error
from credentials
where project = :project and id = :id;

-- The credentials of a project, of one owner or of all, oldest first.
-- name: of_project
select
    id, project, owner, provider, base_url, last_four, version, created_at, rotated_at, checked_at, check_error
from credentials
where project = :project and (:owner is null or owner = :owner)
order by created_at, id;

-- What a project, or a user in it, reaches a provider with: the user's own goes before the project's.
-- name: find
select id, project, owner, provider, base_url, version, sealed from credentials
where project = :project and provider = :provider and owner in ('', :owner)
order by owner desc
limit 1;

-- Put another secret, and address, in the place of a credential's; what was checked was the old one.
-- name: rotate
update credentials
set sealed = :sealed, base_url = :base_url, last_four = :last_four, version = version + 1, rotated_at = :now,
    checked_at = null, check_error = null
where project = :project and id = :id
returning id;

-- Take a credential away.
-- name: delete
delete from credentials where project = :project and id = :id returning id;

-- Note how a check went, of the version that was checked.
-- name: checked
update credentials set checked_at = :now, check_error = :error
where project = :project and id = :id and version = :version;

-- Every credential as it is sealed.
-- name: every
select id, project, owner, provider, base_url, version, sealed from credentials order by id;

-- Seal a credential anew, unless it has changed since it was read.
-- name: reseal
update credentials set sealed = :sealed where id = :id and version = :version and sealed = :before
returning id;
