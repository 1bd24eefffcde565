import { Lease } from '../../../src/api/index.js'
import type { LeaseRecord } from '../../../src/core/index.js'
import type { Manager, Runnable } from '../../../src/reconcile/index.js'
import { child, createController, createManager } from '../../../src/reconcile/index.js'
import type { Client, Kind } from '../../../src/store/index.js'
import type { Invariant, ProcessSite } from '../../../src/testing/index.js'
import { always, atRest } from '../../../src/testing/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import { App, app, Pod } from '../fixtures/apps.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { onChange } from './write-law.js'

/** What leaders write, and who they are. */
const Entry: Kind<{ readonly by: string }> = kindOf('Entry', { namespaced: false })

const FENCE = { namespace: 'default', name: 'apps-term' }
const ENTRIES_PER_REIGN = 3

/** Writes now and then, whatever comes of it: longer than a lease lasts, all in all. */
function diary(by: string): Runnable {
  let over = false
  const write = (client: Client, left: number): void => {
    if (over || left === 0) return
    // Refused when another leads, or lost; what is stored is judged.
    client.create(Entry, { metadata: { generateName: 'e-' }, spec: { by } }).catch(() => {})
    client.env.clock.after(9_000, () => write(client, left - 1))
  }
  return {
    name: 'diary',
    start: client => {
      over = false
      write(client, ENTRIES_PER_REIGN)
    },
    stop: () => {
      over = true
    },
  }
}

/** Processes of the present execution; the first of one is called `app-1`. */
const members = new Map<string, { readonly site: ProcessSite; readonly manager: Manager }>()

function leaders(): readonly string[] {
  return [...members.values()]
    .filter(({ site, manager }) => !site.client.env.closed && manager.status().election?.leading === true)
    .map(({ site }) => site.name)
}

/** The controller of apps, under an election, and what else there is. */
function elected(site: ProcessSite, others: readonly Runnable[] = []): Manager {
  const { client, name } = site
  if (name === 'app-1') members.clear()
  const manager = createManager({ client, leaderElection: { kind: Lease, lease: 'apps', identity: name } })
  members.set(name, { site, manager })
  manager.add(
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async ({ name: of }, owner, { children }) => {
        if (owner === undefined) return
        const wanted = Array.from({ length: owner.spec.replicas ?? 0 }, (_, at) => `${of}-${at}`)
        await children.apply(wanted.map(pod => child(Pod, { metadata: { name: pod }, spec: { app: of } })))
      },
    }),
  )
  for (const other of others) manager.add(other)
  return manager
}

function withDiary(site: ProcessSite): Manager {
  return elected(site, [diary(site.name)])
}

type Held = { readonly spec: LeaseRecord }

const holderOf = ({ spec }: Held): string => spec.holderIdentity ?? ''
const termOf = ({ spec }: Held): number => spec.leaseTransitions ?? 0

const laws: readonly Invariant[] = [
  onChange('a term has one holder at most', Lease, ({ before, now }) => {
    if (before === undefined || now === undefined || termOf(before) !== termOf(now)) return true
    // A holder may let go; who comes next begins another term.
    return holderOf(now) === holderOf(before) || holderOf(now) === ''
  }),
  onChange('terms do not go back', Lease, ({ before, now }) => {
    return before === undefined || now === undefined || termOf(now) >= termOf(before)
  }),
  onChange('only the holder of the fence writes', Entry, ({ before, now }, { reader }) => {
    const fence = reader.get(Lease, FENCE)
    return before !== undefined || (fence !== undefined && holderOf(fence) === now?.spec.by)
  }),
  atRest('somebody leads', () => leaders().length === 1 || `leaders: ${leaders().join(', ')}`),
]

/** How many entries there are depends on who led when. */
const world: OwnCase['options'] = {
  kinds: [App, Pod, Lease, Entry],
  objects: [app('web', { replicas: 1 })],
  compared: object => (object.kind === 'Entry' ? undefined : object),
  invariants: laws,
}

/** A diary has entries of each reign, and is kept. */
const kept: OwnCase['options'] = { ...world, except: ['levelTriggered', 'noOrphans'] }

const cases: readonly OwnCase[] = [
  { name: 'two managers that elect a leader', make: site => elected(site), options: world, share: 0.25 },
  { name: 'two that write now and then while they lead', make: withDiary, options: kept, share: 0.3 },
  {
    name: 'three managers that elect a leader',
    make: withDiary,
    options: { ...kept, instances: 3 },
    share: 0.1,
  },
  {
    name: 'two managers whose election nobody meddles with: one leads at most, as they see it',
    make: withDiary,
    options: {
      ...kept,
      faults: { depose: 0 },
      invariants: [
        ...laws,
        always('one leads at most', () => leaders().length <= 1 || `leaders: ${leaders().join(', ')}`),
      ],
    },
    share: 0.25,
  },
]

runUnderCheck(cases)
