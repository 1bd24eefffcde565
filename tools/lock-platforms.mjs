// Adds to package-lock.json the binaries for other platforms that npm left out, which it does when it cannot see
// them at the time of `npm install`; `npm ci` refuses such a lock. Run it after every change of dependencies.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './subpaths.mjs'

const file = join(root, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))
const cpus = ['arm64', 'arm', 'x64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x']
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openbsd', 'openharmony', 'win32']

/** The platform that a name such as `@rollup/rollup-linux-arm64-musl` speaks of. */
function platformOf(name) {
  const words = name.split(/[-/]/)
  const os = systems.find(system => words.includes(system))
  const cpu = cpus.find(each => words.includes(each))
  if (os === undefined || cpu === undefined) throw new Error(`${name} names no platform known here`)
  const libc = words.some(word => word.startsWith('musl')) ? 'musl' : 'glibc'
  return os === 'linux' ? { cpu: [cpu], libc: [libc], os: [os] } : { cpu: [cpu], os: [os] }
}

let added = 0
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue
    if (!/^\d/.test(version))
      throw new Error(`${name} is wanted as ${version}; only exact versions can be added`)
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(dev && { dev }),
      optional: true,
      ...platformOf(name),
    }
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`added ${added} packages for other platforms`)
