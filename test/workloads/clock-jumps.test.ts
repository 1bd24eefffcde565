import { describe, expect, test } from 'vitest'
import type { Cell, HorizontalAutoscaler, JobSpec, Node } from '../../src/api/index.js'
import { TEMPLATE_HASH_LABEL } from '../../src/api/index.js'
import { compileCron } from '../../src/core/internal.js'
import { defaultAutoscaleLimits, planAutoscale } from '../../src/workloads/autoscaler/index.js'
import { defaultCellBackoff } from '../../src/workloads/cell-tasks/cell-task-plan.js'
import { defaultCrashBackoff } from '../../src/workloads/crash-backoff.js'
import { planReplicas } from '../../src/workloads/index.js'
import type { CronPolicy } from '../../src/workloads/jobs/index.js'
import { planCronRuns } from '../../src/workloads/jobs/index.js'
import { replicaStatus } from '../../src/workloads/replica-plan.js'
import { planCellTask } from '../../src/workloads/sets/index.js'
import { Silences } from '../../src/workloads/silences.js'
import { planTaintEvictions } from '../../src/workloads/taint-eviction.js'
import { JobPlay } from './fixtures/job-play.js'
import { replicaSet, task } from './fixtures/objects.js'

const HOUR_MS = 3_600_000
const START_MS = 100 * 24 * HOUR_MS
const JUMPED_MS = START_MS + HOUR_MS

/** What a plan does, and when it wants to be asked again. */
interface Answer {
  readonly does: number
  readonly wakeAtMs?: number | undefined
}

/** One loop, asked at a time of the wall clock; what it does is carried out. */
type Ask = (nowMs: number) => Answer

const running = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    task({ name: `t${at}`, node: 'n', phase: 'Running', startedMs: START_MS, readySinceMs: START_MS }),
  )

function replicas(crashes: number): Ask {
  let set = replicaSet(2)
  let tasks = [
    ...running(crashes === 0 ? 2 : 1),
    ...Array.from({ length: crashes }, (_, at) =>
      task({ name: `c${at}`, phase: 'Failed', startedMs: START_MS, finishedMs: START_MS + at }),
    ),
  ]
  return nowMs => {
    const limits = { burst: 500, historyLimit: 5, backoff: defaultCrashBackoff }
    const { create, remove, wakeAtMs, crashes: noted } = planReplicas(set, { tasks }, limits, nowMs)
    const made = Array.from({ length: create }, () => task({ name: 'new', createdMs: nowMs }))
    tasks = [...tasks.filter(one => !remove.includes(one)), ...made]
    set = { ...set, status: replicaStatus(set, tasks, nowMs, noted ? { crashes: noted } : {}).status }
    return { does: create + remove.length, wakeAtMs }
  }
}

function job(spec: Partial<JobSpec>, fails: boolean): Ask {
  const play = new JobPlay(spec)
  play.nowMs = START_MS
  play.settle()
  for (const one of fails ? play.active : []) play.end(one, 'Failed')
  return nowMs => {
    play.nowMs = nowMs
    const { actions, wakeAtMs } = play.pass()
    return { does: actions.length, wakeAtMs }
  }
}

function cell(spec: Partial<Cell['spec']>, fails: boolean): Ask {
  const labels = { [TEMPLATE_HASH_LABEL]: 'a' }
  const one = fails ? task({ name: 't', phase: 'Failed', finishedMs: START_MS }) : running(1)[0]
  if (one === undefined) throw new Error('no task')
  let tasks = [{ ...one, metadata: { ...one.metadata, labels } }]
  let seen: Pick<Cell, 'spec' | 'status'> = { spec: { set: 'web', key: '0', revision: 'a', ...spec } }
  return nowMs => {
    const { create, remove, status, wakeAtMs } = planCellTask(seen, tasks, defaultCellBackoff, nowMs)
    tasks = tasks.filter(known => !remove.includes(known))
    if (create) {
      const made = task({ name: 'new', createdMs: nowMs })
      tasks.push({ ...made, metadata: { ...made.metadata, labels } })
    }
    seen = { ...seen, status }
    return { does: remove.length + Number(create), wakeAtMs }
  }
}

function cron(policy: CronPolicy): Ask {
  const schedule = compileCron({ schedule: '30 * * * *' })
  let handledMs = START_MS
  return nowMs => {
    const plan = planCronRuns(schedule, policy, { handledMs, active: 0, nowMs })
    handledMs = plan.handledMs
    return { does: plan.start.length, wakeAtMs: plan.wakeAtMs }
  }
}

