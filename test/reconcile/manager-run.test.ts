import { describe, expect, test } from 'vitest'
import { createManager } from '../../src/reconcile/index.js'
import type { Client } from '../../src/store/index.js'
import { endOf, programOf } from '../fixtures/program.js'
import { createWorld } from '../fixtures/world.js'

/** A program that ends in `await manager.run()`; what its parts do is its argument. */
const program = programOf(`
  import { createController, createManager, createStore, defineKind } from './src/index.js'
  const how = process.argv[2]
  const say = line => process.stdout.write(line + '\\n')
  const Widget = defineKind({ apiVersion: 'x/v1', kind: 'Widget', plural: 'widgets', namespaced: true })
  const store = createStore({ kinds: [Widget] })
  const manager = createManager({ client: store })
  manager.add({
    name: 'part',
    start: (client, failed) => {
      if (how === 'start throws') throw new Error('the part cannot start')
      if (how === 'breaks') client.env.clock.after(5, () => failed(new Error('the part broke')))
    },
    stop: () => say('part stopped'),
  })
  manager.add(createController({
    name: 'busy',
    for: Widget,
    async reconcile() {
      say('reconciles')
      if (how.startsWith('hangs')) await new Promise(() => {})
    },
  }))
  await store.create(Widget, { metadata: { namespace: 'd', name: 'a' }, spec: {} })
  process.on('exit', code => say('exit ' + code))
  const report = await manager.run({ gracePeriodMs: how === 'hangs for ever' ? 20 : 60_000 })
  say(report.map(({ name, outcome }) => name + ' ' + outcome).join())
`)

interface Run {
  readonly code: number | null
  readonly signal: string | null
  readonly out: readonly string[]
  readonly err: string
}

/** Runs the program; `next` is asked for a signal whenever the program has said something. */
async function run(how: string, next: (said: string) => NodeJS.Signals | undefined): Promise<Run> {
  const child = (await program).start(how)
  const { code, signal, stdout, stderr } = await endOf(child, said => {
    const sent = next(said)
    if (sent !== undefined) child.kill(sent)
  })
  return { code, signal, out: stdout.trim().split('\n'), err: stderr }
}

/** Answers the first time that `text` was said. */
function once(text: string, signal: NodeJS.Signals): (said: string) => NodeJS.Signals | undefined {
  let isSent = false
  return said => {
    if (isSent || !said.includes(text)) return undefined
    isSent = true
    return signal
  }
}

describe.concurrent('a process that consists of a manager', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'lives until %s, stops its parts and ends with 0',
    async signal => {
      expect(await run('works', once('reconciles', signal))).toEqual({
        code: 0,
        signal: null,
        out: ['reconciles', 'part stopped', 'busy stopped,part stopped', 'exit 0'],
        err: '',
      })
    },
  )

  test.each([
    ['start throws', 'the part cannot start'],
    ['breaks', 'the part broke'],
  ])('ends with 1 and the cause when a part fails: %s', async (how, message) => {
    const ended = await run(how, () => undefined)
    expect([ended.code, ended.out.at(-1)]).toEqual([1, 'exit 1'])
    expect(ended.err).toContain(`Error: ${message}`)
  })

  test('ends with 1 and the name of what is still busy after the grace period', async () => {
    const ended = await run('hangs for ever', once('reconciles', 'SIGTERM'))
    expect(ended.code).toBe(1)
    expect(ended.out).toEqual(['reconciles', 'part stopped', 'exit 1'])
    expect(ended.err).toContain('not stopped within the grace period: busy')
  })

  test('says what a slow stop waits for, and ends at once at a second signal', async () => {
    const first = once('reconciles', 'SIGINT')
    const second = once('still stopping', 'SIGTERM')
    const ended = await run('hangs', said => first(said) ?? second(said))
    expect([ended.code, ended.out]).toEqual([143, ['reconciles', 'exit 143']])
    const [slow, again, ...more] = ended.err.trim().split('\n')
    expect(slow).toBe(
      'keelson WARN still stopping; a second signal ends the process signal=SIGINT busy=["busy"]',
    )
    expect(again).toMatch(/^keelson ERROR a second signal came .* signal=SIGTERM busy=\["busy"\]$/)
    expect(more).toEqual([])
  })
})

describe('run', () => {
  const made = () => {
    const { env, store } = createWorld()
    return { env, manager: createManager({ client: store }) }
  }
  const listeners = (): number => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')

  test('resolves with the report of a stop from elsewhere, and leaves no listener behind', async () => {
    const before = listeners()
    const { env, manager } = made()
    manager.add({ name: 'part', start: () => {}, stop: () => {} })
    const running = manager.run()
    expect(listeners()).toBe(before + 2)
    env.clock.after(5, () => void manager.stop())
    expect(await env.run(() => running)).toEqual([{ name: 'part', outcome: 'stopped' }])
    expect(listeners()).toBe(before)
  })

  test('resolves when the stop overtakes the start', async () => {
    const { env, manager } = made()
    manager.add({ name: 'slow', start: (client: Client) => client.env.clock.sleep(10), stop: () => {} })
    env.clock.after(5, () => void manager.stop())
    expect(await env.run(() => manager.run())).toEqual([{ name: 'slow', outcome: 'stopped' }])
  })

  test('refuses what start and stop refuse, before anything starts', async () => {
    const { env, manager } = made()
    await expect(manager.run({ gracePeriodMs: -1 })).rejects.toMatchObject({ code: 'Invalid' })
    expect(manager.status().state).toBe('new')
    await env.run(() => manager.start())
    await expect(manager.run()).rejects.toMatchObject({ code: 'Usage' })
    expect(manager.status().state).toBe('running')
  })
})
