import { readFileSync } from 'node:fs'

/** Processor time of this process since then, ms. */
export function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e3
}

/** Processor time of a process so far; of this one to the microsecond, of another in hundredths of a second (Linux). */
export function cpuNsOf(pid: number): number {
  if (pid === process.pid) {
    const { user, system } = process.cpuUsage()
    return (user + system) * 1e3
  }
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 1e7
}
