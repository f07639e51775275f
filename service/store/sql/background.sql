-- Write a run down that is to go on without a reader.
-- name: submit
insert into background_runs (run, response, project, state, job, owner, lease_until, created_at)
values (:run, :response, :project, 'queued', :job, :owner, :lease_until, :now);

-- Mark a run as under way, for the owner of its claim and unless its caller wants it no more.
-- name: start
update background_runs set state = 'in_progress'
where run = :run and fence = :fence and state <> 'ended' and cancelled = 0
returning run;

-- Show its response as under way.
-- name: show_started
update responses set status = 'in_progress' where run = :run and status = 'queued';

-- Add events to a run's log, for the owner of its claim.
-- name: append
insert into run_events (run, sequence, size, payload)
select :run, coalesce((select max(sequence + size) from run_events where run = :run), 0), :size, :payload
where exists (select 1 from background_runs where run = :run and fence = :fence and state <> 'ended')
returning sequence;

-- End a run, for the owner of its claim.
-- name: end
update background_runs set state = 'ended', ended_at = :now, job = null
where run = :run and fence = :fence and state <> 'ended'
returning run;

-- Note that the caller wants a run no more.
-- name: ask_cancel
update background_runs set cancelled = 1 where run = :run and state <> 'ended' returning run;

-- List the runs of a process that their callers want no more.
-- name: unwanted
select run from background_runs where owner = :owner and state <> 'ended' and cancelled = 1;

-- Keep these runs of a process alive.
-- name: renew
update background_runs set lease_until = :lease_until
where owner = :owner and state <> 'ended' and run in (select value from json_each(:runs));

-- Let the leases of every other process run out: it is gone.
-- name: expire_others
update background_runs set lease_until = 0 where owner <> :owner and state <> 'ended';

-- Claim the oldest run whose process stopped renewing it.
-- name: claim_next
update background_runs set owner = :owner, fence = fence + 1, lease_until = :lease_until
where run = (
    select run from background_runs
    where state <> 'ended' and lease_until < :now
    order by created_at, run
    limit 1
)
returning run, project, fence, cancelled, job, exists (select 1 from holds where holds.run = background_runs.run);

-- Empty the log of a run that starts anew.
-- name: clear_log
delete from run_events where run = :run;

-- Find the run of a response and how far it is.
-- name: state
select run, state from background_runs where response = :response and project = :project;

-- Look whether a run has not ended.
-- name: goes_on
select 1 from background_runs where run = :run and state <> 'ended';

-- Read some of a log from an event on.
-- name: read
select sequence, size, payload from run_events where run = :run and sequence >= :from order by sequence limit :limit;

-- Forget runs that ended long ago, some at a time.
-- name: expire
delete from background_runs
where run in (select run from background_runs where state = 'ended' and ended_at < :before order by ended_at limit :limit)
returning run;
