-- name: keep_point
-- Where a session stands now that a task of it has ended, and no more than some points before it; the dumps of those
-- that went.
with given as (select %(org)s::text as org_id, %(session)s::text as session_id, %(task)s::text as task_id),
before as (
  select p.snapshot from session_points p join given using (org_id, session_id, task_id)
), gone as (
  delete from session_points p using given g
  where p.org_id = g.org_id and p.session_id = g.session_id and p.task_id in (
    select o.task_id from session_points o
    where o.org_id = g.org_id and o.session_id = g.session_id and o.task_id <> g.task_id
    order by o.created_at desc, o.task_id desc offset %(most)s
  )
  returning p.snapshot
), kept as (
  insert into session_points (org_id, session_id, task_id, snapshot, context, variables)
  select g.*, %(snapshot)s::bytea, %(context)s::bytea, %(variables)s::jsonb from given g
  on conflict (org_id, session_id, task_id) do update set
    snapshot = excluded.snapshot, context = excluded.context, variables = excluded.variables,
    created_at = excluded.created_at
)
select snapshot from gone union select snapshot from before

-- name: list_points
-- A session's points, oldest first.
select p.task_id, left(t.input, %(chars)s) as asked, p.created_at as at, coalesce(octet_length(b.data), 0) as dump_bytes
from session_points p
join tasks t on t.org_id = p.org_id and t.task_id = p.task_id
left join blobs b on b.org_id = p.org_id and b.digest = p.snapshot
where p.org_id = %(org)s and p.session_id = %(session)s
order by p.created_at, p.task_id

-- name: hold_session
-- A session that no task of it changes, and no new one joins, until this transaction ends.
select * from sessions where org_id = %(org)s and session_id = %(session)s for update

-- name: read_session
-- A session that no task of it changes until this transaction ends.
select * from sessions where org_id = %(org)s and session_id = %(session)s for share

-- name: get_point
-- One point of a session.
select snapshot, context, variables, created_at from session_points
where org_id = %(org)s and session_id = %(session)s and task_id = %(task)s

-- name: fork_session
-- A new session that goes on from where another one stood; it has no key until its first task begins.
insert into sessions (org_id, session_id, user_id, agent_id, engine, seed, snapshot, context, history, variables,
                      forked_from, status)
select org_id, %(fork)s, %(user)s, agent_id, engine, %(seed)s, %(snapshot)s, %(context)s, %(history)s, %(variables)s,
  session_id, 'evicted'
from sessions where org_id = %(org)s and session_id = %(session)s

-- name: has_open_task
-- Whether a task of a session has not ended.
select exists (
  select from tasks where org_id = %(org)s and session_id = %(session)s
    and status in ('queued', 'admitted', 'running', 'waiting')
) as open

-- name: rewind_session
-- The session stands where it stood; workers that have a later copy of it in memory will see that it is another.
update sessions set snapshot = %(snapshot)s, context = %(context)s, history = %(history)s, variables = %(variables)s,
  touched_at = clock_timestamp()
where org_id = %(org)s and session_id = %(session)s

-- name: drop_later_points
-- The points that came after one of them, or all; their dumps.
delete from session_points p
where p.org_id = %(org)s and p.session_id = %(session)s
  and (%(task)s::text is null or (p.task_id <> %(task)s and p.created_at >= %(at)s))
returning snapshot

-- name: mark_rewound
-- The tasks that ended after one of a session, or were to begin after it and never did; or all of it.
update tasks t set rewound = true
where t.org_id = %(org)s and t.session_id = %(session)s and t.status in ('done', 'failed', 'dead', 'cancelled') and (
  %(task)s::text is null or exists (
    select from tasks o where o.org_id = t.org_id and o.task_id = %(task)s
      and (t.finished_at > o.finished_at or (t.started_at is null and t.created_at > o.created_at))
  )
)
