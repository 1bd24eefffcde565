import type { FieldProblem, ResourceInput } from '../core/index.js'
import type { Kind, ObjectRef, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { deviceAmounts } from './device-amounts.js'
import { reservationSpecSchema } from './offer-schemas.js'
import { specAdmission } from './spec-admission.js'
import { objectSchema } from './spec-schemas.js'

/** A part of a node that is kept for somebody: for a role, or for one task. */
export interface ReservationSpec {
  readonly nodeName: string
  /** Whose tasks may use it: the frameworks of this role and of the roles below. */
  readonly role?: string
  /** The one task that may use it, which has no node yet. Its scheduler ends the reservation when it binds the task. */
  readonly task?: ObjectRef
  /** How much of the node it takes from everybody else, used or not, as in a task's requests. */
  readonly requests: ResourceInput
  /** Fixed ports of the node that it takes from everybody else. Protocols are `TCP` by default. */
  readonly ports?: readonly { readonly hostPort: number; readonly protocol?: 'TCP' | 'UDP' }[]
  /** Devices that it takes from everybody else; counted in the requests, too, when they do not name the kind. */
  readonly devices?: readonly {
    readonly kind: string
    readonly ids: readonly string[]
    /** How much of each, for a task; a role keeps all of them. Default 1. */
    readonly share?: number
  }[]
  /**
   * RFC 3339; whoever made it ends it then, unless a volume lives on it. Default: never.
   */
  readonly expireTime?: string
  /** What exactly is kept, in the form of `Resource` of `keelson/offers`: layers, labels, volume. */
  readonly resource?: Readonly<Record<string, unknown>>
}

export type Reservation = StoredObject<ReservationSpec, never>

/** Kept resources of a node, persistent volumes among them. They outlive tasks, frameworks and pools. */
export const Reservation: Kind<ReservationSpec, never, 'Reservation'> = /* @__PURE__ */ defineKind<
  ReservationSpec,
  never,
  'Reservation'
>({
  apiVersion: 'offers/v1',
  kind: 'Reservation',
  plural: 'reservations',
  namespaced: false,
  schema: /* @__PURE__ */ objectSchema(reservationSpecSchema),
  admission: [/* @__PURE__ */ specAdmission<ReservationSpec, never>(reservationProblems)],
  indexes: { node: reservation => reservation.spec.nodeName },
})

function reservationProblems(spec: ReservationSpec): readonly FieldProblem[] {
  const { role, task, ports = [], devices = [] } = spec
  const message = `needs exactly one of role and task, and has ${role === undefined ? 'none' : 'both'}`
  return [
    ...((role === undefined) === (task === undefined) ? [{ field: 'spec', value: spec, message }] : []),
    ...(task === undefined ? devices.flatMap(shareProblem) : []),
    ...repeated(
      'spec.ports',
      ports.map(({ hostPort, protocol = 'TCP' }) => `${hostPort}/${protocol}`),
    ),
    ...repeated(
      'spec.devices',
      devices.flatMap(({ kind, ids }) => ids.map(id => `${kind} ${id}`)),
    ),
  ]
}

function shareProblem({ share }: { readonly share?: number }, index: number): readonly FieldProblem[] {
  const message = 'is for a task only: a role keeps all of a device'
  return share === undefined ? [] : [{ field: `spec.devices[${index}].share`, value: share, message }]
}

function repeated(field: string, values: readonly string[]): readonly FieldProblem[] {
  const twice = values.filter((value, index) => values.indexOf(value) !== index)
  return twice.map(value => ({ field, value, message: 'must be named once' }))
}

/** All amounts that a reservation keeps: those of its devices, too. */
export function reservedAmounts({ requests, devices }: ReservationSpec): ResourceInput {
  return { ...deviceAmounts(devices), ...requests }
}
