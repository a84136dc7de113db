-- What the overview and the board of tasks look up among very many tasks.

-- The board shows tasks by state, the newest first; the overview counts them. Nearly all are done, and those are what
-- `tasks_newest` finds soonest: they are left out, so that this index stays small. The state is no key of it: under
-- row-level security a comparison of enums is no condition for an index, but it chooses a partial one.
create index tasks_board on tasks (org_id, created_at desc, task_id desc) where status <> 'done';
-- What ended since some hour.
create index tasks_finished on tasks (org_id, finished_at) where finished_at is not null;
