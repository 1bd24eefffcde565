/** One statement of a sequence diagram. */
export type Statement =
  | { readonly type: 'participant'; readonly id: string; readonly text: string }
  | { readonly type: 'note'; readonly over: readonly string[]; readonly text: string }
  | {
      readonly type: 'message'
      readonly from: string
      readonly to: string
      readonly arrow: string
      readonly text: string
    }
  | { readonly type: 'loop'; readonly text: string; readonly body: readonly Statement[] }

/**
 * Reads sequence diagrams of the part of Mermaid's grammar that is written here. Strict: participants are declared
 * first, words of the language are no names, text is neither empty nor cut short by `#`, `;` or a line end, and loops end.
 */
export function parseMermaid(text: string): readonly Statement[] {
  const [header, ...lines] = text.split('\n')
  if (header !== 'sequenceDiagram') throw new Error(`not a sequence diagram: ${header}`)
  const ids = new Set<string>()
  const open: { readonly text: string; readonly body: Statement[] }[] = [{ text: '', body: [] }]
  for (const line of lines.map(each => each.trim())) {
    const body = open.at(-1)?.body
    if (body === undefined) throw new Error('an end too many')
    const loop = /^loop (.*)$/.exec(line)
    if (loop !== null) open.push({ text: textOf(loop[1]), body: [] })
    else if (line === 'end') {
      const { text: title, body: inner } = open.pop() ?? { text: '', body: [] }
      open.at(-1)?.body.push({ type: 'loop', text: title, body: inner })
      if (open.length === 0) throw new Error('an end too many')
    } else body.push(simpleStatement(line, ids))
  }
  if (open.length !== 1) throw new Error('a loop does not end')
  return open[0]?.body ?? []
}

const WORDS =
  /^(?:participant|actor|loop|rect|opt|alt|else|par|and|critical|option|break|end|note|over|box|create|destroy|links?|properties|details|activate|deactivate|title|autonumber|off)$/i

function simpleStatement(line: string, ids: Set<string>): Statement {
  const declared = /^participant (\w+) as (.*)$/.exec(line)
  if (declared !== null) {
    const [, id = '', name] = declared
    if (WORDS.test(id) || ids.has(id)) throw new Error(`no name for a participant: ${id}`)
    ids.add(id)
    return { type: 'participant', id, text: textOf(name) }
  }
  const known = (id = ''): string => {
    if (!ids.has(id)) throw new Error(`${id} is not declared: ${line}`)
    return id
  }
  const note = /^Note over (\w+)(?:,(\w+))?: (.*)$/.exec(line)
  if (note !== null)
    return { type: 'note', over: [known(note[1]), known(note[2] ?? note[1])], text: textOf(note[3]) }
  const message = /^(\w+)(->>|-->>|-x)(\w+): (.*)$/.exec(line)
  if (message === null) throw new Error(`not a statement: ${line}`)
  const [, from, arrow = '', to, said] = message
  return { type: 'message', from: known(from), to: known(to), arrow, text: textOf(said) }
}

/** Entities are read first; what is left must be text to the end of the line. */
function textOf(escaped = ''): string {
  const plain = escaped.replaceAll(/#\d+;/g, 'x')
  if (/[#;%<>{}"\\]|^\s|\s$|^(?:no)?wrap:/i.test(plain) || escaped === '')
    throw new Error(`not a text: ${escaped}`)
  return escaped.replaceAll(/#(\d+);/g, (_entity, code: string) => String.fromCharCode(Number(code)))
}
