import { compareText } from '../../core/internal.js'

/** Names that become one where they are rendered, such as `/abc` and `abc`. */
export interface NameCollision {
  /** What they become. */
  readonly name: string
  /** At least two, sorted. */
  readonly sources: readonly string[]
}

/**
 * Which names become one by a rule such as `mesosLabel`. The registry refuses the second of them if it is told the
 * `source` of each; this tells all of them beforehand.
 */
export function nameCollisions(
  names: Iterable<string>,
  rule: (name: string) => string,
): readonly NameCollision[] {
  return collisionsOf([...new Set(names)].map(source => ({ source, name: rule(source) })))
}

/** As `nameCollisions`, of names that were made already. */
export function collisionsOf(
  named: Iterable<{ readonly source: string; readonly name: string }>,
): readonly NameCollision[] {
  const found = new Map<string, string[]>()
  for (const { source, name } of named) {
    const others = found.get(name)
    if (others === undefined) found.set(name, [source])
    else others.push(source)
  }
  return [...found]
    .filter(([, sources]) => sources.length > 1)
    .map(([name, sources]) => ({ name, sources: sources.sort(compareText) }))
    .sort((a, b) => compareText(a.name, b.name))
}
