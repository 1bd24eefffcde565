import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { ObjectRef } from './object.js'

/**
 * Which names the objects of a kind may have. `dns-subdomain`: RFC 1123, lower case, ≤ 253 characters.
 * `path-segment`: printable ASCII without space, `/` and `%`, ≤ 253, not `.` or `..`; for names such as addresses.
 */
export type NameFormat = 'dns-subdomain' | 'path-segment'

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SEGMENT = /^[!-~]+$/

/** What a kind says about the references to its objects. */
export interface NamedKind {
  readonly kind: string
  readonly namespaced: boolean
}

/** What is wrong with an object's name, or undefined when nothing is. */
export function nameProblem(name: unknown, format: NameFormat): string | undefined {
  if (typeof name !== 'string' || name === '') return 'must be a name, or use generateName on create'
  if (name.length > 253) return 'must have at most 253 characters'
  if (format === 'dns-subdomain') {
    return SUBDOMAIN.test(name)
      ? undefined
      : 'must be a DNS subdomain: a-z 0-9 - and . that starts and ends with a letter or digit'
  }
  const fine =
    SEGMENT.test(name) && !name.includes('/') && !name.includes('%') && name !== '.' && name !== '..'
  return fine ? undefined : 'must be printable ASCII without space, "/" and "%", and not "." or ".."'
}

/** What is wrong with a namespace, or undefined when nothing is. */
export function namespaceProblem(namespace: unknown, kind: NamedKind): string | undefined {
  if (!kind.namespaced)
    return namespace === undefined ? undefined : `must be absent, ${kind.kind} has no namespaces`
  if (namespace === undefined) return `must be given, ${kind.kind} is namespaced`
  const fine = typeof namespace === 'string' && namespace.length <= 63 && DNS_LABEL.test(namespace)
  return fine
    ? undefined
    : 'must be a DNS label: at most 63 of a-z 0-9 - that starts and ends with a letter or digit'
}

/**
 * Checks the shape of a reference; names that could never be stored are simply not found.
 *
 * @throws InvalidError when the namespace is given for a kind without namespaces, or missing, or a part is no text
 */
export function assertRef(kind: NamedKind, ref: ObjectRef): void {
  // A call without types may give nothing at all.
  const { namespace, name } = (ref as ObjectRef | undefined | null) ?? ({} as Partial<ObjectRef>)
  if (typeof name === 'string' && name !== '' && (typeof namespace === 'string') === kind.namespaced) return
  if (typeof ref === 'string') {
    const message = `must be an object, as { ${kind.namespaced ? 'namespace, ' : ''}name }`
    throw new InvalidError(`reference to a ${kind.kind}`, [{ field: 'ref', value: ref, message }])
  }
  const problems: FieldProblem[] = []
  if (typeof name !== 'string' || name === '') {
    problems.push({ field: 'name', value: name, message: 'must be the name of an object' })
  }
  const problem = namespaceProblem(namespace, kind)
  if (problem !== undefined) problems.push({ field: 'namespace', value: namespace, message: problem })
  throw new InvalidError(`reference to a ${kind.kind}`, problems)
}

/**
 * The reference and nothing else, for those who may be given metadata.
 *
 * @throws InvalidError as `assertRef`
 */
export function checkedRef(kind: NamedKind, ref: ObjectRef): ObjectRef {
  assertRef(kind, ref)
  const { namespace, name } = ref
  return namespace === undefined ? { name } : { namespace, name }
}

/** No vowels and no look-alikes, so that no words appear. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5

/** `prefix` cut so that the whole fits a DNS label, and five random characters. */
export function generateName(prefix: string, random: () => number): string {
  let name = prefix.slice(0, 63 - SUFFIX_LENGTH)
  for (let index = 0; index < SUFFIX_LENGTH; index++) {
    name += SUFFIX_ALPHABET.charAt(Math.floor(random() * SUFFIX_ALPHABET.length))
  }
  return name
}
