/** The role of everybody: nothing can be reserved for it. */
export const ANY_ROLE = '*'

/** Why a text is no name of a role. */
export type RoleNameProblem =
  | 'empty'
  | 'leadingSlash'
  | 'trailingSlash'
  | 'doubleSlash'
  | 'dot'
  | 'dotDot'
  | 'star'
  | 'leadingDash'
  | 'whitespace'

/** Longest name of a role. */
export const ROLE_NAME_LENGTH_MAX = 1024

/** White space, backspace and delete: they break logs and paths. */
// oxlint-disable-next-line eslint/no-control-regex
const UNPRINTABLE = /[\s\u0008\u007f]/

/**
 * The first fault of a role's name, undefined when there is none. A name is `*`, or components joined by `/`:
 * `eng/web` is a role below `eng`. A component is not empty, not `.`, `..` or `*`, does not begin with `-`,
 * and has no white space.
 */
export function roleNameProblem(role: string): RoleNameProblem | undefined {
  if (role === ANY_ROLE) return undefined
  if (role === '') return 'empty'
  if (role.startsWith('/')) return 'leadingSlash'
  if (role.endsWith('/')) return 'trailingSlash'
  if (role.includes('//')) return 'doubleSlash'
  for (const component of role.split('/')) {
    if (component === '.') return 'dot'
    if (component === '..') return 'dotDot'
    if (component === ANY_ROLE) return 'star'
    if (component.startsWith('-')) return 'leadingDash'
    if (UNPRINTABLE.test(component)) return 'whitespace'
  }
  return undefined
}

/** Whether `role` lies below `ancestor`: `eng/web` below `eng`; never `eng` below itself. */
export function isStrictSubrole(role: string, ancestor: string): boolean {
  return role.length > ancestor.length && role.startsWith(ancestor) && role[ancestor.length] === '/'
}

/** Whether `role` is `ancestor` or lies below it. */
export function isSubrole(role: string, ancestor: string): boolean {
  return role === ancestor || isStrictSubrole(role, ancestor)
}

/** The roles above, nearest first: `a/b`, `a` for `a/b/c`. */
export function ancestorsOf(role: string): readonly string[] {
  const ancestors: string[] = []
  for (let at = role.lastIndexOf('/'); at > 0; at = role.lastIndexOf('/', at - 1))
    ancestors.push(role.slice(0, at))
  return ancestors
}
