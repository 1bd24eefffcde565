import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEnv, silentLogger } from '../../../src/core/index.js'
import type { StoreRevision } from '../../../src/store/admin/index.js'
import type { DurableStore } from '../../../src/store/node/index.js'
import { openStore } from '../../../src/store/node/index.js'
import { runStoreProgram } from '../../../src/store/program/store-program.js'
import { kindOf } from '../../fixtures/kinds.js'

const SECRET = 'correct-horse'
interface Spec {
  readonly text: string
  readonly size?: number
}
const Password = kindOf<Spec, { seen: string }>('Password', {
  secret: true,
  schema: {
    type: 'object',
    properties: { spec: { type: 'object', properties: { text: { type: 'string', maxLength: 20 } } } },
  },
  immutable: ['spec.size'],
  indexes: { text: password => password.spec.text },
  uniqueIndexes: ['text'],
  orderedIndexes: ['text'],
  admission: [
    {
      name: 'no-9',
      phase: 'validate',
      handle: ({ object: { spec } }) =>
        spec.text.endsWith('9')
          ? { problems: [{ field: 'spec.text', value: spec.text, message: 'ends with a nine' }] }
          : undefined,
    },
  ],
})
const ref = { namespace: 'default', name: 'p' }
const logged: unknown[] = []
const note = (...args: unknown[]): void => void logged.push(args)
const env = createEnv({ logger: { ...silentLogger, debug: note, info: note, warn: note, error: note } })
const folder = mkdtempSync(join(tmpdir(), 'keelson-secrets-'))
const dir = join(folder, 'data')
let store: DurableStore

beforeAll(async () => {
  store = await openStore({ kinds: [Password], dir, env })
  const created = await store.create(Password, {
    metadata: { ...ref, annotations: { hint: SECRET }, finalizers: ['example.com/held'] },
    spec: { text: SECRET, size: 1 },
  })
  await store.updateStatus(Password, { ...created, status: { seen: SECRET } })
  await store.modify(Password, ref, draft => void (draft.spec.text = `${SECRET}-2`))
  await store.create(Password, { metadata: { ...ref, name: 'gone' }, spec: { text: `${SECRET}-3` } })
  await store.delete(Password, { ...ref, name: 'gone' })
  await store.patch(
    Password,
    { ...ref, name: 'applied' },
    { metadata: {}, spec: { text: `${SECRET}-4` } },
    { type: 'apply', fieldManager: 'ann' },
  )
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

async function program(...args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = []
  const out = { line: (text: string) => void lines.push(text), note: (text: string) => void lines.push(text) }
  await runStoreProgram(args, out)
  return lines
}

async function tail(secrets: boolean): Promise<readonly StoreRevision[]> {
  const told: StoreRevision[] = []
  for await (const revision of store.admin.tail({ since: 0, secrets })) told.push(revision)
  return told
}

/** Everything that can be read of it: text, JSON, hidden parts, causes. */
function textOf(shown: unknown): string {
  return `${inspect(shown, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null })} ${JSON.stringify(shown)}`
}

const refused = (act: () => Promise<unknown>) => async (): Promise<unknown> => {
  try {
    await act()
  } catch (error) {
    return error
  }
  throw new Error('it was not refused')
}

const stale = (): Promise<unknown> =>
  store.update(Password, {
    metadata: { ...ref, resourceVersion: '1' },
    spec: { text: `${SECRET}-5`, size: 1 },
  })

describe('a secret is not in', () => {
  test.each<[string, () => unknown]>([
    ['stats', () => store.admin.stats()],
    ['dump', () => [...store.admin.dump()]],
    ['dump of an older revision', () => [...store.admin.dump({ revision: 1 })]],
    ['history', () => store.admin.history(Password, ref)],
    ['diff', () => store.admin.diff(0, store.revision)],
    ['diff of two states', () => store.admin.diff(1, 3)],
    ['tail', () => tail(false)],
    ['explain', () => store.admin.explain(Password, { index: { name: 'text', prefix: '' } })],
    ['explainDeletion', () => store.admin.explainDeletion(Password, { ...ref, name: 'gone' })],
    ['explainConflict', async () => store.admin.explainConflict(await refused(stale)())],
    ['pins', () => store.admin.pins()],
    ['verify', async () => [store.admin.verify(), await store.admin.verifyDisk()]],
    ...['inspect', 'verify', 'dump', 'tail'].flatMap(verb =>
      [[], ['--json']].map((json): [string, () => unknown] => [
        `keelson-store ${verb} ${json.join()}`,
        () => program(verb, dir, ...json),
      ]),
    ),
    ['keelson-store history', () => program('history', dir, 'Password', 'default/p', '--json')],
    ['keelson-store diff', () => program('diff', dir, '0')],
    ['keelson-store diff --json', () => program('diff', dir, '0', '--json')],
    [
      'the error of a write that is invalid',
      refused(() =>
        store.create(Password, { metadata: { ...ref, name: 'q' }, spec: { text: (() => SECRET) as never } }),
      ),
    ],
    [
      'the error of a write that a hook refuses',
      refused(() =>
        store.create(Password, {
          metadata: { ...ref, name: 'q' },
          spec: { text: `${SECRET}-99` },
        }),
      ),
    ],
    [
      'the error of what is immutable',
      refused(() => store.modify(Password, ref, draft => void (draft.spec.size = SECRET as never))),
    ],
    [
      'the error of what is unique',
      refused(() =>
        store.create(Password, { metadata: { ...ref, name: 'q' }, spec: { text: `${SECRET}-2` } }),
      ),
    ],
    ['the error of a conflict', refused(stale)],
    [
      'the error of what exists',
      refused(() => store.create(Password, { metadata: ref, spec: { text: `${SECRET}-6` } })),
    ],
    [
      'the error of a patch that does not fit',
      refused(() =>
        store.patch(Password, ref, [{ op: 'test', path: '/spec/text', value: SECRET }] as never, {
          type: 'json',
        }),
      ),
    ],
    [
      'the error of a patch of something else',
      refused(() =>
        store.patch(Password, ref, [{ op: 'replace', path: `/spec/text/${0}`, value: SECRET }] as never, {
          type: 'json',
        }),
      ),
    ],
    [
      'the error of server-side apply',
      refused(() =>
        store.patch(
          Password,
          { ...ref, name: 'applied' },
          { metadata: {}, spec: { text: `${SECRET}-9` } },
          { type: 'apply', fieldManager: 'bob' },
        ),
      ),
    ],
    [
      'the error of a transaction',
      refused(() =>
        store.transact(tx =>
          tx.create(Password, { metadata: { ...ref, name: 'q' }, spec: { text: `${SECRET}-2` } }),
        ),
      ),
    ],
    ['the log of the process', () => logged],
  ])('%s', async (_surface, show) => {
    expect(textOf(await show())).not.toContain(SECRET)
  })
})

test('a secret is shown to who asks for it', async () => {
  for (const shown of [
    [...store.admin.dump({ secrets: true })],
    store.admin.history(Password, ref, { secrets: true }),
    store.admin.diff(0, store.revision, { secrets: true }),
    await tail(true),
    await program('dump', dir, '--secrets'),
    await program('history', dir, 'Password', 'default/p', '--json', '--secrets'),
    await program('diff', dir, '0', '--json', '--secrets'),
  ])
    expect(textOf(shown)).toContain(SECRET)
})
