-- Put a list of items into their places, from the first on.
-- name: put
insert into conversation_items (conversation, position, item)
select :conversation, :first + place - 1, cast(number as bigint)
from json_array_elements_text(cast(:numbers as json)) with ordinality as listed (number, place);
