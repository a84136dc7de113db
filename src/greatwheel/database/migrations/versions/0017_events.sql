-- The events of a task are numbered in the order in which they are committed: who has read up to one of them has missed
-- none with a lower number. So each writer waits, before it takes a number, for whoever else writes to the same task;
-- other tasks' writers wait for nobody. This lock comes after rows' locks, and before that of the organisation.
grant usage on sequence task_events_seq_seq to greatwheel_app;

create function gw_number_event()
returns trigger
language plpgsql volatile
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(new.org_id || ' ' || new.task_id, 0));
  new.seq := nextval('public.task_events_seq_seq');  -- the one that it came with was taken before the lock
  return new;
end
$$;
create trigger gw_number_event before insert on task_events for each row execute function gw_number_event();

-- Where an answer with an idempotency key let a task go on. It was an event, which no listener has any use for.
create table continued_completions (
  org_id text not null,
  task_id text not null,
  mark text not null,
  after bigint not null,
  prompt_tokens integer not null,
  completion_tokens integer not null,
  at timestamptz not null default now(),
  primary key (org_id, task_id, mark),
  foreign key (org_id, task_id) references tasks on delete cascade
);
comment on column continued_completions.mark is 'Digest of the idempotency key';
comment on column continued_completions.after is 'The event after which the second completion begins';
comment on column continued_completions.prompt_tokens is 'What the task had used by then, as completion_tokens';

alter table continued_completions enable row level security;
alter table continued_completions force row level security;
create policy own_rows on continued_completions to greatwheel_app
  using (org_id = current_setting('greatwheel.org', true))
  with check (org_id = current_setting('greatwheel.org', true));
create policy owner_all on continued_completions to greatwheel_owner using (true) with check (true);
grant select, insert, update, delete on continued_completions to greatwheel_app;

insert into continued_completions (org_id, task_id, mark, after, prompt_tokens, completion_tokens, at)
select org_id, task_id, data ->> 'key', (data ->> 'after')::bigint, coalesce((data ->> 'prompt_tokens')::integer, 0),
  coalesce((data ->> 'completion_tokens')::integer, 0), at
from task_events where type = 'completion.continued'
on conflict do nothing;
delete from task_events where type = 'completion.continued';
