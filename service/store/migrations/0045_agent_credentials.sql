-- What lets the tools of agents in at their servers. Beside the versions, which keep no secret: every
-- version uses what the agent has now.
create table agent_credentials (
    agent text not null references agents (id),
    project text not null references projects (id),
    -- A digest of the tool and of where its credential is sent.
    destination text not null,
    -- Base64 of what only the key-encryption key opens.
    sealed text not null,
    primary key (agent, destination)
) strict, without rowid;
