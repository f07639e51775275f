-- Make a project of this name unless there is one.
-- name: ensure
insert into projects (id, name, created_at)
values (:id, :name, :now)
on conflict (name) do nothing;

-- Find a project by its name.
-- name: named
select id, name, created_at from projects where name = :name;

-- List every project.
-- name: every
select id, name, created_at from projects order by name;
