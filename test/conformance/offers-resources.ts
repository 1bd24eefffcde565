import {
  containsPortRanges,
  countPorts,
  equalPortRanges,
  fromThousandths,
  portRangesOf,
  subtractPortRanges,
  toThousandths,
} from '../../src/core/internal.js'
import type { Quantities, Resource } from '../../src/offers/index.js'
import { ResourceSet, resources } from '../../src/offers/index.js'
import type { Conversion } from '../../src/offers/resources/conversion.js'
import {
  applyConversion,
  createConversion,
  destroyConversion,
  growConversion,
  reserveConversion,
  shrinkConversion,
  unreserveConversion,
} from '../../src/offers/resources/conversion.js'
import {
  containsQuantities,
  limitsContain,
  limitsContainLimits,
  minusFromLimits,
  minusQuantities,
  plusQuantities,
  shrinkToLimits,
  shrinkToQuantities,
} from '../../src/offers/resources/quantities.js'
import type { ResourceProblemCode } from '../../src/offers/resources/resource-check.js'
import { resourceProblem } from '../../src/offers/resources/resource-check.js'
import type { RoleNameProblem } from '../../src/offers/resources/role-name.js'
import { ancestorsOf, isStrictSubrole, roleNameProblem } from '../../src/offers/resources/role-name.js'

/** A resource as the cases write it. */
export interface CaseResource {
  readonly name: string
  readonly value?: number
  readonly ranges?: readonly (readonly [number, number])[]
  readonly set?: readonly string[]
  readonly reservations?: readonly {
    readonly type: 'STATIC' | 'DYNAMIC'
    readonly role: string
    readonly labels?: Readonly<Record<string, string>>
  }[]
  readonly disk?: { readonly id?: string; readonly source?: string }
  readonly revocable?: boolean
}

type Source = NonNullable<NonNullable<Resource['disk']>['source']>

/** Theirs as ours. */
export function ourResource(theirs: CaseResource): Resource {
  const { name, value, ranges, set, reservations, disk, revocable } = theirs
  return {
    name,
    value: value ?? ranges ?? set ?? [],
    ...(reservations !== undefined && {
      reservations: reservations.map(({ type, role, labels }) => ({
        role,
        kind: type === 'STATIC' ? ('static' as const) : ('dynamic' as const),
        ...(labels !== undefined && { labels }),
      })),
    }),
    ...(disk !== undefined && {
      disk: {
        ...(disk.source !== undefined && { source: disk.source.toLowerCase() as Source }),
        ...(disk.id !== undefined && { volume: { id: disk.id } }),
      },
    }),
    ...(revocable !== undefined && { revocable }),
  }
}

export function ourSet(theirs: readonly CaseResource[]): ResourceSet {
  return resources(theirs.map(ourResource))
}

/** Ours as theirs, in one order, so that lists can be compared. */
export function theirResources(set: ResourceSet): readonly unknown[] {
  return inOneOrder([...set].map(theirResource))
}

/** The expected list in the order of `theirResources`. */
export function inOneOrder(list: readonly unknown[]): readonly unknown[] {
  return [...list].sort((a, b) => (JSON.stringify(sorted(a)) < JSON.stringify(sorted(b)) ? -1 : 1))
}

function theirResource({ name, value, reservations, disk, revocable }: Resource): CaseResource {
  return {
    name,
    ...(typeof value === 'number' ? { value } : { ranges: value as readonly (readonly [number, number])[] }),
    ...(reservations !== undefined && {
      reservations: reservations.map(({ role, kind }) => ({
        type: kind === 'static' ? ('STATIC' as const) : ('DYNAMIC' as const),
        role,
      })),
    }),
    ...(disk !== undefined && {
      disk: {
        ...(disk.volume !== undefined && { id: disk.volume.id }),
        ...(disk.source !== undefined && { source: disk.source.toUpperCase() }),
      },
    }),
    ...(revocable === true && { revocable }),
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  )
}

