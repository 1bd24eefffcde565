import type { FieldProblem } from '../errors.js'

const NAME_PATTERN = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const PREFIX_PATTERN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const NAME_LENGTH_MAX = 63
const PREFIX_LENGTH_MAX = 253
const NAME_RULE = 'at most 63 of A-Z a-z 0-9 - _ . that start and end with a letter or digit'

/** What is wrong with a label (or annotation) key, or undefined when nothing is. */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf('/')
  const name = key.slice(slash + 1)
  if (name.length > NAME_LENGTH_MAX || !NAME_PATTERN.test(name))
    return `the name of a key must be ${NAME_RULE}`
  if (slash === -1) return undefined
  const prefix = key.slice(0, slash)
  if (prefix.length > PREFIX_LENGTH_MAX || !PREFIX_PATTERN.test(prefix)) {
    return 'the prefix of a key must be a lower case DNS subdomain of at most 253 characters'
  }
  return undefined
}

/** What is wrong with a label value, or undefined when nothing is. The empty string is a value. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '') return undefined
  if (value.length <= NAME_LENGTH_MAX && NAME_PATTERN.test(value)) return undefined
  return `a label value must be empty or ${NAME_RULE}`
}

/**
 * Every fault of a set of labels, in the order of the keys; empty when all are fine.
 *
 * Keys are an optional DNS subdomain (≤ 253) and `/`, then a name (≤ 63); values are ≤ 63 of the same
 * alphabet, or empty.
 *
 * @param field path under which problems are reported
 */
export function labelProblems(
  labels: Readonly<Record<string, unknown>>,
  field = 'metadata.labels',
): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  for (const key of Object.keys(labels).sort()) {
    const value = labels[key]
    const path = `${field}[${JSON.stringify(key)}]`
    const keyProblem = labelKeyProblem(key)
    if (keyProblem !== undefined) problems.push({ field: path, value: key, message: keyProblem })
    const valueProblem =
      typeof value === 'string' ? labelValueProblem(value) : 'a label value must be a string'
    if (valueProblem !== undefined) problems.push({ field: path, value, message: valueProblem })
  }
  return problems
}
