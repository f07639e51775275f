-- Set the rates of a model from now on; null takes the operator's own back.
-- name: set
insert into rates (provider, model, rates, actor, reason, created_at)
values (:provider, :model, :rates, :actor, :reason, :now)
returning id, provider, model, rates, actor, reason, created_at;

-- List the rates that hold now.
-- name: current
select r.id, r.provider, r.model, r.rates, r.actor, r.reason, r.created_at
from rates as r
where r.rates is not null
    and r.id = (select max(l.id) from rates as l where l.provider = r.provider and l.model = r.model)
order by r.provider, r.model;

-- List what was ever set, of one model or of all, newest first.
-- name: history
select id, provider, model, rates, actor, reason, created_at from rates
where (:provider is null or provider = :provider) and (:model is null or model = :model) and id < :before
order by id desc
limit :limit;

-- Say what was set last.
-- name: newest
select coalesce(max(id), 0) from rates;
