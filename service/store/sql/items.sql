-- Write an item down. For several the row of values is repeated.
-- name: add
insert into items (id, project, version, payload, created_at)
values (:id, :project, :version, :payload, :now)
returning number;

-- Find the items of some ids, the newest of an id last.
-- name: by_ids
select version, payload
from items
where project = :project and id in (select value from json_each(:ids))
order by number;

-- Forget those of a list of items that nothing holds any more.
-- name: drop
delete from items
where number in (select value from json_each(:numbers))
    and not exists (select 1 from turn_items where item = number)
    and not exists (select 1 from conversation_items where item = number);
