const ALIASES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' }

/** The usual name of an architecture: `x86_64` is `amd64`, `aarch64` is `arm64`. */
export function canonicalArch(arch: string): string {
  return ALIASES[arch.toLowerCase()] ?? arch.toLowerCase()
}
