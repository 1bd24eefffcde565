import type { Kind } from '../../store/index.js'
import type { Controller } from '../controller/controller-contract.js'

/**
 * The kinds of owners and owned objects of which no garbage collector among the parts knows both, each once: what is owned
 * there outlives its owner.
 */
export function uncollectedKinds(parts: readonly Pick<Controller, 'owning' | 'collects'>[]): readonly Kind[] {
  const collectors = parts.flatMap(({ collects }) =>
    collects === undefined ? [] : [new Set(collects.map(nameOf))],
  )
  const pairs = parts.flatMap(({ owning }) => owning?.kinds.map(kind => [owning.owner, kind]) ?? [])
  const missed = pairs.filter(pair => !collectors.some(known => pair.every(kind => known.has(nameOf(kind)))))
  return [...new Map(missed.flat().map(kind => [nameOf(kind), kind])).values()]
}

function nameOf({ apiVersion, kind }: Kind): string {
  return `${apiVersion}/${kind}`
}
