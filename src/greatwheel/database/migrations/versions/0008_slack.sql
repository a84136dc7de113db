-- Slack: its events are kept before they are acknowledged; a thread is a session; what happens in it is posted back.

create table slack_apps (
  org_id text not null,
  slack_id text not null,
  name text not null,
  agent text,
  token_secret text not null,
  signing_secret text not null,
  default_user text,
  created_at timestamptz not null default now(),
  primary key (org_id, slack_id),
  foreign key (org_id, slack_id) references subscriptions on delete cascade,
  foreign key (org_id, default_user) references users,
  constraint slack_apps_name_unique unique (org_id, name)
);
comment on column slack_apps.slack_id is 'Also the id of its subscription: posts are deliveries';
comment on column slack_apps.token_secret is 'Name of the organisation''s secret';
comment on column slack_apps.default_user is 'For whom people of the workspace act that are not mapped; null: for nobody';
create index slack_apps_by_id on slack_apps (slack_id);

create table slack_users (
  org_id text not null,
  slack_id text not null,
  slack_user text not null,
  user_id text not null,
  primary key (org_id, slack_id, slack_user),
  foreign key (org_id, slack_id) references slack_apps on delete cascade,
  foreign key (org_id, user_id) references users on delete cascade
);

create table slack_threads (
  org_id text not null,
  slack_id text not null,
  channel text not null,
  thread_ts text not null,
  user_id text not null,
  session_id text not null,
  created_at timestamptz not null default now(),
  primary key (org_id, slack_id, channel, thread_ts, user_id),
  foreign key (org_id, slack_id) references slack_apps on delete cascade,
  foreign key (org_id, session_id) references sessions on delete cascade
);
comment on table slack_threads is 'The session of each user in a thread: nobody acts in another user''s session';
create index slack_threads_by_session on slack_threads (org_id, session_id);

create table slack_events (
  org_id text not null,
  slack_id text not null,
  event_id text not null,
  seq bigint generated always as identity,
  body jsonb,
  attempts integer not null default 0,
  due_at timestamptz not null default now(),
  at timestamptz not null default now(),
  done_at timestamptz,
  primary key (org_id, slack_id, event_id),
  foreign key (org_id, slack_id) references slack_apps on delete cascade
);
comment on column slack_events.body is 'Null once it was dealt with';
create index slack_events_open on slack_events (org_id, slack_id, seq) where done_at is null;
create index slack_events_old on slack_events (done_at) where done_at is not null;

create table slack_messages (
  org_id text not null,
  slack_id text not null,
  channel text not null,
  ts text not null,
  at timestamptz not null default now(),
  primary key (org_id, slack_id, channel, ts),
  foreign key (org_id, slack_id) references slack_apps on delete cascade
);
comment on table slack_messages is 'Messages that were acted on: Slack tells of a mention in a thread by two events';
create index slack_messages_old on slack_messages (at);

do $$
declare
  tenant text;
begin
  foreach tenant in array array['slack_apps', 'slack_users', 'slack_threads', 'slack_events', 'slack_messages'] loop
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

-- As in 0007; and what happens in a thread's session, or below it, is posted into the thread, in its order.
create or replace function gw_deliver(_org text, _task text, _type text, _data jsonb)
returns void
language plpgsql volatile set search_path = public, pg_temp
as $$
begin
  insert into deliveries (org_id, delivery_id, subscription_id, lane, task_id, type, payload)
  select _org, 'msg_' || replace(gen_random_uuid()::text, '-', ''), s.subscription_id,
    th.channel || ' ' || th.thread_ts, _task, _type,
    jsonb_build_object(
      'type', _type,
      'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'data', jsonb_build_object(
        'task_id', t.task_id, 'root_id', t.root_id, 'session_id', t.session_id, 'user_id', t.user_id,
        'agent', t.path[array_upper(t.path, 1)]
      ) || _data
    )
  from subscriptions s
  join tasks t on t.org_id = s.org_id
  left join tasks r on r.org_id = t.org_id and r.task_id = t.root_id
  left join slack_threads th on s.kind = 'slack' and th.org_id = s.org_id and th.slack_id = s.subscription_id
    and th.session_id in (t.session_id, r.session_id)
  where s.org_id = _org and s.enabled and _type = any (s.events) and t.task_id = _task
    and (s.kind = 'webhook' or th.session_id is not null)
    and (s.kind = 'slack' or s.agent is null or s.agent = t.path[array_upper(t.path, 1)]);
  if found then
    perform pg_notify('greatwheel_errands', '');
  end if;
end
$$;

-- The Slack app of an id, whosever it is. The caller checks the signature.
create function find_slack_app(wanted text)
returns table (org_id text, slack_id text, signing_secret text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select a.org_id, a.slack_id, a.signing_secret from slack_apps a where a.slack_id = wanted
$$;

-- Organisations with an event of Slack that nobody has dealt with.
create function gw_orgs_with_slack_events()
returns table (org_id text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select distinct e.org_id from slack_events e where e.done_at is null and e.due_at <= now() order by 1
$$;

-- Forgets what was dealt with a week ago: Slack repeats an event for an hour at most.
create function gw_forget_slack_events()
returns void
language sql volatile security definer set search_path = public, pg_temp
as $$
  delete from slack_events where done_at < now() - interval '7 days';
  delete from slack_messages where at < now() - interval '7 days';
$$;

revoke execute on function find_slack_app(text), gw_orgs_with_slack_events(), gw_forget_slack_events() from public;
grant execute on function find_slack_app(text), gw_orgs_with_slack_events(), gw_forget_slack_events()
  to greatwheel_app;
