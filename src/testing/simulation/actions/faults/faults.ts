import { crash } from './crash.js'
import { delay } from './delay.js'
import { depose } from './depose.js'
import { disconnect } from './disconnect.js'
import { edit } from './edit.js'
import { expire } from './expire.js'
import type { Fault } from './fault.js'
import { freeze } from './freeze.js'
import { incident } from './incident.js'
import { lateAnswer } from './late-answer.js'
import { loseAnswer } from './lose-answer.js'
import { outage } from './outage.js'
import { overlap } from './overlap.js'
import { refuse } from './refuse.js'
import { remove } from './remove.js'
import { shutdown } from './shutdown.js'
import { skew } from './skew.js'
import { stale } from './stale.js'
import { stall } from './stall.js'
import { touch } from './touch.js'

const ALL: readonly [
  typeof crash,
  typeof outage,
  typeof delay,
  typeof touch,
  typeof edit,
  typeof remove,
  typeof incident,
  typeof loseAnswer,
  typeof refuse,
  typeof lateAnswer,
  typeof freeze,
  typeof disconnect,
  typeof expire,
  typeof stale,
  typeof shutdown,
  typeof overlap,
  typeof stall,
  typeof skew,
  typeof depose,
] = [
  crash,
  outage,
  delay,
  touch,
  edit,
  remove,
  incident,
  loseAnswer,
  refuse,
  lateAnswer,
  freeze,
  disconnect,
  expire,
  stale,
  shutdown,
  overlap,
  stall,
  skew,
  depose,
]

/** What may go wrong: the guide says what each is, and how often it happens unless the options say otherwise. */
export type FaultKind = (typeof ALL)[number]['kind']

/** Everything that may go wrong, one file each. */
export const FAULTS: readonly Fault<FaultKind>[] = ALL

export const FAULT_KINDS: readonly FaultKind[] = /* @__PURE__ */ FAULTS.map(({ kind }) => kind)
