-- Note a file whose bytes are on disk, unless the project would then have more than it may.
-- name: add
insert into files (id, project, filename, purpose, media_type, bytes, blob, created_at, expires_at)
select :id, :project, :filename, :purpose, :media_type, :bytes, :blob, :created_at, :expires_at
where :bytes
    + (select coalesce(sum(f.bytes), 0) from files as f where f.project = :project)
    + (select coalesce(sum(p.bytes), 0) from upload_parts as p where p.project = :project)
    <= :most
returning id;

-- Add up what a project has stored, unfinished uploads included.
-- name: stored
select
    (select coalesce(sum(f.bytes), 0) from files as f where f.project = :project)
    + (select coalesce(sum(p.bytes), 0) from upload_parts as p where p.project = :project);

-- Find a project's file.
-- name: get
select id, project, filename, purpose, media_type, bytes, blob, created_at, expires_at
from files
where id = :id and project = :project and (expires_at is null or expires_at > :now);

-- List a project's files after a place, oldest first.
-- name: page_asc
select id, project, filename, purpose, media_type, bytes, blob, created_at, expires_at
from files
where project = :project
    and (expires_at is null or expires_at > :now)
    and (:purpose is null or purpose = :purpose)
    and (:after is null or place > (select a.place from files as a where a.id = :after))
order by place
limit :limit;

-- List a project's files after a place, newest first.
-- name: page_desc
select id, project, filename, purpose, media_type, bytes, blob, created_at, expires_at
from files
where project = :project
    and (expires_at is null or expires_at > :now)
    and (:purpose is null or purpose = :purpose)
    and (:after is null or place < (select a.place from files as a where a.id = :after))
order by place desc
limit :limit;

-- Forget a project's file.
-- name: delete
delete from files
where id = :id and project = :project and (expires_at is null or expires_at > :now)
returning blob;

-- Forget the files whose time is over.
-- name: expire
delete from files where expires_at <= :now returning blob;

-- Name everything that belongs to a file or to a part of one.
-- name: blobs
select blob from files
union all
select blob from upload_parts;
