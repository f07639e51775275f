-- Put items into a turn: a list of [side, position, item].
-- name: put
insert into turn_items (turn, side, position, item)
select :turn, place ->> 0, cast(place ->> 1 as bigint), cast(place ->> 2 as bigint)
from json_array_elements(cast(:places as json)) as listed (place);
