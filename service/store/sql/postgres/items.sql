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
