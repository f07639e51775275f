-- Write down a change.
-- name: add
insert into audit (
    id, type, moment, project, target, actor_kind, actor_key, actor_user, actor_email,
    actor_service_account, request_id, details
) values (
    :id, :type, :moment, :project, :target, :actor_kind, :actor_key, :actor_user, :actor_email,
    :actor_service_account, :request_id, :details
);

-- Find a change.
-- name: by_id
select
    id, type, moment, target, actor_kind, actor_key, actor_user, actor_email, actor_service_account,
    project, request_id, details
from audit where id = :id;

-- The changes before one, newest first.
-- name: before
select
    id, type, moment, target, actor_kind, actor_key, actor_user, actor_email, actor_service_account,
    project, request_id, details
from audit
where moment >= :since and moment < :until and (moment, id) < (:at, :id)
order by moment desc, id desc
limit :limit;

-- The changes after one, oldest first.
-- name: after
select
    id, type, moment, target, actor_kind, actor_key, actor_user, actor_email, actor_service_account,
    project, request_id, details
from audit
where moment >= :since and moment < :until and (moment, id) > (:at, :id)
order by moment, id
limit :limit;
