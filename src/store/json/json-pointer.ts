/** The reference tokens of a JSON Pointer, RFC 6901, or what is wrong with it. */
export function parsePointer(pointer: string): readonly string[] | string {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) return 'must be a JSON pointer: empty, or starting with "/"'
  if (/~(?![01])/.test(pointer)) return 'must write "~" as "~0" and "/" inside a key as "~1"'
  const tokens = pointer.slice(1).split('/')
  if (tokens.includes('__proto__')) return 'must not name "__proto__"'
  return tokens.map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** A key as a reference token of a JSON Pointer. */
export function pointerToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
