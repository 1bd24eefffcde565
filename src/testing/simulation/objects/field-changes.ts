import { diffJson } from '../../../store/internal.js'

/** A field that differs. Undefined on the side where it is missing. */
export interface FieldChange {
  /** `spec.ports[0].name`. */
  readonly field: string
  readonly before: unknown
  readonly after: unknown
}

const TEXT_MAX = 60

/** Fields that differ between two plain values; of lists, by position. */
export function fieldChanges(before: unknown, after: unknown): readonly FieldChange[] {
  // Of a list, what goes goes from the end and what comes comes last: positions are those of `before`.
  return diffJson(before, after).map(operation => {
    const path = operation.path.split('/').slice(1).map(unescaped)
    return {
      field: fieldName(path),
      before: operation.op === 'add' ? undefined : valueAt(before, path),
      after: 'value' in operation ? operation.value : undefined,
    }
  })
}

/** A value as JSON, cut short. */
export function shortJson(value: unknown, max: number = TEXT_MAX): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > max ? `${text.slice(0, max - 1)}…` : text
}

function unescaped(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}

function fieldName(path: readonly string[]): string {
  return path
    .map((token, at) => (/^\d+$/.test(token) ? `[${token}]` : at === 0 ? token : `.${token}`))
    .join('')
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, token) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, token) : undefined),
    value,
  )
}
