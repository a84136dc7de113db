-- Webhooks: signed payloads that come in become tasks; what happens in tasks is delivered to who subscribed to it.

create type webhook_scheme as enum ('standard', 'github');
create type subscriber_kind as enum ('webhook', 'slack');
create type delivery_state as enum ('pending', 'sending', 'done', 'dead');

create table webhooks (
  org_id text not null references orgs on delete cascade,
  webhook_id text not null,
  name text not null,
  user_id text not null,
  agent text,
  scheme webhook_scheme not null,
  input text not null,
  context text,
  sealed bytea not null,
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  primary key (org_id, webhook_id),
  foreign key (org_id, user_id) references users on delete cascade,
  constraint webhooks_name_unique unique (org_id, name)
);
comment on column webhooks.input is 'Template of the task''s words, filled from the payload';
comment on column webhooks.context is 'Path of what of the payload is the task''s context; null: all of it';
comment on column webhooks.sealed is 'The secret';
create index webhooks_by_id on webhooks (webhook_id);

create table webhook_receipts (
  org_id text not null,
  webhook_id text not null,
  mark text not null,
  task_id text,
  at timestamptz not null default now(),
  primary key (org_id, webhook_id, mark),
  foreign key (org_id, webhook_id) references webhooks on delete cascade
);
comment on table webhook_receipts is 'What came: the sender''s id of a delivery, or its signature; a second one gets the first one''s task';
create index webhook_receipts_old on webhook_receipts (at);

create table subscriptions (
  org_id text not null references orgs on delete cascade,
  subscription_id text not null,
  kind subscriber_kind not null,
  events text[] not null,
  agent text,
  url text,
  sealed bytea,
  enabled boolean not null default true,
  reason text,
  paused_until timestamptz,
  created_at timestamptz not null default now(),
  primary key (org_id, subscription_id)
);
comment on column subscriptions.sealed is 'The secret that signs';
comment on column subscriptions.reason is 'Why it was disabled, if nobody did it by hand';
comment on column subscriptions.paused_until is 'The receiver asked to be left alone until then';

create table deliveries (
  org_id text not null,
  delivery_id text not null,
  subscription_id text not null,
  seq bigint generated always as identity,
  lane text,
  task_id text,
  type text not null,
  payload jsonb not null,
  state delivery_state not null default 'pending',
  attempts integer not null default 0,
  tries integer not null default 0,
  due_at timestamptz not null default now(),
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (org_id, delivery_id),
  foreign key (org_id, subscription_id) references subscriptions on delete cascade
);
comment on column deliveries.lane is 'Deliveries of one lane are made one after the other, in their order';
comment on column deliveries.tries is 'Attempts that count: not those that the receiver put off; none after a retry by hand';
comment on column deliveries.due_at is 'Of one that is being sent: when it is taken for lost';
create index deliveries_open on deliveries (org_id, subscription_id, due_at) where state in ('pending', 'sending');
create index deliveries_sending on deliveries (org_id, subscription_id, due_at) where state = 'sending';
create index deliveries_lane on deliveries (org_id, subscription_id, lane, seq)
  where lane is not null and state in ('pending', 'sending');
create index deliveries_log on deliveries (org_id, subscription_id, seq);
create index deliveries_old on deliveries (ended_at) where ended_at is not null;

create table delivery_attempts (
  org_id text not null,
  delivery_id text not null,
  attempt integer not null,
  at timestamptz not null,
  status integer,
  seconds real not null,
  error text,
  primary key (org_id, delivery_id, attempt),
  foreign key (org_id, delivery_id) references deliveries on delete cascade
);

do $$
declare
  tenant text;
begin
  foreach tenant in array array['webhooks', 'webhook_receipts', 'subscriptions', 'deliveries', 'delivery_attempts'] loop
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

