-- The first schema. Run as the role that owns everything (greatwheel_owner); see roles.sql.
--
-- Every table of a tenant has org_id, row-level security that is forced, and two policies: the application sees the
-- rows of the organisation that its transaction names (greatwheel.org), the owner's own functions see all.
-- Foreign keys within a tenant carry org_id, so that no row can point to another organisation's.

create type user_role as enum ('admin', 'member');
create type agent_source as enum ('bare', 'file', 'inline', 'git');
create type version_trigger as enum ('config', 'file_watch', 'api_update', 'git_sync', 'rollback');
create type session_status as enum ('active', 'suspended', 'evicted', 'ended');
create type task_status as enum
  ('queued', 'admitted', 'running', 'waiting', 'done', 'failed', 'dead', 'cancelled');
create type task_kind as enum ('agent', 'child');
create type call_state as enum ('started', 'waiting', 'done', 'failed');
create type limit_metric as enum ('tokens', 'tasks');
create type limit_period as enum ('day', 'week', 'month');

create table orgs (
  org_id text primary key,
  name text not null constraint orgs_name_unique unique,
  concurrency integer not null default 4 constraint orgs_concurrency_positive check (concurrency > 0),
  idle_seconds integer not null default 900 constraint orgs_idle_positive check (idle_seconds > 0),
  triage_agent text not null default 'triage',
  created_at timestamptz not null default now()
);

create table users (
  org_id text not null references orgs on delete cascade,
  user_id text not null,
  name text not null,
  role user_role not null default 'member',
  allow text[] not null default '{*}',
  deny text[] not null default '{}',
  disabled boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (org_id, user_id),
  constraint users_name_unique unique (org_id, name)
);

create table api_keys (
  org_id text not null,
  key_id text not null,
  user_id text not null,
  prefix text not null constraint api_keys_prefix_unique unique,
  hash bytea not null,
  label text not null default '',
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  primary key (org_id, key_id),
  foreign key (org_id, user_id) references users on delete cascade
);

create table org_secrets (
  org_id text not null references orgs on delete cascade,
  name text not null,
  sealed bytea not null,
  key_id text not null,
  updated_at timestamptz not null default now(),
  primary key (org_id, name)
);

create table blobs (
  org_id text not null references orgs on delete cascade,
  digest bytea not null,
  data bytea not null,
  raw_size bigint not null,
  created_at timestamptz not null default now(),
  primary key (org_id, digest)
);
alter table blobs alter column data set storage external;  -- sealed bytes don't compress

create table agent_defs (
  org_id text not null references orgs on delete cascade,
  agent_id text not null,
  name text not null,
  source_kind agent_source not null,
  location jsonb not null default '{}',
  description text not null default '',
  model text,
  engine text,
  tools text[] not null default '{*}',
  denied text[] not null default '{}',
  budget jsonb not null default '{}',
  current_version integer not null default 0,
  removed_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (org_id, agent_id)
);
create unique index agent_defs_name_unique on agent_defs (org_id, name) where removed_at is null;

create table agent_versions (
  org_id text not null,
  agent_id text not null,
  version integer not null,
  source text not null,
  digest bytea not null,
  trigger version_trigger not null,
  note text not null default '',
  created_at timestamptz not null default now(),
  primary key (org_id, agent_id, version),
  foreign key (org_id, agent_id) references agent_defs on delete cascade
);

create table sessions (
  org_id text not null references orgs on delete cascade,
  session_id text not null,
  user_id text not null,
  agent_id text not null,
  session_key bytea constraint sessions_session_key_unique unique,
  revoked_at timestamptz,
  status session_status not null default 'active',
  engine text not null default 'monty',
  snapshot bytea,
  context bytea,
  seed bigint not null,
  history jsonb not null default '[]',
  forked_from text,
  created_at timestamptz not null default now(),
  touched_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (org_id, session_id),
  foreign key (org_id, user_id) references users,
  foreign key (org_id, agent_id) references agent_defs,
  constraint sessions_ended_keyless check (status <> 'ended' or session_key is null),
  constraint sessions_revoked_keyless check (revoked_at is null or session_key is null)
);
comment on column sessions.session_key is 'SHA-256 of the key that the sandbox holds; null once it is revoked';
comment on column sessions.revoked_at is 'Its key was taken away: no task of it begins or goes on';
comment on column sessions.snapshot is 'Digest of the sealed dump in blobs';
comment on column sessions.context is 'Digest of the injected context in blobs';

