-- Forget the credentials of an agent's tools.
-- name: drop
delete from agent_credentials where agent = :agent and project = :project;

-- Keep the credential of a tool.
-- name: put
insert into agent_credentials (agent, project, destination, sealed)
values (:agent, :project, :destination, :sealed);

-- Find the credentials of an agent's tools.
-- name: of_agent
select destination, sealed from agent_credentials where agent = :agent and project = :project;

-- Every credential of every agent.
-- name: every
select agent, project, destination, sealed from agent_credentials order by agent, destination;

-- Put the same secret, sealed anew, in its place, unless it has changed meanwhile.
-- name: reseal
update agent_credentials
set sealed = :sealed
where agent = :agent and destination = :destination and sealed = :before
returning agent;

-- Let other processes read an agent again.
-- name: tell
update agents set changed = :number where id = :agent;
