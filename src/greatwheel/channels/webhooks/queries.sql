-- Webhooks, both ways. Each statement runs in a transaction of one organisation unless it says otherwise.

-- name: create_webhook
-- A place where payloads come in.
insert into webhooks (org_id, webhook_id, name, user_id, agent, scheme, input, context, sealed)
values (
  %(org)s, %(webhook)s, %(name)s, %(user)s, %(agent)s, %(scheme)s::webhook_scheme, %(input)s, %(context)s, %(sealed)s
);

-- name: webhooks
-- The webhooks by name: those after one, and so many; or all, or the one of that id.
select w.webhook_id, w.name, u.name as user_name, w.user_id, w.agent, w.scheme, w.input, w.context, w.enabled,
  w.created_at,
  (select max(r.at) from webhook_receipts r where r.org_id = w.org_id and r.webhook_id = w.webhook_id) as received_at
from webhooks w join users u on u.org_id = w.org_id and u.user_id = w.user_id
where w.org_id = %(org)s and (%(webhook)s::text is null or w.webhook_id = %(webhook)s)
  and (%(after)s::text is null or w.name > %(after)s)
order by w.name limit %(limit)s::bigint;

-- name: update_webhook
-- Change a webhook; null leaves a column as it is.
update webhooks set
  agent = coalesce(%(agent)s::text, agent), input = coalesce(%(input)s::text, input),
  context = coalesce(%(context)s::text, context), enabled = coalesce(%(enabled)s::boolean, enabled)
where org_id = %(org)s and webhook_id = %(webhook)s
returning webhook_id;

-- name: set_webhook_secret
-- Another secret: deliveries are signed with it from now on.
update webhooks set sealed = %(sealed)s where org_id = %(org)s and webhook_id = %(webhook)s returning webhook_id;

-- name: remove_webhook
-- Take a webhook away, and what is remembered of its deliveries.
delete from webhooks where org_id = %(org)s and webhook_id = %(webhook)s returning webhook_id;

-- name: find_webhook
-- The webhook of an id, whosever it is. Without organisation.
select org_id, webhook_id, name, user_id, user_disabled, agent, scheme, input, context, sealed
from find_webhook(%(webhook)s::text);

-- name: receive
-- Remember a delivery by one of its marks; no row: it came before. Waits for another transaction with the same mark.
insert into webhook_receipts (org_id, webhook_id, mark) values (%(org)s, %(webhook)s, %(mark)s)
on conflict (org_id, webhook_id, mark) do nothing
returning mark;

-- name: note_task
-- Which task a delivery became.
update webhook_receipts set task_id = %(task)s
where org_id = %(org)s and webhook_id = %(webhook)s and mark = any (%(marks)s::text[]);

-- name: received_task
-- Which task an earlier delivery with one of these marks became.
select task_id from webhook_receipts
where org_id = %(org)s and webhook_id = %(webhook)s and mark = any (%(marks)s::text[])
order by at, mark limit 1;

-- name: subscribe
-- Somebody who is told of events.
insert into subscriptions (org_id, subscription_id, kind, events, agent, url, sealed)
values (
  %(org)s, %(subscription)s, %(kind)s::subscriber_kind, %(events)s::text[], %(agent)s, %(url)s, %(sealed)s
);

-- name: subscriptions
-- The subscriptions of webhooks, or the one of that id, oldest first, with what is on its way to them.
select s.subscription_id, s.events, s.agent, s.url, s.enabled, s.reason, s.paused_until, s.created_at,
  (select count(*) from deliveries d where d.org_id = s.org_id and d.subscription_id = s.subscription_id
     and d.state in ('pending', 'sending')) as waiting
from subscriptions s
where s.org_id = %(org)s and s.kind = 'webhook'
  and (%(subscription)s::text is null or s.subscription_id = %(subscription)s)
order by s.created_at, s.subscription_id;

-- name: update_subscription
-- Change a subscription; null leaves a column as it is. One that is enabled begins anew.
update subscriptions set
  events = coalesce(%(events)s::text[], events), url = coalesce(%(url)s::text, url),
  enabled = coalesce(%(enabled)s::boolean, enabled),
  reason = case when %(enabled)s::boolean is null then reason end,
  paused_until = case when %(enabled)s::boolean is null then paused_until end
where org_id = %(org)s and subscription_id = %(subscription)s and kind = 'webhook'
returning subscription_id;

-- name: set_subscription_secret
-- Another secret: what is delivered is signed with it from the next attempt on.
update subscriptions set sealed = %(sealed)s
where org_id = %(org)s and subscription_id = %(subscription)s and kind = 'webhook'
returning subscription_id;

-- name: unsubscribe
-- Take a subscription away, with its log.
delete from subscriptions
where org_id = %(org)s and subscription_id = %(subscription)s and kind = %(kind)s::subscriber_kind
returning subscription_id;

-- name: has_subscription
-- Whether there is a subscription of any kind with that id.
select 1 as found from subscriptions where org_id = %(org)s and subscription_id = %(subscription)s;

