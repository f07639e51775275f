-- Note what a message has beyond its item.
-- name: put
insert into thread_messages (thread, id, project, run, assistant, attachments, metadata, created_at, ended_at, reason)
values (:thread, :id, :project, :run, :assistant, :attachments, :metadata, :created_at, :ended_at, :reason)
on conflict (thread, id) do update set metadata = excluded.metadata;

-- Find the place of a message in a thread.
-- name: place
select ci.position
from conversation_items as ci join items as i on i.number = ci.item
where ci.conversation = :thread and i.project = :project and i.id = :id
order by ci.position desc
limit 1;

-- List a thread's messages between two places, oldest first.
-- name: upwards
select i.version, i.payload, i.created_at, m.run, m.assistant, m.attachments, m.metadata, m.created_at, m.ended_at, m.reason
from conversation_items as ci
join items as i on i.number = ci.item
left join thread_messages as m on m.thread = ci.conversation and m.id = i.id
where ci.conversation = :thread and ci.position > :low and ci.position < :high
    and substr(i.payload, 1, 17) = :kind and i.payload not like :system and i.payload not like :developer
    and (:run is null or m.run = :run)
order by ci.position
limit :limit;

-- List a thread's messages between two places, newest first.
-- name: downwards
select i.version, i.payload, i.created_at, m.run, m.assistant, m.attachments, m.metadata, m.created_at, m.ended_at, m.reason
from conversation_items as ci
join items as i on i.number = ci.item
left join thread_messages as m on m.thread = ci.conversation and m.id = i.id
where ci.conversation = :thread and ci.position > :low and ci.position < :high
    and substr(i.payload, 1, 17) = :kind and i.payload not like :system and i.payload not like :developer
    and (:run is null or m.run = :run)
order by ci.position desc
limit :limit;

-- Count a thread's items.
-- name: count
select count(*) from conversation_items where conversation = :thread;

-- Forget what a message has beyond its item.
-- name: drop
delete from thread_messages where thread = :thread and id = :id;

-- List what a thread holds before a place, oldest first.
-- name: context
select ci.position, i.version, i.payload
from conversation_items as ci join items as i on i.number = ci.item
where ci.conversation = :thread and ci.position < :upto
order by ci.position;

-- Tell the next place of a thread.
-- name: next
select next from conversations where id = :thread and project = :project;
