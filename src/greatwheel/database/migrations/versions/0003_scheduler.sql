-- What the scheduler needs across organisations, and between tasks and Procrastinate's jobs.

-- Tasks of a session that have not ended: what admission asks for each candidate.
create index tasks_open_by_session on tasks (org_id, session_id)
  where status in ('queued', 'admitted', 'running', 'waiting');
-- Parts of a call that have not ended: what the end of each part asks.
create index tasks_open_parts on tasks (org_id, parent_id, parent_call)
  where parent_id is not null and status in ('queued', 'admitted', 'running', 'waiting');

-- Fills the free places of an organisation; gives the number of tasks admitted. Called at the end of each transaction
-- that frees a place or queues a task, after its locks on tasks: the organisation's row comes last in the lock order.
--
-- Priority first, then age. A task waits for the other tasks of its session that have begun, because their dumps are
-- of the same variables. All jobs have one priority: an organisation's urgent tasks pass its own, never another's.
--
-- Planned anew at each call: a plan that a worker made while there were few tasks reads all the waiting ones later.
create function gw_admit(_org text)
returns integer
language plpgsql volatile security definer set search_path = public, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
  places integer;
  candidate record;
  admitted integer := 0;
begin
  select concurrency into places from orgs where org_id = _org for no key update;
  -- A statement of its own: it sees what was committed while this one waited for the row.
  places := places - (select count(*) from tasks where org_id = _org and status in ('admitted', 'running'));
  while places > admitted loop
    select t.task_id, t.session_id into candidate
    from tasks t
    where t.org_id = _org and t.status = 'queued' and (t.not_before is null or t.not_before <= clock_timestamp())
      and not exists (
        select from tasks other
        where other.org_id = t.org_id and other.session_id = t.session_id and other.task_id <> t.task_id
          and (
            other.status in ('admitted', 'running', 'waiting')
            or (
              other.status = 'queued' and other.started_at is not null
              and (t.started_at is null or (other.queued_at, other.task_id) < (t.queued_at, t.task_id))
            )
          )
      )
    order by t.priority desc, t.queued_at, t.task_id
    limit 1
    for no key update of t skip locked;
    exit when not found;
    update tasks set status = 'admitted' where org_id = _org and task_id = candidate.task_id;
    perform procrastinate_defer_jobs_v1(array[row(
      'tasks', 'run_task', 0, _org || '/' || candidate.session_id, null,
      jsonb_build_object('org', _org, 'task', candidate.task_id), null
    )::procrastinate_job_to_defer_v1]);
    admitted := admitted + 1;
  end loop;
  return admitted;
end
$$;

-- Organisations that have a free place and a task whose time has come.
create function gw_due_orgs()
returns table (org_id text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select o.org_id from orgs o
  where exists (
      select from tasks t
      where t.org_id = o.org_id and t.status = 'queued' and (t.not_before is null or t.not_before <= now())
    )
    and o.concurrency > (
      select count(*) from tasks t where t.org_id = o.org_id and t.status in ('admitted', 'running')
    )
  order by o.org_id
$$;

-- Tasks that count as admitted or running although no job of theirs is left.
create function gw_lost_tasks()
returns table (org_id text, task_id text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select t.org_id, t.task_id from tasks t
  where t.status in ('admitted', 'running')
    and not exists (
      select from procrastinate_jobs j
      where j.status in ('todo', 'doing') and j.lock = t.org_id || '/' || t.session_id
        and j.args ->> 'task' = t.task_id
    )
  order by t.org_id, t.task_id
$$;

-- Organisations with a question whose time is over.
create function gw_orgs_with_expired()
returns table (org_id text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select distinct c.org_id from host_calls c where c.state = 'waiting' and c.expires_at <= now()
$$;

revoke execute on function gw_admit(text), gw_due_orgs(), gw_lost_tasks(), gw_orgs_with_expired() from public;
grant execute on function gw_admit(text), gw_due_orgs(), gw_lost_tasks(), gw_orgs_with_expired() to greatwheel_app;

-- A session's next job may have come while its last one was still being closed: workers then passed over it, and
-- would only look again when they poll.
create function gw_lock_is_free()
returns trigger
language plpgsql
as $$
begin
  if exists (select from procrastinate_jobs j where j.lock = old.lock and j.status = 'todo') then
    perform pg_notify(
      'procrastinate_queue_v1#' || old.queue_name, json_build_object('type', 'job_inserted', 'job_id', old.id)::text
    );
  end if;
  return null;
end
$$;
create index gw_jobs_lock on procrastinate_jobs (lock) where status = 'todo';
create trigger gw_lock_is_free_deleted after delete on procrastinate_jobs
  for each row when (old.status = 'doing' and old.lock is not null) execute function gw_lock_is_free();
create trigger gw_lock_is_free_closed after update of status on procrastinate_jobs
  for each row when (old.status = 'doing' and new.status <> 'doing' and old.lock is not null)
  execute function gw_lock_is_free();
