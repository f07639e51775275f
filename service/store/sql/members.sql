-- Make a user a member of a project, with this role from now on.
-- name: add
insert into members (project, user_id, role, created_at)
values (:project, :user, :role, :now)
on conflict (project, user_id) do update set
    created_at = case when members.role = 'none' then excluded.created_at else members.created_at end,
    role = excluded.role;

-- Have a row for a user in a project, of whatever role.
-- name: know
insert into members (project, user_id, role, created_at)
values (:project, :user, 'none', :now)
on conflict (project, user_id) do nothing;

-- Find what a user is in a project.
-- name: one
select m.project, p.name, m.user_id, u.name, u.email, m.role, m.account, m.created_at
from members as m join projects as p on p.id = m.project join users as u on u.id = m.user_id
where m.project = :project and m.user_id = :user;

-- The members of a project that follow one, oldest first.
-- name: after
select m.project, p.name, m.user_id, u.name, u.email, m.role, m.account, m.created_at
from members as m join projects as p on p.id = m.project join users as u on u.id = m.user_id
where m.project = :project and m.role <> 'none' and (m.created_at, m.user_id) > (:at, :id)
order by m.created_at, m.user_id
limit :limit;

-- The projects a user is in that are not archived, by name.
-- name: of_user
select m.project, p.name, m.user_id, u.name, u.email, m.role, m.account, m.created_at
from members as m join projects as p on p.id = m.project join users as u on u.id = m.user_id
where m.user_id = :user and m.role <> 'none' and p.archived_at is null
order by p.name;

-- Change a member's role.
-- name: update
update members set role = :role
where project = :project and user_id = :user and role <> 'none'
returning user_id;

-- Note a member's account unless they have one.
-- name: have_account
update members set account = :account
where project = :project and user_id = :user and account is null
returning account;
