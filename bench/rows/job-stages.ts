import type { Stage } from '../frame/profile.js'

/** Where the time of a completion goes; the same for its writes by hand, and for a loop that decides nothing. */
export const JOB_STAGES: readonly Stage[] = [
  { name: 'the report of the node', frames: /^bench\/rows\/jobs\.ts reportEnd$/ },
  { name: 'the transaction: the next task is made', frames: /run-transaction\.ts create$/ },
  { name: 'the transaction: the status', frames: /run-transaction\.ts updateStatus$/ },
  { name: 'the transaction: let go, and forgotten', frames: /run-transaction\.ts (update|delete|get)$/ },
  { name: 'the transaction: committed', frames: /store\/engine\/engine\.ts commit$/ },
  { name: 'the pass: its tasks are listed', frames: /shell\/job-pass\.ts tasksOfName$/ },
  { name: 'the pass: its tasks are tallied', frames: /batch\/job-tally\.ts update$/ },
  { name: 'the pass: the plan', frames: /batch\/job-plan\.ts planTalliedJob$/ },
  { name: 'delivered: to the cache, mapped to keys, woken', frames: /store\/engine\/delivery-steps\.ts/ },
  {
    name: 'the attempt: its client and env',
    frames: /reconcile\/attempt\/attempt\.ts (get client|#openClient|get env)$/,
  },
  { name: 'the pass besides', frames: /^src\/workloads\// },
  { name: 'the attempt besides: keys, own writes, its end', frames: /^src\/reconcile\// },
  { name: 'the store besides', frames: /^src\/store\// },
  { name: 'steps and promises', frames: /^(node:internal\/|runMicrotasks|src\/core\/env\/)/ },
]
