import type { FieldSet } from './field-set.js'
import { elementsOf } from './members.js'

/** Fields by element. */
export interface FieldNode {
  /** Whether the field is in the set, besides what is below it. */
  readonly own: boolean
  readonly below: ReadonlyMap<string, FieldNode>
}

interface OpenNode {
  own: boolean
  readonly below: Map<string, OpenNode>
}

/** The set as a tree, in the order of the paths. */
export function fieldTree(fields: FieldSet): FieldNode {
  const root: OpenNode = { own: false, below: new Map() }
  for (const path of [...fields].sort()) {
    let node = root
    for (const element of elementsOf(path)) {
      const known = node.below.get(element) ?? { own: false, below: new Map() }
      node.below.set(element, known)
      node = known
    }
    node.own = true
  }
  return root
}

/**
 * Writes a set as text in which common beginnings are written once: `spec{image ports{[name="web"]+{name port}}}`.
 * `+` marks what is itself in the set besides what is below it. Equal sets have equal texts.
 */
export function formatFields(fields: FieldSet): string {
  return formatNodes(fieldTree(fields).below)
}

function formatNodes(nodes: ReadonlyMap<string, FieldNode>): string {
  const texts: string[] = []
  for (const [element, { own, below }] of nodes) {
    const name = element.startsWith('.') ? element.slice(1) : element
    texts.push(below.size === 0 ? name : `${name}${own ? '+' : ''}{${formatNodes(below)}}`)
  }
  return texts.join(' ')
}

const TOKEN = /([A-Za-z_][\w-]*|\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\])(\+?\{)?|(\})| /g

/** Reads what `formatFields` wrote. What is no such text gives whatever can be read of it. */
export function parseFields(text: string): FieldSet {
  const fields = new Set<string>()
  const above: string[] = []
  let path = ''
  for (const [, name, opening, closing] of text.matchAll(TOKEN)) {
    if (closing !== undefined) path = above.pop() ?? ''
    if (name === undefined) continue
    const field = path + (name.startsWith('[') ? name : `.${name}`)
    if (opening !== '{') fields.add(field)
    if (opening === undefined) continue
    above.push(path)
    path = field
  }
  return fields
}