-- Writes a delivery for each subscriber to what has just happened in a task, in the transaction in which it happened:
-- so nothing is lost and nothing told that was rolled back. Whoever delivers is told at the commit.
create function gw_deliver(_org text, _task text, _type text, _data jsonb)
returns void
language plpgsql volatile set search_path = public, pg_temp
as $$
begin
  insert into deliveries (org_id, delivery_id, subscription_id, task_id, type, payload)
  select _org, 'msg_' || replace(gen_random_uuid()::text, '-', ''), s.subscription_id, _task, _type,
    jsonb_build_object(
      'type', _type,
      'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'data', jsonb_build_object(
        'task_id', t.task_id, 'root_id', t.root_id, 'session_id', t.session_id, 'user_id', t.user_id,
        'agent', t.path[array_upper(t.path, 1)]
      ) || _data
    )
  from subscriptions s join tasks t on t.org_id = s.org_id
  where s.org_id = _org and s.enabled and s.kind = 'webhook' and _type = any (s.events) and t.task_id = _task
    and (s.agent is null or s.agent = t.path[array_upper(t.path, 1)]);
  if found then
    perform pg_notify('greatwheel_errands', '');
  end if;
end
$$;

create function gw_deliver_event()
returns trigger
language plpgsql volatile set search_path = public, pg_temp
as $$
begin
  if exists (
    select from subscriptions s where s.org_id = new.org_id and s.enabled and new.type = any (s.events)
  ) then
    perform gw_deliver(new.org_id, new.task_id, new.type, new.data || jsonb_build_object('event', new.seq));
  end if;
  return null;
end
$$;
-- Only for the types that can be subscribed to: all others cost the comparison.
create trigger gw_deliver_event after insert on task_events for each row
  when (new.type in ('message.sent', 'question.asked', 'question.answered', 'limit.warned'))
  execute function gw_deliver_event();

-- A task's end, as its own row has it. Long answers are cut, long results left out: the task itself has them whole.
create function gw_deliver_end()
returns trigger
language plpgsql volatile set search_path = public, pg_temp
as $$
begin
  if exists (
    select from subscriptions s where s.org_id = new.org_id and s.enabled and 'task.ended' = any (s.events)
  ) then
    perform gw_deliver(new.org_id, new.task_id, 'task.ended', jsonb_build_object(
      'status', new.status, 'outcome', new.outcome,
      'answer', left(new.answer, 100000), 'answer_chars', char_length(new.answer),
      'result', case when pg_column_size(new.result) <= 100000 then new.result end,
      'error_code', new.error_code, 'error', left(new.error, 10000), 'usage', new.usage,
      'created_at', new.created_at, 'finished_at', new.finished_at
    ));
  end if;
  return null;
end
$$;
create trigger gw_deliver_end after update of status on tasks for each row
  when (
    old.status is distinct from new.status and new.status in ('done', 'failed', 'dead', 'cancelled')
    and new.parent_id is null
  )
  execute function gw_deliver_end();

-- The webhook of an id, whosever it is. The caller checks the signature.
create function find_webhook(wanted text)
returns table (
  org_id text, webhook_id text, name text, user_id text, user_disabled boolean, agent text, scheme webhook_scheme,
  input text, context text, sealed bytea
)
language sql stable security definer set search_path = public, pg_temp
as $$
  select w.org_id, w.webhook_id, w.name, w.user_id, u.disabled, w.agent, w.scheme, w.input, w.context, w.sealed
  from webhooks w join users u using (org_id, user_id)
  where w.webhook_id = wanted and w.enabled
$$;

-- Organisations with a delivery that is due.
create function gw_orgs_with_deliveries()
returns table (org_id text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select distinct s.org_id from subscriptions s
  where s.enabled and (s.paused_until is null or s.paused_until <= now())
    and exists (
      select from deliveries d
      where d.org_id = s.org_id and d.subscription_id = s.subscription_id and d.state in ('pending', 'sending')
        and d.due_at <= now()
    )
  order by 1
$$;

-- Forgets what was delivered or given up a month ago, and what came in three months ago.
create function gw_forget_deliveries()
returns void
language sql volatile security definer set search_path = public, pg_temp
as $$
  delete from deliveries where ended_at < now() - interval '30 days';
  delete from webhook_receipts where at < now() - interval '90 days';
$$;

revoke execute on function find_webhook(text), gw_orgs_with_deliveries(), gw_forget_deliveries() from public;
grant execute on function find_webhook(text), gw_orgs_with_deliveries(), gw_forget_deliveries() to greatwheel_app;
