import { createSeededRandom } from '../../core/index.js'
import { canonicalJson } from '../../core/internal.js'
import type { Kind, ObjectInput } from '../../store/index.js'
import type { SpecEdit } from '../simulation/objects/spec-edits.js'
import { specNode } from './schema-node.js'
import { specTransitions } from './spec-transitions.js'

const EDITS_MAX = 12

/**
 * What a user may change a spec to, and back, as the JSON Schema of its kind allows: the `edits` of a check that should
 * change specs as `fuzz` does. At most twelve, spread over all there are; none for a kind without a JSON Schema.
 */
export function schemaEdits({ spec, metadata }: ObjectInput, kind: Kind): readonly SpecEdit[] {
  const node = specNode(kind)
  if (node === undefined) return []
  const random = createSeededRandom(canonicalJson([kind.kind, metadata.name, spec ?? null]))
  const all = specTransitions(node, spec, random)
  const every = Math.max(1, Math.ceil(all.length / EDITS_MAX))
  return all.filter((_edit, index) => index % every === 0)
}
