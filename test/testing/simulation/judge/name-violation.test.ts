import { expect, test } from 'vitest'
import type { FaultKind, TraceStep } from '../../../../src/testing/index.js'
import { nameViolation } from '../../../../src/testing/simulation/judge/name-violation.js'

const after: Readonly<Record<string, string>> = {
  crashConvergent: 'after a crash, ',
  historyInsensitive: 'after a detour of the user, ',
}

test.each<readonly [string, readonly FaultKind[], string]>([
  ['converges', [], 'converges'],
  ['converges', ['crash'], 'crashConvergent'],
  ['converges', ['crash', 'crash'], 'crashConvergent'],
  ['converges', ['edit', 'remove'], 'historyInsensitive'],
  ['converges', ['edit', 'crash'], 'converges'],
  ['converges', ['touch'], 'converges'],
  ['noOrphans', ['crash'], 'noOrphans'],
])('%s with the faults %j is called %s', (invariant, kinds, name) => {
  const trace = kinds.map(
    kind => ({ kind, actor: 'user', label: '', timeMs: 0, isFault: true }) satisfies TraceStep,
  )
  const steps: TraceStep[] = [{ kind: 'commit', actor: 'app-1', label: '', timeMs: 0, isFault: false }]
  expect(nameViolation({ invariant, message: 'm' }, [...steps, ...trace])).toEqual({
    invariant: name,
    message: `${after[name] ?? ''}m`,
  })
})
