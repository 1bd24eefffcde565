// Start here.
export { capacityFor, estimateNodes } from './capacity-estimate.js'
export { planConsolidation } from './consolidate.js'
export { findViolations, pickRemovals, planRebalance } from './rebalance.js'
export { planRepack } from './repack.js'
export { planScaleUp } from './scale-up.js'
export { compareSimulations, simulateTrace } from './simulate-trace.js'

// To build with: bounds and workloads.
export { packingBound } from './packing-bound.js'
export { certifiedBound, checkCertificate } from './packing-certificate.js'
export { readAzureTrace } from './azure-trace.js'
export { azureWorkload, google2019Workload, googleWorkload, gpuWorkload } from './workload-generators.js'

// Types you will meet.
export type { AzureTraceTables } from './azure-trace.js'
export type { EstimateOptions, NodeEstimate, NodeTemplate } from './capacity-estimate.js'
export type { ConsolidationOptions, ConsolidationPlan } from './consolidate.js'
export type { PackingBound } from './packing-bound.js'
export type { PackingCertificate, PackingShape } from './packing-certificate.js'
export type { PlannedMove } from './planned-move.js'
export type { PlacementViolation, RebalanceOptions, RebalancePlan } from './rebalance.js'
export type { RepackOptions, RepackPlan } from './repack.js'
export type { ScaleUpPlan } from './scale-up.js'
export type { SimulationReport, TraceArrival, WorkloadTrace } from './simulate-trace.js'
export type { WorkloadSize } from './workload-generators.js'
