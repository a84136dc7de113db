-- What the MCP server shows beyond the API's own statements.

-- name: tree_questions
-- The questions of a task and of those below it that wait for a person, oldest first.
select c.task_id, c.seq as call, e.data->>'question' as question, e.data->'choices' as choices
from tasks t
join host_calls c on c.org_id = t.org_id and c.task_id = t.task_id
join lateral (
  select data from task_events e
  where e.org_id = c.org_id and e.task_id = c.task_id and e.type = 'question.asked'
    and (e.data->>'call')::integer = c.seq
  order by e.seq desc limit 1
) e on true
where t.org_id = %(org)s and (t.task_id = %(task)s or t.root_id = %(task)s)
  and c.state = 'waiting' and c.name = 'channel.ask' and t.status in ('running', 'waiting')
order by c.at limit 20;
