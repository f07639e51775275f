-- Write down what a settled attempt consumed and who paid, its hold and run saying for whom.
-- name: record
insert into usage (
    run, step, attempt, project, key, account, agent, agent_version, api, provider, model,
    input, cache_read, cache_write, cache_write_1h, input_audio, output, reasoning, output_audio, units,
    estimated, rates, raw, cost, charged, failed, overrun, created_at
)
select
    h.run, h.step, h.attempt, r.project, r.key, h.account, r.agent, r.agent_version, r.api, h.provider, h.model,
    :input, :cache_read, :cache_write, :cache_write_1h, :input_audio, :output, :reasoning, :output_audio, :units,
    :estimated, :rates, :raw, :cost, :charged, :failed, :overrun, :now
from holds as h join runs as r on r.id = h.run
where h.run = :run and h.step = :step and h.attempt = :attempt;

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
