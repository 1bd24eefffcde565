import { describe, expect, test } from 'vitest'
import type { KeelsonErrorCode } from '../../src/core/index.js'
import { createMemoryMetrics } from '../../src/core/index.js'
import { defineKind } from '../../src/store/index.js'
import { planFaults } from '../../src/testing/simulation/actions/fault-settings.js'
import { FAULTS } from '../../src/testing/simulation/actions/faults/faults.js'
import { SEARCH_MODES } from '../../src/testing/simulation/setup/search-mode.js'
import { numberOf, numbersIn } from './numbers.js'
import { pages, readPage, sources } from './pages.js'
import type { Table } from './tables.js'
import { tablesOf } from './tables.js'

/** What the code says: the numbers of these names in a source file. */
function code(file: string, ...names: readonly string[]): number[] {
  return names.map(name => numberOf(sources, file, name))
}

/** Numbers that no constant holds; what each is. */
const literal = { none: [], doubledLog: [2], processes: [2, 1], percentages: [25, 25] }

const limits: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  'docs/core.md': {
    'time of deferred steps in one go': code('system-tasks', 'sliceMs'),
    'compiled label selectors that are kept': code('label-selector', 'LABEL_SELECTOR_CACHE_SIZE'),
    'text of a label selector': code('label-parser', 'LABEL_SELECTOR_LENGTH_MAX'),
    'constraints of one set': code('core/constraints', 'CONSTRAINTS_MAX'),
    'length of a pattern': code('linear-regexp-parser', 'PATTERN_LENGTH_MAX'),
    'listeners of one source': code('listeners', 'listenersMax'),
    '`seriesMax` of an instrument in memory': code('memory-metrics', 'seriesMax'),
    '`reasonsMax` of a rolled-up summary': code('reasons', 'reasonsMax'),
  },
  'docs/discovery.md': {
    'endpoints of one slice': [
      ...code('registry-change', 'endpoints'),
      ...code('endpoints-controller', 'maxPerSlice'),
    ],
    'addresses of one pool': code('address-space', 'POOL_SIZE_MAX'),
    'consumers of this process, waiters of a registry': code('registry-consumers', 'consumers', 'waiters'),
    'ports, virtual addresses of one service': code('registry-change', 'ports', 'vips'),
    'addresses of one endpoint or host, aliases or networks of one service': code(
      'registry-change',
      'addresses',
      'names',
    ),
    'roles of one host, shares of one service': code('registry-change', 'roles', 'shares'),
    'UDP response': [...code('dns-answer', 'PLAIN_UDP_BYTES'), ...code('dns-responder', 'ednsBytes')],
    'DNS over TCP: connections, idle time': code('dns-server', 'maxConnections', 'idleMs'),
    'DNS response cache': code('dns-responder', 'cacheBytes'),
    'forwarded questions: waiting per zone, time of one server': code(
      'forward-options',
      'FORWARD_PENDING_MAX',
      'FORWARD_TIMEOUT_MS',
    ),
    'forwarded questions that wait on one TCP connection': code('dns-connection', 'WAITING_MAX'),
    'cache of forwarded answers; longest time': [
      ...code('forward-options', 'FORWARD_CACHE_BYTES'),
      ...code('forwarded-answer', 'TTL_MAX_SECONDS', 'DENIAL_TTL_MAX_SECONDS').map(seconds => seconds * 1000),
    ],
    'response rate: pairs of network and answer, slip': code('response-rate', 'countersMax', 'slip'),
    'reports of a process: apart, heartbeat, silence': [
      ...code('traffic-reporter', 'intervalMs', 'heartbeatMs'),
      ...code('traffic-consumers', 'silentMs'),
    ],
    'silence of a process until its object is deleted': code('traffic-consumers', 'removeAfterMs'),
    'client affinity: clients, time of silence': code('client-affinity', 'maxClients', 'timeoutMs'),
    'slots of an HAProxy backend': code('haproxy-plan', 'SLOTS_MIN'),
    'proxied connections; of one service, of one endpoint': code('vip-proxy', 'maxConnections'),
    'flows of datagrams, time of silence': code('vip-proxy', 'maxFlows', 'udpIdleMs'),
    'header of the PROXY protocol': code('proxy-protocol', 'HEADER_BYTES_MAX'),
    '`drained(…, { timeoutMs })`': code('drain-waits', 'timeoutMs'),
    '`drainMs`, `connectTimeoutMs`, `maxAttempts` of the proxy': code(
      'vip-proxy',
      'drainMs',
      'connectTimeoutMs',
      'maxAttempts',
    ),
    'owners of a port pool whose last ports are remembered, for each address and protocol': code(
      'port-pool',
      'REMEMBERED_OWNERS',
    ),
    '`quarantineMs` of an address pool': code('address-pool', 'QUARANTINE_MS'),
  },
  'docs/offers.md': {
    '`offersMax`, offers held by a session': code('pool-options', 'offersMax'),
    '`eventsMax`, unread events of a session': code('pool-options', 'eventsMax'),
    '`tasksMax`, tasks of a framework': code('pool-options', 'tasksMax'),
    '`operationsMax`, operations in an accept': code('pool-options', 'operationsMax'),
    'updates of a task that wait for `ack()`': code('update-stream', 'UPDATES_MAX'),
    '`pingsMax`, pings in a row without an answer': code('pool-options', 'pingsMax'),
    'shapes of a demand': code('subscription', 'SHAPES_MAX'),
    'ids of agents that were removed for good': code('agent-table', 'GONE_MAX'),
    '`entriesMax`, entries of a trace that were not taken': code('trace', 'ENTRIES_MAX'),
    '`bodyBytesMax`, bytes of a call over HTTP': code('scheduler-api', 'bodyBytesMax'),
    '`streamsMax`, schedulers over HTTP': code('scheduler-api', 'streamsMax'),
    '`unsentBytesMax`, bytes that wait for a client': code('scheduler-api', 'unsentBytesMax'),
    'roles of a framework': code('event-applier', 'ROLES_MAX'),
    'levels of a role': code('event-applier', 'DEPTH_MAX'),
    'filters of a client on one agent': code('filter-table', 'FILTERS_PER_AGENT_MAX'),
    'names of resources in a cluster': code('columns', 'NAMES_MAX'),
  },
  'docs/reconcile.md': {
    '`leaseDurationMs`, silence of a leader': code('election-options', 'leaseDurationMs'),
    '`renewDeadlineMs`, one round of renewing': code('election-options', 'renewDeadlineMs'),
    '`retryPeriodMs`, pause between renewals': code('election-options', 'retryPeriodMs'),
    'orphans cut loose, objects of a namespace deleted, in one transaction': [
      ...code('collect', 'ORPHANS_PER_TRANSACTION'),
      ...code('namespace-controller', 'deletionsMax'),
    ],
    '`hotLoopAfter`, runs caused by own writes alone that repeat': code('controller-run', 'hotLoopAfter'),
    'steps in a row, caused by own writes alone': code('hot-loops', 'STEPS_PER_RUN'),
    'keys of a controller whose writes are compared with their last': code('contests', 'KEYS_MAX'),
    '`concurrency`, attempts at once': code('controller-run', 'concurrency'),
    '`timeoutMs`, length of an attempt': literal.none,
    '`quarantineAfter`, equal failures in a row': literal.none,
    'delay after failures': code('exponential-limiter', 'maxMs'),
    '`pauseMs` of a rule for errors; doubled up to': [
      ...code('outcome', 'PAUSE_MS'),
      ...code('attempt-pauses', 'PAUSE_MAX_MS'),
    ],
    '`unhealthyAfterMs`, a wait, a run, late news': code('reconcile/controller', 'UNHEALTHY_AFTER_MS'),
    'reasons kept per key': code('key-record', 'REASONS_MAX'),
    'objects of one kind that a key depends on one by one': code('dependencies', 'OBJECTS_MAX'),
    'events that wait to be written': code('event-recorder', 'queueMax'),
    'notes of one object and reason with an event of their own': code('event-correlator', 'notesMax'),
    'events about one object at once': code('event-correlator', 'burst'),
    '`gracePeriodMs` of a stop': code('manager', 'GRACE_PERIOD_MS'),
    '`stuckAfterMs` of a deletion': code('with-finalizers', 'stuckAfterMs'),
    '`forceAfterMs` of a finalizer': literal.none,
    'pause before a mapping that threw is called again': code(
      'mapping-retries',
      'RETRY_BASE_MS',
      'RETRY_MAX_MS',
    ),
    'mappings that wait for that': code('mapping-retries', 'FAILED_MAX'),
    'conflicts since the last success': code('outcome', 'CONFLICTS_MAX'),
    'keys, and objects seen by a watch': literal.none,
    'text of a key that is no object': code('keyed-controller', 'TEXT_LENGTH_MAX'),
    '`keysMax`, keys of a queue alone': code('work-queue', 'keysMax'),
    '`idleKeysMax`, records kept of keys at rest': code('work-queue', 'idleKeysMax'),
    '`ageMs`, wait worth one point of priority': code('work-queue', 'ageMs'),
    priority: code('priority-option', 'PRIORITY_MAX'),
  },
  'docs/rollout.md': {
    '`maxSurge`, `maxUnavailable`': literal.percentages,
    '`progressDeadlineSeconds`': code('rollout/program', 'progressWithinMs'),
    '`maxFailures` of the controller': literal.none,
    '`revisionHistoryLimit`': code('ledger', 'revisionHistoryLimit'),
    '`minReadySeconds`': code('replica-plan', 'minReadySeconds'),
    '`maxReverts`, automatic reverts in a row': code('failure-policy', 'REVERTS_MAX'),
    'failures of one template that a step looks at': code('instance-failure', 'FAILURES_MAX'),
    'tasks that fail within 60,000 ms and are a crash loop': code('instance-failure', 'CRASH_LOOP_INSTANCES'),
    '`gateTimeoutMs` of the controller': code('rollout-controller', 'gateTimeoutMs'),
    'tries of an analysis or a hook': code('gate-runners', 'ERRORS_MAX'),
    '`afterMs` of a program that waits': code('gate-runners', 'WAIT_MIN_MS'),
    'waypoints of a program': code('rollout-strategy', 'WAYPOINTS_MAX'),
    'gates of a waypoint': code('rollout-gate', 'GATES_MAX'),
    'marks of an entry': code('ledger-marks', 'MARKS_MAX'),
    '`concurrency` of the controller': code('rollout-controller', 'concurrency'),
    'members of a `DeploymentGroup`': code('deployment-group', 'MEMBERS_MAX'),
    '`burst` of the controller of groups': code('group-controller', 'burst'),
    'cells of a set': code('cell-table', 'CELLS_MAX'),
    'members of a group': code('group-plan', 'MEMBERS_MAX'),
    'a grant of a `DisruptionBudget`': code('open-grants', 'DISRUPTION_GRANT_MS'),
  },
  'docs/scheduling.md': {
    '`concurrency`': code('scheduling-controller', 'concurrency'),
    '`batchMax`': code('scheduling-loop', 'batchMax'),
    '`waitingMax`': code('queued-request', 'WAITING_MAX'),
    'evictions of tasks of one group for one task': code('room-maker', 'REPEATS_MAX'),
    '`retryDelayMs`': code('scheduling-loop', 'retryDelayMs'),
    '`retryDelayMsMax`': code('scheduling-loop', 'retryDelayMsMax'),
    'attempts with a corrected picture of a node': code('task-placer', 'ROUNDS_MAX'),
  },
  'docs/store.md': {
    '`logCapacity`': code('memory-store', 'LOG_CAPACITY_DEFAULT'),
    '`logAgeMaxMs`': literal.none,
    '`logBytesMax`': literal.none,
    'age of a snapshot': literal.doubledLog,
    '`objectBytesMax`': literal.none,
    '`quotas`': literal.none,
    'nesting of an object': code('json-border', 'JSON_DEPTH_MAX'),
    '`bufferLimit` of a watch that is not `close`': code('open-watch', 'BUFFER_LIMIT_DEFAULT'),
    'wait of a write for `block`': code('back-pressure', 'BLOCK_WAIT_MAX_MS'),
    'revisions handled in one deliver step': code('delivery-steps', 'STEP_REVISIONS_MAX'),
    'pause until a bookmark': code('bookmark-timer', 'BOOKMARK_INTERVAL_MS'),
    'guards of one write': code('guards', 'GUARDS_MAX'),
    'attempts of `optimistic`': code('optimistic', 'ATTEMPTS_DEFAULT'),
    'answers of one admission hook about one write': code('admission-replies', 'ASKED_MAX'),
    'answers that one write waits for': code('admission-replies', 'ANSWERS_MAX'),
    'operations of a JSON Patch': code('json-patch', 'JSON_PATCH_OPERATIONS_MAX'),
    'managers that apply to one object': code('apply-object', 'APPLY_MANAGERS_MAX'),
    'managers that only write, with an entry of their own': code('owners', 'UPDATE_MANAGERS_MAX'),
    'name of a field manager': code('track-owners', 'MANAGER_LENGTH_MAX'),
    '`ttlMs`': code('lifetimes', 'TTL_MAX_MS'),
    'id of a lifetime': code('lifetimes', 'LIFETIME_ID_CHARS_MAX'),
    'lifetimes ended in one step': code('lifetime-keeper', 'ENDED_PER_STEP'),
    'pause until an object that could not be deleted at its end is tried again': code(
      'lifetime-keeper',
      'RETRY_END_MS',
    ),
  },
  'docs/testing.md': {
    '`timeMs`, in real time, unless `executions` or `executionsMax` is given': code(
      'search-options',
      'TIME_MS',
    ),
    '`executions`': code('search-options', 'executions'),
    '`executionsMax` of `sieve` and `exhaustive`': code('search-options', 'executionsMax'),
    '`depth` of `pct`': code('search-options', 'depth'),
    '`stepsMax` of one execution': code('simulate-options', 'stepsMax'),
    '`writesInRowMax`, and 20 for each object': code('simulate-options', 'writesInRowMax'),
    '`pollsPerSecondMax`, for each given object': code('simulate-options', 'pollsPerSecondMax'),
    '`stepTimeoutMs`, of CPU time or asleep': code('simulate-options', 'stepTimeoutMs'),
    '`instances`': literal.processes,
    '`timeMs` of all rounds of `fuzz`, unless `rounds`, `executions` or `executionsMax` is given': code(
      'search-options',
      'TIME_MS',
    ),
    '`rounds` of `fuzz`': code('fuzz', 'rounds'),
    '`executions` of each round of `fuzz`': code('fuzz', 'executions'),
    '`changesMax` of each round of `fuzz`': code('fuzz', 'changesMax'),
    '`stepsMax` of a virtual env, without time moving': code('virtual-env', 'stepsMax'),
    '`timeoutMs` of `runUntil` and `run`, in virtual time': code('virtual-env', 'timeoutMs'),
  },
  'docs/store-operations.md': {
    '`fsync`': [],
    '`fsyncIntervalMs`': code('open-store', 'FSYNC_INTERVAL_MS'),
    '`segmentBytes`': code('open-store', 'SEGMENT_BYTES'),
    '`checkpointBytes`': code('open-store', 'CHECKPOINT_BYTES'),
    '`encryption`': [],
  },
  'docs/workloads.md': {
    '`burst` of the replica loop': code('replica-controller', 'burst'),
    '`historyLimit`': code('replica-controller', 'historyLimit'),
    '`burst` of the job loop': code('job-controller', 'burst'),
    '`historyLimit` of the job loop': code('job-controller', 'historyLimit'),
    '`successfulJobsHistoryLimit`, `failedJobsHistoryLimit`': code(
      'cron-job-plan',
      'SUCCESSFUL_JOBS_KEPT',
      'FAILED_JOBS_KEPT',
    ),
    'runs started in one pass, with `catchUp: all`': code('due-runs', 'STARTED_MAX'),
    'times that are counted as missed': code('due-runs', 'COUNTED_MAX'),
    'indexes of a job': code('job-schemas', 'JOB_INDEXES_MAX'),
    '`parallelism` of a job: tasks that run, or wait to be counted': code(
      'job-schemas',
      'JOB_PARALLELISM_MAX',
    ),
    'indexes of a job that fail and have not ended': code('job-indexes', 'FAILING_INDEXES_MAX'),
    '`backoff.baseMs`, `maxMs`, `stableAfterMs`': code('crash-backoff', 'baseMs', 'maxMs', 'stableAfterMs'),
    '`syncMs`, `readTimeoutMs` of the loop of autoscalers': [
      ...code('autoscale-plan', 'syncMs'),
      ...code('autoscaler-controller', 'readTimeoutMs'),
    ],
    '`maxSampleAgeMs`, `initializationMs`': code('autoscale-plan', 'maxSampleAgeMs', 'initializationMs'),
    'metrics of an autoscaler': code('autoscaler-schemas', 'METRICS_MAX'),
    'replicas of anything, `totalCompletions`, `maxConcurrent` of a slot set': code(
      'spec-schemas',
      'REPLICAS_MAX',
    ),
    '`maxAttempts`, `taskHistoryLimit` of a slot set': code('set-schemas', 'SLOT_TASKS_MAX'),
    '`burst` of the loops of sets': code('set-cells', 'CELL_BURST'),
    '`concurrency` of the replica loop, of the node agent': [
      ...code('replica-controller', 'concurrency'),
      ...code('node-agent-controller', 'concurrency'),
    ],
    '`heartbeatMs`': code('node-heartbeat', 'heartbeatMs'),
    '`leaseDurationSeconds`': inMs(code('node-heartbeat', 'leaseDurationSeconds')),
    '`leaseSlackMs`': code('node-lifecycle-controller', 'leaseSlackMs'),
    '`evictAfterMs`': code('node-lifecycle-controller', 'evictAfterMs'),
    '`evictionRates`: `normal`, `partial`, `largeZone`': code(
      'zone-disruption',
      'normal',
      'partial',
      'largeZone',
    ),
    'pause of evictions of one owner from one node, longest pause': code(
      'eviction-backoff',
      'baseMs',
      'maxMs',
    ),
    '`terminationGracePeriodSeconds` of a task': inMs(code('task-supervisor', 'DEFAULT_GRACE_SECONDS')),
    '`logBytesMax` of a child process runtime, for each task': code('child-process-runtime', 'LOG_BYTES_MAX'),
    'ended tasks that a child process runtime lists': code('child-process-runtime', 'ENDED_TASKS_MAX'),
    '`endedLogsMax` of a child process runtime': code('child-process-runtime', 'ENDED_LOGS_MAX'),
  },
}

