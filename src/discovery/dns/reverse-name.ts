import { ipFromBytes } from '../../core/internal.js'
import { canonicalName } from './dns-name.js'

/** What a name below `in-addr.arpa.` or `ip6.arpa.` stands for. */
export type ReverseName =
  | { readonly kind: 'address'; readonly address: string }
  /** Fewer labels than an address has: a network, which may have names below it. */
  | { readonly kind: 'network' }
  /** Below the reverse tree, but no address and no network. */
  | { readonly kind: 'nothing' }

const trees = [
  { suffix: 'in-addr.arpa.', labels: 4, label: /^(0|[1-9]\d{0,2})$/, radix: 10 },
  { suffix: 'ip6.arpa.', labels: 32, label: /^[0-9a-f]$/, radix: 16 },
] as const

/** Reads a reverse name; undefined for a name outside both reverse trees. */
export function parseReverseName(name: string): ReverseName | undefined {
  const canonical = canonicalName(name)
  for (const { suffix, labels: full, label: pattern, radix } of trees) {
    if (canonical === suffix) return { kind: 'network' }
    if (!canonical.endsWith(`.${suffix}`)) continue
    const labels = canonical.slice(0, -suffix.length - 1).split('.')
    const values = labels.map(label => (pattern.test(label) ? Number.parseInt(label, radix) : 256))
    if (labels.length > full || values.some(value => value > 255)) return { kind: 'nothing' }
    if (labels.length < full) return { kind: 'network' }
    values.reverse()
    const bytes =
      radix === 10 ? values : values.flatMap((v, i) => (i % 2 === 0 ? [v * 16 + (values[i + 1] ?? 0)] : []))
    return { kind: 'address', address: ipFromBytes(Uint8Array.from(bytes)) }
  }
  return undefined
}
