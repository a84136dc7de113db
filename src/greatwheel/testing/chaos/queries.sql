-- name: tree
-- A root task, everything below it, and the tasks that it notified.
select t.task_id, t.root_id, t.session_id, t.path, t.parent_call, t.part, t.input, t.status, t.answer, t.result, t.error,
  t.epoch, t.attempts, s.status as session_status, s.session_key is not null as has_key
from tasks t join sessions s using (org_id, session_id)
where t.root_id = %(root)s or t.input like %(root)s || '/noted %%'
order by t.created_at, t.task_id

-- name: going_on
-- Whether anything of a root task's tree goes on.
select exists (
  select from tasks t
  where (t.root_id = %(root)s or t.input like %(root)s || '/noted %%')
    and (
      t.status in ('queued', 'admitted', 'running', 'waiting')
      or exists (
        select from procrastinate_jobs j where j.args ->> 'task' = t.task_id and j.status in ('todo', 'doing')
      )
    )
) as going_on

-- name: calls
-- The journals of tasks.
select task_id, seq, name, state, error, at from host_calls where task_id = any (%(tasks)s::text[]) order by task_id, seq

-- name: events
-- What tasks told people.
select task_id, type, data from task_events
where task_id = any (%(tasks)s::text[]) and type in ('message.sent', 'question.asked') order by seq

-- name: memories
-- What sessions remember.
select scope, key, value from memories where scope = any (%(scopes)s::text[]) order by scope, key

-- name: open_jobs
-- Jobs of tasks that are still in the queue.
select args ->> 'task' as task from procrastinate_jobs
where args ->> 'org' = current_setting('greatwheel.org') and args ->> 'task' = any (%(tasks)s::text[])
  and status in ('todo', 'doing')

-- name: reservations
-- Tokens that are still set aside for tasks.
select task_id, seq from limit_reservations where task_id = any (%(tasks)s::text[])

-- name: unused_blobs
-- Blobs that nothing refers to.
select encode(digest, 'hex') as digest from blobs b
where not exists (select from sessions s where b.digest in (s.snapshot, s.context))
  and not exists (select from tasks t where b.digest in (t.snapshot, t.context))
  and not exists (select from session_points p where b.digest in (p.snapshot, p.context))
