-- Write down what settled attempts consumed and who paid, their holds and runs saying for whom. For several
-- the row of values is repeated; casts say what type a parameter has.
-- name: record
with used (
    run, step, attempt, input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio,
    units, estimated, rates, raw, cost, charged, failed, overrun, now
) as (
    values (
        :run, cast(:step as bigint), cast(:attempt as bigint),
        cast(:input as bigint), cast(:cache_read as bigint), cast(:cache_write as bigint),
        cast(:cache_write_1h as bigint), cast(:input_audio as bigint), cast(:output as bigint),
        cast(:reasoning as bigint), cast(:output_audio as bigint), :units, cast(:estimated as bigint), :rates, :raw,
        cast(:cost as bigint), cast(:charged as bigint), cast(:failed as bigint), cast(:overrun as bigint),
        cast(:now as bigint)
    )
)
insert into usage (
    run, step, attempt, project, key, account, agent, agent_version, api, provider, model,
    input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio, units,
    estimated, rates, raw, cost, charged, failed, overrun, created_at
)
select
    h.run, h.step, h.attempt, r.project, r.key, h.account, r.agent, r.agent_version, r.api, h.provider, h.model,
    u.input, u.cache_read, u.cache_write, u.cache_write_1h, u.input_audio, u.output, u.reasoning, u.output_audio,
    u.units, u.estimated, u.rates, u.raw, u.cost, u.charged, u.failed, u.overrun, u.now
from used as u
join holds as h on h.run = u.run and h.step = u.step and h.attempt = u.attempt
join runs as r on r.id = h.run;

-- List the newest usage of one key in a stretch of time.
-- name: of_key
select
    run, step, attempt, project, key, account, agent, agent_version, api, provider, model,
    input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio, units,
    estimated, rates, cost, charged, failed, overrun, created_at
from usage
where key = :key and created_at >= :since and created_at < :until
order by created_at desc, run, step, attempt
limit :limit;

-- List the newest usage of every key in a stretch of time.
-- name: of_all
select
    run, step, attempt, project, key, account, agent, agent_version, api, provider, model,
    input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio, units,
    estimated, rates, cost, charged, failed, overrun, created_at
from usage
where created_at >= :since and created_at < :until
order by created_at desc, run, step, attempt
limit :limit;

-- Add up the usage in a stretch of time by key and model, of one key or of all.
-- name: totals
select
    u.key, k.name, u.provider, u.model, count(*), coalesce(sum(u.input), 0), coalesce(sum(u.output), 0),
    sum(u.cost), sum(u.charged), sum(u.estimated)
from usage as u join keys as k on k.id = u.key
where (:key is null or u.key = :key) and u.created_at >= :since and u.created_at < :until
group by u.key, k.name, u.provider, u.model
order by k.name, u.key, u.provider, u.model;

-- Say what the house has paid in all, and how many holds are open.
-- name: house
select
    (select coalesce(sum(amount), 0) from transfers where debit = 'house:overrun'),
    (select coalesce(sum(amount), 0) from transfers where debit = 'house:failed'),
    (select count(*) from holds where state = 'open');
