-- What the agents of a project take up, so that it can be held to a limit.
alter table agent_versions add column size integer not null default 0;

update agent_versions set size = length(body);

create index agent_versions_of_project on agent_versions (project, size);
