import { testInTheEnd } from '../rollout/invariants/in-the-end.js'
import { testOnePlan } from '../rollout/invariants/of-one-plan.js'
import { testOverTime } from '../rollout/invariants/over-time.js'

testOnePlan(300)
testOverTime(300)
testInTheEnd(300)
