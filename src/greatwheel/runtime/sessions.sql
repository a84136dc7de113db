-- name: get_session
-- One session.
select * from sessions where org_id = %(org)s and session_id = %(session)s

-- name: get_variables
-- What is told of a session's variables.
select variables from sessions where org_id = %(org)s and session_id = %(session)s

-- name: begin_task
-- A task of the session begins or goes on: it is active, with a key for its sandbox. A sandbox that has been dumped has
-- its key; a new one gets the first of those given, unless it had another of them in an earlier attempt.
update sessions set status = 'active', touched_at = clock_timestamp(),
  session_key = case
    when session_key is null or (snapshot is null and %(anew)s and session_key <> all (%(keys)s::bytea[]))
    then (%(keys)s::bytea[])[1] else session_key end
where org_id = %(org)s and session_id = %(session)s and status <> 'ended' and revoked_at is null
  and not exists (select from users u where u.org_id = sessions.org_id and u.user_id = sessions.user_id and u.disabled)
returning *

-- name: suspend_session
-- Its task waits.
update sessions set status = 'suspended', touched_at = clock_timestamp(),
  variables = coalesce(%(variables)s::jsonb, variables)
where org_id = %(org)s and session_id = %(session)s and status <> 'ended'

-- name: end_task
-- A task of the session has ended: what the next one finds.
update sessions set snapshot = %(snapshot)s, context = %(context)s, history = %(history)s,
  variables = %(variables)s, status = 'active', touched_at = clock_timestamp()
where org_id = %(org)s and session_id = %(session)s and status <> 'ended'

-- name: evict_session
-- It is in no worker's memory any more.
update sessions set status = 'evicted'
where org_id = %(org)s and session_id = %(session)s and status = 'active' and touched_at <= %(before)s

-- name: end_session
-- The session is over: its key is gone, nothing can be asked of it.
update sessions set status = 'ended', session_key = null, ended_at = clock_timestamp()
where org_id = %(org)s and session_id = %(session)s and status <> 'ended'
returning 1 as ended

-- name: idle_seconds
-- After how long the organisation's idle sessions are evicted.
select idle_seconds from orgs where org_id = %(org)s
