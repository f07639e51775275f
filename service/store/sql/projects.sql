-- Make a project of this name unless there is one.
-- name: ensure
insert into projects (id, name, created_at)
values (:id, :name, :now)
on conflict (name) do nothing;

-- Find a project by its name.
-- name: named
select id, name, created_at, archived_at from projects where name = :name;

-- Find a project by its id.
-- name: by_id
select id, name, created_at, archived_at from projects where id = :id;

-- List every project.
-- name: every
select id, name, created_at, archived_at from projects order by name;

-- The projects that follow one, oldest first; archived ones where they are wanted.
-- name: after
select id, name, created_at, archived_at from projects
where (created_at, id) > (:at, :id) and (archived_at is null or :archived = 1)
order by created_at, id
limit :limit;

-- Give a project another name.
-- name: rename
update projects set name = :name where id = :id returning id, name, created_at, archived_at;

-- Archive a project once; an archived one stays as it is.
-- name: archive
update projects set archived_at = coalesce(archived_at, :now) where id = :id
returning id, name, created_at, archived_at;
