-- Count one more change to an agent.
-- name: count
update agent_changes set number = number + 1 where id = 1 returning number;

-- Tell how many changes there were.
-- name: counted
select number from agent_changes where id = 1;

-- Name the agents that changed after a change.
-- name: changed
select id from agents where changed > :seen;

-- Make an agent; one that was deleted comes back with a version it never had.
-- name: create
insert into agents (
    id, project, owner, visibility, sharing, version, place, changed, created_at, updated_at
)
values (:id, :project, :owner, :visibility, :sharing, 1, :number, :number, :now, :now)
on conflict (id) do update
set
    owner = excluded.owner,
    visibility = excluded.visibility,
    sharing = excluded.sharing,
    version = agents.version + 1,
    place = excluded.place,
    changed = excluded.changed,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    deleted = 0
where agents.deleted = 1 and agents.project = excluded.project
returning version;

-- Give an agent its next version, unless it has another by now than the one that is changed.
-- name: update
update agents
set version = version + 1, visibility = :visibility, sharing = :sharing, changed = :number, updated_at = :now
where id = :id and project = :project and deleted = 0 and version = :expected
returning version;

-- Tell an agent's version.
-- name: standing
select version from agents where id = :id and project = :project and deleted = 0;

-- Leave of an agent only that it was there.
-- name: delete
update agents
set deleted = 1, visibility = 'private', sharing = '{}', changed = :number, updated_at = :now
where id = :id and project = :project and deleted = 0
returning id;

-- Keep a version, unless the project's agents would then have more bytes than they may.
-- name: put_version
insert into agent_versions (agent, version, project, schema, body, size, created_at, created_by)
select :id, :version, :project, :schema, :body, :size, :now, :by
where :size + (select coalesce(sum(v.size), 0) from agent_versions as v where v.project = :project) <= :most
returning version;

-- Forget every version.
-- name: drop_versions
delete from agent_versions where agent = :id and project = :project;

-- Take a name for an agent, unless another has it.
-- name: put_alias
insert into agent_aliases (project, alias, agent)
values (:project, :alias, :id)
on conflict (project, alias) do nothing
returning alias;

-- Give an agent's names back.
-- name: drop_aliases
delete from agent_aliases where agent = :id and project = :project;

-- Note with whom an agent is shared.
-- name: put_share
insert into agent_shares (agent, project, kind, name)
values (:id, :project, :kind, :name)
on conflict (agent, kind, name) do nothing;

-- Forget with whom an agent is shared.
-- name: drop_shares
delete from agent_shares where agent = :id and project = :project;

-- Find an agent as it is now, whosoever it is: who may see it is for the directory to say.
-- name: current
select
    a.id, a.project, p.name, a.owner, a.sharing, a.version, a.place, a.created_at, a.updated_at,
    v.schema, v.body
from agents as a
inner join agent_versions as v on v.agent = a.id and v.version = a.version
inner join projects as p on p.id = a.project
where a.id = :id and a.deleted = 0;

-- Find the agent that a project calls by this name.
-- name: by_alias
select agent from agent_aliases where project = :project and alias = :alias;

-- Find a version of an agent.
-- name: version
select version, schema, body, created_at, created_by
from agent_versions
where agent = :id and project = :project and version = :version;

-- List an agent's versions below one, newest first.
-- name: versions_desc
select version, schema, body, created_at, created_by
from agent_versions
where agent = :id and project = :project and version < :place
order by version desc
limit :limit;

-- List an agent's versions above one, oldest first.
-- name: versions_asc
select version, schema, body, created_at, created_by
from agent_versions
where agent = :id and project = :project and version > :place
order by version
limit :limit;

-- List the agents between two places that may concern a caller, newest first.
-- name: page_desc
select
    a.id, a.project, p.name, a.owner, a.sharing, a.version, a.place, a.created_at, a.updated_at,
    v.schema, v.body
from agents as a
inner join agent_versions as v on v.agent = a.id and v.version = a.version
inner join projects as p on p.id = a.project
where a.deleted = 0 and a.place > :low and a.place < :high
    and (
        a.project = :project
        or :shared = 1 and (
            a.visibility = 'public'
            or a.id in (
                select s.agent from agent_shares as s
                where (s.kind = 'project' and s.name in (:project, :project_name))
                    or (s.kind = 'user' and s.name = :user)
            )
        )
    )
order by a.place desc
limit :limit;

-- List the agents between two places that may concern a caller, oldest first.
-- name: page_asc
select
    a.id, a.project, p.name, a.owner, a.sharing, a.version, a.place, a.created_at, a.updated_at,
    v.schema, v.body
from agents as a
inner join agent_versions as v on v.agent = a.id and v.version = a.version
inner join projects as p on p.id = a.project
where a.deleted = 0 and a.place > :low and a.place < :high
    and (
        a.project = :project
        or :shared = 1 and (
            a.visibility = 'public'
            or a.id in (
                select s.agent from agent_shares as s
                where (s.kind = 'project' and s.name in (:project, :project_name))
                    or (s.kind = 'user' and s.name = :user)
            )
        )
    )
order by a.place
limit :limit;
