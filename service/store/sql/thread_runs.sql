-- Look whether a run is active on a thread.
-- name: active
select id, status from thread_runs where thread = :thread and ended_at is null;

-- Begin a run on a thread that none is active on, and that nothing was added to meanwhile.
-- name: open
insert into thread_runs (
    id, thread, project, assistant, status, terms, echo, metadata, leg, legs, begins, created_at, expires_at
)
select :id, c.id, :project, :assistant, 'queued', :terms, :echo, :metadata, :leg, 1, :begins, :created_at, :expires_at
from conversations as c
where c.id = :thread and c.project = :project and c.next = :upto
    and not exists (select 1 from thread_runs as r where r.thread = c.id and r.ended_at is null)
returning id;

-- Let a run that waits for its caller go on with a new leg.
-- name: go_on
update thread_runs set status = 'queued', leg = :leg, legs = :legs, held = null
where id = :id and project = :project and status = 'requires_action' and leg = :before
returning id;

-- Note a leg of a run.
-- name: put_leg
insert into thread_legs (run, number, leg) values (:run, :number, :leg);

-- Note what a leg used.
-- name: end_leg
update thread_legs set usage = :usage where leg = :leg;

-- Note how a run stands when its leg has ended; nothing where it was ended otherwise.
-- name: stand
update thread_runs set status = :status, ended_at = :ended_at, reason = :reason, error = :error, held = :held
where id = :id and leg = :leg and ended_at is null
returning id;

-- Find a run of a thread, and whether its leg is under way.
-- name: by_id
select
    r.id, r.thread, r.project, r.assistant,
    case when r.status = 'queued' and b.state = 'in_progress' then 'in_progress' else r.status end,
    r.terms, r.echo, r.metadata, r.leg, r.legs, r.begins, r.created_at, r.expires_at, r.ended_at, r.reason, r.error, r.held
from thread_runs as r left join background_runs as b on b.run = r.leg
where r.id = :id and r.thread = :thread and r.project = :project;

-- Find the run of a thread whose leg goes on.
-- name: going
select
    r.id, r.thread, r.project, r.assistant,
    case when r.status = 'queued' and b.state = 'in_progress' then 'in_progress' else r.status end,
    r.terms, r.echo, r.metadata, r.leg, r.legs, r.begins, r.created_at, r.expires_at, r.ended_at, r.reason, r.error, r.held
from thread_runs as r left join background_runs as b on b.run = r.leg
where r.thread = :thread and r.project = :project and r.ended_at is null and r.status <> 'requires_action';

-- Tell the place of a run.
-- name: place
select place from thread_runs where id = :id and thread = :thread and project = :project;

-- List a thread's runs between two places, oldest first.
-- name: upwards
select
    r.id, r.thread, r.project, r.assistant,
    case when r.status = 'queued' and b.state = 'in_progress' then 'in_progress' else r.status end,
    r.terms, r.echo, r.metadata, r.leg, r.legs, r.begins, r.created_at, r.expires_at, r.ended_at, r.reason, r.error, r.held
from thread_runs as r left join background_runs as b on b.run = r.leg
where r.thread = :thread and r.project = :project
    and r.place > :low
    and r.place < :high
order by r.place
limit :limit;

-- List a thread's runs between two places, newest first.
-- name: downwards
select
    r.id, r.thread, r.project, r.assistant,
    case when r.status = 'queued' and b.state = 'in_progress' then 'in_progress' else r.status end,
    r.terms, r.echo, r.metadata, r.leg, r.legs, r.begins, r.created_at, r.expires_at, r.ended_at, r.reason, r.error, r.held
from thread_runs as r left join background_runs as b on b.run = r.leg
where r.thread = :thread and r.project = :project
    and r.place > :low
    and r.place < :high
order by r.place desc
limit :limit;

-- List what the legs of a run used.
-- name: usages
select usage from thread_legs where run = :id and usage is not null order by number;

-- Replace a run's metadata.
-- name: describe
update thread_runs set metadata = :metadata where id = :id and thread = :thread and project = :project returning id;

-- Note that the caller wants a run no more while its leg goes on.
-- name: ask_cancel
update thread_runs set status = 'cancelling'
where id = :id and thread = :thread and project = :project and status = 'queued'
returning leg;

-- End a run that waits for its caller.
-- name: end_waiting
update thread_runs set status = :status, ended_at = :now, held = null
where id = :id and status = 'requires_action'
returning thread, legs;

-- List runs whose time is over.
-- name: due
select id, leg, status from thread_runs where ended_at is null and expires_at <= :now order by expires_at limit :limit;

-- List runs whose leg has ended without telling them.
-- name: lost
select r.id, r.leg
from thread_runs as r left join background_runs as b on b.run = r.leg
where r.ended_at is null and r.status <> 'requires_action' and (b.run is null or b.state = 'ended')
    and r.created_at < :before
limit :limit;

-- End a run whose leg is gone.
-- name: give_up
update thread_runs set status = 'failed', ended_at = :now, error = :error
where id = :id and leg = :leg and ended_at is null and status <> 'requires_action'
returning thread;

-- Note a step of a run, or how it stands now.
-- name: put_step
insert into thread_steps (run, number, id, payload) values (:run, :number, :id, :payload)
on conflict (run, number) do update set payload = excluded.payload;

-- List a run's steps in order.
-- name: steps
select payload from thread_steps where run = :run order by number;

-- Tell the place of the next step of a run.
-- name: next_step
select coalesce(max(number) + 1, 0) from thread_steps where run = :run;

-- Find the place of a step.
-- name: step_place
select number from thread_steps where run = :run and id = :id;
