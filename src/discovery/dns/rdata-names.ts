import { nameLabels, readName } from './dns-name.js'

/**
 * Types without a form here whose names may be pointers into their message (RFC 3597 4): how many bytes stand before
 * the names, and how many names there are.
 */
const NAMES_AT: ReadonlyMap<number, readonly [before: number, names: number]> = /* @__PURE__ */ new Map([
  [3, [0, 1]], // MD
  [4, [0, 1]], // MF
  [7, [0, 1]], // MB
  [8, [0, 1]], // MG
  [9, [0, 1]], // MR
  [14, [0, 2]], // MINFO
  [15, [2, 1]], // MX
  [17, [0, 2]], // RP
  [18, [2, 1]], // AFSDB
  [21, [2, 1]], // RT
  [26, [2, 2]], // PX
  [36, [2, 1]], // KX
  [39, [0, 1]], // DNAME
])

/**
 * The data of a record that means the same in any message: its names are written out. Undefined when the data does not
 * fit its type.
 */
export function standaloneData(
  bytes: Uint8Array,
  typeCode: number,
  { from, to }: { readonly from: number; readonly to: number },
): Uint8Array | undefined {
  const [before, names] = NAMES_AT.get(typeCode) ?? []
  if (before === undefined || names === undefined) return new Uint8Array(bytes.subarray(from, to))
  if (from + before > to) return undefined
  const out = [...bytes.subarray(from, from + before)]
  let at = from + before
  for (let i = 0; i < names; i++) {
    const read = readName(bytes, at)
    if (read === undefined) return undefined
    for (const label of nameLabels(read.name) ?? [])
      out.push(label.length, ...Array.from(label, character => character.charCodeAt(0)))
    out.push(0)
    at = read.end
  }
  return at === to ? Uint8Array.from(out) : undefined
}
