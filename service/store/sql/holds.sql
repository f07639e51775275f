-- Hold as much as is available between the least and the most, or nothing: the guard that keeps money
-- adding up. The key must be valid at this moment and the run, where there is one, still running. The
-- account is the one the key spends from now.
-- name: open
insert into holds (run, step, attempt, account, provider, model, amount, input_tokens, rates, opened_at)
select
    :run, :step, :attempt, a.id, :provider, :model,
    min(:most, a.ceiling - a.settled - a.held), :input_tokens, :rates, :now
from keys as k join accounts as a on a.id = k.account
where k.id = :key
    and a.ceiling - a.settled - a.held >= :least
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > :now)
    and not exists (select 1 from runs where id = :run and status <> 'running')
returning amount;

-- Hold the most that is asked for, by orders whose account has what all of them ask of it: those get what
-- they would get one after the other. The key must still spend from that account. What is not returned is
-- tried by itself. For several orders the row of values is repeated; casts say what type a parameter has.
-- name: open_together
with orders (run, step, attempt, key, account, together, provider, model, most, input_tokens, rates, now) as (
    values (
        :run, cast(:step as bigint), cast(:attempt as bigint), :key, :account, cast(:together as bigint),
        :provider, :model, cast(:most as bigint), cast(:input_tokens as bigint), :rates, cast(:now as bigint)
    )
)
insert into holds (run, step, attempt, account, provider, model, amount, input_tokens, rates, opened_at)
select o.run, o.step, o.attempt, a.id, o.provider, o.model, o.most, o.input_tokens, o.rates, o.now
from orders as o join keys as k on k.id = o.key join accounts as a on a.id = k.account and a.id = o.account
where a.ceiling - a.settled - a.held >= o.together
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > o.now)
    and not exists (select 1 from runs where id = o.run and status <> 'running')
returning run, step, attempt;

-- Say how things stand where nothing could be held.
-- name: standing
select
    a.ceiling - a.settled - a.held,
    a.held,
    k.revoked_at is null and (k.expires_at is null or k.expires_at > :now),
    not exists (select 1 from runs where id = :run and status <> 'running'),
    a.granted + a.credit_limit - a.ceiling,
    a.day_base + a.day_limit - a.ceiling,
    coalesce(a.day_limit, 0), a.day_ends, coalesce(a.month_limit, 0), a.month_ends,
    case when a.refill_next <= :now then a.id end
from keys as k join accounts as a on a.id = k.account
where k.id = :key;

-- Say what an open hold has.
-- name: amount
select amount from holds where run = :run and step = :step and attempt = :attempt and state = 'open';

-- Let an open hold grow by as much as is available between the least and the most, or not at all.
-- name: grow
update holds set amount = holds.amount + min(:most, a.ceiling - a.settled - a.held)
from accounts as a
where a.id = holds.account
    and holds.run = :run and holds.step = :step and holds.attempt = :attempt and holds.state = 'open'
    and a.ceiling - a.settled - a.held >= :least
returning amount;

-- Settle a hold that is open, once, whoever tries: what is due is paid out of the hold and then out of
-- what is available. An estimate is cut to the hold.
-- name: settle
update holds set
    state = 'settled',
    charged = min(
        case when :estimated = 1 then min(:due, amount) else :due end,
        amount + (select granted + credit_limit - settled - held from accounts where id = holds.account)
    ),
    settled = min(amount, :due),
    resolved_at = :now
where run = :run and step = :step and attempt = :attempt and state = 'open'
returning amount, charged, account;

-- Settle holds that are open and have what is due: it is paid out of them, whatever else is available. What
-- is not returned is settled by itself. For several orders the row of values is repeated.
-- name: settle_together
with orders (run, step, attempt, due, now) as (
    values (:run, cast(:step as bigint), cast(:attempt as bigint), cast(:due as bigint), cast(:now as bigint))
)
update holds set state = 'settled', charged = o.due, settled = o.due, resolved_at = o.now
from orders as o
where holds.run = o.run and holds.step = o.step and holds.attempt = o.attempt
    and holds.state = 'open' and holds.amount >= o.due
returning holds.run, holds.step, holds.attempt, holds.account;

-- Void a hold that is open: nothing to bill came of it.
-- name: void
update holds set state = 'voided', resolved_at = :now
where run = :run and step = :step and attempt = :attempt and state = 'open'
returning run;

-- Say what the house has paid since the day began for failed attempts with the key of this run.
-- name: failed_since
select coalesce(sum(failed), 0) from usage
where key = (select key from runs where id = :run) and created_at >= :since and failed > 0;
