import type { NodeDescription, NodeImage } from '../nodes/node-description.js'

type Images = NonNullable<NodeDescription['images']>

/** The nodes that have an image, and the share of all nodes that was told of them last. */
interface KnownImage {
  readonly nodes: Set<string>
  told: number
}

/** A share is told again when it is off by more than this part of itself. */
const DRIFT_MAX = 1 / 8

/**
 * Which share of the nodes has each image. A share is of all nodes, so that each node that comes or goes would change
 * what is said of all others: what was told stays within an eighth of what is so, and costs the logarithm of that.
 */
export class ImageShares {
  readonly #onNode = new Map<string, Images>()
  readonly #images = new Map<string, KnownImage>()
  /** How many nodes there were when all shares were looked at. */
  #nodesThen = 0

  /** Takes in the images of a node; undefined: it is gone. Names the nodes of which other shares are told now. */
  set(node: string, images: Images | undefined): ReadonlySet<string> {
    const before = this.#onNode.get(node) ?? NO_IMAGES
    const now = images ?? NO_IMAGES
    if (images === undefined) this.#onNode.delete(node)
    else this.#onNode.set(node, images)
    const concerned = new Set<string>()
    for (const name of Object.keys(before))
      if (!Object.hasOwn(now, name)) {
        concerned.add(name)
        this.#images.get(name)?.nodes.delete(node)
      }
    for (const name of Object.keys(now)) {
      if (Object.hasOwn(before, name)) continue
      concerned.add(name)
      const known = this.#images.get(name)
      if (known === undefined) this.#images.set(name, { nodes: new Set([node]), told: 0 })
      else known.nodes.add(node)
    }
    const count = this.#onNode.size
    const isMoved = Math.abs(count - this.#nodesThen) > this.#nodesThen * DRIFT_MAX
    if (isMoved) this.#nodesThen = count
    return this.#tell(isMoved ? this.#images.keys() : concerned)
  }

  #tell(names: Iterable<string>): ReadonlySet<string> {
    const renewed = new Set<string>()
    for (const name of names) {
      const known = this.#images.get(name) as KnownImage
      if (known.nodes.size === 0) {
        this.#images.delete(name)
        continue
      }
      const share = known.nodes.size / this.#onNode.size
      if (Math.abs(share - known.told) <= known.told * DRIFT_MAX) continue
      known.told = share
      for (const node of known.nodes) renewed.add(node)
    }
    return renewed
  }

  /** The images of a node, with their shares; undefined when it has none. */
  on(node: string): Images | undefined {
    const images = Object.entries(this.#onNode.get(node) ?? NO_IMAGES)
    if (images.length === 0) return undefined
    return Object.fromEntries(
      images.map(([name, { size }]): [string, NodeImage] => [
        name,
        { size, share: this.#images.get(name)?.told ?? 0 },
      ]),
    )
  }
}

const NO_IMAGES: Images = Object.freeze({})
