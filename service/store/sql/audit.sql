-- Write down a change.
-- name: add
insert into audit (
    id, type, created_at, project, target, actor_kind, actor_key, actor_user, actor_email,
    actor_service_account, request_id, details
) values (
    :id, :type, :created_at, :project, :target, :actor_kind, :actor_key, :actor_user, :actor_email,
    :actor_service_account, :request_id, :details
);

-- Find a change.
-- name: by_id
select
    id, type, created_at, target, actor_kind, actor_key, actor_user, actor_email, actor_service_account,
    project, request_id, details
from audit where id = :id;

-- The changes before one, newest first.
-- name: before
select
    id, type, created_at, target, actor_kind, actor_key, actor_user, actor_email, actor_service_account,
    project, request_id, details
from audit
where created_at >= :since and created_at < :until and (created_at, id) < (:at, :id)
order by created_at desc, id desc
limit :limit;

-- The changes after one, oldest first.
-- name: after
select
    id, type, created_at, target, actor_kind, actor_key, actor_user, actor_email, actor_service_account,
    project, request_id, details
from audit
where created_at >= :since and created_at < :until and (created_at, id) > (:at, :id)
order by created_at, id
limit :limit;
