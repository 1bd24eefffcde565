import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { subpaths } from '../../tools/subpaths.mjs'

const root = resolve(import.meta.dirname, '../..')

/** A function that takes options, and at which place. */
interface Taker {
  readonly name: string
  readonly call: (...given: readonly unknown[]) => unknown
  readonly at: number
}

/** It is asked about each packet, by a shell that has checked its own options. */
const UNCHECKED = new Set(['answerDns'])

/** Every function of an entry point whose declaration has options. */
async function takers(): Promise<readonly Taker[]> {
  const places = declared()
  const found = new Map<string, Taker>()
  for (const { source } of subpaths()) {
    const entry = (await import(pathToFileURL(join(root, source)).href)) as Readonly<Record<string, unknown>>
    for (const [name, value] of Object.entries(entry)) {
      const at = places.get(name)
      if (at === undefined || typeof value !== 'function' || UNCHECKED.has(name)) continue
      found.set(name, { name, call: (...given) => Reflect.apply(value, undefined, given) as unknown, at })
    }
  }
  return [...found.values()]
}

/** The place of the options of each function that the sources export, by its name. */
function declared(): ReadonlyMap<string, number> {
  const head = /^export (?:async )?function (\w+)(?:<[^(]*>)?\(((?:[^()]|\([^()]*\))*)\)/gm
  const places = new Map<string, number>()
  for (const path of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue
    for (const [, name = '', list = ''] of readFileSync(join(root, 'src', path), 'utf8').matchAll(head)) {
      const parameters = splitTop(list)
      const at = parameters.findIndex(parameter => /^options\??:|: \w+Options\b/.test(parameter))
      if (at >= 0) places.set(name, at)
    }
  }
  return places
}

/** The parts between commas that stand in no brackets. */
function splitTop(list: string): readonly string[] {
  const parts = ['']
  let depth = 0
  for (const letter of list.replaceAll('=>', '')) {
    if ('{(<['.includes(letter)) depth++
    if ('})>]'.includes(letter)) depth--
    if (letter === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts.map(part => part.trim())
}

describe('an option that nothing knows', async () => {
  const all = await takers()

  test('is looked for wherever options are taken', () => {
    const names = all.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['createStore', 'createManager', 'serveDns', 'rolling', 'check']),
    )
    expect(names.length).toBeGreaterThan(70)
  })

  test.each(all)('is refused by $name before anything else', async ({ call, at }) => {
    const given = [...Array.from({ length: at }), { thisIsNoOption: 1 }]
    await expect(async () => await call(...given)).rejects.toMatchObject({
      code: 'Usage',
      message: expect.stringContaining('no option "thisIsNoOption"') as string,
    })
  })
})
