import type { Env } from '../../../core/index.js'
import { hashText } from '../../structures/text-hash.js'

/**
 * The id of a query. Those who forge answers must not guess it, so it comes from the ids of the environment, which are
 * drawn from the system's generator, and not from its random numbers, which are not made for secrets.
 */
export function queryId(env: Env): number {
  return hashText(env.ids.next()) & 0xffff
}
