import { trace } from '@opentelemetry/api'
import { describe, expect, test } from 'vitest'
import { createEnv, KeelsonError } from '../../src/core/index.js'
import type { Reconciler } from '../../src/reconcile/index.js'
import { createController, createManager, poll, requeueAfter } from '../../src/reconcile/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

type Tracer = NonNullable<Parameters<typeof createEnv>[0]>['tracer'] & {}
type Reconcile = Reconciler<WidgetSpec, WidgetStatus>

interface Recorded {
  readonly name: string
  readonly attributes: Record<string, unknown>
  status?: object
  readonly exceptions: Error[]
  ended: number
}

/** Keeps every span, and knows which is active. */
function recorder(breaks?: 'setAttributes' | 'end') {
  const spans: Recorded[] = []
  const active: string[] = []
  const tracer: Tracer = {
    startActiveSpan: (name, { attributes }, run) => {
      const span: Recorded = { name, attributes: { ...attributes }, exceptions: [], ended: 0 }
      spans.push(span)
      active.push(name)
      const failing = (step: typeof breaks): void => {
        if (step === breaks) throw new Error('a broken tracer')
      }
      try {
        return run({
          setAttributes: more => {
            failing('setAttributes')
            Object.assign(span.attributes, more)
          },
          setStatus: status => {
            span.status = status
          },
          recordException: error => void span.exceptions.push(error),
          end: () => {
            failing('end')
            span.ended++
          },
        })
      } finally {
        active.pop()
      }
    },
  }
  return { spans, active, tracer }
}

/** One widget, and a controller in an env with that tracer. */
async function traced(reconcile: Reconcile, tracer: Tracer, more: object = {}): Promise<VirtualEnv> {
  const { env, store } = createWorld()
  const own = Object.assign(Object.create(env) as VirtualEnv, {
    tracer,
    fork: (name: string) => Object.assign(Object.create(env.fork(name)) as VirtualEnv, { tracer }),
  })
  const manager = createManager({ client: store.client(own) })
  manager.add(
    createController({
      name: 'widgets',
      for: Widget,
      reconcile: (key, object, ctx) => object && reconcile(key, object, ctx),
      when: ({ before }) => before === undefined,
      ...more,
    }),
  )
  await env.run(() => manager.start())
  await env.run(() => store.create(Widget, widget('a')))
  await env.settle()
  return env
}

const about = {
  'keelson.controller.name': 'widgets',
  'keelson.object.kind': 'Widget',
  'keelson.object.namespace': 'default',
  'keelson.object.name': 'a',
  'keelson.reconcile.failures': 0,
}
const conflict = new KeelsonError({
  code: 'Conflict',
  message: 'stale',
  details: { kind: 'Widget', name: 'a' },
})
const ERROR = (message: string) => ({ code: 2, message })

describe('an attempt is a span', () => {
  test.each<[string, Reconcile, object, object | undefined]>([
    ['of a success', () => {}, { 'keelson.reconcile.result': 'success' }, undefined],
    [
      'that asks for a later look',
      () => requeueAfter(60_000),
      { 'keelson.reconcile.result': 'requeueAfter' },
      undefined,
    ],
    [
      'that polls, asynchronously',
      async (_key, _object, { env }) => {
        await env.clock.sleep(0)
        return poll({ minMs: 60_000, maxMs: 60_000 })
      },
      { 'keelson.reconcile.result': 'poll' },
      undefined,
    ],
    [
      'that throws',
      () => {
        throw new TypeError('no such size')
      },
      { 'keelson.reconcile.result': 'error', 'error.type': 'TypeError' },
      ERROR('no such size'),
    ],
    [
      'that rejects with a code',
      () => Promise.reject(Object.assign(new Error('no answer'), { code: 'ECONNREFUSED' })),
      { 'keelson.reconcile.result': 'error', 'error.type': 'ECONNREFUSED' },
      ERROR('no answer'),
    ],
    [
      'that lost a race',
      () => Promise.reject(conflict),
      { 'keelson.reconcile.result': 'conflict', 'error.type': 'Conflict' },
      undefined,
    ],
  ])('%s', async (_what, reconcile, attributes, status) => {
    const { spans, tracer } = recorder()
    const env = await traced(reconcile, tracer)
    await env.advance(0)
    const [span] = spans
    expect(span).toMatchObject({ name: 'reconcile widgets', ended: 1 })
    expect(span?.attributes).toEqual({ ...about, ...attributes })
    expect(span?.status).toEqual(status)
    expect(span?.exceptions.length).toBe('error.type' in attributes ? 1 : 0)
  })

  test('that is active while the reconciler runs, and only then', async () => {
    const { active, tracer } = recorder()
    const during: string[][] = []
    await traced(() => void during.push([...active]), tracer)
    expect([during, active]).toEqual([[['reconcile widgets']], []])
  })

  test('that counts the failures before it', async () => {
    const { spans, tracer } = recorder()
    const env = await traced(() => Promise.reject(new Error('again')), tracer)
    await env.advance(20)
    expect(spans.map(({ attributes }) => attributes['keelson.reconcile.failures'])).toEqual([0, 1, 2])
  })

  test('that ends when the attempt times out, whatever becomes of the reconciler', async () => {
    const { spans, tracer } = recorder()
    const env = await traced(() => new Promise(() => {}), tracer, { timeoutMs: 1_000 })
    await env.advance(1_000)
    expect(spans).toMatchObject([{ ended: 1, attributes: { 'error.type': 'Timeout' } }])
  })
})

test.each(['setAttributes', 'end'] as const)('a tracer whose %s throws harms no attempt', async breaks => {
  const runs: number[] = []
  const { tracer } = recorder(breaks)
  const env = await traced(() => (runs.push(1), requeueAfter(1_000)), tracer)
  await env.advance(2_500)
  expect(runs.length).toBe(3)
  expect(env.logs.some(({ message }) => message === 'the tracer threw')).toBe(true)
})

test('forks of an env have its tracer, and one of OpenTelemetry fits', () => {
  const tracer = trace.getTracer('keelson')
  const env = createEnv({ tracer })
  expect(env.fork('a').fork('b').tracer).toBe(tracer)
  env.close()
})
