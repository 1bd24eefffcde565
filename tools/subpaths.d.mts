export interface Subpath {
  readonly subpath: string
  readonly specifier: string
  readonly source: string
  readonly output: string
  readonly report: string
}
export const root: string
export function subpaths(directory?: string): Subpath[]
export function exportConditions(output: string): Record<string, { types: string; default: string }>
