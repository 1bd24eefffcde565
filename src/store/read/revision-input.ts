import { BadRequestError } from '../object/store-errors.js'

/** @throws BadRequestError unless `value` is a whole number ≥ 0, as a number or in decimal */
export function parseRevision(option: string, value: unknown): number {
  const revision = typeof value === 'string' && /^(0|[1-9]\d{0,15})$/.test(value) ? Number(value) : value
  if (typeof revision === 'number' && Number.isSafeInteger(revision) && revision >= 0) return revision
  throw new BadRequestError(
    `${option} is ${JSON.stringify(value)}; it must be the revision of a read, or the resourceVersion of an object`,
    { [option]: value },
  )
}
