-- Projects, keys, accounts, runs, holds, usage, and the transfers that money is made of.
-- Money is an integer of nano-dollars, time is Unix seconds, text lists are JSON.

create table projects (
    id text primary key,
    name text not null unique,
    created_at integer not null
) strict, without rowid;

create table accounts (
    id text primary key,
    project text not null references projects (id),
    granted integer not null default 0,
    settled integer not null default 0 check (settled >= 0),
    held integer not null default 0 check (held >= 0),
    credit_limit integer not null default 0 check (credit_limit >= 0),
    unlimited integer not null default 0 check (unlimited in (0, 1)),
    created_at integer not null,
    -- I2: no balance is ever below zero.
    check (granted + credit_limit - settled - held >= 0)
) strict, without rowid;

create table keys (
    id text primary key,
    project text not null references projects (id),
    name text not null,
    digest blob not null unique check (length(digest) = 32),
    prefix text not null,
    last_four text not null,
    scopes text not null,
    agents text,
    account text not null references accounts (id),
    created_at integer not null,
    expires_at integer,
    revoked_at integer
) strict, without rowid;

create table runs (
    id text primary key,
    project text not null,
    key text not null,
    agent text not null,
    agent_version integer not null,
    api text not null,
    status text not null default 'running'
        check (status in ('running', 'completed', 'incomplete', 'failed', 'cancelled', 'expired')),
    error text,
    owner text not null,
    lease_until integer not null,
    created_at integer not null,
    ended_at integer,
    check ((status = 'running') = (ended_at is null))
) strict, without rowid;

create index runs_open on runs (owner) where status = 'running';

create table holds (
    run text not null,
    step integer not null,
    attempt integer not null,
    account text not null,
    provider text not null,
    model text not null,
    amount integer not null check (amount >= 0),
    -- What the input is estimated at, and the rates then valid: enough to settle after a crash.
    input_tokens integer not null,
    rates text not null,
    state text not null default 'open' check (state in ('open', 'settled', 'voided')),
    -- What its account paid, and how much of that came out of the hold (I5).
    charged integer not null default 0 check (charged >= 0),
    settled integer not null default 0 check (settled between 0 and min(amount, charged)),
    opened_at integer not null,
    resolved_at integer,
    primary key (run, step, attempt),
    -- I4: resolved is resolved.
    check ((state = 'open') = (resolved_at is null))
) strict, without rowid;

create index holds_open on holds (account) where state = 'open';

-- I3: what an account holds follows its holds, so that taking and holding are one statement.
create trigger hold_opened after insert on holds begin
    update accounts set held = held + new.amount where id = new.account;
end;

create trigger hold_grown after update of amount on holds when new.state = 'open' begin
    update accounts set held = held + new.amount - old.amount where id = new.account;
end;

create trigger hold_resolved after update of state on holds when old.state = 'open' and new.state <> 'open' begin
    update accounts set held = held - new.amount, settled = settled + new.charged where id = new.account;
end;

-- One row for each attempt that produced anything to bill. The buckets are inclusive.
create table usage (
    run text not null,
    step integer not null,
    attempt integer not null,
    project text not null,
    key text not null,
    account text not null,
    agent text not null,
    agent_version integer not null,
    api text not null,
    provider text not null,
    model text not null,
    input integer,
    cache_read integer,
    cache_write integer,
    cache_write_1h integer,
    input_audio integer,
    output integer,
    reasoning integer,
    output_audio integer,
    units text,
    estimated integer not null check (estimated in (0, 1)),
    rates text not null,
    raw text,
    cost integer not null check (cost >= 0),
    -- Who paid: the account, or the house for a failed attempt, or the house for what nothing covered.
    charged integer not null check (charged >= 0),
    failed integer not null check (failed >= 0),
    overrun integer not null check (overrun >= 0),
    created_at integer not null,
    primary key (run, step, attempt),
    check (cost = charged + failed + overrun)
) strict, without rowid;

create index usage_by_key on usage (key, created_at);
create index usage_failed on usage (key, created_at) where failed > 0;

-- Double entry, both sides in one row: what is debited here is credited there, so entries sum to
-- zero by construction. House accounts (house:issued, house:revenue, house:failed, house:overrun)
-- are names only: a row for them would be written by everyone.
create table transfers (
    id integer primary key,
    debit text not null,
    credit text not null check (credit <> debit),
    amount integer not null check (amount > 0),
    kind text not null check (kind in ('grant', 'usage')),
    reference text not null,
    created_at integer not null
) strict;

-- I6: what an attempt cost is moved by writing its usage.
create trigger usage_paid after insert on usage begin
    insert into transfers (debit, credit, amount, kind, reference, created_at)
    select new.account, 'house:revenue', new.charged, 'usage',
        new.run || '/' || new.step || '/' || new.attempt, new.created_at
    where new.charged > 0;
    insert into transfers (debit, credit, amount, kind, reference, created_at)
    select 'house:failed', 'house:revenue', new.failed, 'usage',
        new.run || '/' || new.step || '/' || new.attempt, new.created_at
    where new.failed > 0;
    insert into transfers (debit, credit, amount, kind, reference, created_at)
    select 'house:overrun', 'house:revenue', new.overrun, 'usage',
        new.run || '/' || new.step || '/' || new.attempt, new.created_at
    where new.overrun > 0;
end;

create index transfers_house on transfers (debit) where debit in ('house:failed', 'house:overrun');

create view entries as
    select credit as account, amount, kind, reference from transfers
    union all
    select debit as account, -amount, kind, reference from transfers;
