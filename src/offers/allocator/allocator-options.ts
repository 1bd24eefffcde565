import type { Random } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import type { Quantities } from '../resources/quantities.js'
import { oneOf } from './one-of.js'
import { AllocatorTrace } from './trace.js'

/**
 * How much of an agent one grant may have.
 *
 * - `agent`: all that may be had. Few large offers, as Mesos makes them.
 * - `{ share }`: of each amount at most that part of the agent.
 * - `fair`: one task of the client's demand at a time, or an eighth of the agent for a client without demand, always
 *   to whoever is most entitled then: progressive filling. What a client gets of an agent in one pass is one grant.
 */
export type Grain = 'agent' | 'fair' | { readonly share: number }

/** Options of {@link createAllocator}. */
export interface AllocatorOptions {
  /** Smallest grant: all amounts of any alternative. Default `[{ cpus: 0.01 }, { mem: 32 }]`; `[]`: any. */
  readonly minAllocatable?: readonly Quantities[]
  /**
   * In which order a pass goes over agents. `insertion`: as they came; `rotate`: as they came, beginning one further
   * at each pass; `shuffle`: at random, anew for each of the two stages. Default `rotate`.
   */
  readonly visit?: 'insertion' | 'rotate' | 'shuffle'
  /** Needed for `shuffle`. */
  readonly random?: Random
  /** Default `agent`. */
  readonly grain?: Grain
  /** Resources that do not count for shares. Default none. */
  readonly exclude?: readonly string[]
  /** Agents that have such a resource are for frameworks that can use it. Default `['gpus']`. */
  readonly scarce?: readonly string[]
  /** The pool's own place on the first level of topologies; agents elsewhere are remote. Default: none is remote. */
  readonly home?: string
  /** Where what is done to it is recorded. Default: nowhere. */
  readonly trace?: AllocatorTrace
}

/** Options with defaults, checked. */
export interface AllocatorRules {
  readonly minAllocatable: readonly Quantities[]
  readonly visit: 'insertion' | 'rotate' | 'shuffle'
  readonly random: Random | undefined
  readonly grain: Grain
  readonly exclude: readonly string[]
  readonly scarce: readonly string[]
  readonly home: string | undefined
  readonly trace: AllocatorTrace | undefined
}

const ALLOCATOR_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<AllocatorOptions>('createAllocator', {
  minAllocatable: true,
  visit: true,
  random: true,
  grain: true,
  exclude: true,
  scarce: true,
  home: true,
  trace: true,
})

/**
 * @throws InvalidError for a share outside (0, 1], or `shuffle` without `random`
 * @throws UsageError for an option that is not known
 */
export function allocatorRules(options: AllocatorOptions): AllocatorRules {
  assertKnown(options, ALLOCATOR_OPTIONS)
  const {
    minAllocatable = [{ cpus: 0.01 }, { mem: 32 }],
    visit = 'rotate',
    random,
    grain = 'agent',
  } = options
  assertValid('allocator options', [
    ...oneOf('visit', visit, ['insertion', 'rotate', 'shuffle']),
    ...(typeof grain === 'object' ? [] : oneOf('grain', grain, ['agent', 'fair', '{ share }'])),
  ])
  if (typeof grain === 'object' && !(grain.share > 0 && grain.share <= 1))
    throw fault('grain.share', grain.share, 'must be above 0 and at most 1')
  if (visit === 'shuffle' && random === undefined)
    throw fault('random', random, 'is needed for visit: shuffle')
  const { exclude = [], scarce = ['gpus'], home, trace } = options
  if (trace !== undefined && !(trace instanceof AllocatorTrace))
    throw fault('trace', trace, 'must be an AllocatorTrace')
  return { minAllocatable, visit, random, grain, exclude, scarce, home, trace }
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('allocator options', [{ field, value, message }])
}