/** Every code: a missing or an unknown one does not compile. */
const errorCodes: Readonly<Record<KeelsonErrorCode, true>> = {
  AlreadyExists: true,
  ApplyConflict: true,
  BadRequest: true,
  Closed: true,
  Conflict: true,
  Corrupt: true,
  Expired: true,
  Fenced: true,
  Forbidden: true,
  FutureRevision: true,
  Invalid: true,
  LifetimeNotFound: true,
  Locked: true,
  NotFound: true,
  OutOfRange: true,
  PoolExhausted: true,
  QuotaExceeded: true,
  RetryAfter: true,
  SlowConsumer: true,
  StorageFailed: true,
  Terminal: true,
  Timeout: true,
  TooLarge: true,
  Unavailable: true,
  UniqueViolation: true,
  Unsupported: true,
  Usage: true,
}

/** Sentences with numbers: what of the page is looked at, and the numbers in it. */
const sentences: readonly (readonly [page: string, words: RegExp, numbers: readonly number[]])[] = [
  [
    'docs/store/watching.md',
    /`logCapacity` for `close`, else [^.]+/,
    code('open-watch', 'BUFFER_LIMIT_DEFAULT'),
  ],
  [
    'docs/store/watching.md',
    /opened again after [^.]+/,
    code('list-and-watch', 'REOPEN_BASE_MS', 'REOPEN_MAX_MS'),
  ],
  ['docs/store/admission.md', /at most \d+ times/, code('admission-replies', 'ASKED_MAX')],
  ['docs/store/admission.md', /waits for [\d,]+ answers/, code('admission-replies', 'ANSWERS_MAX')],
  ['docs/store/deletion.md', /tried again after \d+ s/, code('lifetime-keeper', 'RETRY_END_MS')],
  [
    'docs/store/patches-and-apply.md',
    /beyond [\d,]+ operations/,
    code('json-patch', 'JSON_PATCH_OPERATIONS_MAX'),
  ],
  ['docs/store/patches-and-apply.md', /at most \d+ apply/, code('apply-object', 'APPLY_MANAGERS_MAX')],
  ['docs/store/deletion.md', /`ttlMs` \| > 0, at most [^ ]+/, [0, ...code('lifetimes', 'TTL_MAX_MS')]],
  ['docs/store/deletion.md', /text of 1 to \d+/, [1, ...code('lifetimes', 'LIFETIME_ID_CHARS_MAX')]],
  ['docs/store/deletion.md', /ended in one step \| \d+/, code('lifetime-keeper', 'ENDED_PER_STEP')],
  ['docs/reconcile.md', /From then on it waits [^.]+/, code('hot-loops', 'PAUSE_BASE_MS', 'PAUSE_MAX_MS')],
  [
    'docs/reconcile.md',
    /a random part of 10 ms, 20 ms, … 1 s/,
    [10, 20, 1_000].filter(
      (ms, at) => at === 1 || code('outcome', 'CONFLICT_BASE_MS', 'CONFLICT_MAX_MS').includes(ms),
    ),
  ],
  [
    'docs/reconcile.md',
    /could not start \(after [^;]+/,
    code('part-group', 'RESTART_BASE_MS', 'RESTART_MAX_MS'),
  ],
  [
    'docs/reconcile/caches.md',
    /opened again after 100 ms to 30 s/,
    code('supervised-stream', 'baseMs', 'maxMs'),
  ],
  ['docs/reconcile/leader-election.md', /renewed every [^.]+/, code('election-options', 'retryPeriodMs')],
  [
    'docs/reconcile/leader-election.md',
    /stops by itself after [^;]+/,
    [sum(code('election-options', 'retryPeriodMs', 'renewDeadlineMs'))],
  ],
  ['docs/reconcile/leader-election.md', /unchanged for \d+ s/, code('election-options', 'leaseDurationMs')],
  [
    'docs/testing/processes.md',
    /about \d+ renewals/,
    [product(code('activity', 'QUIET_TIMERS_PER_OBJECT', 'PATIENCE'))],
  ],
  ['docs/testing/fuzzing.md', /`rounds` \([^.]+/, code('fuzz', 'rounds', 'executions', 'changesMax')],
  [
    'docs/testing/search.md',
    /by default \d+ crash and \d+ edit/,
    [planFaults({}, true).crash.times, planFaults({}, true).edit.times],
  ],
  ['docs/testing/search.md', /`executionsMax` \(default [^)]+/, code('search-options', 'executionsMax')],
  [
    'docs/testing/search.md',
    /− 1 places \(default \d+/,
    [1, code('search-options', 'depth').map(depth => depth - 1)].flat(),
  ],
  ['docs/discovery.md', /`maxAttempts` \(.+? each/s, code('vip-proxy', 'maxAttempts', 'connectTimeoutMs')],
  ['docs/discovery.md', /`drainMs` \([^)]+/, code('vip-proxy', 'drainMs')],
  ['docs/discovery.md', /`quarantineMs`, [^)]+/, code('address-pool', 'QUARANTINE_MS')],
  ['docs/observability.md', /`seriesMax` label combinations, [\d,]+/, code('memory-metrics', 'seriesMax')],
  ['docs/observability.md', /has bounds from [^,]+/, outermostBuckets().map(seconds => seconds * 1_000)],
]

const guides = pages.filter(path => path.startsWith('docs/') && !path.startsWith('docs/decisions/'))
const withDefaults = guides.flatMap(page =>
  tablesOf(readPage(page) ?? '')
    .filter(({ header }) => header.includes('default'))
    .map(table => ({ page, table })),
)
const kindOptions = 'option of a kind'

describe('numbers of the guides are those of the code', () => {
  test.each(withDefaults.filter(({ table }) => table.header[0] !== kindOptions))(
    'table of defaults in $page, line $table.line',
    ({ page, table }) => {
      const written = Object.fromEntries(
        column(table, 'default').map(([row, cell]) => [row, numbersIn(cell)]),
      )
      expect(written).toEqual(limits[page])
    },
  )

  test('no table of defaults is missing', () => {
    expect(Object.keys(limits).filter(page => withDefaults.every(found => found.page !== page))).toEqual([])
  })

  test.each(sentences)('%s: %s', (page, words, numbers) => {
    const [sentence] = words.exec((readPage(page) ?? '').replaceAll(/\s+/g, ' ')) ?? []
    expect(sentence).toBeDefined()
    expect(numbersIn(sentence ?? '')).toEqual(numbers)
  })

  test('options of a kind', () => {
    const table = withDefaults.find(found => found.table.header[0] === kindOptions)?.table
    const { apiVersion, kind, plural, ...options } = defineKind({
      apiVersion: 'v1',
      kind: 'Task',
      plural: 'tasks',
      namespaced: true,
    })
    expect([apiVersion, kind, plural]).toEqual(['v1', 'Task', 'tasks'])
    const rows = Object.fromEntries(table === undefined ? [] : column(table, 'default'))
    expect(Object.keys(rows).toSorted()).toEqual(
      Object.keys(options)
        .map(option => `\`${option}\``)
        .toSorted(),
    )
    for (const [option, value] of Object.entries({ ...options, namespaced: undefined }))
      expect(rows[`\`${option}\``]).toMatch(wordsFor(value))
  })

  test('faults: what each is, and how often it happens', () => {
    const faults = tablesOf(readPage('docs/testing.md') ?? '').find(({ header }) => header[0] === 'fault')
    expect(faults?.rows).toEqual(FAULTS.map(({ kind, says, times }) => [`\`${kind}\``, says, String(times)]))
  })

  test('codes of errors', () => {
    const codes = tablesOf(readPage('docs/core.md') ?? '').find(({ header }) => header[0] === 'code')
    const written = codes?.rows.flatMap(([cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code),
    )
    expect(written?.toSorted()).toEqual(Object.keys(errorCodes).toSorted())
  })

  test('modes of search', () => {
    const modes = tablesOf(readPage('docs/testing/search.md') ?? '').find(
      ({ header }) => header[0] === '`mode`',
    )
    expect(modes?.rows.map(([mode = '']) => /`(\w+)`/.exec(mode)?.[1])).toEqual(SEARCH_MODES)
  })
})

/** Pairs of the first cell and that under `title`. */
function column({ header, rows }: Table, title: string): [string, string][] {
  const at = header.indexOf(title)
  return rows.map(row => [row[0] ?? '', row[at] ?? ''])
}

/** How a table says that an option has this default. */
function wordsFor(value: unknown): RegExp {
  const isNothing =
    value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0)
  if (isNothing) return /^(?:none|any JSON|by field|required)$/
  return new RegExp(`^\`${typeof value === 'string' ? value : JSON.stringify(value)}\`$`)
}

/** The least and the greatest bound of a histogram without `buckets`. */
function outermostBuckets(): number[] {
  const metrics = createMemoryMetrics()
  metrics.histogram('a').record(1)
  const bounds = [...metrics.toOpenMetrics().matchAll(/le="([\d.e-]+)"/g)].map(([, bound]) => Number(bound))
  return [Math.min(...bounds), Math.max(...bounds)]
}

function inMs(seconds: readonly number[]): number[] {
  return seconds.map(value => value * 1_000)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1)
}
