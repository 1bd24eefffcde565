import type { LabelSelectorObject } from '../../core/index.js'
import type { NodeSelector, VolumeAccess, VolumeClaim } from '../../core/internal.js'
import { canonicalJson, labelSelectorFromObject } from '../../core/internal.js'
import { accessOf } from './volume-claim.js'

/** Which tasks are meant: the siblings of a group, or those whose labels are selected. */
export type TaskSet =
  | { readonly group: string }
  | {
      /** Labels that the tasks have; an empty selector selects every task. */
      readonly labelSelector: LabelSelectorObject
      /** Namespaces that they are in. Default: all. */
      readonly namespaces?: readonly string[]
    }
  /** Tasks that claim a volume; with `access`, in that way. */
  | { readonly volume: string; readonly access?: VolumeAccess }
  /** Tasks that themselves keep others away by this term: its key. */
  | { readonly keepingAway: string }

/** Tasks, counted by the value of an attribute of their nodes. */
export interface DomainTerm {
  readonly attribute: string
  /** Nodes of one domain also agree in these attributes; to lack one is a value of it. Default: in none. */
  readonly within?: readonly string[]
  /** Nodes that lack the attribute are a domain, too. Default: they are in none. */
  readonly countsLacking?: true
  readonly tasks: TaskSet
  /** Only tasks on nodes that this selects are counted. Default: on all nodes. */
  readonly nodes?: NodeSelector
  /** The plugin does not look at which of the tasks is the first: it is not kept in mind. Default: it does. */
  readonly ignoresFirst?: true
}

/** What of a task says whether it belongs to a set. */
export interface TaskIdentity {
  readonly group?: string | undefined
  readonly namespace?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly volumes?: readonly Pick<VolumeClaim, 'name' | 'access'>[] | undefined
}

const TERM_KEYS = /* @__PURE__ */ new WeakMap<DomainTerm, string>()

/** Equal for terms that mean the same. */
export function termKey(term: DomainTerm): string {
  let key = TERM_KEYS.get(term)
  if (key === undefined) TERM_KEYS.set(term, (key = canonicalJson(term)))
  return key
}

/** Whether a task belongs to the set, as a test that is made once. */
export function compileTaskSet(set: TaskSet): (task: TaskIdentity) => boolean {
  if ('group' in set) return task => task.group === set.group
  if ('keepingAway' in set) return () => false
  if ('volume' in set)
    return ({ volumes = [] }) =>
      volumes.some(
        one => one.name === set.volume && (set.access === undefined || accessOf(one) === set.access),
      )
  const selector = labelSelectorFromObject(set.labelSelector)
  const namespaces = set.namespaces === undefined ? undefined : new Set(set.namespaces)
  return task =>
    (namespaces === undefined || namespaces.has(task.namespace ?? '')) && selector.matches(task.labels ?? {})
}
