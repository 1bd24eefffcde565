import type { OfferPool } from 'keelson/offers'

const WIDTH = 640
const HEIGHT = 240
const COLORS = ['#3b6fb6', '#c8553d', '#588157', '#7d5ba6']

/** Shares of roles over time: sampled, compared, drawn. */
export class ShareChart {
  readonly #pool: OfferPool
  readonly #roles: readonly string[]
  readonly #samples: {
    readonly atMs: number
    readonly shares: readonly number[]
    readonly contended: boolean
  }[] = []

  constructor(pool: OfferPool, roles: readonly string[]) {
    this.#pool = pool
    this.#roles = roles
  }

  /** @param contended more is asked for than there is */
  sample(atMs: number, contended: boolean): void {
    const audit = this.#pool.audit()
    const shares = this.#roles.map(
      role => audit.find(({ path, kind }) => path === role && kind === 'role')?.share ?? 0,
    )
    this.#samples.push({ atMs, shares, contended })
  }

  /** Jain's index of the mean shares of some roles while they contended: 1 when they are equal. */
  jain(roles: readonly string[]): number {
    const contended = this.#samples.filter(sample => sample.contended)
    const means = roles.map(role => {
      const at = this.#roles.indexOf(role)
      return contended.reduce((sum, { shares }) => sum + (shares[at] ?? 0), 0) / Math.max(1, contended.length)
    })
    const sum = means.reduce((total, mean) => total + mean, 0)
    const squares = means.reduce((total, mean) => total + mean * mean, 0)
    return squares === 0 ? 1 : (sum * sum) / (means.length * squares)
  }

  get contendedSamples(): number {
    return this.#samples.filter(({ contended }) => contended).length
  }

  toSvg(): string {
    const endMs = this.#samples.at(-1)?.atMs ?? 1
    const lines = this.#roles.map((role, at) => {
      const points = this.#samples.map(({ atMs, shares }) => {
        const x = ((atMs / endMs) * WIDTH).toFixed(1)
        return `${x},${(HEIGHT - (shares[at] ?? 0) * HEIGHT).toFixed(1)}`
      })
      const color = COLORS[at % COLORS.length]
      return [
        `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points.join(' ')}"/>`,
        `<text x="8" y="${18 + at * 16}" fill="${color}" font-family="sans-serif" font-size="12">${role}</text>`,
      ].join('\n')
    })
    const box = `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"`
    return `<svg xmlns="http://www.w3.org/2000/svg" ${box}>\n${lines.join('\n')}\n</svg>\n`
  }
}
