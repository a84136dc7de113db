-- Points of a session, to which it can be taken back and from which it can be forked; what a session's variables are;
-- a task's own model and instructions; pieces of replies that are still coming.

create table session_points (
  org_id text not null,
  session_id text not null,
  task_id text not null,
  snapshot bytea not null,
  context bytea,
  variables jsonb not null default '[]',
  created_at timestamptz not null default clock_timestamp(),
  primary key (org_id, session_id, task_id),
  foreign key (org_id, session_id) references sessions on delete cascade,
  foreign key (org_id, task_id) references tasks on delete cascade
);
comment on table session_points is 'Where a session stood when one of its last tasks had ended';
comment on column session_points.snapshot is 'Digest of the sealed dump in blobs';
comment on column session_points.context is 'Digest of the injected context in blobs';

alter table session_points enable row level security;
alter table session_points force row level security;
create policy own_rows on session_points to greatwheel_app
  using (org_id = current_setting('greatwheel.org', true))
  with check (org_id = current_setting('greatwheel.org', true));
create policy owner_all on session_points to greatwheel_owner using (true) with check (true);
grant select, insert, update, delete on session_points to greatwheel_app;

comment on column sessions.history is 'The last exchanges, oldest first: what was asked, the answer, the task';
alter table sessions add column variables jsonb not null default '[]';
comment on column sessions.variables is 'Name, type, size and the beginning of each variable, as of its last boundary';
create index sessions_forks on sessions (org_id, forked_from) where forked_from is not null;

alter table tasks add column instructions text;
comment on column tasks.model is 'Of a task whose order, or whose caller, named one; null: the agent''s';
comment on column tasks.instructions is 'What its order says beside the loop''s own prompt';

alter table agent_defs add column instructions text not null default '';
comment on column agent_defs.instructions is 'Of tasks that bring none of their own';

-- A reply's pieces are deleted when it has come; until then each is a row.
create index task_events_deltas on task_events (org_id, task_id) where type = 'model.delta';
