-- name: row_bytes
-- Bytes of the rows of the organisation's tasks, by table.
select 'dump' as name, coalesce(sum(pg_column_size(b)), 0) as bytes from blobs b
union all
select 'task', coalesce(sum(pg_column_size(t)), 0) from tasks t
union all
select 'session', coalesce(sum(pg_column_size(s)), 0) from sessions s
union all
select 'journal', coalesce(sum(pg_column_size(c)), 0) from host_calls c
union all
select 'events', coalesce(sum(pg_column_size(e)), 0) from task_events e;

-- name: database_bytes
-- What the whole database takes on disk.
select pg_database_size(current_database()) as bytes;

-- name: count_status
-- How many tasks have a state.
select count(*) as count from tasks where status = %(status)s::task_status;

-- name: waiting_tasks
-- The tasks that wait.
select task_id, session_id from tasks where status = 'waiting' order by task_id;

-- name: ended_tasks
-- Those of some tasks that have ended, by state.
select status, count(*) as count, min(error) as error from tasks
where task_id = any (%(tasks)s::text[]) and status in ('done', 'failed', 'dead', 'cancelled')
group by status;
