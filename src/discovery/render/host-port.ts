import { ipFamily } from '../../core/internal.js'

/** `host:port`, with brackets around an IPv6 address. */
export function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return ipFamily(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}
