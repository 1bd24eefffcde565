import type { AdmissionHook, AdmissionReply, AdmissionRequest, ObjectInput } from '../../src/store/index.js'

interface Rule {
  readonly set?: Readonly<Record<string, unknown>>
  readonly require?: Readonly<Record<string, unknown>>
  readonly refuseIf?: Readonly<Record<string, unknown>>
}

const PHASES = ['default', 'mutate', 'validate'] as const

/** The hooks of a kind from every `defineAdmission` step that is about it. */
export function admissionFor(
  kind: string,
  steps: readonly { readonly op: string; readonly [field: string]: unknown }[],
): readonly AdmissionHook[] {
  const own = steps.filter(
    step => step.op === 'defineAdmission' && (step['kind'] === undefined || step['kind'] === kind),
  )
  return own.flatMap((step, at) =>
    PHASES.flatMap(phase =>
      ((step[phase] ?? []) as readonly Rule[]).map((rule, index) => ({
        name: `${phase}-${at}-${index}`,
        phase,
        handle: (request: AdmissionRequest) => follow(rule, request, phase),
      })),
    ),
  )
}

function follow(rule: Rule, { object }: AdmissionRequest, phase: AdmissionHook['phase']): AdmissionReply {
  const known = ['set', 'require', 'refuseIf']
  const unknown = Object.keys(rule).filter(key => !known.includes(key))
  if (unknown.length > 0) throw new Error(`no runner knows the admission rule ${unknown.join(', ')}`)
  const holds = ([path, value]: readonly [string, unknown]): boolean =>
    JSON.stringify(valueAt(object, path)) === JSON.stringify(value)
  if (!Object.entries(rule.require ?? {}).every(holds)) return { forbidden: 'what is required is missing' }
  if (rule.refuseIf !== undefined && Object.entries(rule.refuseIf).every(holds))
    return { forbidden: 'the rule says no' }
  if (rule.set === undefined) return undefined
  const next = structuredClone(object) as ObjectInput
  // A default is for what is not there.
  for (const [path, value] of Object.entries(rule.set))
    if (phase !== 'default' || valueAt(next, path) === undefined) setAt(next, path, value)
  return { object: next }
}

function valueAt(root: unknown, path: string): unknown {
  return path
    .split('/')
    .slice(1)
    .reduce<unknown>((part, field) => (part as Record<string, unknown> | undefined)?.[field], root)
}

function setAt(root: unknown, path: string, value: unknown): void {
  const fields = path.split('/').slice(1)
  const last = fields.pop() ?? ''
  let part = root as Record<string, unknown>
  for (const field of fields) part = (part[field] ??= {}) as Record<string, unknown>
  part[last] = value
}
