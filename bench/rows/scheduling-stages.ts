import type { Stage } from '../frame/profile.js'

/** Where the time of a placement goes. */
export const PLACEMENT_STAGES: readonly Stage[] = [
  { name: 'counts of groups and domains', frames: /^src\/scheduling\/domains\// },
  {
    name: 'the record: looked up by key, kept by key and by node, amounts counted',
    frames: /^src\/scheduling\/(task-ledger|cluster-state|state-versions|reserved-room)\.ts/,
  },
  {
    name: 'nodes in boxes: kept in order',
    frames: /classes\/(box-tree|boxes)\.ts|classes\/request-family\.ts #(sync|rebuild|move|describe)$/,
  },
  { name: 'nodes in boxes: searched', frames: /classes\/(request-family|total-bound|node-point)\.ts/ },
  { name: 'the answer: scores of the best node', frames: /classes\/best-node\.ts score(Node|Alone)s?$/ },
  {
    name: 'the class: what changed is taken in',
    frames:
      /classes\/request-class\.ts #?(sync|evaluate|rebuild|rank|move|total|passesNode|bucketFor|stateOf)$/,
  },
  { name: 'the best of the buckets', frames: /classes\/best-node\.ts/ },
  {
    name: 'the request: checked, its key, its class',
    frames:
      /classes\/(class|request-class|search-plugins)|^src\/scheduling\/requests\/|^node_modules\/lru-cache/,
  },
]

/** Where the time of a binding goes. */
export const BINDING_STAGES: readonly Stage[] = [
  { name: 'the start: nodes and tasks are read', frames: /shell\/scheduling-loop\.ts reset$/ },
  { name: 'the transaction: compared with the decision', frames: /shell\/bind-tasks\.ts judge\d*$/ },
  { name: 'the transaction: written and committed', frames: /shell\/bind-tasks\.ts|store\/transactions?\// },
  { name: 'delivered: looked at by the loop', frames: /shell\/scheduling-loop\.ts changed$/ },
  { name: 'delivered', frames: /store\/engine\/delivery-steps\.ts|reconcile\/(cache|sources)\// },
  { name: 'decided', frames: /shell\/task-placer\.ts (#decideAlone|decide)$/ },
  { name: 'the order of those that wait', frames: /shell\/(task-queue|pending-queues|pending-tasks)\.ts/ },
  { name: 'taken in when it is bound', frames: /shell\/(cluster-mirror|task-placer)\.ts/ },
  { name: 'attempts', frames: /^src\/reconcile\/|shell\/scheduling-loop\.ts/ },
  { name: 'the store besides', frames: /^src\/store\// },
]
