/** Colours the signs of a line that is as long as it will be. */
export type Paint = (line: string) => string

const RESET = '\u001b[0m'
const COLOURS: readonly (readonly [sign: RegExp, code: string])[] = [
  [/\S*✓/g, '\u001b[32m'],
  [/\S*…/g, '\u001b[33m'],
  [/\S*↓/g, '\u001b[2m'],
  [/\S*✗/g, '\u001b[31m'],
  [/●/g, '\u001b[32m'],
  [/○/g, '\u001b[31m'],
  [/^▸.*/g, '\u001b[1m'],
]

/** What the signs mean. */
export const LEGEND = '● node ready  ○ node silent   v1✓ ready  v1… starting  v1↓ leaving  v1✗ failed'

/** Colours on a terminal that has them; https://no-color.org says when not. */
export function paintFor(
  out: { readonly isTTY?: boolean },
  variables: Readonly<Record<string, string | undefined>>,
): Paint {
  const isWanted = out.isTTY === true && (variables['NO_COLOR'] ?? '') === '' && variables['TERM'] !== 'dumb'
  if (!isWanted) return line => line
  return line =>
    COLOURS.reduce((text, [sign, code]) => text.replace(sign, found => `${code}${found}${RESET}`), line)
}
