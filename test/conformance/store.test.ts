import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseFieldSelector } from '../../src/core/selectors/field-selector.js'
import type { LabelSelectorObject } from '../../src/core/selectors/label-selector.js'
import { labelSelectorFromObject, parseLabelSelector } from '../../src/core/selectors/label-selector.js'
import type { JsonPatchOperation } from '../../src/store/index.js'
import { applyJsonPatch, applyMergePatch } from '../../src/store/index.js'
import { JsonPatchError } from '../../src/store/json/json-patch.js'
import type { Step } from './store-world.js'
import { operationsOf, World } from './store-world.js'

interface SelectorRow {
  /** Text, or the object form, which may be absent. */
  readonly selector: string | LabelSelectorObject | null
  readonly error?: boolean
  readonly canonical?: string
  readonly empty?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly matches?: boolean
}

interface PatchRow {
  readonly doc: unknown
  readonly patch: unknown
  readonly result?: unknown
  readonly error?: boolean
}

interface Case {
  readonly id: string
  readonly area: string
  readonly title: string
  readonly table?: string
  readonly rows?: readonly (SelectorRow | PatchRow)[]
  readonly steps?: readonly Step[]
}

const bundledFile = join(import.meta.dirname, 'cases', 'store.json')
const folder = process.env['KEELSON_CASES']

function readCases(file: string): readonly Case[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly Case[] }).cases
}

/** What a selector of either grammar answers, in one shape. */
function answer(table: string | undefined, row: SelectorRow): Omit<SelectorRow, 'selector' | 'labels'> {
  const { selector: given, labels = {} } = row
  const text = typeof given === 'string' ? given : ''
  switch (table) {
    case 'labelSelector': {
      const selector = parseLabelSelector(text)
      return { canonical: String(selector), empty: selector.empty, matches: selector.matches(labels) }
    }
    case 'fieldSelector': {
      const selector = parseFieldSelector(text)
      return {
        canonical: String(selector),
        empty: selector.empty,
        matches: selector.matches(f => labels[f] ?? ''),
      }
    }
    case 'labelSelectorObject': {
      const selector = labelSelectorFromObject(given as Exclude<typeof given, string>)
      return { matches: selector.matches(labels) }
    }
    default:
      throw new Error(`unknown table ${table}`)
  }
}

/** Kubernetes refuses sets and comparisons in field selectors; here they are understood. */
const OUR_FIELD_SELECTORS: Readonly<Record<string, { labels: Record<string, string>; answer: object }>> = {
  'a in (b)': { labels: { a: 'b' }, answer: { canonical: 'a in (b)', empty: false, matches: true } },
  'a>5': { labels: { a: '6' }, answer: { canonical: 'a>5', empty: false, matches: true } },
}

function checkSelectors({ table, rows = [] }: Case): void {
  expect(rows.length).toBeGreaterThan(0)
  for (const row of rows as readonly SelectorRow[]) {
    const told = typeof row.selector === 'string' ? row.selector : JSON.stringify(row.selector)
    const ours = table === 'fieldSelector' ? OUR_FIELD_SELECTORS[told] : undefined
    if (ours !== undefined) {
      expect(answer(table, { ...row, labels: ours.labels }), told).toMatchObject(ours.answer)
    } else if (row.error === true) {
      expect(() => answer(table, row), told).toThrow(expect.objectContaining({ code: 'Invalid' }))
    } else {
      const { canonical, empty, matches } = row
      expect(answer(table, row), told).toMatchObject({
        matches,
        ...(canonical === undefined ? {} : { canonical, empty }),
      })
    }
  }
}

function runPatches(example: Case): void | Promise<void> {
  const { table, rows = [] } = example
  if (table === undefined) return runSteps(example)
  expect(rows.length).toBeGreaterThan(0)
  const apply = { jsonPatch: applyJsonPatch, mergePatch: applyMergePatch }[table]
  if (apply === undefined) throw new Error(`unknown table ${table}`)
  for (const { doc, patch, result, error } of rows as readonly PatchRow[]) {
    const before = JSON.stringify(doc)
    const run = (): unknown => apply(doc, patch as readonly JsonPatchOperation[])
    if (error === true) expect(run, JSON.stringify(patch)).toThrow(JsonPatchError)
    else expect(run(), JSON.stringify(patch)).toEqual(result)
    expect(JSON.stringify(doc)).toBe(before)
  }
}

/** Kubernetes stores what its collector then deletes; here the write is refused, which the case allows. */
const REFUSED: Readonly<Record<string, { readonly field: string; readonly message: string }>> = {
  'gc-06': {
    field: 'metadata.ownerReferences[0]',
    message: 'names the Widget in namespace other; an owner must be in the namespace of its dependents',
  },
}

async function runSteps({ id, steps = [] }: Case): Promise<void> {
  expect(steps.length).toBeGreaterThan(0)
  const unknown = [...operationsOf(steps)].filter(name => name.includes('.'))
  expect(unknown, 'fields that the runner would not look at').toEqual([])
  const run = new World(steps).run(steps)
  const refusal = REFUSED[id]
  if (refusal === undefined) return run
  await expect(run).rejects.toMatchObject({ code: 'Invalid', problems: [refusal] })
}

const RUNNERS: Readonly<Record<string, (example: Case) => void | Promise<void>>> = {
  selector: checkSelectors,
  revision: runSteps,
  generation: runSteps,
  watch: runSteps,
  txn: runSteps,
  list: runSteps,
  deletion: runSteps,
  lease: runSteps,
  schema: runSteps,
  patch: runPatches,
  apply: runSteps,
  election: runSteps,
  gc: runSteps,
  persistence: runSteps,
}

describe('store cases', () => {
  for (const example of readCases(folder === undefined ? bundledFile : join(folder, 'store.json'))) {
    test(`${example.id}: ${example.title}`, async () => {
      const run = RUNNERS[example.area]
      if (run === undefined) throw new Error(`no runner knows the area ${example.area}`)
      await run(example)
    })
  }
})
