-- Keep these runs of a process alive.
-- name: renew
update background_runs set lease_until = :lease_until
where owner = :owner and state <> 'ended' and run in (select json_array_elements_text(cast(:runs as json)));
