import type { FieldProblem } from '../errors.js'
import { InvalidError, KeelsonError } from '../errors.js'
import { labelKeyProblem } from '../selectors/label-syntax.js'
import { decimalUnits, divideRounded, formatDecimal, parseDecimal } from '../text/decimal.js'
import { formatQuantity, parseQuantity, quantityOf, quantityUnits } from './quantity.js'

/**
 * The base unit of a resource: what 1 means in a `ResourceVector`.
 * `milli` is a thousandth, `byte` a byte, `count` one whole thing.
 */
export type ResourceUnit = 'milli' | 'byte' | 'count'

/** Another name under which a resource may be given, always as a plain number. */
interface ResourceAlias {
  readonly name: string
  /** Base units in a thousandth of the alias' unit, as a fraction. */
  readonly numerator: bigint
  readonly denominator: bigint
}

const BYTE_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(['memory', 'storage', 'ephemeral-storage'])
const COUNT_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(['pods'])
const COUNT_PREFIXES = ['attachable-volumes-'] as const

/** Mesos counts memory and disk in units of 2^20 bytes, to three decimals. */
const MEGABYTES = { numerator: 1_048_576n, denominator: 1_000n } as const
const ALIASES: Readonly<Record<string, ResourceAlias>> = {
  cpus: { name: 'cpu', numerator: 1n, denominator: 1n },
  mem: { name: 'memory', ...MEGABYTES },
  disk: { name: 'ephemeral-storage', ...MEGABYTES },
}

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER)

/** An amount, or a total, that is not a safe integer (2^53 and above). */
export class ResourceRangeError extends KeelsonError {
  constructor(resource: string, amount: number | bigint) {
    super({
      code: 'OutOfRange',
      message: `the amount of ${resource}, ${amount}, is not a whole number within ±(2^53−1) base units`,
      details: { resource, amount: String(amount) },
    })
  }
}

/**
 * The unit table.
 *
 * - `byte`: `memory`, `storage`, `ephemeral-storage`, `hugepages-*`
 * - `count`: `pods`, `attachable-volumes-*`, and every name with a domain (`nvidia.com/gpu`), which
 *   Kubernetes
 *   calls an extended resource
 * - `milli`: `cpu` and every other name
 */
export function resourceUnit(name: string): ResourceUnit {
  if (BYTE_NAMES.has(name) || name.startsWith('hugepages-')) return 'byte'
  if (COUNT_NAMES.has(name) || name.includes('/') || COUNT_PREFIXES.some(prefix => name.startsWith(prefix))) {
    return 'count'
  }
  return 'milli'
}

/**
 * The name a resource goes by in a vector: `cpus` is `cpu`, `mem` is `memory`, `disk` is `ephemeral-storage`.
 */
export function resourceName(name: string): string {
  return aliasOf(name)?.name ?? name
}

/**
 * A number in thousandths, halves away from zero: the fixed point in which Mesos compares scalars.
 * `0.1235` is 124, `-0.0005` is -1, `0.0004` is 0. The product is taken in floating point first, as Mesos
 * does.
 *
 * @throws ResourceRangeError when the result is no safe integer
 */
export function toThousandths(value: number): number {
  const amount = Math.sign(value) * Math.round(Math.abs(value) * 1000)
  if (!Number.isSafeInteger(amount)) throw new ResourceRangeError('scalar', amount)
  return amount === 0 ? 0 : amount
}

/**
 * Thousandths as the nearest number: 1235 is 1.235.
 */
export function fromThousandths(amount: number): number {
  return amount / 1000
}

/**
 * A scalar as text with at most three decimals, halves to even; text that is no number comes back undefined.
 */
export function formatScalar(value: string | number): string | undefined {
  const decimal = parseDecimal(String(value))
  return decimal === undefined ? undefined : formatDecimal(decimalUnits(decimal, 3, 'halfEven'), 3)
}

