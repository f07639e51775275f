-- Write a response down, or how it went on. For several the row of values is repeated.
-- name: put
insert into responses (
    id, project, key, run, agent, status, created_at, completed_at, expires_at, previous, conversation,
    began, echo, ended
)
values (
    :id, :project, :key, :run, :agent, :status, :created_at, :completed_at, :expires_at, :previous,
    :conversation, :began, :echo, :ended
)
on conflict (id) do update set
    status = excluded.status,
    completed_at = excluded.completed_at,
    expires_at = excluded.expires_at,
    began = excluded.began,
    ended = excluded.ended;

-- Find a response whose time has not come.
-- name: by_id
select
    id, project, key, run, agent, status, created_at, completed_at, expires_at, previous, conversation,
    began, echo, ended
from responses
where id = :id and project = :project and (expires_at is null or expires_at > :now);

-- List what the attempts of a run used.
-- name: usage
select
    input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio, units, estimated
from usage
where run = :run
order by step, attempt;

-- Forget a response.
-- name: drop
delete from responses
where id = :id and project = :project and (expires_at is null or expires_at > :now)
returning id;

-- Forget responses whose time has come, some at a time.
-- name: expire
delete from responses
where id in (
    select id from responses where expires_at is not null and expires_at <= :now order by expires_at limit :limit
)
returning id;
