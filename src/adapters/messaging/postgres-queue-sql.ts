/** Times are the server's own throughout: processes with other clocks share the table. */

export const INSERT = `
insert into jobs (id, queue, grouping, run_at, meta, payload, attempt)
select id, queue, grouping, now() + delay * interval '1 ms', meta, substring($8::bytea from first for size), attempt
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::jsonb[], $6::int[], $7::int[], $9::int[])
  as u(id, queue, grouping, delay, meta, first, size, attempt)
on conflict (id) do nothing`

/**
 * At most $4 bytes of payload at once, but always one job. What is locked beyond that is free again with the commit. From one group
 * to the next in the index, at most $5 of each, in turns: the first of every organization before the second of any, and likewise the
 * groups of an organization (the part of a group before its colon). The bound for the next claim leaves nothing behind it that was not
 * taken: neither what is left of a group, nor what had no room.
 */
export const CLAIM = `
with recursive groups (grouping) as (
  (select grouping from jobs where queue = $1 and state = 'READY' order by grouping limit 1)
  union all
  select (select j.grouping from jobs j where j.queue = $1 and j.state = 'READY' and j.grouping > g.grouping
    order by j.grouping limit 1)
  from groups g where g.grouping is not null),
locked as materialized (
  select l.*, row_number() over (partition by l.grouping order by l.run_at, l.id) as turn
  from groups g cross join lateral (
    select j.id, j.grouping, j.run_at, octet_length(j.payload) as size from jobs j
    where j.queue = $1 and j.grouping = g.grouping and j.state = 'READY' and j.run_at <= now() and j.run_at >= $3::timestamptz
    order by j.run_at, j.id limit least($2::bigint, $5::bigint) for update skip locked) l
), in_turn as (
  select id, grouping, run_at, size,
    row_number() over (partition by split_part(grouping, ':', 1) order by turn, run_at, id) as turn from locked
), chosen as materialized (
  select * from in_turn order by turn, run_at, id limit $2::bigint
), fitting as (
  select id from (select id, sum(size) over (order by turn, run_at, id) - size as before from chosen) s where before < $4::bigint
), bound as (
  select min(run_at) as run_at from (
    select max(run_at) as run_at from locked l join fitting using (id) group by l.grouping
    union all select run_at from locked where id not in (select id from fitting)) b
), claimed as (
  update jobs j set state = 'ACTIVE', attempt = attempt + 1, lease_until = now() + interval '30 seconds'
  from fitting where j.id = fitting.id
  returning j.id, j.queue, j.grouping, j.attempt, j.meta, j.payload, j.run_at
)
select c.id, c.queue, c.grouping, c.attempt, c.meta, c.payload, (bound.run_at - interval '2 seconds')::text as margin
from claimed c, bound order by c.run_at, c.id`

export const DELETE = `
delete from jobs j using unnest($1::uuid[], $2::int[]) as d(id, attempt)
where j.id = d.id and j.attempt = d.attempt and j.state = 'ACTIVE'`

const theirs = `select j.id from jobs j join unnest($1::uuid[], $2::int[]) as d(id, attempt) on j.id = d.id and j.attempt = d.attempt
  where j.state = 'ACTIVE' order by j.id for update of j`

/**
 * A row whose lease is being renewed is waited for: left out, it would come again only when that lease ends. When it comes again counts
 * from after the wait. Renewing itself waits for nobody, and a job is settled by one statement, so that nobody waits for each other.
 */
const held = `with held as materialized (${theirs})`
/** What is settled right now needs no lease. */
const idle = `with held as materialized (${theirs} skip locked)`

export const RETRY = `${held}
update jobs j set state = 'READY', run_at = clock_timestamp() + $3::int * interval '1 ms', reason = $4, lease_until = null
from held where j.id = held.id`

export const POSTPONE = `${held}
update jobs j set state = 'READY', attempt = j.attempt - 1, run_at = clock_timestamp() + $3::int * interval '1 ms', reason = $4, lease_until = null
from held where j.id = held.id`

export const DEAD = `${held}
update jobs j set state = 'DEAD', dead_at = now(), reason = $3, lease_until = null
from held where j.id = held.id returning j.id, j.queue`

export const BURY = `
insert into jobs (id, queue, state, dead_at, reason, meta, payload)
values ($1::uuid, $2, 'DEAD', now(), $3, $4, $5::bytea) on conflict (id) do nothing`

/** What is nobody's in particular. */
const NO_ONES = `state = 'DEAD' and org_id is null`

export const DEAD_LETTERS = `
select id, queue, reason, dead_at as "deadAt", octet_length(payload) as bytes from jobs
where ${NO_ONES} order by dead_at desc, id desc limit $1`

/** Unreadable bodies are kept under a name of their own, on which nobody works. With the operator's row in the audit log. */
export const REVIVE = `
with revived as (
  update jobs set state = 'READY', attempt = 0, run_at = now(), reason = null, dead_at = null, lease_until = null,
    queue = case queue when 'unreadable' then 'inbound' else queue end
  where ${NO_ONES} and ($1::uuid is null or id = $1) returning id
), noted as (
  insert into audit_log (id, actor_type, action, resource_type, resource_id)
  select gen_random_uuid(), 'SYSTEM', case when $1::uuid is null then 'dead-letters.replayed' else 'dead-letter.replayed' end,
    case when $1::uuid is null then 'installation' else 'dead-letter' end, $1::uuid
  where exists (select from revived)
)
select count(*)::int as revived from revived`

/** With a new time, since others already look only at what is newer than the old one. */
export const GIVE_BACK = `${held}
update jobs j set state = 'READY', attempt = j.attempt - 1, run_at = clock_timestamp(), lease_until = null
from held where j.id = held.id`

export const RENEW = `${idle}
update jobs j set lease_until = now() + interval '30 seconds' from held where j.id = held.id`

/** Repeatedly lost jobs are spread out: the one that kills its worker parts from those that were merely beside it. */
export const SWEEP = `
with lost as materialized (
  select id from jobs where queue = $1 and state = 'ACTIVE' and lease_until < now() for update skip locked
)
update jobs j set
  state = case when attempt >= $2::int then 'DEAD' else 'READY' end,
  dead_at = case when attempt >= $2::int then now() end,
  reason = 'whoever held it died or hung',
  lease_until = null,
  run_at = now() + case when attempt >= 2 then random() * interval '30 seconds' else interval '0' end
from lost where j.id = lost.id
returning j.id, j.state, j.attempt`
