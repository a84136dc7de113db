-- Every statement sees the organisation of its connection alone, unless it says otherwise.

-- name: add_agent
-- Makes a definition without a version; none when the name is taken.
insert into agent_defs (
  org_id, agent_id, name, source_kind, location, description, model, engine, tools, denied, budget,
  instructions
) values (
  current_setting('greatwheel.org'), %(agent_id)s, %(name)s, %(source_kind)s, %(location)s, %(description)s,
  %(model)s, %(engine)s, %(tools)s, %(denied)s, %(budget)s, %(instructions)s
)
on conflict (org_id, name) where removed_at is null do nothing
returning *;

-- name: change_agent
-- Replaces everything that an order says of an agent.
update agent_defs set
  source_kind = %(source_kind)s, location = %(location)s, description = %(description)s, model = %(model)s,
  engine = %(engine)s, tools = %(tools)s, denied = %(denied)s, budget = %(budget)s,
  instructions = %(instructions)s
where agent_id = %(agent_id)s
returning *;

-- name: agent_by_name
-- The agent that has the name now.
select * from agent_defs where name = %(name)s and removed_at is null;

-- name: lock_agent_by_name
-- The agent that has the name now; other changes of it wait until this transaction ends.
select * from agent_defs where name = %(name)s and removed_at is null for update;

-- name: lock_agent
-- An agent by its id, as lock_agent_by_name.
select * from agent_defs where agent_id = %(agent_id)s and removed_at is null for update;

-- name: list_agents
-- The agents by name: those after one, and so many; or all.
select * from agent_defs
where removed_at is null and (%(after)s::text is null or name > %(after)s)
order by name limit %(limit)s::bigint;

-- name: configured_and_removed
-- Whether an agent of the name that agents.toml had defined was removed by hand.
select exists (
  select from agent_defs where name = %(name)s and removed_at is not null and (location->>'configured')::boolean
) as found;

-- name: remove_agent
-- Frees the agent's name; its versions stay for the tasks that refer to them.
update agent_defs set removed_at = now() where name = %(name)s and removed_at is null returning agent_id;

-- name: set_location
-- Notes what was read from the agent's source.
update agent_defs set location = %(location)s where agent_id = %(agent_id)s;

-- name: add_version
-- Makes the next version and makes it the current one; to be run with the agent locked.
with numbered as (
  update agent_defs set current_version = current_version + 1
  where agent_id = %(agent_id)s returning org_id, agent_id, current_version
)
insert into agent_versions (org_id, agent_id, version, source, digest, trigger, note)
select org_id, agent_id, current_version, %(source)s::text, %(digest)s::bytea,
  %(trigger)s::version_trigger, %(note)s::text
from numbered
returning *;

-- name: version_digest
-- The digest of one version's source.
select digest from agent_versions where agent_id = %(agent_id)s and version = %(version)s;

-- name: one_version
-- One version.
select * from agent_versions where agent_id = %(agent_id)s and version = %(version)s;

-- name: list_versions
-- The versions of an agent, newest first: those before one, and so many; or all.
select * from agent_versions
where agent_id = %(agent_id)s and (%(before)s::integer is null or version < %(before)s)
order by version desc limit %(limit)s::bigint;

-- name: agent_by_id
-- An agent by its id, a removed one too: its tasks may still run.
select * from agent_defs where agent_id = %(agent_id)s;

-- name: agents_read_from
-- Organisation and id of every organisation's agents whose code is read from there; paths null: from anywhere.
-- Without organisation.
select org_id, agent_id from agents_read_from(%(kind)s, %(paths)s::text[]);
