import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The package as npm would publish it, built from the sources of this moment and unpacked beside a program. */
export interface InstalledPackage {
  /** Everything this made; remove it when done. */
  readonly directory: string
  /** The unpacked package. */
  readonly packageDirectory: string
  /** Paths of the files in the package. */
  readonly files: readonly string[]
  readonly unpackedBytes: number
  /** What a fresh Node process, which has only the package, prints when it runs this ES module. */
  run(program: string): string
}

/** Builds into a folder of its own: `dist` of the checkout is neither needed nor touched. */
export function installPackage(root: string): InstalledPackage {
  mkdirSync(join(root, 'temp'), { recursive: true })
  const directory = mkdtempSync(join(root, 'temp/package-'))
  try {
    return installInto(directory, root)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

function installInto(directory: string, root: string): InstalledPackage {
  // A package of its own: inside the scope of keelson, Node would resolve `keelson` to the checkout.
  writeFileSync(join(directory, 'package.json'), '{"name":"consumer","private":true}')
  const staged = join(directory, 'staged')
  mkdirSync(staged)
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    files: readonly string[]
  }
  for (const name of ['package.json', ...files.filter(name => name !== 'dist')]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(staged, name), { recursive: true })
  }
  const build = spawnSync(process.execPath, [join(root, 'tools/build.mjs'), join(staged, 'dist')], {
    encoding: 'utf8',
  })
  if (build.status !== 0) throw new Error(`the build failed:\n${build.stdout}${build.stderr}`)
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', directory], {
    cwd: staged,
    encoding: 'utf8',
    stdio: 'pipe',
  })
  const [summary] = JSON.parse(packed) as [
    { filename: string; files: { path: string }[]; unpackedSize: number },
  ]
  const packageDirectory = join(directory, 'node_modules/keelson')
  mkdirSync(packageDirectory, { recursive: true })
  const tarball = join(directory, summary.filename)
  execFileSync('tar', ['-xzf', tarball, '-C', packageDirectory, '--strip-components=1'])
  return {
    directory,
    packageDirectory,
    files: summary.files.map(({ path }) => path),
    unpackedBytes: summary.unpackedSize,
    run: program => {
      const file = join(directory, 'program.mjs')
      writeFileSync(file, program)
      return execFileSync(process.execPath, [file], { cwd: directory, encoding: 'utf8', timeout: 60_000 })
    },
  }
}
