-- The application reaches no further than it needs to: it fills the free places of its transaction's organisation
-- alone, and may do to the queue what a worker does.

-- As gw_admit(text), for the organisation of the transaction.
create function gw_admit()
returns integer
language sql volatile security definer set search_path = public, pg_temp
as $$
  select gw_admit(current_setting('greatwheel.org', true))
$$;
revoke execute on function gw_admit() from public;
grant execute on function gw_admit() to greatwheel_app;
alter function gw_admit(text) security invoker;
revoke execute on function gw_admit(text) from greatwheel_app;

-- Jobs are made by gw_admit alone. Events and periodic jobs, which nothing of the product reads, are written by
-- triggers when a job is fetched, closed or taken away.
revoke insert on procrastinate_jobs from greatwheel_app;
revoke select, update, delete on procrastinate_events from greatwheel_app;
revoke insert, delete on procrastinate_periodic_defers from greatwheel_app;
