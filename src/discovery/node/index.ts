export { type HttpProbeOptions, type ProbeReport, probeHttp, probeTcp, type TcpProbeOptions } from './probe.js'
