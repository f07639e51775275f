-- I1: the entries of the ledger sum to zero.
-- name: I1_entries
select 'all entries sum to ' || sum(amount) from entries having sum(amount) <> 0;

-- I1: what the house issued to an account is what the account was granted.
-- name: I1_granted
select a.id || ': granted ' || a.granted || ', entries say ' || coalesce(e.total, 0)
from accounts as a
left join (select account, sum(amount) as total from entries where kind = 'grant' group by account) as e
    on e.account = a.id
where a.granted <> coalesce(e.total, 0);

-- I1: what an account paid is what it has settled.
-- name: I1_settled
select a.id || ': settled ' || a.settled || ', entries say ' || coalesce(-e.total, 0)
from accounts as a
left join (select account, sum(amount) as total from entries where kind = 'usage' group by account) as e
    on e.account = a.id
where a.settled <> coalesce(-e.total, 0);

-- I1: money moves only between the accounts there are.
-- name: I1_accounts
select e.account || ': no such account'
from (select distinct account from entries) as e
left join accounts as a on a.id = e.account
where a.id is null
    and e.account not in ('house:issued', 'house:revenue', 'house:failed', 'house:overrun');

-- I2: no balance is below zero.
-- name: I2_balance
select id || ': available ' || (granted + credit_limit - settled - held) || ', held ' || held
from accounts where granted + credit_limit - settled - held < 0 or held < 0;

-- I1: what bounds a hold is the balance, or the limit of the day or month where that comes before.
-- name: I1_ceiling
select id || ': may come to ' || ceiling || ', its limits say otherwise'
from accounts
where ceiling > granted + credit_limit
    or ceiling > day_base + day_limit
    or ceiling > month_base + month_limit
    or (
        ceiling <> granted + credit_limit
        and (day_limit is null or ceiling <> day_base + day_limit)
        and (month_limit is null or ceiling <> month_base + month_limit)
    );

-- I3: what an account holds is the sum of its open holds.
-- name: I3_held
select a.id || ': held ' || a.held || ', open holds sum to ' || coalesce(h.total, 0)
from accounts as a
left join (select account, sum(amount) as total from holds where state = 'open' group by account) as h
    on h.account = a.id
where a.held <> coalesce(h.total, 0);

-- I4: a hold resolves exactly once.
-- name: I4_once
select reference || ': paid ' || count(*) || ' times by ' || debit
from transfers where kind = 'usage' group by reference, debit having count(*) > 1;

-- I5: no more is settled from a hold than it holds, and never from one that is not settled.
-- name: I5_from_hold
select run || '/' || step || '/' || attempt || ': settled ' || settled || ' of ' || amount || ', ' || state
from holds where settled > amount or (state <> 'settled' and settled <> 0);

-- I6: every settled hold has its usage, and no other hold has.
-- name: I6_usage_row
select h.run || '/' || h.step || '/' || h.attempt || ': ' || h.state 
    || case when u.run is null then ' without' else ' with' end || ' usage'
from holds as h left join usage as u on u.run = h.run and u.step = h.step and u.attempt = h.attempt
where (h.state = 'settled') <> (u.run is not null);

-- I6: the cost of an attempt is what was paid for it.
-- name: I6_cost
select u.run || '/' || u.step || '/' || u.attempt || ': cost ' || u.cost || ', paid ' || coalesce(t.total, 0)
from usage as u
left join (
    select reference, sum(amount) as total from transfers where kind = 'usage' group by reference
) as t on t.reference = u.run || '/' || u.step || '/' || u.attempt
where u.cost <> coalesce(t.total, 0);

-- I6: what an account paid for an attempt is what its hold says.
-- name: I6_charged
select u.run || '/' || u.step || '/' || u.attempt || ': charged ' || u.charged || ', the hold says ' || h.charged
from usage as u join holds as h on h.run = u.run and h.step = u.step and h.attempt = u.attempt
where u.charged <> h.charged;

-- I6: what was given back of charges is what their attempts say.
-- name: I6_refunded
select a.id || ': refunds sum to ' || coalesce(t.total, 0) || ', attempts say ' || coalesce(u.total, 0)
from accounts as a
left join (
    select credit, sum(amount) as total from transfers where cause = 'refund' group by credit
) as t on t.credit = a.id
left join (
    select account, sum(refunded) as total from usage where refunded > 0 group by account
) as u on u.account = a.id
where coalesce(t.total, 0) <> coalesce(u.total, 0);

-- I7: parts do not exceed their totals.
-- name: I7_parts
select run || '/' || step || '/' || attempt || ': parts exceed their total'
from usage
where coalesce(cache_read, 0) + coalesce(cache_write, 0) + coalesce(cache_write_1h, 0) > coalesce(input, 0)
    or coalesce(input_audio, 0) > coalesce(input, 0)
    or coalesce(reasoning, 0) > coalesce(output, 0)
    or coalesce(output_audio, 0) > coalesce(output, 0);

-- I8: no run goes on long after its lease has expired.
-- name: I8_runs
select id || ': running, lease expired at ' || lease_until from runs
where status = 'running' and lease_until + :grace < :now;

-- I8: no hold stays open long after its run has ended.
-- name: I8_holds
select h.run || '/' || h.step || '/' || h.attempt || ': open, run ended at ' || r.ended_at
from holds as h join runs as r on r.id = h.run
where h.state = 'open' and r.ended_at + :grace < :now;

-- I8: no run on a thread goes on whose leg does not.
-- name: I8_threads
select r.id || ': ' || r.status || ', its leg ' || r.leg || ' has ended'
from thread_runs as r left join background_runs as b on b.run = r.leg
where r.ended_at is null and r.status <> 'requires_action' and (b.run is null or b.state = 'ended');
