import { constraints, siblingConstraints } from '../filters/constraints-filter.js'
import { hostPorts } from '../filters/host-ports-filter.js'
import { withNativeFilters } from '../filters/native-filters.js'
import { resourcesFit } from '../filters/resources-fit-filter.js'
import { unschedulable } from '../filters/unschedulable-filter.js'
import type { Profile } from '../plugins/plugin.js'

/** Marathon takes the first acceptable offer: every node that fits is as good; ties go to the lowest name. */
export function marathonProfile(): Profile {
  return {
    name: 'marathon',
    filters: withNativeFilters([
      unschedulable(),
      resourcesFit(),
      hostPorts(),
      constraints(),
      siblingConstraints(),
    ]),
    scores: [],
  }
}