/** Three replicas that use next to nothing, by samples of before the jump. */
const autoscaler: Ask = (() => {
  const tasks = running(3)
  let status: HorizontalAutoscaler['status']
  let wanted = 3
  return nowMs => {
    const one: HorizontalAutoscaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalAutoscaler',
      metadata: task({ name: 'web' }).metadata,
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'web' },
        maxReplicas: 9,
        metrics: [
          {
            type: 'Pods',
            pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: 100 } },
          },
        ],
      },
      ...(status === undefined ? {} : { status }),
    }
    const samples = tasks.map(({ metadata }) => ({ value: 1, timeMs: START_MS, task: metadata.uid }))
    const view = { replicas: wanted, tasks, readings: [{ samples }] }
    const plan = planAutoscale(one, view, defaultAutoscaleLimits, nowMs)
    const does = Number(plan.replicas !== wanted)
    ;({ status } = plan)
    wanted = plan.replicas
    return { does }
  }
})()

/** Silent nodes are timed by the monotonic clock, which jumps never. */
function silence(): Ask {
  const lastTransitionTime = new Date(START_MS).toISOString()
  const node = (status: 'True' | 'Unknown'): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: task({ name: 'n' }).metadata,
    spec: {},
    status: { conditions: [{ type: 'Ready', status, reason: 'Test', message: '', lastTransitionTime }] },
  })
  const silences = new Silences(300_000)
  silences.look('n', node('True'), { nowMs: 0, wallMs: START_MS })
  return wallMs => ({ does: Number((silences.look('n', node('Unknown'), { nowMs: 5, wallMs }) ?? 5) < 5) })
}

function taint(tolerationSeconds: number | undefined): Ask {
  const timeAdded = new Date(START_MS).toISOString()
  const node: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: task({ name: 'n' }).metadata,
    spec: { taints: [{ key: 'gpu', effect: 'NoExecute', timeAdded }] },
  }
  const tolerates = tolerationSeconds === undefined ? {} : { tolerationSeconds }
  const toleration = { key: 'gpu', operator: 'Exists', effect: 'NoExecute', ...tolerates } as const
  let tasks = running(1).map(one => ({ ...one, spec: { ...one.spec, tolerations: [toleration] } }))
  return nowMs => {
    const { evict, nextMs } = planTaintEvictions(node, tasks, nowMs)
    tasks = tasks.filter(one => !evict.some(gone => gone.task === one))
    return { does: evict.length, wakeAtMs: Number.isFinite(nextMs) ? nextMs : undefined }
  }
}

const policy = { delaySeconds: 5, maxAttempts: 1 }

/** What each does before the jump, and in one look after it. */
const LOOPS: readonly (readonly [what: string, ask: Ask, before: number, after: number])[] = [
  ['replicas that run stay', replicas(0), 0, 0],
  ['a replica that waits after crashes is made, once', replicas(3), 0, 1],
  ['a job goes on', job({ completions: 2 }, false), 0, 0],
  ['a job that waits after a failure makes its next task, once', job({ completions: 1 }, true), 1, 1],
  ['a job whose deadline is later goes on', job({ activeDeadlineSeconds: 3_601 }, false), 0, 0],
  ['a deadline within the hour has passed', job({ activeDeadlineSeconds: 3_600 }, false), 0, 1],
  ['the task of a cell stays', cell({}, false), 0, 0],
  ['a cell that waits after an end gets its task, once', cell({}, true), 1, 1],
  ['a slot is restarted, once', cell({ restartPolicy: policy }, true), 0, 1],
  ['a slot that was given up stays so', cell({ restartPolicy: { condition: 'none' } }, true), 0, 0],
  ['an autoscaler does not go by samples that are old now', autoscaler, 0, 0],
  ['a node is silent no longer than it is', silence(), 0, 0],
  ['a task that tolerates a taint stays', taint(undefined), 0, 0],
  ['one that tolerates it for longer stays', taint(3_601), 0, 0],
  ['one that tolerates it for less goes, once', taint(60), 0, 1],
  ['of a schedule the latest runs, once', cron({}), 0, 1],
  ['a run that came too late by its deadline does not', cron({ startingDeadlineMs: 60_000 }), 0, 0],
  ['nor one that may not be late', cron({ catchUp: 'none' }), 0, 0],
  ['each runs that is to be made up for', cron({ catchUp: 'all' }), 0, 1],
]

describe('a wall clock that jumps an hour forward:', () => {
  test.each(LOOPS)('%s', (_, ask, before, after) => {
    expect(ask(START_MS).does).toBe(before)
    expect(ask(JUMPED_MS).does).toBe(after)
    for (let look = 0; look < 3; look += 1) {
      const { does, wakeAtMs = Number.POSITIVE_INFINITY } = ask(JUMPED_MS)
      expect(does).toBe(0)
      expect(wakeAtMs).toBeGreaterThan(JUMPED_MS)
    }
    // And back: what was done is not done again.
    expect(ask(START_MS + 1_000).does).toBe(0)
  })
})
