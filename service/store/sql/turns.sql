-- Note turns unless they are there, with what they go on from as far as that still is. For several the row
-- of values is repeated.
-- name: open
with orders (id, project, parent, conversation, upto, now) as (
    values (:id, :project, :parent, :conversation, cast(:upto as bigint), cast(:now as bigint))
)
insert into turns (id, project, parent, conversation, upto, created_at)
select o.id, o.project, t.id, c.id, case when c.id is not null then o.upto end, o.now
from orders as o
left join turns as t on t.id = o.parent and t.project = o.project
left join conversations as c on c.id = o.conversation and c.project = o.project
where true
on conflict (id) do nothing
returning id, parent, conversation;

-- Put an item into a turn. For several the row of values is repeated.
-- name: put
insert into turn_items (turn, side, position, item) values (:turn, :side, :position, :item);

-- List the items a turn was given.
-- name: input
select item from turn_items where turn = :turn and side = 'input' order by position;

-- Look whether anything still needs a turn: its response, or a turn that goes on from it.
-- name: needed
select 1 from responses where id = :turn
union all
select 1 from turns where parent = :turn
limit 1;

-- Take the items out of a turn.
-- name: clear
delete from turn_items where turn = :turn returning item;

-- Forget a turn.
-- name: drop
delete from turns where id = :turn returning parent;

-- Unroll a turn to its root: every item with its place, oldest first.
-- name: unroll
with recursive chain (id, parent, conversation, upto, depth) as (
    select id, parent, conversation, upto, 0 from turns where id = :turn and project = :project
    union all
    select t.id, t.parent, t.conversation, t.upto, chain.depth + 1
    from chain join turns as t on t.id = chain.parent
)
select i.version, i.payload, c.depth, '' as side, ci.position as position, i.id
from chain as c
join conversation_items as ci on ci.conversation = c.conversation and ci.position < c.upto
join items as i on i.number = ci.item
union all
select i.version, i.payload, c.depth, ti.side, ti.position, i.id
from chain as c
join turn_items as ti on ti.turn = c.id
join items as i on i.number = ti.item
order by 3 desc, 4, 5;

-- Tell what a turn goes on from, and list what it was given and put out; one row at least.
-- name: own
select t.parent, t.conversation, i.version, i.payload
from turns as t
left join turn_items as ti on ti.turn = t.id
left join items as i on i.number = ti.item
where t.id = :turn and t.project = :project
order by ti.side, ti.position;

-- List what one turn put out.
-- name: output
select i.version, i.payload
from turn_items as ti join items as i on i.number = ti.item
where ti.turn = :turn and ti.side = 'output'
order by ti.position;
