import type { Client, Kind } from '../../src/store/index.js'

/**
 * The same client; `end` breaks the watches that were opened through it or through one made from it.
 *
 * @param of only those of this kind; default all
 */
export function breakable(client: Client, end: { now: AbortController }, of?: Kind): Client {
  return new Proxy(client, {
    get: (_, member) => {
      if (member === 'client')
        return (...given: Parameters<Client['client']>) => breakable(client.client(...given), end, of)
      if (member === 'watch')
        return (...[kinds, options]: Parameters<Client['watch']>) =>
          client.watch(
            kinds,
            of === undefined || kinds.includes(of) ? { ...options, signal: end.now.signal } : options,
          )
      const value: unknown = Reflect.get(client, member, client)
      return typeof value === 'function' ? value.bind(client) : value
    },
  })
}
