-- What the API shows. Each statement runs in a transaction of one organisation, and names it, too.

-- name: heads
-- State and newest event of each of some tasks.
select t.task_id, t.status, coalesce((
    select max(e.seq) from task_events e
    where e.org_id = t.org_id and e.task_id = t.task_id
  ), 0) as head
from tasks t where t.org_id = %(org)s and t.task_id = any (%(tasks)s::text[]);

-- name: task_status
-- Where a task stands.
select status from tasks where org_id = %(org)s and task_id = %(task)s;

-- name: events
-- A task's events after one of them. None with a lower number comes later: gw_number_event sees to that.
select seq as id, type, data, at from task_events
where org_id = %(org)s and task_id = %(task)s and seq > %(after)s
order by seq limit %(limit)s;

-- name: list_tasks
-- A page of tasks, newest first; of one user if so asked. Long texts are cut.
select t.task_id, t.session_id, t.user_id, t.path[array_upper(t.path, 1)] as agent, t.agent_version, t.kind,
  left(t.input, %(chars)s) as input, t.status, t.parent_id, t.depth, t.priority, t.attempts, t.usage,
  left(t.answer, %(chars)s) as answer, t.outcome, t.error_code, left(t.error, %(chars)s) as error,
  t.cancel_requested, t.rewound, t.created_at, t.started_at, t.finished_at
from tasks t
where t.org_id = %(org)s
  and (%(user)s::text is null or t.user_id = %(user)s)
  and (%(status)s::task_status[] is null or t.status = any (%(status)s::task_status[]))
  and (%(session)s::text is null or t.session_id = %(session)s)
  and (%(agent)s::text is null or t.path[array_upper(t.path, 1)] = %(agent)s)
  and (%(parent)s::text is null or t.parent_id = %(parent)s)
  and (not %(roots)s::boolean or t.parent_id is null)
  and (%(at)s::timestamptz is null or (t.created_at, t.task_id) < (%(at)s::timestamptz, %(key)s::text))
order by t.created_at desc, t.task_id desc limit %(limit)s;

-- name: calls
-- A page of a task's journal: in each step the model's reply (with a negative number), then its calls. Long answers
-- are left out.
select seq, step, name, state, convert_from(request, 'UTF8') as request, error,
  case when octet_length(answer) <= %(most)s then convert_from(answer, 'UTF8') end as answer,
  octet_length(answer) as answer_bytes, prompt_tokens, completion_tokens, seconds, expires_at, at
from host_calls
where org_id = %(org)s and task_id = %(task)s and (step, greatest(seq, 0)) > (%(step)s, %(seq)s)
order by step, greatest(seq, 0) limit %(limit)s;

-- name: list_sessions
-- A page of sessions, newest first; of one user if so asked. What a session is about is what was first asked in it.
select s.session_id, s.user_id, a.name as agent, s.status, s.engine, s.forked_from, s.created_at, s.touched_at,
  s.ended_at, left(coalesce(first.input, s.history -> 0 ->> 0), %(chars)s) as title
from sessions s
join agent_defs a on a.org_id = s.org_id and a.agent_id = s.agent_id
left join lateral (
  select t.input, t.parent_id from tasks t
  where t.org_id = s.org_id and t.session_id = s.session_id order by t.created_at limit 1
) first on true
where s.org_id = %(org)s
  and (%(user)s::text is null or s.user_id = %(user)s)
  and (%(status)s::text is null or s.status = %(status)s::session_status)
  and (%(agent)s::text is null or a.name = %(agent)s)
  and (not %(roots)s::boolean or first.parent_id is null)
  and (%(search)s::text is null or exists (
    select from tasks t
    where t.org_id = s.org_id and t.session_id = s.session_id
      and (strpos(lower(t.input), lower(%(search)s)) > 0 or strpos(lower(t.answer), lower(%(search)s)) > 0)
  ))
  and (%(at)s::timestamptz is null or (s.created_at, s.session_id) < (%(at)s::timestamptz, %(key)s::text))
order by s.created_at desc, s.session_id desc limit %(limit)s;

