-- A task that is retried from its beginning runs anew: its calls are other calls, and their idempotency keys others.
alter table tasks add column run integer not null default 1;
comment on column tasks.run is 'How often it was begun anew, the first time included: part of its idempotency keys';

-- What must be known at once where tasks run: that a session has lost its key, or a user may do nothing any more. Their
-- tasks under way are stopped as cancelled ones are; the runner then finds the reason.
create function gw_stop_tasks()
returns trigger
language plpgsql
as $$
begin
  perform pg_notify('greatwheel_cancel', t.org_id || ' ' || t.task_id)
  from tasks t
  where t.org_id = new.org_id and t.user_id = new.user_id and t.status in ('admitted', 'running')
    and (tg_table_name = 'users' or t.session_id = to_jsonb(new) ->> 'session_id');
  return null;
end
$$;
create trigger gw_session_revoked after update of revoked_at on sessions
  for each row when (old.revoked_at is null and new.revoked_at is not null) execute function gw_stop_tasks();
create trigger gw_user_disabled after update of disabled on users
  for each row when (new.disabled and not old.disabled) execute function gw_stop_tasks();
