import type { KindTable } from '../engine/kind-table.js'
import type { StoredObject } from '../object/object.js'
import { CorruptError } from './etcd-errors.js'
import type { EtcdKeyValue } from './etcd-messages.js'
import { textOf } from './protobuf.js'

/** A range of keys, the end exclusive. */
export interface KeyRange {
  readonly key: string
  readonly end: string
}

/** What a key is about. */
export type KnownKey =
  /** The path tells the place: `placeOf`. */
  | { readonly of: 'object' | 'kept'; readonly path: string }
  | { readonly of: 'lifetime'; readonly id: string }
  | { readonly of: 'unique'; readonly path: string }
  | { readonly of: 'secret'; readonly kind: string }
  | { readonly of: 'cause' }

/** Where an object is, whatever kinds are known. */
export interface ObjectPlace {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/**
 * The keys of one store, all under its prefix:
 *
 * - `store`: what it is, `{ format, incarnation }`
 * - `objects/API_VERSION/KIND/NAMESPACE/NAME`: an object as JSON; its `resourceVersion` is the `mod_revision` of the key
 * - `deleted/API_VERSION/KIND`: written with each deletion, so that who has listed the kind finds out
 * - `unique/API_VERSION/KIND/VALUE`: which object has a value of a unique index
 * - `lifetimes/ID`: a lifetime, attached to a lease of etcd, which takes it away
 * - `kept/API_VERSION/KIND/NAMESPACE/NAME`: which lifetime an object has
 * - `secret/API_VERSION/KIND`: that the kind is secret, for those who look at the store and do not know its kinds
 * - `cause`: who has written a revision, and why
 * - `sync`: written by those who ask whether they see everything
 */
export class KeySpace {
  readonly all: KeyRange
  readonly objects: KeyRange
  readonly identity: string
  readonly cause: string
  /** Written to find out that everything before it is here. */
  readonly sync: string
  readonly #prefix: string

  /** @param prefix without a slash at its end */
  constructor(prefix: string) {
    this.#prefix = prefix
    this.all = rangeOf(`${prefix}/`)
    this.objects = rangeOf(`${prefix}/objects/`)
    this.identity = `${prefix}/store`
    this.cause = `${prefix}/cause`
    this.sync = `${prefix}/sync`
  }

  /** @param path `pathOf` or `pathOfPlace` it */
  object(path: string): string {
    return `${this.#prefix}/objects/${path}`
  }

  /** All objects of a kind, or those in a namespace. */
  objectsOf({ kind: { apiVersion, kind } }: KindTable, namespace?: string): KeyRange {
    const within = namespace === undefined ? '' : `${namespace}/`
    return rangeOf(`${this.#prefix}/objects/${apiVersion}/${kind}/${within}`)
  }

  deleted({ kind: { apiVersion, kind } }: KindTable): string {
    return `${this.#prefix}/deleted/${apiVersion}/${kind}`
  }

  /** @param term of an index, its name and a value */
  unique({ kind: { apiVersion, kind } }: KindTable, term: string): string {
    return `${this.#prefix}/unique/${apiVersion}/${kind}/${encodeURIComponent(term)}`
  }

  /** @param kind `apiVersion/kind` */
  secret(kind: string): string {
    return `${this.#prefix}/secret/${kind}`
  }

  lifetime(id: string): string {
    return `${this.#prefix}/lifetimes/${encodeURIComponent(id)}`
  }

  kept(path: string): string {
    return `${this.#prefix}/kept/${path}`
  }

  /** Undefined for what means nothing to a store. */
  parse(key: string): KnownKey | undefined {
    if (key === this.cause) return { of: 'cause' }
    const inside = key.slice(this.#prefix.length + 1)
    const slash = inside.indexOf('/')
    const path = inside.slice(slash + 1)
    switch (inside.slice(0, slash)) {
      case 'objects':
        return { of: 'object', path }
      case 'kept':
        return { of: 'kept', path }
      case 'unique':
        return { of: 'unique', path: key }
      case 'secret':
        return { of: 'secret', kind: path }
      case 'lifetimes':
        return { of: 'lifetime', id: decodeURIComponent(path) }
      default:
        return undefined
    }
  }
}

/** An object below `objects/` and `kept/`. */
export function pathOf(
  { kind: { apiVersion, kind } }: KindTable,
  { namespace = '', name }: { readonly namespace?: string | undefined; readonly name: string },
): string {
  return `${apiVersion}/${kind}/${namespace}/${name}`
}

/** @param text `refText` of the object */
export function pathOfText({ kind: { apiVersion, kind, namespaced } }: KindTable, text: string): string {
  return namespaced ? `${apiVersion}/${kind}/${text}` : `${apiVersion}/${kind}//${text}`
}

export function pathOfPlace({ apiVersion, kind, namespace = '', name }: ObjectPlace): string {
  return `${apiVersion}/${kind}/${namespace}/${name}`
}

/** What `pathOfPlace` was made of. */
export function placeOf(path: string): ObjectPlace {
  const parts = path.split('/')
  const [kind = '', namespace = '', name = ''] = parts.slice(-3)
  const apiVersion = parts.slice(0, -3).join('/')
  return { apiVersion, kind, ...(namespace === '' ? {} : { namespace }), name }
}

function rangeOf(key: string): KeyRange {
  // The sign after the slash.
  return { key, end: `${key.slice(0, -1)}0` }
}

/** The object as it is kept: its revision is that of the key. */
export function objectValue(object: StoredObject): string {
  return JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: '' } })
}

/** @throws CorruptError for what is no object */
export function objectOf({ key, value, modRevision }: EtcdKeyValue): StoredObject {
  const object = parsed(key, value) as { metadata?: { resourceVersion?: string } }
  if (typeof object.metadata !== 'object') throw new CorruptError(key, 'it is no object')
  object.metadata.resourceVersion = String(modRevision)
  return object as StoredObject
}

/** @throws CorruptError for what is no JSON object */
export function parsed(key: string, value: Uint8Array): Readonly<Record<string, unknown>> {
  let json: unknown
  try {
    json = JSON.parse(textOf(value))
  } catch {
    throw new CorruptError(key, 'it is no JSON')
  }
  if (typeof json !== 'object' || json === null) throw new CorruptError(key, 'it is no object')
  return json as Readonly<Record<string, unknown>>
}
