import { check } from 'keelson/testing'
import { expect, test } from 'vitest'
import { Room, rooms, Team } from './rooms.js'

test('a team that shrinks gives chairs back', async () => {
  const objects = [{ kind: 'Team', metadata: { name: 'keel' }, spec: { people: 3 } }]
  await expect(check(rooms, { kinds: [Team, Room], objects, executions: 300 })).rejects.toThrow(
    'spec.chairs is 4 instead of 3',
  )
})
