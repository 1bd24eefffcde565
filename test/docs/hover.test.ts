import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { LanguageServer } from './language-server.js'

const root = resolve(import.meta.dirname, '../..')

/** A program as a user writes it; it is open in the editor, and nowhere else. */
const FILE = join(root, 'test/docs/hovered.ts')
const PROGRAM = `
import { createStore, defineKind } from '../../src/store/index.js'
const Widget = defineKind<{ size: number }>({ apiVersion: 'v1', kind: 'Widget', plural: 'widgets', namespaced: false })
const store = createStore({ kinds: [Widget] })
await store.create(Widget, { metadata: { name: 'a' }, spec: { size: 1 } })
store.get(Widget, { name: 'a' })
store.list(Widget)
store.count(Widget)
store.watch(Widget)
await store.modify(Widget, { name: 'a' }, draft => void (draft.spec.size = 2))
await store.patch(Widget, { name: 'a' }, { spec: { size: 2 } }, { type: 'merge' })
await store.delete(Widget, { name: 'a' })
await store.transact(tx => {
  tx.create(Widget, { metadata: { name: 'b' }, spec: { size: 1 } })
  tx.get(Widget, { name: 'b' })
  tx.modify(Widget, { name: 'b' }, draft => void (draft.spec.size = 3))
  tx.delete(Widget, { name: 'b' })
})
`

test('an editor says over each verb of a store and of a transaction what it does', async () => {
  const server = await LanguageServer.start(root)
  try {
    server.open(FILE, PROGRAM)
    const shown: Record<string, string> = {}
    for (const [line, text] of PROGRAM.split('\n').entries()) {
      const [call, subject = ''] = /(store|tx)\.\w+(?=\()/.exec(text) ?? []
      if (call === undefined) continue
      const character = text.indexOf(call) + subject.length + 1
      const [, , documentation = ''] = (await server.hover(FILE, { line, character })).split('```')
      shown[call] = documentation.trim()
    }
    expect(Object.keys(shown)).toHaveLength(13)
    for (const [call, documentation] of Object.entries(shown))
      expect(documentation, call).toMatch(/^[A-Z][\s\S]{20,}\.$/)
  } finally {
    server.close()
  }
})