const RESOURCE_PROBLEMS: Readonly<Partial<Record<ResourceProblemCode, string>>> = {
  emptyName: 'EMPTY_NAME',
  notPositive: 'SCALAR_NOT_POSITIVE',
  rangeInverted: 'RANGE_INVERTED',
  rangeOverlap: 'RANGE_OVERLAP',
  setDuplicate: 'SET_DUPLICATE',
  reservedToAny: 'RESERVED_TO_STAR',
  refinementNotSubrole: 'REFINEMENT_NOT_SUBROLE',
  refinementStatic: 'REFINEMENT_STATIC',
}

const ROLE_PROBLEMS: Readonly<Record<RoleNameProblem, string>> = {
  empty: 'EMPTY',
  leadingSlash: 'LEADING_SLASH',
  trailingSlash: 'TRAILING_SLASH',
  doubleSlash: 'DOUBLE_SLASH',
  dot: 'DOT',
  dotDot: 'DOTDOT',
  star: 'STAR_COMPONENT',
  leadingDash: 'LEADING_DASH',
  whitespace: 'WHITESPACE_OR_DEL',
}

interface Sequence {
  readonly start: number
  readonly add?: readonly number[]
  readonly sub?: readonly number[]
}

interface Operation {
  readonly type: string
  readonly resources?: readonly CaseResource[]
  readonly volumes?: readonly CaseResource[]
  readonly volume?: CaseResource
  readonly addition?: CaseResource
  readonly subtract?: number
}

type Pairs = readonly (readonly [Spans, Spans])[]
type Spans = readonly (readonly [number, number])[]

/** By kind of case. An answer is compared with `expect` as it is. */
export const resourceAnswers: Readonly<Record<string, (input: never) => unknown>> = {
  fixed: ({ values }: { values: number[] }) =>
    values.map(value => ({ milli: toThousandths(value), value: fromThousandths(toThousandths(value)) })),
  fixedSum: ({ sequences }: { sequences: Sequence[] }) => sequences.map(sumOf),
  fixedCompare: ({ pairs }: { pairs: [number, number][] }) =>
    pairs.map(([a, b]) => Math.sign(toThousandths(a) - toThousandths(b))),
  validateResource: ({ resources: list }: { resources: CaseResource[] }) =>
    list.map(theirs => {
      const problem = resourceProblem(ourResource(theirs))
      return problem === undefined ? null : RESOURCE_PROBLEMS[problem.code]
    }),
  validateRole: ({ roles }: { roles: string[] }) =>
    roles.map(role => {
      const problem = roleNameProblem(role)
      return problem === undefined ? null : ROLE_PROBLEMS[problem]
    }),
  subrole: ({ pairs, ancestorsOf: roles }: { pairs: [string, string][]; ancestorsOf: string[] }) => ({
    strict: pairs.map(([role, ancestor]) => isStrictSubrole(role, ancestor)),
    ancestors: roles.map(ancestorsOf),
  }),
  coalesce: ({ inputs }: { inputs: Spans[] }) => inputs.map(spans => portRangesOf(spans)),
  rangesSub: ({ pairs }: { pairs: Pairs }) =>
    pairs.map(([a, b]) => subtractPortRanges(portRangesOf(a), portRangesOf(b))),
  rangesContain: ({ pairs }: { pairs: Pairs }) =>
    pairs.map(([a, b]) => containsPortRanges(portRangesOf(a), portRangesOf(b))),
  rangesEqual: ({ pairs, count }: { pairs: Pairs; count: Spans[] }) => ({
    equal: pairs.map(([a, b]) => equalPortRanges(portRangesOf(a), portRangesOf(b))),
    counts: count.map(spans => countPorts(portRangesOf(spans))),
  }),
  sets: ({ pairs }: { pairs: [string[], string[]][] }) => pairs.map(([a, b]) => setAnswers(a, b)),
  quantities: ({ pairs }: { pairs: [Quantities, Quantities][] }) =>
    pairs.map(([a, b]) => ({
      plus: plusQuantities(a, b),
      minus: minusQuantities(a, b),
      contains: containsQuantities(a, b),
    })),
  limits: ({ pairs }: { pairs: [Quantities, Quantities][] }) =>
    pairs.map(([limits, used]) => ({
      minus: minusFromLimits(limits, used),
      contains: limitsContain(limits, used),
    })),
  limitsContain: ({ pairs }: { pairs: [Quantities, Quantities][] }) =>
    pairs.map(([outer, inner]) => limitsContainLimits(outer, inner)),
  shrink: ({ rows }: { rows: { resources: Quantities; quantities?: Quantities; limits?: Quantities }[] }) =>
    rows.map(({ resources: amounts, quantities, limits = {} }) =>
      quantities === undefined ? shrinkToLimits(amounts, limits) : shrinkToQuantities(amounts, quantities),
    ),
  allocatableTo: ({ rows }: { rows: { r: CaseResource; role: string }[] }) =>
    rows.map(({ r, role }) => !ourSet([r]).allocatableTo(role).isEmpty),
  applyOps: ({ resources: list, operations }: { resources: CaseResource[]; operations: Operation[] }) => {
    let set = ourSet(list)
    return operations.map(operation => {
      const after = applyConversion(set, conversionOf(operation))
      if (!(after instanceof ResourceSet)) return { error: constantCase(after.code) }
      set = after
      return theirResources(set)
    })
  },
  contains: ({
    have,
    asks,
    take,
  }: {
    have: CaseResource[] | Quantities
    asks?: CaseResource[][]
    take?: Quantities[]
  }) => {
    if (take !== undefined) return fractions(resources(have as Quantities), take)
    return asks?.map(ask => ourSet(have as CaseResource[]).contains(ourSet(ask)))
  },
}

