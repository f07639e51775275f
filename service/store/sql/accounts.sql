-- Open an account unless it is open already.
-- name: open
insert into accounts (id, project, name, credit_limit, unlimited, ceiling, created_at)
values (:id, :project, :name, :credit_limit, :unlimited, :credit_limit, :now)
on conflict (id) do nothing;

-- Find an account.
-- name: by_id
select
    id, project, granted, settled, held, credit_limit, unlimited, created_at, name, ceiling,
    day_limit, day_base, day_ends, month_limit, month_base, month_ends, low_balance, low_since,
    refill_amount, refill_every, refill_unit, refill_anchor, refill_next
from accounts where id = :id;

-- List the accounts, of one project or of all.
-- name: every
select
    id, project, granted, settled, held, credit_limit, unlimited, created_at, name, ceiling,
    day_limit, day_base, day_ends, month_limit, month_base, month_ends, low_balance, low_since,
    refill_amount, refill_every, refill_unit, refill_anchor, refill_next
from accounts
where :project is null or project = :project
order by created_at, id;

-- The accounts after one, oldest first, of one project or of all.
-- name: page
select
    id, project, granted, settled, held, credit_limit, unlimited, created_at, name, ceiling,
    day_limit, day_base, day_ends, month_limit, month_base, month_ends, low_balance, low_since,
    refill_amount, refill_every, refill_unit, refill_anchor, refill_next
from accounts
where (:project is null or project = :project) and (created_at, id) > (:at, :id)
order by created_at, id
limit :limit;

-- Grant an amount, as long as sums stay within 64 bits; a negative one is taken back, at most what is
-- available.
-- name: grant
update accounts set granted = granted + :amount
where id = :id and granted + credit_limit - settled - held + :amount >= 0
    and granted + :amount <= 4000000000000000000
returning id;

-- Book a grant from the house to an account, or back.
-- name: transfer
insert into transfers (debit, credit, amount, kind, reference, cause, reason, actor, created_at)
values (:debit, :credit, :amount, 'grant', :reference, :cause, :reason, :actor, :now);

-- Say anew what an account's charges and holds may come to, and forget that it was low once it is not.
-- name: bound
update accounts set
    ceiling = case
        when day_limit is not null and day_base + day_limit < granted + credit_limit
            and (month_limit is null or day_base + day_limit <= month_base + month_limit)
            then day_base + day_limit
        when month_limit is not null and month_base + month_limit < granted + credit_limit
            then month_base + month_limit
        else granted + credit_limit
    end,
    low_since = case
        when granted + credit_limit - settled - held < coalesce(low_balance, 0) then low_since
    end
where id = :id
returning
    id, project, granted, settled, held, credit_limit, unlimited, created_at, name, ceiling,
    day_limit, day_base, day_ends, month_limit, month_base, month_ends, low_balance, low_since,
    refill_amount, refill_every, refill_unit, refill_anchor, refill_next;

-- Change what bounds and refills an account; what it may go below is refused.
-- name: configure
update accounts set
    name = :name, credit_limit = :credit_limit, unlimited = :unlimited,
    day_limit = :day_limit, month_limit = :month_limit, low_balance = :low_balance,
    day_base = settled - (
        select coalesce(sum(charged), 0) from usage
        where account = accounts.id and created_at >= :day_begins
    ),
    day_ends = :day_ends,
    month_base = settled - (
        select coalesce(sum(charged), 0) from usage
        where account = accounts.id and created_at >= :month_begins
    ),
    month_ends = :month_ends,
    refill_amount = :refill_amount, refill_every = :refill_every, refill_unit = :refill_unit,
    refill_anchor = :refill_anchor, refill_next = :refill_next
where id = :id and granted + :credit_limit - settled - held >= 0
returning id;

-- Begin a new day and a new month on the accounts that limit them and are still in the last.
-- name: turn
update accounts set
    day_base = case when day_ends <= :now then settled else day_base end,
    day_ends = case when day_ends <= :now then :day_ends else day_ends end,
    month_base = case when month_ends <= :now then settled else month_base end,
    month_ends = case when month_ends <= :now then :month_ends else month_ends end
where (day_limit is not null and day_ends <= :now) or (month_limit is not null and month_ends <= :now)
returning id;

-- List the accounts whose refill is due.
-- name: due
select id, refill_amount, refill_every, refill_unit, refill_anchor, refill_next
from accounts where refill_next <= :now
order by refill_next, id;

-- Find the refill of one account, if it is due.
-- name: due_of
select id, refill_amount, refill_every, refill_unit, refill_anchor, refill_next
from accounts where id = :id and refill_next <= :now;

-- Refill an account for the period that is due, once, whoever tries.
-- name: refill
update accounts set granted = granted + refill_amount, refill_next = :next
where id = :id and refill_next = :due
returning refill_amount;

-- Say what accounts have, and whether that is worth a warning. For several the row of values is repeated.
-- name: left
select id, granted + credit_limit - settled - held, low_balance, low_since, unlimited
from accounts
where id in (values (:id));

-- Note that an account is low, once until it no longer is.
-- name: note_low
update accounts set low_since = :now
where id = :id and low_since is null and granted + credit_limit - settled - held < low_balance
returning project, granted + credit_limit - settled - held, low_balance;

-- Let a key spend from an account of its project.
-- name: assign_key
update keys set account = :id
where id = :key and exists (select 1 from accounts as a where a.id = :id and a.project = keys.project)
returning id;

-- List the keys that spend from an account.
-- name: keys_of
select id, name from keys where account = :id order by created_at, id;

-- List what an account paid for a run and was not given back, attempt by attempt.
-- name: refundable
select step, attempt, charged - refunded from usage
where run = :run and account = :id and charged > refunded
order by step, attempt;

-- Give back a part of what was charged for an attempt, at most what is left of it.
-- name: refund
update usage set refunded = refunded + :amount
where run = :run and step = :step and attempt = :attempt and charged - refunded >= :amount
returning run;
