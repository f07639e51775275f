-- Open an account unless it is open already.
-- name: open
insert into accounts (id, project, credit_limit, unlimited, created_at)
values (:id, :project, :credit_limit, :unlimited, :now)
on conflict (id) do nothing;

-- Find an account.
-- name: by_id
select id, project, granted, settled, held, credit_limit, unlimited, created_at
from accounts where id = :id;

-- List the accounts, of one project or of all.
-- name: every
select id, project, granted, settled, held, credit_limit, unlimited, created_at
from accounts
where :project is null or project = :project
order by created_at, id;

-- Grant an amount; a negative one is taken back, at most what is available.
-- name: grant
update accounts set granted = granted + :amount
where id = :id and granted + credit_limit - settled - held + :amount >= 0
returning id, project, granted, settled, held, credit_limit, unlimited, created_at;

-- Book a grant from the house to an account, or back.
-- name: transfer
insert into transfers (debit, credit, amount, kind, reference, created_at)
values (:debit, :credit, :amount, 'grant', :reference, :now);
