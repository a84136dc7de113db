-- Which order led to a task, through calls, child loops and notifications: how many tasks one order has led to.

alter table tasks add column origin_id text;
comment on column tasks.origin_id is 'The order that led to it, by whatever way; null: it is an order itself';
create index tasks_by_origin on tasks (org_id, origin_id) where origin_id is not null;
