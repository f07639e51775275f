-- Note that a conversation is a thread.
-- name: create
insert into threads (id, project, tool_resources, created_at) values (:id, :project, :tool_resources, :now);

-- Find a thread.
-- name: by_id
select t.id, t.project, c.metadata, t.tool_resources, t.created_at
from threads as t join conversations as c on c.id = t.id
where t.id = :id and t.project = :project;

-- Tell the place of a thread.
-- name: place
select place from threads where id = :id and project = :project;

-- List a project's threads between two places, oldest first.
-- name: upwards
select t.id, t.project, c.metadata, t.tool_resources, t.created_at
from threads as t join conversations as c on c.id = t.id
where t.project = :project
    and t.place > :low
    and t.place < :high
order by t.place
limit :limit;

-- List a project's threads between two places, newest first.
-- name: downwards
select t.id, t.project, c.metadata, t.tool_resources, t.created_at
from threads as t join conversations as c on c.id = t.id
where t.project = :project
    and t.place > :low
    and t.place < :high
order by t.place desc
limit :limit;

-- Replace what the tools of a thread work on.
-- name: equip
update threads set tool_resources = :tool_resources where id = :id and project = :project;

-- List the engine's runs that worked on a thread.
-- name: legs
select l.leg
from thread_legs as l join thread_runs as r on r.id = l.run
where r.thread = :id and r.project = :project;

-- Forget the log of one of them.
-- name: forget_log
delete from run_events where run = :leg;

-- Forget that one of them was to go on without a reader.
-- name: forget_leg
delete from background_runs where run = :leg;
