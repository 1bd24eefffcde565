const LINE_MAX = 100

/** A value as TypeScript. Undefined when it holds something that cannot be written down, such as a function. */
export function codeText(value: unknown, indent = ''): string | undefined {
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return String(value)
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || !isPlain(value)) return undefined
  const isList = Array.isArray(value)
  const inner = `${indent}  `
  const parts = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => {
      const text = codeText(member, inner)
      return text === undefined || isList ? text : `${isName(key) ? key : quoted(key)}: ${text}`
    })
  if (parts.includes(undefined)) return undefined
  const [open, close] = isList ? ['[', ']'] : ['{', '}']
  if (parts.length === 0) return `${open}${close}`
  const line = isList ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`
  if (indent.length + line.length <= LINE_MAX && !line.includes('\n')) return line
  return [open, ...parts.map(part => `${inner}${part},`), `${indent}${close}`].join('\n')
}

/** True for what may be the name of a variable, or of a member without quotes. */
export function isName(text: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(text)
}

/** Text in single quotes, on one line. */
export function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner}'`
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}
