-- A key's own limits.
-- name: find
select requests_per_minute, tokens_per_minute, parallel_runs from keys where id = :id;

-- Set a key's own limits, unless it was revoked.
-- name: set
update keys
set requests_per_minute = :requests_per_minute, tokens_per_minute = :tokens_per_minute,
    parallel_runs = :parallel_runs
where id = :id and revoked_at is null
returning id;
