import type { Kind } from '../../../store/index.js'
import type { SearchMode } from '../setup/search-mode.js'
import type { SimulateOptions } from '../setup/simulate-options.js'
import type { MakeParts } from '../world/simulated-process.js'
import { codeText, isName, quoted } from './code-text.js'
import { worldOptions } from './options-hash.js'

/** What a regression test is made of. */
export interface FailedCheck {
  readonly make: MakeParts
  readonly options: SimulateOptions & { readonly mode?: SearchMode }
  readonly invariant: string
  readonly replay: string
}

const OPTION_LINES_MAX = 8
/** Of no use as the name of what is under test. */
const VAGUE_NAMES: ReadonlySet<string> = new Set(['', 'make', 'default', 'anonymous'])

/**
 * A test of the failing execution, to be pasted. Left to fill in is where the names come from: the function under test,
 * the kinds, and options that hold functions or are long.
 */
export function regressionTest({ make, options, invariant, replay }: FailedCheck): string {
  const name = isName(make.name) && !VAGUE_NAMES.has(make.name) ? make.name : 'make'
  const needed = new Set([name])
  const lines = worldOptions(options).map(([option, value]) => {
    if (option === 'kinds') {
      const kinds = (value as readonly Kind[]).map(({ kind }) => (isName(kind) ? kind : 'kind'))
      for (const kind of kinds) needed.add(kind)
      return `    kinds: [${kinds.join(', ')}],`
    }
    const text = codeText(value, '    ')
    if (text !== undefined && text.split('\n').length <= OPTION_LINES_MAX) return `    ${option}: ${text},`
    needed.add(option)
    return `    ${option},`
  })
  return [
    "import { test } from 'vitest' // or 'node:test'",
    "import { check } from 'keelson/testing'",
    `import { ${[...needed].join(', ')} } from '…'`,
    '',
    `test(${quoted(name === 'make' ? invariant : `${name}: ${invariant}`)}, async () => {`,
    `  await check(${name}, {`,
    ...lines,
    ...(options.mode === 'exhaustive' ? ["    mode: 'exhaustive',"] : []),
    `    replay: ${quoted(replay)},`,
    '  })',
    '})',
  ].join('\n')
}
