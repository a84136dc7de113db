-- name: hold_task
-- Lock a task until the transaction ends.
select task_id from tasks where org_id = %(org)s and task_id = %(task)s for no key update

-- name: tell
-- Something of a task that people may watch.
insert into task_events (org_id, task_id, type, data) values (%(org)s, %(task)s, %(type)s, %(data)s)

-- name: open_questions
-- Questions that wait for a person, oldest first: those behind one, and so many.
select c.task_id, c.seq as call, c.at as asked_at, c.expires_at, t.user_id, t.session_id,
  t.path[array_upper(t.path, 1)] as agent, e.data->>'question' as question, e.data->'choices' as choices
from host_calls c
join tasks t on t.org_id = c.org_id and t.task_id = c.task_id
join lateral (
  select data from task_events e
  where e.org_id = c.org_id and e.task_id = c.task_id and e.type = 'question.asked'
    and (e.data->>'call')::integer = c.seq
  order by e.seq desc limit 1
) e on true
where c.org_id = %(org)s and c.state = 'waiting' and c.name = 'channel.ask' and t.status in ('running', 'waiting')
  and (%(task)s::text is null or c.task_id = %(task)s) and (%(user)s::text is null or t.user_id = %(user)s)
  and (%(at)s::timestamptz is null
    or (c.at, c.task_id, c.seq) > (%(at)s::timestamptz, %(after)s::text, %(after_call)s::integer))
order by c.at, c.task_id, c.seq limit %(limit)s
