import type { Attributes } from './attribute-value.js'

/** What a node is known by. */
interface NamedNode {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly attributes?: Attributes
}

/**
 * The names under which constraints find something on a node. A later line of this list wins over an earlier one:
 *
 * - `node.name`, `node.hostname` and `hostname`: the node's name
 * - `node.labels.<key>` and `<key>`: the label
 * - every attribute under its own name
 */
export function nodeAttributes(node: NamedNode): Attributes {
  const found: Record<string, Attributes[string]> = {
    'node.name': node.name,
    'node.hostname': node.name,
    hostname: node.name,
  }
  for (const [key, value] of Object.entries(node.labels ?? {})) {
    found[`node.labels.${key}`] = value
    found[key] = value
  }
  return Object.assign(found, node.attributes)
}