-- name: get_session
-- One session, with what was asked in it; of one user if so asked.
select s.session_id, s.user_id, a.name as agent, s.status, s.engine, s.forked_from, s.created_at, s.touched_at,
  s.ended_at, s.history, s.context is not null as has_context
from sessions s join agent_defs a on a.org_id = s.org_id and a.agent_id = s.agent_id
where s.org_id = %(org)s and s.session_id = %(session)s and (%(user)s::text is null or s.user_id = %(user)s);

-- name: ancestors
-- What a session was forked from, nearest first, as far as a user may see it.
with recursive line as (
  select s.session_id, s.forked_from, 0 as distance from sessions s
  where s.org_id = %(org)s and s.session_id = %(session)s
  union all
  select s.session_id, s.forked_from, line.distance + 1 from line
  join sessions s on s.org_id = %(org)s and s.session_id = line.forked_from
  where line.distance < %(limit)s
)
select s.session_id, s.forked_from, s.status, s.created_at, (
  select left(t.input, 200) from tasks t where t.org_id = s.org_id and t.session_id = s.session_id
  order by t.created_at, t.task_id limit 1
) as title
from line join sessions s on s.org_id = %(org)s and s.session_id = line.session_id
where line.distance > 0 and (%(user)s::text is null or s.user_id = %(user)s)
order by line.distance;

-- name: forks
-- The forks of a session and theirs, oldest first, as far as a user may see them.
with recursive line as (
  select s.session_id, 1 as depth from sessions s
  where s.org_id = %(org)s and s.forked_from = %(session)s
  union all
  select s.session_id, line.depth + 1 from line
  join sessions s on s.org_id = %(org)s and s.forked_from = line.session_id
  where line.depth < %(limit)s
)
select s.session_id, s.forked_from, s.status, s.created_at, (
  select left(t.input, 200) from tasks t where t.org_id = s.org_id and t.session_id = s.session_id
  order by t.created_at, t.task_id limit 1
) as title
from line join sessions s on s.org_id = %(org)s and s.session_id = line.session_id
where %(user)s::text is null or s.user_id = %(user)s
order by s.created_at, s.session_id limit %(limit)s;

-- name: has_task_of_key
-- Whether an order of a user's with that idempotency key was carried out.
select 1 as there from tasks where org_id = %(org)s and user_id = %(user)s and idempotency_key = %(key)s::text;

-- name: note_task_order
-- What the order of a task said, as the first one with its key said it.
update tasks set order_digest = coalesce(order_digest, %(digest)s)
where org_id = %(org)s and task_id = %(made)s returning order_digest;

-- name: note_session_order
-- What the order of a session said, as the first one with its key said it.
update sessions set order_digest = coalesce(order_digest, %(digest)s)
where org_id = %(org)s and session_id = %(made)s returning order_digest;

-- name: open_tasks
-- The tasks of a session that have not ended.
select task_id from tasks
where org_id = %(org)s and session_id = %(session)s and status in ('queued', 'admitted', 'running', 'waiting')
order by created_at;

-- name: put_upload
-- Keep a file that was uploaded.
insert into uploads (org_id, upload_id, user_id, name, chars, digest)
values (%(org)s, %(upload)s, %(user)s, %(name)s, %(chars)s, %(digest)s);

-- name: hold_uploads
-- Wait for whoever else uploads something for the organisation.
select pg_advisory_xact_lock(hashtextextended('uploads ' || %(org)s, 0));

-- name: unused_upload_bytes
-- What the uploads hold that no task or session has.
select coalesce(sum(b.raw_size), 0)::bigint as bytes
from (select distinct digest from uploads where org_id = %(org)s) u
join blobs b on b.org_id = %(org)s and b.digest = u.digest
where not exists (select from tasks t where t.org_id = b.org_id and t.context = b.digest)
  and not exists (select from sessions s where s.org_id = b.org_id and b.digest in (s.context, s.given))
  and not exists (select from session_points p where p.org_id = b.org_id and p.context = b.digest);

