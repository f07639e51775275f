-- Make a conversation.
-- name: create
insert into conversations (id, project, metadata, created_at) values (:id, :project, :metadata, :now);

-- Find a conversation.
-- name: by_id
select id, project, metadata, created_at from conversations where id = :id and project = :project;

-- Look whether a conversation is there, whether a run writes to it now, and how often items were taken out.
-- name: standing
select
    c.next,
    case
        when c.writer is null then 0
        when r.status = 'running' then 1
        when b.state <> 'ended' then 1
        when r.status is null and c.writer_until > :now then 1
        else 0
    end as busy,
    c.removals
from conversations as c
left join runs as r on r.id = c.writer
left join background_runs as b on b.run = c.writer
where c.id = :id and c.project = :project;

-- Replace a conversation's metadata.
-- name: describe
update conversations set metadata = :metadata
where id = :id and project = :project
returning id, project, metadata, created_at;

-- Let one run write to a conversation.
-- name: lock
update conversations set writer = :run, writer_until = :until where id = :id;

-- Give back the lock that a run has.
-- name: release
update conversations set writer = null, writer_until = null where id = :id and writer = :run;

-- Reserve places at the end of a conversation.
-- name: reserve
update conversations set next = next + :count where id = :id and project = :project returning next - :count;

-- Put a list of items into their places, from the first on.
-- name: put
insert into conversation_items (conversation, position, item)
select :conversation, :first + key, value from json_each(:numbers);

-- Forget a conversation.
-- name: drop
delete from conversations where id = :id;

-- Take all items out of a conversation.
-- name: clear
delete from conversation_items where conversation = :id returning item;

-- Take an item out of a conversation.
-- name: remove
delete from conversation_items
where conversation = :id and item in (select number from items where project = :project and id = :item)
returning item;

-- Note that an item was taken out of a conversation.
-- name: removed
update conversations set removals = removals + 1 where id = :id;

-- Find the last place of an item in a conversation.
-- name: place
select ci.position, i.version, i.payload
from items as i join conversation_items as ci on ci.item = i.number
where i.project = :project and i.id = :item and ci.conversation = :id
order by ci.position desc
limit 1;

-- List what a conversation has from one place up to another, in order.
-- name: stretch
select i.version, i.payload
from conversation_items as ci join items as i on i.number = ci.item
where ci.conversation = :id and ci.position >= :begin and ci.position < :upto
order by ci.position;

-- List a conversation's items from a place on, oldest first.
-- name: upwards
select i.version, i.payload
from conversation_items as ci join items as i on i.number = ci.item
where ci.conversation = :id and ci.position > :place
order by ci.position
limit :limit;

-- List a conversation's items from a place back, newest first.
-- name: downwards
select i.version, i.payload
from conversation_items as ci join items as i on i.number = ci.item
where ci.conversation = :id and ci.position < :place
order by ci.position desc
limit :limit;