/**
 * One amount that a user wrote, in base units.
 *
 * Text is a Kubernetes quantity and rounds up to the base unit, except that counts must be whole. A number is
 * in whole units: thousandths are taken to the nearest; bytes and counts must be whole. Under an alias
 * (`cpus`, `mem`, `disk`) numbers and plain decimal text are read to three decimals, and a suffix is refused.
 *
 * @throws InvalidError for bad names, negative amounts, and a positive amount that would round to nothing
 * @throws ResourceRangeError when the amount is no safe integer
 */
export function parseResourceAmount(name: string, input: string | number): number {
  const nameProblem = labelKeyProblem(name)
  if (nameProblem !== undefined) throw fault(name, input, nameProblem)
  if (typeof input === 'number' && !Number.isFinite(input))
    throw fault(name, input, 'must be a finite number')
  const alias = aliasOf(name)
  const amount = alias === undefined ? ownAmount(name, input) : aliasAmount(name, alias, input)
  if (amount < 0n) throw fault(name, input, 'must not be negative')
  if (amount > SAFE_MAX) throw new ResourceRangeError(name, amount)
  return Number(amount)
}

function ownAmount(name: string, input: string | number): bigint {
  const unit = resourceUnit(name)
  if (typeof input === 'number') {
    if (unit === 'milli') return thousandths(name, input)
    if (!Number.isInteger(input)) throw fault(name, input, `must be a whole number of ${unit}s`)
    return BigInt(input)
  }
  const quantity = parseResourceQuantity(name, input)
  if (unit === 'count' && quantity.nanos % 1_000_000_000n !== 0n)
    throw fault(name, input, 'must be a whole number')
  return quantityUnits(quantity, unit === 'milli' ? 3 : 0)
}

function aliasAmount(name: string, alias: ResourceAlias, input: string | number): bigint {
  if (typeof input === 'string' && parseDecimal(input) === undefined) {
    throw fault(name, input, `must be a plain number; use ${alias.name} for amounts with a suffix`)
  }
  return divideRounded(thousandths(name, Number(input)) * alias.numerator, alias.denominator, 'up')
}

function thousandths(name: string, value: number): bigint {
  const amount = Math.abs(value) < Number.MAX_SAFE_INTEGER / 1000 ? toThousandths(value) : undefined
  if (amount === undefined) throw new ResourceRangeError(name, value)
  if (value > 0 && amount === 0) throw fault(name, value, 'must be at least 0.001, or 0')
  return BigInt(amount)
}

function parseResourceQuantity(name: string, input: string): ReturnType<typeof parseQuantity> {
  try {
    return parseQuantity(input)
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    throw new InvalidError(
      'resources',
      error.problems.map((p): FieldProblem => ({ ...p, field: name })),
      error,
    )
  }
}

/** An amount as a Kubernetes quantity in canonical form: cpu 1500 is `1500m`, memory 2^30 is `1Gi`. */
export function formatResourceAmount(name: string, amount: number): string {
  const unit = resourceUnit(name)
  if (!Number.isSafeInteger(amount)) throw new ResourceRangeError(name, amount)
  const units = BigInt(amount)
  if (unit === 'milli') return formatQuantity(quantityOf(units, 3))
  return formatQuantity(quantityOf(units, 0, unit === 'byte' ? 'binary' : 'decimal'))
}

/**
 * An amount of the resource as a plain number in the unit of `name`, which may be an alias: 536870912 base
 * units under `mem` are 512. Rounded to three decimals under an alias; counts and bytes come back as they
 * are.
 *
 * @internal
 */
export function resourceScalar(name: string, amount: number): number {
  const alias = aliasOf(name)
  if (alias !== undefined) {
    const scaled = divideRounded(BigInt(amount) * alias.denominator, alias.numerator, 'halfEven')
    return fromThousandths(Number(scaled))
  }
  return resourceUnit(name) === 'milli' ? fromThousandths(amount) : amount
}

function aliasOf(name: string): ResourceAlias | undefined {
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('resources', [{ field, value, message }])
}
