import type { FloorPlan } from '../architecture/floors.js'
import type { Table } from './tables.js'
import { tablesOf } from './tables.js'

/** Longest map of the code that is still read as a whole. */
const LINES_MAX = 160
const RULES_MIN = 25

/** The text of a file of the project, an empty one for a folder; undefined for what does not exist. */
export type ReadFile = (path: string) => string | undefined

/** What is too long, and files in inline code that do not exist. */
export function pageViolations(text: string, read: ReadFile): string[] {
  const lines = text.trimEnd().split('\n').length
  const files = [...text.matchAll(/`((?:bench|docs|etc|examples|src|test|tools)\/[^`\s]*)`/g)]
  return [
    ...(lines > LINES_MAX ? [`the page has ${lines} lines, at most ${LINES_MAX}`] : []),
    ...files
      .map(([, path = '']) => path)
      .filter(path => read(path) === undefined)
      .map(path => `the page names ${path}, which does not exist`),
  ]
}

/** Words without a meaning or a file of their own. */
export function wordViolations(text: string): string[] {
  const table = tableUnder(text, 'Words')
  if (table === undefined) return ['there is no table under Words']
  return table.rows
    .filter(([word, meaning, file]) => !word || !meaning || fileIn(file) === undefined)
    .map(([word]) => `${word || 'a word'} needs a meaning and one source file`)
}

/** Questions without a file that decides them, or whose name is not in it, and too few of them. */
export function ruleViolations(text: string, read: ReadFile): string[] {
  const table = tableUnder(text, 'Where a rule lives')
  if (table === undefined) return ['there is no table under Where a rule lives']
  const { rows } = table
  const questions = rows.map(([question = '']) => question)
  const few = rows.length < RULES_MIN ? [`${rows.length} rules, at least ${RULES_MIN}`] : []
  return [...few, ...rows.flatMap((row, at) => rowViolations(row, questions.slice(0, at), read))]
}

function rowViolations(
  [question = '', cell, name = '']: readonly string[],
  earlier: readonly string[],
  read: ReadFile,
): string[] {
  const file = fileIn(cell)
  const word = /^`(\w+)`$/.exec(name)?.[1]
  const code = (read(file ?? '') ?? '').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  return [
    ...(question.endsWith('?') ? [] : [`"${question}" is not a question`]),
    ...(earlier.includes(question) ? [`"${question}" is asked twice`] : []),
    ...(file === undefined ? [`"${question}" needs one source file`] : []),
    ...(word !== undefined && new RegExp(`\\b${word}\\b`).test(code)
      ? []
      : [`"${question}": there is no ${name || 'name'} in ${file ?? 'the file'}`]),
  ]
}

/** Who may import whom, as the laws of the tree have it. */
export interface Layers {
  /** The folders of `src`. */
  readonly areas: readonly string[]
  readonly friends: Readonly<Record<string, readonly string[]>>
  readonly withShell: readonly string[]
  readonly shellFriends: readonly string[]
}

/** Arrows of the first picture that the laws do not have, and the other way round. */
export function layerViolations(text: string, layers: Layers): string[] {
  const picture = /^```mermaid\n([\s\S]*?)^```/m.exec(text)?.[1]
  if (picture === undefined) return ['there is no picture']
  const exists = (area: string): boolean => layers.areas.includes(area)
  const shells = layers.withShell.filter(exists)
  const label = `shells of ${shells.join(', ')}`
  const lawful = [
    ...Object.entries(layers.friends).filter(([area]) => exists(area)),
    ...(shells.length === 0 ? [] : [['shell', layers.shellFriends] as const]),
  ].flatMap(([from, targets]) => targets.filter(exists).map(to => `${from} --> ${to}`))
  const drawn = arrowsOf(picture)
  return [
    ...(shells.length === 0 || picture.includes(`shell["${label}"]`) ? [] : [`the picture needs "${label}"`]),
    ...lawful.filter(arrow => !drawn.includes(arrow)).map(arrow => `the picture lacks ${arrow}`),
    ...drawn
      .filter(arrow => !lawful.includes(arrow))
      .map(arrow => `the picture has ${arrow}, against the laws`),
  ]
}

/** `a & b["label"] --> c & d` is four arrows. */
function arrowsOf(picture: string): string[] {
  return [...picture.matchAll(/^ *(.+?) --> (.+)$/gm)].flatMap(([, from = '', to = '']) =>
    nodesOf(from).flatMap(source => nodesOf(to).map(target => `${source} --> ${target}`)),
  )
}

function nodesOf(side: string): string[] {
  return side.split(' & ').map(node => /^\w+/.exec(node)?.[0] ?? node)
}

/** Lines such as `core: errors.ts < text, time < env`, continued where indented, that are not the floors of a module. */
export function floorTextViolations(text: string, plan: FloorPlan): string[] {
  const blocks = [...text.matchAll(/^```text\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
  return blocks.flatMap(block =>
    [...block.replaceAll(/\n +/g, ' ').matchAll(/^([\w/-]+): (.+)$/gm)].flatMap(
      ([, area = '', says = '']) => {
        const floors = plan[area]
        if (floors === undefined) return [`the floors of ${area} are not laid down`]
        const is = floors.map(rooms => rooms.toSorted().join(', ')).join(' < ')
        const said = says.split(' < ').map(rooms => rooms.split(', ').toSorted().join(', '))
        return said.join(' < ') === is ? [] : [`the floors of ${area} are ${is}`]
      },
    ),
  )
}

function fileIn(cell: string | undefined): string | undefined {
  return /^`(src\/[^`]+\.ts)`$/.exec(cell ?? '')?.[1]
}

function tableUnder(text: string, heading: string): Table | undefined {
  const section = text.split(/^(?=## )/m).find(part => part.startsWith(`## ${heading}\n`))
  return section === undefined ? undefined : tablesOf(section)[0]
}
