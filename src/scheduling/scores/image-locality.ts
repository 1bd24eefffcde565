import type { NodeScorePlugin } from '../plugins/plugin.js'

const MIB = 1024 ** 2
/** Images below it, in all, do not count. */
const IMAGES_MIN = 23 * MIB
/** For each image asked for; more counts no more. */
const IMAGES_MAX = 1_000 * MIB

/**
 * Prefers nodes that have the images already: the bytes of those that a node has, each weighed by the share of nodes that
 * have it, so that one node with an image is not run over; from 0 at 23 MiB to 100 at 1000 MiB for each image asked for
 * (kube-scheduler's ImageLocality).
 */
export function imageLocality(): NodeScorePlugin {
  return {
    name: 'image-locality',
    locality: 'static',
    reads: ['images'],
    applies: ({ images }) => images.length > 0,
    score: ({ images }, node) => {
      const sum = images.reduce((bytes, image) => {
        const { size = 0, share = 0 } = node.images[image] ?? {}
        return bytes + Math.trunc(size * share)
      }, 0)
      return imageScore(sum, images.length)
    },
  }
}

/**
 * The score of so many bytes for so many images.
 *
 * @internal
 */
export function imageScore(bytes: number, images: number): number {
  const max = IMAGES_MAX * images
  const clamped = Math.min(max, Math.max(IMAGES_MIN, bytes))
  return Math.trunc((100 * (clamped - IMAGES_MIN)) / (max - IMAGES_MIN))
}