function fractions(have: ResourceSet, take: readonly Quantities[]): unknown {
  const wanted = take.map(resources).reduce((sum, part) => sum.plus(part))
  return { contains: have.contains(wanted), left: have.tryMinus(wanted)?.quantities() }
}

function sumOf({ start, add = [], sub = [] }: Sequence): number {
  const amounts = [
    toThousandths(start),
    ...add.map(toThousandths),
    ...sub.map(value => -toThousandths(value)),
  ]
  return fromThousandths(amounts.reduce((sum, amount) => sum + amount))
}

function setAnswers(a: readonly string[], b: readonly string[]): unknown {
  const [x, y] = [a, b].map(value => resources([{ name: 'zones', value }])) as [ResourceSet, ResourceSet]
  const common = a.filter(member => b.includes(member))
  return {
    union: membersOf(x.plus(y)),
    minus: membersOf(x.minus(resources([{ name: 'zones', value: common }]))),
    contains: x.contains(y),
    equal: x.equals(y),
  }
}

function membersOf(set: ResourceSet): readonly unknown[] {
  return [...set].flatMap(({ value }) => value as readonly string[])
}

export function conversionOf({ type, resources: list = [], volumes = [], ...rest }: Operation): Conversion {
  const one = (theirs: CaseResource | undefined): ResourceSet => ourSet(theirs === undefined ? [] : [theirs])
  switch (type) {
    case 'RESERVE':
      return reserveConversion(ourSet(list))
    case 'UNRESERVE':
      return unreserveConversion(ourSet(list))
    case 'CREATE':
      return createConversion(ourSet(volumes), new Set())
    case 'DESTROY':
      return destroyConversion(ourSet(volumes))
    case 'GROW_VOLUME':
      return growConversion(one(rest.volume), one(rest.addition))
    default:
      return shrinkConversion(one(rest.volume), rest.subtract ?? 0)
  }
}

export function constantCase(code: string): string {
  return code.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()
}
