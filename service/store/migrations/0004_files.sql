-- Files, and uploads that become files. The bytes lie beside the database under the names in `blob`.

create table files (
    -- The order of creation; ids and seconds are not fine enough for pages.
    place integer primary key autoincrement,
    id text not null unique,
    project text not null references projects (id),
    filename text not null,
    purpose text not null,
    media_type text not null,
    bytes integer not null check (bytes >= 0),
    blob text not null unique,
    created_at integer not null,
    expires_at integer
) strict;

create index files_of_project on files (project, place);
create index files_stored on files (project, bytes);
create index files_expiring on files (expires_at) where expires_at is not null;

create table uploads (
    id text primary key,
    project text not null references projects (id),
    filename text not null,
    purpose text not null,
    media_type text not null,
    bytes integer not null check (bytes > 0),
    file_seconds integer,
    status text not null default 'pending'
        check (status in ('pending', 'completed', 'cancelled', 'expired')),
    file text,
    created_at integer not null,
    expires_at integer not null
) strict, without rowid;

create index uploads_pending on uploads (expires_at) where status = 'pending';

create table upload_parts (
    id text primary key,
    upload text not null references uploads (id) on delete cascade,
    project text not null references projects (id),
    bytes integer not null check (bytes > 0),
    blob text not null unique,
    created_at integer not null
) strict, without rowid;

create index parts_of_upload on upload_parts (upload, bytes);
create index parts_stored on upload_parts (project, bytes);
