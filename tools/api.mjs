// Writes the public API of each subpath to etc/<area>.api.md with --update; without it, fails where that
// report and the built declarations differ. A change of the API is thus a change in a reviewed file.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { root, subpaths } from './subpaths.mjs'

const update = process.argv.includes('--update')
const folder = join(root, 'etc')
mkdirSync(join(root, 'temp'), { recursive: true })
const scratch = mkdtempSync(join(root, 'temp/api-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
const quiet = { logLevel: 'none', addToApiReportFile: false }

function extract({ output, report }) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, `dist/cjs/${output}.d.ts`),
      compiler: { tsconfigFilePath: join(root, 'tsconfig.build.json'), skipLibCheck: true },
      apiReport: {
        enabled: true,
        reportFileName: `${report}.api.md`,
        reportFolder: folder,
        reportTempFolder: scratch,
        reportVariants: ['complete'],
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: { default: quiet },
        tsdocMessageReporting: { default: quiet },
      },
    },
    configObjectFullPath: join(root, 'package.json'),
    packageJsonFullPath: join(root, 'package.json'),
  })
  return Extractor.invoke(config, { localBuild: update, messageCallback: silence })
}

/** The one message that matters, a changed report, is told below with the remedy. */
function silence(message) {
  if (message.category === 'console') message.logLevel = 'none'
}

const faults = []
for (const entry of subpaths()) {
  const name = `etc/${entry.report}.api.md`
  if (!existsSync(join(root, `dist/cjs/${entry.output}.d.ts`))) {
    faults.push(`${entry.subpath} is not built; run npm run build`)
    continue
  }
  const { apiReportChanged, errorCount } = extract(entry)
  if (errorCount > 0) faults.push(`${entry.subpath} has ${errorCount} errors in its declarations`)
  if (apiReportChanged) console.log(`${update ? 'updated' : 'differs'}: ${name}`)
  if (apiReportChanged && !update)
    faults.push(`${name} is not what is built; run npm run api:update and review it`)
}

const expected = subpaths().map(({ report }) => `${report}.api.md`)
for (const name of readdirSync(folder).filter(file => file.endsWith('.api.md') && !expected.includes(file))) {
  faults.push(`etc/${name} belongs to no subpath; delete it`)
}
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
