-- The charges before one, newest first; what is asked for in vain is null.
-- name: charges_before
select
    run, step, attempt, project, key, account, agent, agent_version, api, provider, model,
    input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio, units,
    estimated, rates, cost, charged, failed, overrun, created_at
from usage
where created_at >= :since and created_at < :until and created_at <= :at
    and (created_at, run, step, attempt) < (:at, :run, :step, :attempt)
    and (:account is null or account = :account)
    and (:key is null or key = :key)
    and (:of_run is null or run = :of_run)
    and (:project is null or project = :project)
order by created_at desc, run desc, step desc, attempt desc
limit :limit;

-- The charges after one, oldest first.
-- name: charges_after
select
    run, step, attempt, project, key, account, agent, agent_version, api, provider, model,
    input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio, units,
    estimated, rates, cost, charged, failed, overrun, created_at
from usage
where created_at >= :since and created_at < :until and created_at >= :at
    and (created_at, run, step, attempt) > (:at, :run, :step, :attempt)
    and (:account is null or account = :account)
    and (:key is null or key = :key)
    and (:of_run is null or run = :of_run)
    and (:project is null or project = :project)
order by created_at, run, step, attempt
limit :limit;

-- The grants before one, newest first; what was taken back is negative.
-- name: grants_before
select
    t.id, a.id, a.project, case when t.credit = a.id then t.amount else -t.amount end,
    coalesce(t.cause, 'top_up'), coalesce(t.reason, t.reference), coalesce(t.actor, 'operator'),
    t.reference, case when t.credit = a.id then t.debit else t.credit end, t.created_at
from transfers as t join accounts as a on a.id = case when t.debit like 'house:%' then t.credit else t.debit end
where t.kind = 'grant'
    and t.created_at >= :since and t.created_at < :until and t.created_at <= :at
    and (t.created_at, t.id) < (:at, :grant)
    and (:account is null or a.id = :account)
    and (:project is null or a.project = :project)
    and (:cause is null or coalesce(t.cause, 'top_up') = :cause)
    and (:of_run is null or t.reference = :of_run)
order by t.created_at desc, t.id desc
limit :limit;

-- The grants after one, oldest first.
-- name: grants_after
select
    t.id, a.id, a.project, case when t.credit = a.id then t.amount else -t.amount end,
    coalesce(t.cause, 'top_up'), coalesce(t.reason, t.reference), coalesce(t.actor, 'operator'),
    t.reference, case when t.credit = a.id then t.debit else t.credit end, t.created_at
from transfers as t join accounts as a on a.id = case when t.debit like 'house:%' then t.credit else t.debit end
where t.kind = 'grant'
    and t.created_at >= :since and t.created_at < :until and t.created_at >= :at
    and (t.created_at, t.id) > (:at, :grant)
    and (:account is null or a.id = :account)
    and (:project is null or a.project = :project)
    and (:cause is null or coalesce(t.cause, 'top_up') = :cause)
    and (:of_run is null or t.reference = :of_run)
order by t.created_at, t.id
limit :limit;

-- Say when an attempt was charged.
-- name: charge_at
select created_at from usage where run = :run and step = :step and attempt = :attempt;

-- Say when a grant was made.
-- name: grant_at
select created_at from transfers where id = :grant and kind = 'grant';

-- List what the attempts of a run were charged, and how much of each was given back.
-- name: of_run
select
    run, step, attempt, project, key, account, agent, agent_version, api, provider, model,
    input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio, units,
    estimated, rates, cost, charged, failed, overrun, created_at, refunded
from usage
where run = :run and (:project is null or project = :project)
order by step, attempt;

-- Add up the usage of a stretch of time in buckets, by whichever of project, key, user and model is 1.
-- name: buckets
select
    u.created_at - u.created_at % :width,
    case when :by_project = 1 then u.project end,
    case when :by_key = 1 then u.key end,
    case when :by_user = 1 then k.user_id end,
    case when :by_model = 1 then u.provider || '/' || u.model end,
    count(*),
    sum(coalesce(u.input, 0)), sum(coalesce(u.cache_read, 0)),
    sum(coalesce(u.cache_write, 0)), sum(coalesce(u.cache_write_1h, 0)), sum(coalesce(u.input_audio, 0)),
    sum(coalesce(u.output, 0)), sum(coalesce(u.output_audio, 0)),
    sum(u.cost)
from usage as u left join keys as k on k.id = u.key
where u.created_at >= :since and u.created_at < :until
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5;

-- Add up what the calls of one provider cost, by day of UTC and model, whoever paid.
-- name: by_day
select
    created_at - created_at % 86400, model, count(*),
    sum(coalesce(input, 0)), sum(coalesce(output, 0)), sum(cost)
from usage
where provider = :provider and created_at >= :since and created_at < :until
group by 1, 2
order by 1, 2;