create table tasks (
  org_id text not null references orgs on delete cascade,
  task_id text not null,
  session_id text not null,
  user_id text not null,
  agent_id text not null,
  agent_version integer not null,
  kind task_kind not null default 'agent',
  input text not null,
  context bytea,
  model text,
  parent_id text,
  parent_call integer,
  part integer,
  root_id text not null,
  depth integer not null default 0,
  path text[] not null default '{}',
  status task_status not null default 'queued',
  priority integer not null default 0,
  attempts integer not null default 0,
  max_attempts integer not null default 5,
  epoch integer not null default 0,
  not_before timestamptz,
  budget jsonb not null default '{}',
  usage jsonb not null default '{}',
  boundary bytea,
  snapshot bytea,
  answer text,
  result jsonb,
  outcome text,
  error_code text,
  error text,
  cancel_requested boolean not null default false,
  idempotency_key text,
  created_at timestamptz not null default now(),
  queued_at timestamptz not null default clock_timestamp(),
  clock timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  primary key (org_id, task_id),
  foreign key (org_id, session_id) references sessions,
  foreign key (org_id, user_id) references users,
  foreign key (org_id, agent_id, agent_version) references agent_versions,
  foreign key (org_id, parent_id) references tasks (org_id, task_id),
  constraint tasks_idempotency_unique unique (org_id, user_id, idempotency_key),
  constraint tasks_part_unique unique (org_id, parent_id, parent_call, part)
);
comment on column tasks.model is 'Of a child whose caller named one; null: the agent''s';
comment on column tasks.epoch is 'Rises with each start; writes of an earlier epoch are refused';
comment on column tasks.path is 'Names of the agents from the root to this task: cycles are refused by it';
comment on column tasks.part is 'Place in the batch of the parent''s call; 0 for a single one';
comment on column tasks.boundary is 'What the loop needs to go on from the snapshot';
comment on column tasks.snapshot is 'Digest of the sealed dump that belongs to the boundary';
-- A session has one writer: at most one of its tasks is admitted or running.
create unique index tasks_one_writer on tasks (org_id, session_id) where status in ('admitted', 'running');
create index tasks_queue on tasks (org_id, priority desc, queued_at) where status = 'queued';
create index tasks_active on tasks (org_id) where status in ('admitted', 'running');
create index tasks_children on tasks (org_id, parent_id) where parent_id is not null;
create index tasks_newest on tasks (org_id, created_at desc);
create index tasks_by_session on tasks (org_id, session_id);

create table host_calls (
  org_id text not null,
  task_id text not null,
  seq integer not null,
  step integer not null,
  name text not null,
  digest bytea not null,
  state call_state not null,
  request bytea,
  answer bytea,
  error text,
  prompt_tokens integer not null default 0,
  completion_tokens integer not null default 0,
  seconds real not null default 0,
  expires_at timestamptz,
  at timestamptz not null default clock_timestamp(),
  primary key (org_id, task_id, seq),
  foreign key (org_id, task_id) references tasks on delete cascade
);
comment on table host_calls is 'The journal. seq is the number of the call in the task; the model''s reply of step n is -n';
comment on column host_calls.digest is 'Of name and arguments; compared when the call is replayed';
create index host_calls_waiting on host_calls (org_id, task_id) where state = 'waiting';
create index host_calls_expiring on host_calls (expires_at) where state = 'waiting' and expires_at is not null;

create table task_events (
  org_id text not null,
  task_id text not null,
  seq bigint generated always as identity,
  type text not null,
  data jsonb not null,
  at timestamptz not null default clock_timestamp(),
  primary key (org_id, task_id, seq),
  foreign key (org_id, task_id) references tasks on delete cascade
);

create table traces (
  org_id text not null references orgs on delete cascade,
  trace_id text not null,
  span_id text not null,
  task_id text,
  data jsonb not null,
  started_at timestamptz not null,
  primary key (org_id, trace_id, span_id)
);

create table memories (
  org_id text not null references orgs on delete cascade,
  scope text not null,
  key text not null,
  value text not null,
  metadata jsonb not null default '{}',
  words tsvector generated always as (to_tsvector('simple', value)) stored,
  updated_at timestamptz not null default now(),
  primary key (org_id, scope, key)
);
create index memories_words on memories using gin (words);

create table rate_limits (
  org_id text not null references orgs on delete cascade,
  user_id text not null default '',
  metric limit_metric not null,
  period limit_period not null,
  soft bigint,
  hard bigint,
  primary key (org_id, user_id, metric, period)
);
comment on column rate_limits.user_id is 'Empty: the limit of the whole organisation';

create table rate_limit_counters (
  org_id text not null references orgs on delete cascade,
  user_id text not null default '',
  metric limit_metric not null,
  period limit_period not null,
  period_start timestamptz not null,
  used bigint not null default 0,
  reserved bigint not null default 0,
  warned boolean not null default false,
  primary key (org_id, user_id, metric, period, period_start)
);

create table limit_reservations (
  org_id text not null,
  task_id text not null,
  seq integer not null,
  user_id text not null,
  tokens bigint not null,
  at timestamptz not null default now(),
  primary key (org_id, task_id, seq),
  foreign key (org_id, task_id) references tasks on delete cascade
);
comment on table limit_reservations is 'Tokens set aside for calls under way; those of a task that crashed are given back';

do $$
declare
  tenant text;
begin
  for tenant in
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
    where n.nspname = current_schema() and c.relkind = 'r'
  loop
    execute format('alter table %I enable row level security', tenant);
    execute format('alter table %I force row level security', tenant);
    execute format(
      'create policy own_rows on %I to greatwheel_app using (org_id = current_setting(''greatwheel.org'', true))'
      ' with check (org_id = current_setting(''greatwheel.org'', true))', tenant);
    execute format('create policy owner_all on %I to greatwheel_owner using (true) with check (true)', tenant);
    execute format('grant select, insert, update, delete on %I to greatwheel_app', tenant);
  end loop;
end
$$;
