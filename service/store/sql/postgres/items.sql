-- Write items down: a list of [id, payload].
-- name: add
insert into items (id, project, version, payload, created_at)
select pair ->> 0, :project, :version, pair ->> 1, :now
from json_array_elements(cast(:items as json)) with ordinality as listed (pair, place)
order by place
returning number;

-- Find the items of some ids, the newest of an id last.
-- name: by_ids
select version, payload
from items
where project = :project and id in (select json_array_elements_text(cast(:ids as json)))
order by number;

-- Forget those of a list of items that nothing holds any more.
-- name: drop
delete from items
where number in (select cast(json_array_elements_text(cast(:numbers as json)) as bigint))
    and not exists (select 1 from turn_items where item = number)
    and not exists (select 1 from conversation_items where item = number);
