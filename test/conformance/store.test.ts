import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseFieldSelector } from '../../src/core/field-selector.js'
import { parseLabelSelector } from '../../src/core/label-selector.js'

interface SelectorRow {
  readonly selector: string
  readonly error?: boolean
  readonly canonical?: string
  readonly empty?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly matches?: boolean
}

interface Case {
  readonly id: string
  readonly area: string
  readonly title: string
  readonly table?: string
  readonly rows?: readonly SelectorRow[]
}

/** Areas that no code answers yet, each with what will deliver it. Entries are only ever removed. */
const DEFERRED_AREAS: Readonly<Record<string, string>> = {
  revision: 'store semantics',
  generation: 'store semantics',
  watch: 'store semantics: watch',
  txn: 'store semantics: transactions',
  list: 'store semantics: pagination',
  deletion: 'store semantics: deletion and finalizers',
  schema: 'store semantics: admission and versions',
  patch: 'JSON and merge patch',
  apply: 'server-side apply',
  lease: 'leases and time to live',
  election: 'leader election and fencing',
  gc: 'garbage collection controller',
  persistence: 'journal and restart',
}

const bundledFile = join(import.meta.dirname, 'cases', 'store.json')
const folder = process.env['KEELSON_CASES']

function readCases(file: string): readonly Case[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly Case[] }).cases
}

/** What a selector of either grammar answers, in one shape. */
function answer(table: string | undefined, row: SelectorRow): Omit<SelectorRow, 'selector' | 'labels'> {
  const labels = row.labels ?? {}
  switch (table) {
    case 'labelSelector': {
      const selector = parseLabelSelector(row.selector)
      return { canonical: String(selector), empty: selector.empty, matches: selector.matches(labels) }
    }
    case 'fieldSelector': {
      const selector = parseFieldSelector(row.selector)
      return {
        canonical: String(selector),
        empty: selector.empty,
        matches: selector.matches(f => labels[f] ?? ''),
      }
    }
    default:
      throw new Error(`unknown table ${table}`)
  }
}

function checkSelectors({ table, rows = [] }: Case): void {
  expect(rows.length).toBeGreaterThan(0)
  for (const row of rows) {
    if (row.error === true) {
      expect(() => answer(table, row), row.selector).toThrow(expect.objectContaining({ code: 'Invalid' }))
    } else {
      const { canonical, empty, matches } = row
      expect(answer(table, row), row.selector).toEqual({ canonical, empty, matches })
    }
  }
}

const RUNNERS: Readonly<Record<string, (example: Case) => void>> = { selector: checkSelectors }

describe('store cases', () => {
  for (const example of readCases(folder === undefined ? bundledFile : join(folder, 'store.json'))) {
    if (Object.hasOwn(DEFERRED_AREAS, example.area)) continue
    test(`${example.id}: ${example.title}`, () => {
      const run = RUNNERS[example.area]
      if (run === undefined) throw new Error(`no runner knows the area ${example.area}`)
      run(example)
    })
  }

  test('the deferred areas are exactly those of the file that no runner answers', () => {
    const unanswered = new Set(
      readCases(bundledFile)
        .map(c => c.area)
        .filter(area => RUNNERS[area] === undefined),
    )
    expect(Object.keys(DEFERRED_AREAS).sort()).toEqual([...unanswered].sort())
  })
})
