-- name: enter
-- Whose rows are written next.
select set_config('greatwheel.org', %(org)s, true)

-- name: what_became
-- Of a transaction: committed, aborted, or in progress.
select pg_xact_status(%(transaction)s::text::xid8) as status

-- name: append_calls
-- Write journal rows of tasks whose epoch is still theirs, whose session has its key and whose user is not disabled;
-- gives those tasks. A row that is there already is completed (an effect's second half) or written again unchanged (a
-- batch sent twice).
-- (No joins with sessions and users: young tables have no statistics, and would be joined in the dearest order.)
with held as (
  select t.task_id, t.session_id, t.user_id from tasks t
  where t.org_id = %(org)s
    and (t.task_id, t.epoch) in (select * from unnest(%(run_tasks)s::text[], %(run_epochs)s::integer[]))
  for share
), live as (
  select h.task_id from held h
  where (select s.session_key is not null from sessions s where s.org_id = %(org)s and s.session_id = h.session_id)
    and (select not u.disabled from users u where u.org_id = %(org)s and u.user_id = h.user_id)
), written as (
  insert into host_calls (org_id, task_id, seq, step, name, digest, state, request, answer, error,
                          prompt_tokens, completion_tokens, seconds, expires_at)
  select %(org)s, r.* from unnest(
    %(tasks)s::text[], %(seqs)s::integer[], %(steps)s::integer[], %(names)s::text[], %(digests)s::bytea[],
    %(states)s::call_state[], %(requests)s::bytea[], %(answers)s::bytea[], %(errors)s::text[],
    %(prompt)s::integer[], %(completion)s::integer[], %(seconds)s::real[], %(expiring)s::timestamptz[]
  ) as r (task_id, seq, step, name, digest, state, request, answer, error, prompt, completion, seconds, expires_at)
  join live using (task_id)
  on conflict (org_id, task_id, seq) do update set
    state = excluded.state, answer = excluded.answer, error = excluded.error,
    prompt_tokens = excluded.prompt_tokens, completion_tokens = excluded.completion_tokens, seconds = excluded.seconds
  where host_calls.digest = excluded.digest and host_calls.state in ('started', excluded.state)
)
select task_id from live

-- name: append_events
-- Write events of tasks.
insert into task_events (org_id, task_id, type, data)
select %(org)s, r.* from unnest(%(tasks)s::text[], %(types)s::text[], %(data)s::jsonb[]) as r (task_id, type, data)

-- name: drop_deltas
-- Delete the pieces of replies that have come: those of steps, or of an agent's calls.
delete from task_events e
using unnest(%(tasks)s::text[], %(places)s::integer[]) as r (task_id, place)
where e.org_id = %(org)s and e.task_id = r.task_id and e.type = 'model.delta'
  and coalesce(e.data ->> 'call', e.data ->> 'step')::integer = r.place

-- name: forget_deltas
-- Delete the pieces of replies that never came.
delete from task_events where org_id = %(org)s and task_id = %(task)s and type = 'model.delta'

-- name: are_live
-- Those tasks that are this worker's, whose session has its key, and whose user is not disabled.
select t.task_id, t.epoch from tasks t
where t.org_id = %(org)s and t.status = 'running'
  and (t.task_id, t.epoch) in (select * from unnest(%(tasks)s::text[], %(epochs)s::integer[]))
  and (select s.session_key is not null from sessions s where s.org_id = %(org)s and s.session_id = t.session_id)
  and (select not u.disabled from users u where u.org_id = %(org)s and u.user_id = t.user_id)

-- name: hold_task
-- Whether a task is live as above; and it stays this worker's until the transaction ends.
select 1 as held from tasks t
join sessions s on s.org_id = t.org_id and s.session_id = t.session_id
join users u on u.org_id = t.org_id and u.user_id = t.user_id
where t.org_id = %(org)s and t.task_id = %(task)s and t.epoch = %(epoch)s and t.status = 'running'
  and s.session_key is not null and not u.disabled
for share of t

-- name: set_boundary
-- From here a later attempt goes on, as long as the task is live. That is progress: the attempts before it do not count
-- any more.
update tasks t set boundary = %(state)s, snapshot = coalesce(%(snapshot)s, t.snapshot), usage = %(usage)s, attempts = 0
from sessions s, users u
where t.org_id = %(org)s and t.task_id = %(task)s and t.epoch = %(epoch)s and t.status = 'running'
  and s.org_id = t.org_id and s.session_id = t.session_id and s.session_key is not null
  and u.org_id = t.org_id and u.user_id = t.user_id and not u.disabled
returning 1 as held

-- name: read_calls
-- The journal of a task after a boundary: calls with higher numbers, and the replies to later steps.
select seq, step, name, digest, state, request, answer, error, prompt_tokens, completion_tokens, seconds
from host_calls
where org_id = %(org)s and task_id = %(task)s and (seq > %(after_call)s or seq < -%(after_step)s::integer)
order by seq
