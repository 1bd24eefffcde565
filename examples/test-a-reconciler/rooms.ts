import type { Controller } from 'keelson/reconcile'
import { controllerReference, createController } from 'keelson/reconcile'
import type { Kind } from 'keelson/store'
import { defineKind } from 'keelson/store'

export const Team: Kind<{ readonly people: number }, { readonly hasRoom: boolean }> = defineKind({
  apiVersion: 'office/v1',
  kind: 'Team',
  plural: 'teams',
  namespaced: false,
})
export const Room: Kind<{ readonly chairs: number }> = defineKind({
  apiVersion: 'office/v1',
  kind: 'Room',
  plural: 'rooms',
  namespaced: false,
})

/** Gives each team a room. It has a bug: do you see it? `rooms.test.ts` does. */
export function rooms(): Controller {
  return createController({
    name: 'rooms',
    for: Team,
    owns: [Room],
    reconcile: async ({ name }, team, { client }) => {
      if (team === undefined) return
      const spec = { chairs: team.spec.people }
      const ownerReferences = [controllerReference(Team, team)]
      const room = client.get(Room, { name: `room-of-${name}` })
      if (room === undefined)
        await client.create(Room, { metadata: { name: `room-of-${name}`, ownerReferences }, spec })
      else if (room.spec.chairs < spec.chairs) await client.update(Room, { ...room, spec })
    },
  })
}
