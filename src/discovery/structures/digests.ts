/**
 * SHA-1 and SHA-256 (FIPS 180-4) of UTF-8 text, as names of other systems are made of them. Not for secrets.
 */
export function sha1(text: string): Uint8Array {
  const h = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
  const w = new Uint32Array(80)
  for (const block of blocksOf(text)) {
    for (let t = 0; t < 16; t++) w[t] = block.getUint32(4 * t)
    for (let t = 16; t < 80; t++) w[t] = rotl(at(w, t - 3) ^ at(w, t - 8) ^ at(w, t - 14) ^ at(w, t - 16), 1)
    let [a, b, c, d, e] = h as unknown as [number, number, number, number, number]
    for (let t = 0; t < 80; t++) {
      const [mix, constant] =
        t < 20
          ? [(b & c) | (~b & d), 0x5a827999]
          : t < 40
            ? [b ^ c ^ d, 0x6ed9eba1]
            : t < 60
              ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
              : [b ^ c ^ d, 0xca62c1d6]
      const next = (rotl(a, 5) + mix + e + constant + at(w, t)) >>> 0
      ;[a, b, c, d, e] = [next, a, rotl(b, 30), c, d]
    }
    for (const [i, value] of [a, b, c, d, e].entries()) h[i] = at(h, i) + value
  }
  return bytesOf(h)
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K: Uint32Array = /* @__PURE__ */ rootsOfPrimes(64, 1 / 3)
/** Those of the square roots of the first eight. */
const H: Uint32Array = /* @__PURE__ */ rootsOfPrimes(8, 1 / 2)

export function sha256(text: string): Uint8Array {
  const h = Uint32Array.from(H)
  const w = new Uint32Array(64)
  for (const block of blocksOf(text)) {
    for (let t = 0; t < 16; t++) w[t] = block.getUint32(4 * t)
    for (let t = 16; t < 64; t++) {
      const [x, y] = [at(w, t - 15), at(w, t - 2)]
      const s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3)
      const s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >>> 10)
      w[t] = at(w, t - 16) + s0 + at(w, t - 7) + s1
    }
    const v = Uint32Array.from(h)
    for (let t = 0; t < 64; t++) {
      const [a, b, c, e] = [at(v, 0), at(v, 1), at(v, 2), at(v, 4)]
      const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)
      const choice = (e & at(v, 5)) ^ (~e & at(v, 6))
      const t1 = (at(v, 7) + s1 + choice + at(K, t) + at(w, t)) >>> 0
      const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)
      const majority = (a & b) ^ (a & c) ^ (b & c)
      v.copyWithin(1, 0, 7)
      v[4] = at(v, 4) + t1
      v[0] = t1 + s0 + majority
    }
    for (let i = 0; i < 8; i++) h[i] = at(h, i) + at(v, i)
  }
  return bytesOf(h)
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

function at(words: Uint32Array, index: number): number {
  return words[index] as number
}

function rotl(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

function rotr(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by))
}

/** The padded message in blocks of 64 bytes. */
function blocksOf(text: string): readonly DataView[] {
  const bytes = new TextEncoder().encode(text)
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(padded.length - 4, bytes.length * 8)
  return Array.from({ length: padded.length / 64 }, (_, i) => new DataView(padded.buffer, 64 * i, 64))
}

function bytesOf(words: Uint32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length))
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word)
  return new Uint8Array(view.buffer)
}

function rootsOfPrimes(count: number, power: number): Uint32Array {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) if (primes.every(prime => n % prime !== 0)) primes.push(n)
  return Uint32Array.from(primes, prime => (prime ** power % 1) * 2 ** 32)
}
