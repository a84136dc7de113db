-- Rate limits. Counters are locked in the order of user ('' first: the whole organisation) and period.

-- name: has_limits
-- Whether the organisation has any limit.
select exists (select from rate_limits) as limited;

-- name: set_limit
-- Set or change a limit.
insert into rate_limits (org_id, user_id, metric, period, soft, hard)
values (
  current_setting('greatwheel.org'), %(user)s, %(metric)s::limit_metric, %(period)s::limit_period,
  %(soft)s::bigint, %(hard)s::bigint
)
on conflict (org_id, user_id, metric, period) do update set soft = excluded.soft, hard = excluded.hard;

-- name: drop_limit
-- Take a limit away.
delete from rate_limits
where user_id = %(user)s and metric = %(metric)s::limit_metric and period = %(period)s::limit_period;

-- name: make_counters
-- The counters of the periods of now, for the organisation and a user.
insert into rate_limit_counters (org_id, user_id, metric, period, period_start)
select current_setting('greatwheel.org'), u, %(metric)s::limit_metric, p,
  date_trunc(p::text, now() at time zone 'UTC') at time zone 'UTC'
from unnest(array['', %(user)s::text]) as u, unnest(enum_range(null::limit_period)) as p
order by u, p
on conflict do nothing;

-- name: lock_counters
-- The counters of the periods of now with their limits, locked.
select c.user_id, c.period, c.used, c.reserved, c.warned, l.soft, l.hard,
  (c.period_start at time zone 'UTC' + ('1 ' || c.period)::interval) at time zone 'UTC' as resets
from rate_limit_counters c
left join rate_limits l
  on l.org_id = c.org_id and l.user_id = c.user_id and l.metric = c.metric and l.period = c.period
where c.metric = %(metric)s::limit_metric and c.user_id in ('', %(user)s::text)
  and c.period_start = date_trunc(c.period::text, now() at time zone 'UTC') at time zone 'UTC'
order by c.user_id, c.period
for no key update of c;

-- name: count
-- Add to locked counters.
update rate_limit_counters c set used = c.used + %(used)s, reserved = c.reserved + %(reserved)s
where c.metric = %(metric)s::limit_metric and c.user_id in ('', %(user)s::text)
  and c.period_start = date_trunc(c.period::text, now() at time zone 'UTC') at time zone 'UTC';

-- name: reserve
-- Write down what was set aside for a call.
insert into limit_reservations (org_id, task_id, seq, user_id, tokens)
values (current_setting('greatwheel.org'), %(task)s, %(seq)s, %(user)s, %(tokens)s)
on conflict (org_id, task_id, seq) do update set tokens = limit_reservations.tokens + excluded.tokens;

-- name: lock_reserved
-- The counters behind tasks' reservations (all of them, or one call's), locked.
select c.period from rate_limit_counters c
where c.metric = 'tokens' and (c.user_id, c.period, c.period_start) in (
  select u, p, date_trunc(p::text, r.at at time zone 'UTC') at time zone 'UTC'
  from limit_reservations r, unnest(array['', r.user_id]) as u, unnest(enum_range(null::limit_period)) as p
  where r.task_id = any (%(tasks)s::text[]) and r.seq = coalesce(%(seq)s::integer, r.seq)
)
order by c.user_id, c.period, c.period_start
for no key update;

-- name: settle
-- Put what was used (null: nobody knows, so all of it) in the place of tasks' reservations (all of them, or one call's);
-- the counters are locked.
with gone as (
  delete from limit_reservations r
  where r.task_id = any (%(tasks)s::text[]) and r.seq = coalesce(%(seq)s::integer, r.seq)
  returning r.user_id, r.tokens, r.at
), sums as (
  select u as user_id, p as period, date_trunc(p::text, at at time zone 'UTC') at time zone 'UTC' as period_start,
    sum(tokens) as tokens
  from gone, unnest(array['', gone.user_id]) as u, unnest(enum_range(null::limit_period)) as p
  group by 1, 2, 3
)
update rate_limit_counters c set
  reserved = c.reserved - s.tokens, used = c.used + coalesce(%(used)s::bigint, s.tokens)
from sums s
where c.metric = 'tokens' and c.user_id = s.user_id and c.period = s.period and c.period_start = s.period_start;

-- name: warn
-- Soft limits that are passed and not yet warned of, marked as warned.
update rate_limit_counters c set warned = true
from rate_limits l
where l.org_id = c.org_id and l.user_id = c.user_id and l.metric = c.metric and l.period = c.period
  and c.metric = %(metric)s::limit_metric and c.user_id in ('', %(user)s::text) and not c.warned and c.used > l.soft
  and c.period_start = date_trunc(c.period::text, now() at time zone 'UTC') at time zone 'UTC'
returning c.user_id, c.period, c.used, l.soft;

-- name: tell
-- An event of a task that people may watch.
insert into task_events (org_id, task_id, type, data)
values (current_setting('greatwheel.org'), %(task)s, %(type)s, %(data)s::jsonb);

-- name: list_limits
-- The limits of the connection's organisation, with what was used of each in its period of now: those after one, by
-- user, metric and period, and so many; or all; of one user and everybody, if so asked.
select l.user_id, u.name as user_name, l.metric, l.period, l.soft, l.hard,
  coalesce(c.used, 0) as used, coalesce(c.reserved, 0) as reserved,
  (date_trunc(l.period::text, now() at time zone 'UTC') + ('1 ' || l.period)::interval) at time zone 'UTC' as resets_at
from rate_limits l
left join users u on u.org_id = l.org_id and u.user_id = l.user_id
left join rate_limit_counters c
  on c.org_id = l.org_id and c.user_id = l.user_id and c.metric = l.metric and c.period = l.period
  and c.period_start = date_trunc(l.period::text, now() at time zone 'UTC') at time zone 'UTC'
where (%(user)s::text is null or l.user_id in ('', %(user)s))
  and (%(after)s::text is null or
    (l.user_id, l.metric, l.period) > (%(after)s, %(after_metric)s::limit_metric, %(after_period)s::limit_period))
order by l.user_id, l.metric, l.period limit %(limit)s::bigint;