-- name: share_upload
-- The content of an upload of a user's; nobody can drop it before this transaction ends.
select digest from uploads
where org_id = %(org)s and upload_id = %(upload)s and user_id = %(user)s and created_at >= now() - interval '1 day'
for share;

-- name: orgs_with_old_uploads
-- Organisations that have an upload whose time is over. Without organisation.
select org_id from gw_orgs_with_old_uploads();

-- name: drop_old_uploads
-- Forget the uploads whose time is over.
delete from uploads where org_id = %(org)s and created_at < now() - interval '1 day' returning digest;

-- name: lock_contexts
-- Wait for whoever is about to use one of these contexts.
select digest from blobs where org_id = %(org)s and digest = any (%(digests)s::bytea[]) order by digest for update;

-- name: drop_contexts
-- Delete those of some contexts that no task, session or upload has.
delete from blobs b where b.org_id = %(org)s and b.digest = any (%(digests)s::bytea[])
  and not exists (select from tasks t where t.org_id = b.org_id and t.context = b.digest)
  and not exists (select from sessions s where s.org_id = b.org_id and s.context = b.digest)
  and not exists (select from sessions s where s.org_id = b.org_id and s.given = b.digest)
  and not exists (select from session_points p where p.org_id = b.org_id and p.context = b.digest)
  and not exists (select from uploads u where u.org_id = b.org_id and u.digest = b.digest);

-- name: me
-- The caller, with the names of user and organisation.
select u.org_id, o.name as org_name, u.user_id, u.name, u.role, u.allow, u.deny
from users u join orgs o using (org_id) where u.org_id = %(org)s and u.user_id = %(user)s;

-- name: own_org
-- The caller's organisation.
select org_id, name, concurrency, idle_seconds, triage_agent, created_at from orgs where org_id = %(org)s;

-- name: workers
-- How many workers there are, and how long ago the last sign of life was. Without organisation.
select count(*) as workers, extract(epoch from now() - max(last_heartbeat))::float as age from procrastinate_workers;

-- name: overview_open
-- How many tasks are in each state that is no end, or a dead one; and for how long the oldest. Of one user if so asked.
select status, count(*) as tasks, extract(epoch from now() - min(clock))::float as oldest
from tasks
where org_id = %(org)s and status in ('queued', 'admitted', 'running', 'waiting', 'dead')
  and (%(user)s::text is null or user_id = %(user)s)
group by status;

-- name: overview_hours
-- What tasks ended since a time, by hour and model. What a task used includes what those below it did, which have a
-- model of their own: it is taken off. Of one user if so asked.
with ended as (
  select t.task_id, t.parent_id, t.status, date_trunc('hour', t.finished_at, 'UTC') as hour,
    coalesce(t.model, a.model) as model,
    coalesce((t.usage ->> 'prompt_tokens')::bigint, 0) as prompt,
    coalesce((t.usage ->> 'completion_tokens')::bigint, 0) as completion
  from tasks t join agent_defs a on a.org_id = t.org_id and a.agent_id = t.agent_id
  where t.org_id = %(org)s and t.finished_at >= %(since)s
    and (%(user)s::text is null or t.user_id = %(user)s)
), below as (
  select parent_id, sum(prompt) as prompt, sum(completion) as completion
  from ended where parent_id is not null group by parent_id
)
select e.hour, e.model, count(*) as tasks, count(*) filter (where e.status in ('failed', 'dead')) as errors,
  sum(greatest(e.prompt - coalesce(b.prompt, 0), 0))::bigint as prompt_tokens,
  sum(greatest(e.completion - coalesce(b.completion, 0), 0))::bigint as completion_tokens
from ended e left join below b on b.parent_id = e.task_id
group by e.hour, e.model;

-- name: overview_workers
-- How many workers were heard of lately, and how long ago the last sign of life was. Of all organisations.
select count(*) filter (where last_heartbeat >= now() - make_interval(secs => %(silent)s)) as alive,
  extract(epoch from now() - max(last_heartbeat))::float as last_heard_seconds
from procrastinate_workers;
