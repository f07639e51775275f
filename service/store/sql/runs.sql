-- Note a run with its first hold. For several the row of values is repeated.
-- name: start
insert into runs (id, project, key, agent, agent_version, api, owner, lease_until, created_at)
values (:run, :project, :key, :agent, :agent_version, :api, :owner, :lease_until, :now)
on conflict (id) do nothing;

-- End runs that are still running. For several the row of values is repeated.
-- name: end
with orders (run, status, error, now) as (values (:run, :status, :error, cast(:now as bigint)))
update runs set status = o.status, error = o.error, ended_at = o.now
from orders as o
where runs.id = o.run and runs.status = 'running'
returning id;

-- Keep every run of one process alive.
-- name: renew
update runs set lease_until = :lease_until where owner = :owner and status = 'running';

-- Let the leases of every other process run out: it is gone.
-- name: expire_others
update runs set lease_until = 0 where owner <> :owner and status = 'running';

-- Take over the runs whose process stopped renewing them; from here on they are not its own. Those that
-- run in the background are told too: they end by their log.
-- name: take_over
update runs set owner = :sweeper, lease_until = :lease_until
where status = 'running' and lease_until < :now
returning id, exists (select 1 from background_runs as b where b.run = runs.id and b.state <> 'ended');

-- List the open holds of runs taken over, and those of runs that ended long ago without them.
-- name: abandoned_holds
select h.run, h.step, h.attempt, h.amount, h.input_tokens, h.rates
from holds as h join runs as r on r.id = h.run
where h.state = 'open'
    and ((r.owner = :sweeper and r.status = 'running') or (r.status <> 'running' and r.ended_at < :stale));