-- name: deliveries
-- A page of a subscription's deliveries, newest first, each with its attempts.
select d.delivery_id, d.seq, d.type, d.task_id, d.state, d.attempts, d.created_at, d.ended_at,
  case when d.state = 'pending' then d.due_at end as due_at,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'attempt', a.attempt, 'at', a.at, 'status', a.status, 'seconds', round(a.seconds::numeric, 3), 'error', a.error
    ) order by a.attempt)
    from delivery_attempts a where a.org_id = d.org_id and a.delivery_id = d.delivery_id
  ), '[]') as log
from deliveries d
where d.org_id = %(org)s and d.subscription_id = %(subscription)s and d.seq < %(before)s
  and (%(state)s::text is null or d.state = %(state)s::delivery_state)
order by d.seq desc limit %(limit)s;

-- name: delivery
-- One delivery's state, locked until the transaction ends.
select state from deliveries
where org_id = %(org)s and subscription_id = %(subscription)s and delivery_id = %(delivery)s for no key update;

-- name: deliver_again
-- Deliver once more what was delivered or given up, with as many attempts as at first; its log goes on.
update deliveries set state = 'pending', due_at = now(), ended_at = null, tries = 0
where org_id = %(org)s and delivery_id = %(delivery)s;

-- name: wake
-- Tell who delivers, when this transaction commits.
select pg_notify('greatwheel_errands', '');

-- name: orgs_with_deliveries
-- Organisations with a delivery that is due. Without organisation.
select org_id from gw_orgs_with_deliveries();

-- name: claim
-- Take deliveries that are due: at most `each` at a time are under way to one subscription, and of a lane the first.
-- A delivery that is not settled after `lease` seconds is taken again, by anybody.
update deliveries d set
  state = 'sending', attempts = d.attempts + 1, tries = d.tries + 1, due_at = now() + make_interval(secs => %(lease)s)
from (
  select due.delivery_id, s.kind, s.url, s.sealed
  from subscriptions s cross join lateral (
    select x.delivery_id from deliveries x
    where x.org_id = s.org_id and x.subscription_id = s.subscription_id and x.state in ('pending', 'sending')
      and x.due_at <= now()
      and (x.lane is null or not exists (
        select from deliveries e
        where e.org_id = x.org_id and e.subscription_id = x.subscription_id and e.lane = x.lane and e.seq < x.seq
          and e.state in ('pending', 'sending')
      ))
    order by x.due_at, x.seq
    limit greatest(0, %(each)s - (
      select count(*) from deliveries b
      where b.org_id = s.org_id and b.subscription_id = s.subscription_id and b.state = 'sending' and b.due_at > now()
    ))
    for no key update of x skip locked
  ) due
  where s.org_id = %(org)s and s.enabled and (s.paused_until is null or s.paused_until <= now())
  limit %(most)s
) chosen
where d.org_id = %(org)s and d.delivery_id = chosen.delivery_id
returning d.org_id, d.delivery_id, d.subscription_id, d.lane, d.task_id, d.type, d.payload, d.attempts, d.tries,
  chosen.kind, chosen.url, chosen.sealed;

-- name: log_attempt
-- How an attempt went.
insert into delivery_attempts (org_id, delivery_id, attempt, at, status, seconds, error)
values (%(org)s, %(delivery)s, %(attempt)s, %(at)s, %(status)s, %(seconds)s, %(error)s)
on conflict (org_id, delivery_id, attempt) do nothing;

-- name: settle
-- What becomes of a delivery after an attempt. One that was made has been made, even if it was taken for lost.
update deliveries set
  state = %(state)s::delivery_state,
  due_at = now() + make_interval(secs => %(delay)s),
  tries = tries - %(uncounted)s,
  ended_at = case when %(state)s = 'pending' then null else now() end
where org_id = %(org)s and delivery_id = %(delivery)s and state in ('pending', 'sending')
  and (attempts = %(attempt)s or %(state)s = 'done');

-- name: pause
-- Leave a receiver alone for a while.
update subscriptions set paused_until = greatest(paused_until, now() + make_interval(secs => %(seconds)s))
where org_id = %(org)s and subscription_id = %(subscription)s;

-- name: disable
-- Deliver nothing more to a receiver that does not want it.
update subscriptions set enabled = false, reason = %(reason)s
where org_id = %(org)s and subscription_id = %(subscription)s;

-- name: forget
-- Drop what is old. Without organisation.
select gw_forget_deliveries();

-- name: sealed_webhooks
-- The secrets of webhooks, sealed, locked until the transaction ends.
select webhook_id as id, sealed from webhooks where org_id = %(org)s order by webhook_id for no key update;

-- name: reseal_webhook
-- Replace the sealed form of a webhook's secret; it is the same secret.
update webhooks set sealed = %(sealed)s where org_id = %(org)s and webhook_id = %(id)s;

-- name: sealed_subscriptions
-- The secrets that sign, sealed, locked until the transaction ends.
select subscription_id as id, sealed from subscriptions
where org_id = %(org)s and sealed is not null order by subscription_id for no key update;

-- name: reseal_subscription
-- Replace the sealed form of a secret that signs; it is the same secret.
update subscriptions set sealed = %(sealed)s where org_id = %(org)s and subscription_id = %(id)s;
