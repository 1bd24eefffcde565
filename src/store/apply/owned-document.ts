import type { Kind } from '../kind/kind.js'

/** The part of an object whose fields have owners. */
export interface OwnedDocument {
  /** Metadata of the writers and spec; without a status subresource also the status. */
  readonly main: Readonly<Record<string, unknown>>
  /** What belongs to the status subresource. */
  readonly status: Readonly<Record<string, unknown>>
}

interface Source {
  readonly metadata?: object | undefined
  readonly spec?: unknown
  readonly status?: unknown
}

const FIELDS = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const

/** Takes an object, or what somebody applies, apart into what is owned; only what is there. */
export function ownedDocument({ statusSubresource }: Kind, source: Source): OwnedDocument {
  const { metadata = {}, spec, status } = source
  const owned: Record<string, unknown> = {}
  for (const field of FIELDS) {
    const value = (metadata as Readonly<Record<string, unknown>>)[field]
    if (value !== undefined) owned[field] = value
  }
  const main: Record<string, unknown> = { metadata: owned }
  if (spec !== undefined) main['spec'] = spec
  const apart = status === undefined ? {} : { status }
  return statusSubresource ? { main, status: apart } : { main: { ...main, ...apart }, status: {} }
}
