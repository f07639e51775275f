-- Add a user.
-- name: create
insert into users (id, name, email, issuer, subject, role, permissions, created_at)
values (:id, :name, :email, :issuer, :subject, :role, :permissions, :created_at);

-- Let a deleted user be again, as described now.
-- name: revive
update users set
    name = :name, role = :role, permissions = :permissions, deleted_at = null,
    email = coalesce(:email, email), issuer = coalesce(:issuer, issuer), subject = coalesce(:subject, subject)
where id = :id;

-- Let a user's tokens spend again; keys that were revoked stay so.
-- name: readmit
update keys set revoked_at = null where user_id = :id and kind = 'sign_in';

-- Find a user.
-- name: by_id
select
    id, name, email, issuer, subject, role, permissions, created_at, deleted_at,
    (select max(k.last_used_at) from keys as k where k.user_id = users.id)
from users where id = :id and deleted_at is null;

-- Find a user by who they are to an issuer, a deleted one too.
-- name: by_subject
select id, name, email, issuer, subject, role, permissions, created_at, deleted_at, null
from users where issuer = :issuer and subject = :subject;

-- Find a user by their address, a deleted one too.
-- name: by_email
select id, name, email, issuer, subject, role, permissions, created_at, deleted_at, null
from users where email = :email;

-- The users that follow one, oldest first.
-- name: after
select
    id, name, email, issuer, subject, role, permissions, created_at, deleted_at,
    (select max(k.last_used_at) from keys as k where k.user_id = users.id)
from users
where deleted_at is null and (created_at, id) > (:at, :id)
order by created_at, id
limit :limit;

-- Change what a user is called and may do.
-- name: update
update users set name = :name, role = :role, permissions = :permissions
where id = :id and deleted_at is null
returning id;

-- Note who a user is to their issuer, and what it calls them.
-- name: recognise
update users set issuer = :issuer, subject = :subject, name = :name, email = :email where id = :id;

-- Take an address from a user who no longer has it.
-- name: release_email
update users set email = null where email = :email and id <> :id and deleted_at is not null;

-- Delete a user once; the row stays, so that a token of theirs does not make them anew.
-- name: delete
update users set deleted_at = :now where id = :id and deleted_at is null returning id;

-- Take a user out of every project.
-- name: leave_all
update members set role = 'none' where user_id = :id;

-- Take away the provider credentials a user brought.
-- name: forget_credentials
delete from credentials where owner = :id;

-- Revoke the keys of a user.
-- name: revoke_keys
update keys set revoked_at = :now where user_id = :id and revoked_at is null;
