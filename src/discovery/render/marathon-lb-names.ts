import { hex, sha1, sha256 } from '../structures/digests.js'

/** Server numbers are below this, a prime. */
const SERVER_ID_MODULUS = 32_767

/** The backend of an app's service port: `/group/web` and 10000 as `group_web_10000`. */
export function marathonBackendName(appId: string, servicePort: number): string {
  return `${appId.replace(/^\//, '').replaceAll('/', '_')}_${servicePort}`
}

/** The server of a task: host, address (where it is another) and port, everything else than letters and digits as `_`. */
export function marathonServerName(host: string, ip: string, port: number): string {
  const name = host === ip ? `${ip}_${port}` : `${host}_${ip}_${port}`
  return name.replaceAll(/[^A-Za-z0-9]/g, '_')
}

/**
 * The number of a server, from its name: SHA-256 modulo 32767, again with the digest behind the name while that is 0 or
 * taken. Stable numbers keep statistics and stickiness over reloads.
 */
export function marathonServerId(name: string, taken: ReadonlySet<number> = new Set()): number {
  for (let text = name; ; ) {
    const digest = sha256(text)
    let id = 0
    for (const byte of digest) id = (id * 256 + byte) % SERVER_ID_MODULUS
    if (id !== 0 && !taken.has(id)) return id
    text = `${text} ${hex(digest)}`
  }
}

/** What clients are stuck to a server with. */
export function marathonCookie(serverName: string): string {
  return hex(sha1(serverName)).slice(0, 10)
}
