import { InvalidError } from '../../core/index.js'
import { nameLabels } from '../dns/dns-name.js'

/** @throws InvalidError unless the name is one of DNS, below the root */
export function assertZone(subject: string, field: string, name: string): void {
  if ((nameLabels(name)?.length ?? 0) > 0) return
  throw new InvalidError(subject, [
    { field, value: name, message: 'must be a DNS name such as cluster.local' },
  ])
}
