-- A request that is being answered is its process's for as long as that renews it.

alter table idempotency add column owner_until integer not null default 0;

create index idempotency_claimed on idempotency (owner) where owner is not null;
