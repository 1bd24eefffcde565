import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { Room, rooms, Team } from '../../../examples/test-a-reconciler/rooms.js'
import { CheckFailedError, check } from '../../../src/testing/index.js'
import { parseMermaid } from './report/mermaid-parser.js'

test('the guide shows what the example says', async () => {
  const guide = readFileSync(resolve(import.meta.dirname, '../../../docs/testing/failures.md'), 'utf8')
  const objects = [{ kind: 'Team', metadata: { name: 'keel' }, spec: { people: 3 } }]
  const failure: unknown = await check(rooms, { kinds: [Team, Room], objects, executions: 300 }).catch(
    (error: unknown) => error,
  )
  if (!(failure instanceof CheckFailedError)) throw new Error('the check found nothing', { cause: failure })
  const { message, simulation } = failure
  const shown = message.replace(/(?<=faults in one execution, at most: ).*/, '…')
  expect(shown).not.toBe(message)
  expect(guide).toContain(`\`\`\`text\n${shown}\n\`\`\``)
  expect(guide).toContain(`\`\`\`mermaid\n${simulation.mermaid}\n\`\`\``)
  expect(guide).toContain(`\`\`\`text\n${simulation.explain('keel')}\n\`\`\``)
  expect(parseMermaid(simulation.mermaid).length).toBeGreaterThan(5)
})
