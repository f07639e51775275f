-- Accounts that refill themselves and limit what is spent in a day and a month, why money moved besides
-- charges, refunds, and the operator's own rates.

alter table accounts add column name text not null default '';

-- What `settled` and `held` may come to together now: what was granted and lent, or less where a day's or
-- a month's limit comes before. So a hold asks one number, whatever bounds its account.
alter table accounts add column ceiling integer not null default 0;

-- What was settled when the day (the month) began is its base; its end is when the next one begins, UTC.
alter table accounts add column day_limit integer check (day_limit >= 0);
alter table accounts add column day_base integer not null default 0;
alter table accounts add column day_ends integer not null default 0;
alter table accounts add column month_limit integer check (month_limit >= 0);
alter table accounts add column month_base integer not null default 0;
alter table accounts add column month_ends integer not null default 0;

-- Less available than this is worth a warning; since when it is so, once that was told.
alter table accounts add column low_balance integer check (low_balance >= 0);
alter table accounts add column low_since integer;

-- Every so many units from the anchor on, this much is granted; `refill_next` is when it is due.
alter table accounts add column refill_amount integer check (refill_amount > 0);
alter table accounts add column refill_every integer check (refill_every > 0);
alter table accounts add column refill_unit text;
alter table accounts add column refill_anchor integer;
alter table accounts add column refill_next integer;

create index accounts_refill on accounts (refill_next) where refill_next is not null;

update accounts set ceiling = granted + credit_limit;

-- Of a grant: what it was (top_up, refund, refill, adjustment), why, and who did it.
alter table transfers add column cause text;
alter table transfers add column reason text;
alter table transfers add column actor text;

create index transfers_grants on transfers (created_at, id) where kind = 'grant';

-- What of a charge was given back: never more than the account paid.
alter table usage add column refunded integer not null default 0 check (refunded between 0 and charged);

create index usage_by_time on usage (created_at);

-- The operator's own rates, newest last: what was said stays, with who said it. Without rates the model's
-- price is again what the configuration or the public table says.
create table rates (
    id integer primary key,
    provider text not null,
    model text not null,
    rates text,
    actor text not null,
    reason text not null,
    created_at integer not null
) strict;

create index rates_by_model on rates (provider, model, id);
