import { testInTheEnd } from './invariants/in-the-end.js'
import { testOnePlan } from './invariants/of-one-plan.js'
import { testOverTime } from './invariants/over-time.js'

testOnePlan(2)
testOverTime(2)
testInTheEnd(2)
