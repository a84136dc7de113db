-- Slack. Each statement runs in a transaction of one organisation unless it says otherwise.

-- name: subscribe
-- What is posted into threads. The subscription has the app's id.
insert into subscriptions (org_id, subscription_id, kind, events)
values (%(org)s, %(slack)s, 'slack', %(events)s::text[]);

-- name: create_app
-- A Slack app that events come from.
insert into slack_apps (org_id, slack_id, name, agent, token_secret, signing_secret, default_user)
values (%(org)s, %(slack)s, %(name)s, %(agent)s, %(token_secret)s, %(signing_secret)s, %(default_user)s);

-- name: apps
-- The Slack apps by name: those after one, and so many; or the one of that id.
select a.slack_id, a.name, a.agent, a.token_secret, a.signing_secret, a.default_user, u.name as default_user_name,
  a.created_at, s.paused_until,
  (select max(e.at) from slack_events e where e.org_id = a.org_id and e.slack_id = a.slack_id) as heard_at,
  (select count(*) from deliveries d where d.org_id = a.org_id and d.subscription_id = a.slack_id
     and d.state in ('pending', 'sending')) as waiting
from slack_apps a
join subscriptions s on s.org_id = a.org_id and s.subscription_id = a.slack_id
left join users u on u.org_id = a.org_id and u.user_id = a.default_user
where a.org_id = %(org)s and (%(slack)s::text is null or a.slack_id = %(slack)s)
  and (%(after)s::text is null or a.name > %(after)s)
order by a.name limit %(limit)s::bigint;

-- name: lock_for_removal
-- An app, locked against everybody: who deals with its events holds it before its subscription.
select 1 as found from slack_apps where org_id = %(org)s and slack_id = %(slack)s for update;

-- name: remove_app
-- Take an app away, with its threads, users and log.
delete from subscriptions where org_id = %(org)s and subscription_id = %(slack)s and kind = 'slack'
returning subscription_id;

-- name: secret_names
-- Which of these secrets there are.
select name from org_secrets where org_id = %(org)s and name = any (%(names)s::text[]);

-- name: map_user
-- For whom somebody of the workspace acts.
insert into slack_users (org_id, slack_id, slack_user, user_id)
values (%(org)s, %(slack)s, %(slack_user)s, %(user)s)
on conflict (org_id, slack_id, slack_user) do update set user_id = excluded.user_id;

-- name: unmap_user
-- Somebody acts for nobody in particular any more.
delete from slack_users where org_id = %(org)s and slack_id = %(slack)s and slack_user = %(slack_user)s
returning slack_user;

-- name: mapped_users
-- Who of the workspace acts for whom: those after one, and so many.
select m.slack_user, m.user_id, u.name as user_name
from slack_users m join users u on u.org_id = m.org_id and u.user_id = m.user_id
where m.org_id = %(org)s and m.slack_id = %(slack)s and (%(after)s::text is null or m.slack_user > %(after)s)
order by m.slack_user limit %(limit)s::bigint;

-- name: find_app
-- The app of an id, whosever it is. Without organisation.
select org_id, slack_id, signing_secret from find_slack_app(%(slack)s::text);

-- name: keep_event
-- Keep an event before it is acknowledged; nothing, if it came before.
insert into slack_events (org_id, slack_id, event_id, body) values (%(org)s, %(slack)s, %(event)s, %(body)s)
on conflict (org_id, slack_id, event_id) do nothing;

-- name: wake
-- Tell who deals with events, when this transaction commits.
select pg_notify('greatwheel_errands', '');

-- name: orgs_with_events
-- Organisations with an event that nobody has dealt with. Without organisation.
select org_id from gw_orgs_with_slack_events();

-- name: lock_app
-- An app whose oldest event is due, locked: its events are dealt with one after the other.
select a.slack_id, a.agent, a.default_user from slack_apps a
where a.org_id = %(org)s and (
  select e.due_at from slack_events e
  where e.org_id = a.org_id and e.slack_id = a.slack_id and e.done_at is null
  order by e.seq limit 1
) <= now()
order by random() limit 1
for no key update of a skip locked;

-- name: oldest_event
-- The app's oldest event that nobody has dealt with.
select event_id, body, attempts, due_at <= now() as due from slack_events
where org_id = %(org)s and slack_id = %(slack)s and done_at is null
order by seq limit 1 for no key update;

-- name: close_event
-- An event was dealt with; what was said is forgotten here.
update slack_events set done_at = now(), body = null
where org_id = %(org)s and slack_id = %(slack)s and event_id = %(event)s;

-- name: put_off_event
-- Try again with an event later.
update slack_events set attempts = %(attempts)s, due_at = now() + make_interval(secs => %(delay)s)
where org_id = %(org)s and slack_id = %(slack)s and event_id = %(event)s and done_at is null;

-- name: act_on
-- Remember that a message is acted on; no row: it was before, by another event of it.
insert into slack_messages (org_id, slack_id, channel, ts) values (%(org)s, %(slack)s, %(channel)s, %(ts)s)
on conflict (org_id, slack_id, channel, ts) do nothing
returning ts;

-- name: acting_user
-- For whom somebody of the workspace acts: as mapped, else the default if there may be one.
select u.user_id, u.disabled from users u
where u.org_id = %(org)s and u.user_id = coalesce(
  (select m.user_id from slack_users m
   where m.org_id = %(org)s and m.slack_id = %(slack)s and m.slack_user = %(slack_user)s),
  %(default_user)s::text
);

-- name: thread
-- The user's session in a thread, if it can go on.
select th.session_id from slack_threads th
join sessions s on s.org_id = th.org_id and s.session_id = th.session_id
where th.org_id = %(org)s and th.slack_id = %(slack)s and th.channel = %(channel)s and th.thread_ts = %(thread)s
  and th.user_id = %(user)s and s.status <> 'ended' and s.revoked_at is null;

-- name: begin_thread
-- A session is that of the user in a thread from now on.
insert into slack_threads (org_id, slack_id, channel, thread_ts, user_id, session_id)
values (%(org)s, %(slack)s, %(channel)s, %(thread)s, %(user)s, %(session)s)
on conflict (org_id, slack_id, channel, thread_ts, user_id) do update set session_id = excluded.session_id;

-- name: waiting_question
-- The oldest question that waits in a session or below it.
with recursive tree as (
  select t.task_id from tasks t
  where t.org_id = %(org)s and t.session_id = %(session)s
    and t.status in ('queued', 'admitted', 'running', 'waiting')
  union all
  select t.task_id from tasks t join tree on t.parent_id = tree.task_id
  where t.org_id = %(org)s and t.status in ('queued', 'admitted', 'running', 'waiting')
)
select c.task_id, c.seq as call
from tree join host_calls c on c.org_id = %(org)s and c.task_id = tree.task_id
where c.state = 'waiting' and c.name = 'channel.ask'
order by c.at limit 1;

-- name: notice
-- Something to be posted into a thread that no task said.
insert into deliveries (org_id, delivery_id, subscription_id, lane, type, payload)
values (%(org)s, %(delivery)s, %(slack)s, %(lane)s, 'notice', %(payload)s);

-- name: token_secret
-- The name of the secret that is the app's token.
select token_secret from slack_apps where org_id = %(org)s and slack_id = %(slack)s;

-- name: forget
-- Drop what is old. Without organisation.
select gw_forget_slack_events();
