-- What agents ask people, over a task and all that it called. Each statement runs in a transaction of one organisation.

-- name: open_task
-- The task of a session of a user's that has begun and not ended.
select task_id, usage, path[array_upper(path, 1)] as agent
from tasks
where org_id = %(org)s and session_id = %(session)s and user_id = %(user)s and parent_id is null
  and status in ('running', 'waiting')
order by created_at limit 1;

-- name: asked_below
-- The question that has waited longest of a task and those that it called, with its event's number.
with recursive tree as (
  select t.task_id from tasks t
  where t.org_id = %(org)s and t.task_id = %(task)s and t.status in ('running', 'waiting')
  union all
  select c.task_id from tasks c join tree on c.org_id = %(org)s and c.parent_id = tree.task_id
  where c.status in ('running', 'waiting')
)
select c.task_id, c.seq as call, e.seq as event, e.data->>'question' as question, e.data->'choices' as choices,
  exists (select from tasks where org_id = %(org)s and task_id = %(task)s and status = 'waiting') as settled
from tree
join host_calls c on c.org_id = %(org)s and c.task_id = tree.task_id and c.state = 'waiting' and c.name = 'channel.ask'
join lateral (
  select seq, data from task_events
  where org_id = %(org)s and task_id = c.task_id and type = 'question.asked' and (data->>'call')::integer = c.seq
  order by seq desc limit 1
) e on true
order by e.seq limit 1;

-- name: continued
-- Where the answer that came with an idempotency key let a task of a session go on; of its last few tasks.
select c.task_id, c.after, c.prompt_tokens, c.completion_tokens from continued_completions c
where c.org_id = %(org)s and c.mark = %(mark)s
  and c.task_id in (
    select task_id from tasks
    where org_id = %(org)s and session_id = %(session)s and user_id = %(user)s and parent_id is null
    order by created_at desc limit 5
  )
order by c.at desc limit 1;

-- name: note_continued
-- Remember it.
insert into continued_completions (org_id, task_id, mark, after, prompt_tokens, completion_tokens)
values (%(org)s, %(task)s, %(mark)s, %(after)s, %(prompt_tokens)s, %(completion_tokens)s)
on conflict (org_id, task_id, mark) do nothing;
