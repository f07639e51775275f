-- How often items were taken out of a conversation. What is remembered of the items that it had holds for
-- as long as this number does: items themselves never change, and new ones only follow.
alter table conversations add column removals integer not null default 0;
