-- Statements of the scheduler. Each runs in a transaction of one organisation unless it says otherwise.
-- Lock order, the same everywhere: a task's parent, the task, tasks below it by depth, the organisation (gw_admit).

-- name: resolve_order
-- What an order refers to: its session, its agent (by name, by session, or the organisation's for triage), the
-- task that an earlier order with its key made, and whether the organisation has any limit.
select o.org_id, a.agent_id, a.name, a.current_version, coalesce(a.engine, %(engine)s) as engine, a.budget,
  coalesce(%(agent)s::text, sa.name, o.triage_agent) as wanted,
  s.session_id, s.agent_id as session_agent, s.status = 'ended' as ended, s.revoked_at is not null as revoked,
  (select t.task_id from tasks t where t.user_id = %(user)s and t.idempotency_key = %(key)s::text) as earlier,
  exists (select from rate_limits) as limited
from orgs o
left join sessions s on s.session_id = %(session)s::text and s.user_id = %(user)s
left join agent_defs sa on sa.agent_id = s.agent_id
left join agent_defs a on a.removed_at is null and a.name = coalesce(%(agent)s::text, sa.name, o.triage_agent);

-- name: resolve_agent
-- An agent by its name, as it is now.
select agent_id, name, current_version, coalesce(engine, %(engine)s) as engine, budget
from agent_defs where name = %(agent)s and removed_at is null;

-- name: resolve_version
-- An agent by its id: what its children need, and whether the organisation has any limit.
select agent_id, name, current_version, coalesce(engine, %(engine)s) as engine, budget,
  exists (select from rate_limits) as limited
from agent_defs where agent_id = %(agent_id)s;

-- name: led_to
-- The order that led to a task (or the task itself), and how many tasks that order has led to.
select o.origin, (select count(*) from tasks t where t.origin_id = o.origin) as tasks
from (select coalesce(origin_id, task_id) as origin from tasks where task_id = %(task)s) as o;

-- name: insert_tasks
-- Queue tasks that differ in input, context and model alone, each in its session (made here if it is a new one).
-- No rows: an order with the same key was faster.
with given as (
  select * from unnest(
    %(task_ids)s::text[], %(session_ids)s::text[], %(seeds)s::bigint[],
    %(inputs)s::text[], %(contexts)s::bytea[], %(models)s::text[]
  ) with ordinality as g (task_id, session_id, seed, input, context, model, n)
), fresh as (
  insert into sessions (org_id, session_id, user_id, agent_id, engine, seed)
  select current_setting('greatwheel.org'), session_id, %(user)s, %(agent_id)s, %(engine)s, seed
  from given where %(new_session)s
)
insert into tasks (
  org_id, task_id, session_id, user_id, agent_id, agent_version, kind, input, context, model, parent_id, parent_call,
  part, root_id, origin_id, depth, path, priority, max_attempts, budget, idempotency_key, instructions
)
select
  current_setting('greatwheel.org'), task_id, session_id, %(user)s, %(agent_id)s, %(version)s, %(kind)s::task_kind,
  input, context, model, %(parent)s::text, %(call)s::integer,
  case when %(parent)s::text is null then null else n - 1 end, coalesce(%(root)s::text, task_id),
  %(origin)s::text, %(depth)s, %(path)s::text[], %(priority)s, %(max_attempts)s, %(budget)s::jsonb, %(key)s::text,
  %(instructions)s::text
from given order by n
on conflict on constraint tasks_idempotency_unique do nothing
returning *;

-- name: insert_session
-- A session in which nothing was asked yet; no rows: an order with the same key was faster.
insert into sessions (org_id, session_id, user_id, agent_id, engine, seed, context, given, status, idempotency_key)
values (current_setting('greatwheel.org'), %(session)s, %(user)s, %(agent_id)s, %(engine)s, %(seed)s, %(context)s,
  %(context)s, 'evicted', %(key)s)
on conflict on constraint sessions_idempotency_unique do nothing
returning session_id;

-- name: session_by_key
-- The session of an earlier order with the same key.
select session_id from sessions where user_id = %(user)s and idempotency_key = %(key)s;

-- name: drop_session
-- Take back the session of an order that came twice.
delete from sessions where session_id = %(session)s;

-- name: task_by_key
-- The task of an earlier order with the same key.
select * from tasks where user_id = %(user)s and idempotency_key = %(key)s;

-- name: admit
-- Fill the organisation's free places. The last statement of a transaction that changes a state.
select gw_admit() as admitted;

-- name: claim
-- An admitted task begins to run; later writes of earlier attempts are refused. `reserved`: an earlier attempt left
-- tokens that were set aside.
update tasks set
  status = 'running', epoch = epoch + 1, attempts = attempts + 1, started_at = coalesce(started_at, clock_timestamp())
where task_id = %(task)s and status = 'admitted'
returning *, exists (select from limit_reservations r where r.task_id = tasks.task_id) as reserved;

-- name: hold_running
-- Keep a caller from being cancelled or taken over while its children are made. Shared, as the journal's own hold is.
select cancel_requested from tasks where task_id = %(task)s and epoch = %(epoch)s and status = 'running' for share;

-- name: lock_task
-- One task, locked until the transaction ends.
select * from tasks where task_id = %(task)s for no key update;

-- name: lock_family
-- A task and its parent, locked in their order; the task is the last row.
select * from tasks
where task_id = any (array[%(task)s, (select parent_id from tasks where task_id = %(task)s)])
order by depth for no key update;

-- name: lock_tree
-- What has not ended of a task and everything below it, and the task's parent, locked in their order.
with recursive tree as (
  select t.task_id, t.parent_id from tasks t where t.task_id = %(task)s
  union all
  select c.task_id, c.parent_id from tasks c join tree on c.parent_id = tree.task_id
)
select t.* from tasks t
where (t.task_id in (select task_id from tree) and t.status in ('queued', 'admitted', 'running', 'waiting'))
  or t.task_id = (select parent_id from tree where task_id = %(task)s)
order by t.depth, t.task_id for no key update of t;

-- name: set_waiting
-- A locked, running task gives its place back, or is queued again at once if all its answers have come meanwhile.
update tasks set
  attempts = 0, clock = clock_timestamp(),
  status = case
    when exists (select from host_calls c where c.task_id = tasks.task_id and c.state = 'waiting')
    then 'waiting'::task_status else 'queued' end
where task_id = %(task)s
returning status;

-- name: end_task
-- A task's end. With an epoch: only while that attempt is the running one. A dead task can be retried where it was, if
-- nobody called it; of others the boundary goes (`unused`: the digest of its dump). The session of a task that was
-- called was made for it alone, and ends with it. `reserved`: tokens are still set aside.
with held as (
  select task_id as id, snapshot as kept, parent_id is null and %(status)s = 'dead' as resumable
  from tasks where task_id = %(task)s
), ended as (
  update tasks set
    status = %(status)s::task_status, answer = %(answer)s, result = %(result)s::jsonb,
    usage = coalesce(%(usage)s::jsonb, usage), outcome = %(outcome)s, error_code = %(error_code)s, error = %(error)s,
    finished_at = clock_timestamp(), not_before = null,
    boundary = case when held.resumable then boundary end, snapshot = case when held.resumable then snapshot end
  from held
  where task_id = held.id
    and (%(epoch)s::integer is null or (status = 'running' and epoch = %(epoch)s::integer))
  returning org_id, task_id, session_id, parent_id, parent_call, case when not held.resumable then held.kept end as unused
), keyless as (
  update sessions s set status = 'ended', session_key = null, ended_at = clock_timestamp()
  from ended e where e.parent_id is not null and s.session_id = e.session_id and s.status <> 'ended'
)
select e.*, exists (select from limit_reservations r where r.task_id = e.task_id) as reserved from ended e;

-- name: has_open_parts
-- Whether a part of a call has not ended.
select exists (
  select from tasks where parent_id = %(parent)s and parent_call = %(call)s
    and status in ('queued', 'admitted', 'running', 'waiting')
) as open;

-- name: open_parts
-- The parts of a call that have not ended.
select task_id from tasks where parent_id = %(parent)s and parent_call = %(call)s
  and status in ('queued', 'admitted', 'running', 'waiting')
order by part;

-- name: call_with_parts
-- A call that waits, and its parts in order, all ended; no rows if it does not wait.
select c.name, t.path[array_upper(t.path, 1)] as agent, t.kind, t.status, t.answer, t.result, t.error,
  t.error_code, t.usage
from host_calls c
join tasks t on t.org_id = c.org_id and t.parent_id = c.task_id and t.parent_call = c.seq
where c.task_id = %(parent)s and c.seq = %(call)s and c.state = 'waiting'
order by t.part;

-- name: fill_call
-- Give a call that waits its answer or its error. The task must be locked.
update host_calls set
  state = case when %(error)s::text is null then 'done'::call_state else 'failed'::call_state end,
  answer = %(answer)s, error = %(error)s,
  prompt_tokens = prompt_tokens + %(prompt_tokens)s, completion_tokens = completion_tokens + %(completion_tokens)s
where task_id = %(task)s and seq = %(seq)s and state = 'waiting'
returning seq;

-- name: wake
-- Queue a task that waits for nothing any more, in its old place by age. The task must be locked.
update tasks set status = 'queued', clock = clock_timestamp()
where task_id = %(task)s and status = 'waiting'
  and not exists (select from host_calls c where c.task_id = tasks.task_id and c.state = 'waiting')
returning task_id;

-- name: requeue
-- Another attempt of a locked task, from its last boundary; the attempt before can write nothing any more.
update tasks set
  status = 'queued', epoch = epoch + 1, attempts = greatest(0, attempts - %(uncounted)s),
  not_before = clock_timestamp() + make_interval(secs => %(delay)s), error = coalesce(%(error)s, error)
where task_id = %(task)s
returning status;

-- name: is_session_over
-- Whether no task of a session can go on any more.
select status = 'ended' or revoked_at is not null as over from sessions where session_id = %(session)s;

-- name: retry_task
-- A locked task that is dead or failed is queued anew; a failed one forgets what it did.
update tasks set
  status = 'queued', attempts = 0, epoch = epoch + 1, not_before = null, queued_at = clock_timestamp(),
  run = run + case when %(anew)s then 1 else 0 end, finished_at = null, error = null, error_code = null, outcome = null, answer = null, result = null,
  cancel_requested = false, clock = clock_timestamp(),
  started_at = case when %(anew)s then null else started_at end,
  boundary = case when %(anew)s then null else boundary end,
  snapshot = case when %(anew)s then null else snapshot end
where task_id = %(task)s
returning *;

-- name: forget_calls
-- The journal of a task that begins anew.
delete from host_calls where task_id = %(task)s;

-- name: detach_children
-- Children of an earlier run stay in the tree, but answer no call of the new one.
update tasks set parent_call = null, part = null where parent_id = %(task)s;

-- name: request_cancel
-- Running tasks are told to stop.
update tasks set cancel_requested = true where task_id = any (%(tasks)s::text[]);

-- name: announce_cancel
-- Tell the workers, when this transaction commits.
select pg_notify('greatwheel_cancel', %(payload)s);

-- name: expired_call
-- The question whose time has been over longest.
select task_id, seq from host_calls where state = 'waiting' and expires_at <= now()
order by expires_at limit 1;

-- name: get_task
-- One task.
select * from tasks where task_id = %(task)s;

-- name: list_tasks
-- Tasks, newest first, after a given one.
select t.* from tasks t
where (%(status)s::text is null or t.status = %(status)s::task_status)
  and (%(session)s::text is null or t.session_id = %(session)s)
  and (%(agent)s::text is null or t.agent_id in (select agent_id from agent_defs where name = %(agent)s))
  and (%(after)s::text is null
    or (t.created_at, t.task_id) < (select created_at, task_id from tasks where task_id = %(after)s))
order by t.created_at desc, t.task_id desc
limit %(limit)s;

-- name: has_live_job
-- Whether a job of a task is on its way or under way.
select exists (
  select from procrastinate_jobs
  where status in ('todo', 'doing') and args ->> 'task' = %(task)s and args ->> 'org' = current_setting('greatwheel.org')
) as live;

-- name: stalled_jobs
-- Jobs under way whose worker is gone, has not been heard of for too long, or does not know them. Without organisation.
select j.id, j.args ->> 'org' as org_id, j.args ->> 'task' as task_id
from procrastinate_jobs j left join procrastinate_workers w on w.id = j.worker_id
where j.queue_name = 'tasks' and j.status = 'doing'
  and (
    w.id is null or w.last_heartbeat < now() - make_interval(secs => %(seconds)s)
    or j.id = any (%(unknown)s::bigint[])
  )
order by j.id;

-- name: jobs_of_worker
-- Jobs that a worker has fetched. Without organisation.
select id from procrastinate_jobs where worker_id = %(worker)s and status = 'doing';

-- name: close_job
-- Take a job away from its worker; no row when it is closed already. Without organisation.
delete from procrastinate_jobs where id = %(job)s and status = 'doing' returning id;

-- name: due_orgs
-- Organisations with a free place and a task whose time has come. Without organisation.
select org_id from gw_due_orgs();

-- name: lost_tasks
-- Tasks that count as admitted or running, of which no job is left. Without organisation.
select org_id, task_id from gw_lost_tasks();

-- name: orgs_with_expired
-- Organisations with a question whose time is over. Without organisation.
select org_id from gw_orgs_with_expired();
