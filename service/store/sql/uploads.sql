-- Begin an upload.
-- name: begin
insert into uploads (
    id, project, filename, purpose, media_type, bytes, file_seconds, created_at, expires_at
) values (
    :id, :project, :filename, :purpose, :media_type, :bytes, :file_seconds, :created_at, :expires_at
);

-- Find a project's upload; one whose time is over has expired, swept or not.
-- name: get
select
    u.id, u.project, u.filename, u.purpose, u.media_type, u.bytes, u.file_seconds,
    case when u.status = 'pending' and u.expires_at <= :now then 'expired' else u.status end,
    u.created_at, u.expires_at,
    (select count(*) from upload_parts as p where p.upload = u.id),
    (select coalesce(sum(p.bytes), 0) from upload_parts as p where p.upload = u.id)
from uploads as u
where u.id = :id and u.project = :project;

-- Add a part whose bytes are on disk to a pending upload that has room for it.
-- name: add_part
insert into upload_parts (id, upload, project, bytes, blob, created_at)
select :id, u.id, u.project, :bytes, :blob, :created_at
from uploads as u
where u.id = :upload and u.project = :project
    and u.status = 'pending' and u.expires_at > :created_at
    and (select count(*) from upload_parts as p where p.upload = u.id) < :most_parts
    and (select coalesce(sum(p.bytes), 0) from upload_parts as p where p.upload = u.id) + :bytes <= u.bytes
returning id;

-- List an upload's parts.
-- name: parts
select id, bytes, blob from upload_parts where upload = :upload;

-- Close a pending upload, once.
-- name: close
update uploads set status = :status, file = :file
where id = :id and project = :project and status = 'pending' and expires_at > :now
returning id;

-- Take an upload's parts away.
-- name: drop_parts
delete from upload_parts where upload = :id returning blob;

-- Note that the time of pending uploads is over.
-- name: expire
update uploads set status = 'expired' where status = 'pending' and expires_at <= :now
returning id;
